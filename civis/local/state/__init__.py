"""The platform's state: objects, runs and accounts in a SQL database, without any HTTP.

A first look::

    from civis.local.state import State, objects, runs

    state = State("sqlite:////folder/state.db")
    with state.begin() as connection:                       # one write transaction
        script = objects.insert(connection, "sql_script", {"sql": "select 1"}, now=clock.time(), name="Ones")
        run = runs.insert_run(connection, script.id, now=clock.time())
    with state.read() as connection:                        # reads only, waits for nobody
        objects.fetch(connection, "sql_script", script.id)
    state.close()

`now` may be a datetime or a clock's seconds; what comes back are datetimes in UTC. IDs are one sequence over
all kinds and runs. Accounts (users and API keys) are in :mod:`civis.local.state.accounts`.
"""

from __future__ import annotations

from civis.local.state import objects, runs
from civis.local.state.database import State, after_commit, remembered
from civis.local.state.identities import new_id
from civis.local.state.image import StateImage
from civis.local.state.moments import Moment, as_datetime, moment_text
from civis.local.state.objects import ObjectNotFound, Stored
from civis.local.state.runs import LogLine, Output, Run
from civis.local.state.schema import metadata
from civis.local.state.shared_writes import SharedWrites

__all__ = [
    "LogLine",
    "Moment",
    "ObjectNotFound",
    "Output",
    "Run",
    "SharedWrites",
    "State",
    "StateImage",
    "Stored",
    "after_commit",
    "as_datetime",
    "metadata",
    "moment_text",
    "new_id",
    "objects",
    "remembered",
    "runs",
]
