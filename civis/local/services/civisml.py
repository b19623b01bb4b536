"""The templates of CivisML that every platform has: scripts that run `civis.local.civisml`, with aliases.

What those programs do is theirs; this knows their names and their parameters.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from civis.local.civisml.command import PARAMETERS, command_of
from civis.local.services.aliases import add_alias
from civis.local.services.script_parameters import check_definitions
from civis.local.state import objects

__all__ = ["VERSION", "ensure_civisml"]

VERSION = "v2-3"
"""What the aliases of the version end with that there is here."""


def ensure_civisml(connection: Connection, now: Any) -> None:
    """Make the templates and their aliases unless they are there; nobody's, and seen by all."""
    for job, parameters in PARAMETERS.items():
        alias = f"civis-civisml-{job}"
        named = {"object_type": "template_script", "alias": alias}
        if objects.count_objects(connection, "alias", document=named):
            continue
        script = objects.insert(
            connection,
            "container_script",
            _script(job, parameters),
            now=now,
            name=f"CivisML {job}",
            hidden=True,
        )
        template = objects.insert(
            connection,
            "script_template",
            {"script_id": script.id, "note": None, "ui_report_id": None, "category": "script"},
            now=now,
            name=f"CivisML {job}",
        )
        for name in (alias, f"{alias}-{VERSION}"):
            add_alias(
                connection,
                object_type="template_script",
                object_id=template.id,
                alias=name,
                user_id=None,
                now=now,
            )


def _script(job: str, parameters: str) -> dict[str, Any]:
    """Give the document of the script behind a template."""
    return {
        "user_context": "runner",
        "params": check_definitions([_parameter(each) for each in parameters.split()]),
        "arguments": {},
        "schedule": {},
        "notifications": {},
        # A quarter of a processor: a prediction waits for its parts, which must find room beside it.
        "required_resources": {"cpu": 256, "memory": None, "disk_space": None},
        "cancel_timeout": 5,
        "docker_command": command_of(job),
        "docker_image_name": "civisanalytics/civisml",
        "docker_image_tag": VERSION,
        "repo_http_uri": None,
        "repo_ref": None,
        "remote_host_credential_id": None,
        "git_credential_id": None,
    }


def _parameter(text: str) -> dict[str, Any]:
    """Define a parameter: its name and, after a colon, its type."""
    name, _, kind = text.partition(":")
    return {"name": name, "label": name, "type": kind or "string"}
