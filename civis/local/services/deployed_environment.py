"""The environment of a deployment's program: the variables, credentials, the platform's address."""

from __future__ import annotations

import re

from civis.local.deployments import Launch
from civis.local.services.credentials import credential_password
from civis.local.services.script_environment import passed_variables
from civis.local.services.script_values import fetch_credential

__all__ = ["deployed_environment"]

_NO_NAME = re.compile(r"[^A-Z0-9]+")


def deployed_environment(launch: Launch) -> dict[str, str]:
    """Give the variables of a deployment's program.

    A credential ``My bucket`` is ``MY_BUCKET_USERNAME`` and ``MY_BUCKET_PASSWORD``. The object's own
    variables go before credentials, and the platform's before all.

    Parameters
    ----------
    launch : Launch

    Raises
    ------
    JobFailed
        If a credential is gone, or somebody else's.
    """
    context, base = launch.context, launch.base
    found = passed_variables()
    for id in base.document.get("credentials") or ():
        credential = fetch_credential(context, id)
        name = _NO_NAME.sub("_", credential.name.upper()).strip("_") or "CREDENTIAL"
        found[f"{name}_ID"] = str(credential.id)
        found[f"{name}_USERNAME"] = str(credential.document.get("username") or "")
        found[f"{name}_PASSWORD"] = credential_password(context.platform, credential) or ""
    own = base.document.get("environment_variables") or {}
    return {
        **found,
        **{str(name): str(value) for name, value in own.items()},
        "CIVIS_API_KEY": launch.key,
        "CIVIS_API_ENDPOINT": context.platform.url,
        "PLATFORM_OBJECT_ID": str(base.id),
        "HOST": "127.0.0.1",
        "PORT": str(launch.port),
        "BASE_PATH": launch.prefix.rstrip("/"),
    }
