"""The templates of imports that every platform has; what they run is in `civis.local.templates`."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from civis.local.services.aliases import add_alias
from civis.local.services.script_parameters import check_definitions
from civis.local.state import objects

__all__ = ["IMPORT_FROM_URL", "ensure_import_templates"]

IMPORT_FROM_URL = "import-from-url"
"""The alias of the template "Import from URL"."""

_NAME = "Import from URL"
_PARAMS: list[dict[str, Any]] = [
    {
        "name": "URL",
        "label": "URL",
        "type": "string",
        "required": True,
        "description": "Where the file is, by http or https.",
    },
    {
        "name": "DATABASE",
        "label": "Database",
        "type": "database",
        "description": "For a table. Without one, the file becomes a file of the platform.",
    },
    {"name": "TABLE", "label": "Table", "type": "string", "description": "As schema.table."},
    {
        "name": "EXISTING_TABLE_ROWS",
        "label": "If the table exists",
        "type": "string",
        "default": "fail",
        "description": "fail, append, truncate or drop.",
    },
    {"name": "FILE_NAME", "label": "File name", "type": "string", "description": "By default the URL's."},
    {
        "name": "CREDENTIAL",
        "label": "Login",
        "type": "credential_custom",
        "description": "What is sent as user name and password.",
    },
]


def ensure_import_templates(connection: Connection, now: Any) -> None:
    """Make the templates unless they are there; nobody's, and seen by all.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    now : datetime or float
    """
    named = {"object_type": "template_script", "alias": IMPORT_FROM_URL}
    if objects.count_objects(connection, "alias", document=named):
        return
    script = objects.insert(connection, "container_script", _script(), now=now, name=_NAME, hidden=True)
    template = objects.insert(
        connection,
        "script_template",
        {"script_id": script.id, "note": None, "ui_report_id": None, "category": "import"},
        now=now,
        name=_NAME,
    )
    add_alias(connection, **named, object_id=template.id, user_id=None, now=now)


def _script() -> dict[str, Any]:
    """Give the document of the script behind the template."""
    return {
        "user_context": "runner",
        "params": check_definitions(_PARAMS),
        "arguments": {},
        "schedule": {},
        "notifications": {},
        "required_resources": {"cpu": 256, "memory": None, "disk_space": None},
        "cancel_timeout": 0,
        "docker_command": "python -m civis.local.templates.import_from_url",
        "docker_image_name": "civisanalytics/datascience-python",
        "docker_image_tag": "latest",
        "repo_http_uri": None,
        "repo_ref": None,
        "remote_host_credential_id": None,
        "git_credential_id": None,
    }
