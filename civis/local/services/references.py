"""Which objects another one names: checked when it is stored, shown as its dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.services.host_names import HOST_KINDS
from civis.local.services.lookups import find_object
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import Stored, objects

__all__ = ["named_objects", "require_references"]

#: The kinds of objects that a field's IDs are of, whatever the object that has the field.
_KINDS: dict[str, tuple[str, ...]] = {
    "credential_id": ("credential",),
    "credentials": ("credential",),
    "database_id": ("database",),
    "file_id": ("file",),
    "file_ids": ("file",),
    "from_template_id": ("script_template",),
    "git_credential_id": ("credential",),
    "match_target_id": ("match_target",),
    "model_id": ("model",),
    "ncoa_credential_id": ("credential",),
    "permission_set_id": ("permission_set",),
    "query_id": ("query",),
    "remote_host_credential_id": ("credential",),
    "remote_host_id": HOST_KINDS,
    "requirements_file_id": ("file",),
    "script_id": tuple(SCRIPT_KINDS),
    "service_id": ("service",),
    "spot_order_id": ("spot_order",),
    "storage_host_id": ("storage_host",),
    "target_project_id": ("project",),
    "template_id": ("report_template",),
    "template_script_id": ("script_template",),
    "ui_report_id": ("report", "sql_report", "service_report"),
}


def require_references(connection: Connection, document: Mapping[str, Any]) -> None:
    """Refuse IDs of objects that there are not, or that whoever acts may not see.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    document : mapping
        What a request sends, with keys in snake_case.

    Raises
    ------
    NotFound
    """
    for field, kinds, id in _references(document):
        noun = field.removesuffix("_id").removesuffix("s").replace("_", " ")
        find_object(connection, kinds, id, f"{noun} (parameter {field})")


def named_objects(connection: Connection, stored: Stored) -> list[Stored]:
    """Read the objects that an object names, each once, by ID; those gone are left out."""
    wanted: dict[int, tuple[str, ...]] = {}
    for _, kinds, id in _references(stored.document):
        if str(id).isdecimal():
            wanted[int(id)] = kinds
    found = objects.select_objects(connection, id=list(wanted), descending=False) if wanted else []
    return [each for each in found if each.kind in wanted[each.id] and each.id != stored.id]


def _references(value: Any) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Go through all fields that hold IDs, at every depth: field, kinds, ID."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in _KINDS and not isinstance(each, Mapping):
                for id in each if isinstance(each, (list, tuple)) else (each,):
                    if id not in (None, "") and not isinstance(id, Mapping):
                        yield key, _KINDS[key], id
            else:
                yield from _references(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _references(each)
