"""Deployments: notebooks and services as processes of this machine, reached through the platform's address.

A kind of object says how it is served (`declare_deployable`); this starts the process, watches over it,
stores what becomes of it, and hands requests on to it. It knows no notebook and no service::

    /deployed/{id}/…    what the process of the deployment answers, for those who may see what is deployed
"""

from __future__ import annotations

from civis.local.deployments.kinds import Deployable, Keep, Launch, Served, declare_deployable, is_deployable
from civis.local.deployments.manager import Deployments
from civis.local.deployments.plans import Plan
from civis.local.deployments.records import DEPLOYMENT, SYSTEM, insert_deployment, over, run_of, set_state

__all__ = [
    "DEPLOYMENT",
    "SYSTEM",
    "Deployable",
    "Deployments",
    "Keep",
    "Launch",
    "Plan",
    "Served",
    "declare_deployable",
    "insert_deployment",
    "is_deployable",
    "over",
    "run_of",
    "set_state",
]
