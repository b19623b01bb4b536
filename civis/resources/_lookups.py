"""From the names of databases, credentials, hosts and tables to their IDs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, SupportsIndex

from civis._names import suggestion
from civis.resources._calls import list_all

if TYPE_CHECKING:
    from civis.resources._identity import DescribedCaller

#: One part of a table's name: in double quotes, with ``""`` for one of them, or without.
_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^".]+)')
_LARGEST_PAGE = 1000
#: Names that an error lists.
_MOST_NAMED = 10


class Lookups:
    """Look-ups of a client, over all pages of what its user can see.

    Parameters
    ----------
    client : DescribedCaller
        The client.
    """

    def __init__(self, client: DescribedCaller) -> None:
        self._client = client

    def database_id(self, database: str | SupportsIndex) -> int:
        """Find a database."""
        known = as_id(database, "database")
        if known is not None:
            return known
        return _only(self._list("databases"), str(database), "name", "database")

    def storage_host_id(self, storage_host: str | SupportsIndex) -> int:
        """Find a storage host."""
        known = as_id(storage_host, "storage host")
        if known is not None:
            return known
        return _only(self._list("storage_hosts"), str(storage_host), "name", "storage host")

    def database_credential_id(self, username: str | SupportsIndex, database: str | SupportsIndex) -> int:
        """Find the credential of a user name in a database."""
        known = as_id(username, "credential")
        if known is not None:
            return known
        database_id = as_id(database, "database")
        credentials = list(self._list("credentials", type="Database", limit=_LARGEST_PAGE))
        if database_id is not None:
            there = [each for each in credentials if each.get("remote_host_id") == database_id]
        else:
            there = [each for each in credentials if each.get("remote_host_name") == database]
        if not there:
            names = {str(each.get("remote_host_name")) for each in credentials}
            near = suggestion(str(database), names)
            raise ValueError(f"there is no credential for a database {database!r}.{near}")
        return _only(
            there, str(username), "username", f"credential in the database {database!r} with user name"
        )

    def aws_credential_id(self, name: str | SupportsIndex, owner: str | None) -> int:
        """Find an AWS credential."""
        known = as_id(name, "credential")
        if known is not None:
            return known
        found = list(self._list("credentials", type="Amazon Web Services S3", limit=_LARGEST_PAGE))
        what = "AWS credential"
        if owner is not None:
            found = [each for each in found if each.get("owner") == owner]
            what = f"AWS credential owned by {owner!r} with name"
        return _only(found, str(name), "name", what)

    def table_id(self, table: str | SupportsIndex, database: str | SupportsIndex) -> int:
        """Find a table."""
        known = as_id(table, "table")
        if known is not None:
            return known
        schema, name = split_table(str(table))
        database_id = self.database_id(database)
        rows = self._list("tables", database_id=database_id, schema=schema, name=name, limit=_LARGEST_PAGE)
        # The platform takes % and * in both for wildcards, so that more may come than was asked for.
        found = [each for each in rows if each.get("schema") == schema and each.get("name") == name]
        if found:
            return int(found[0]["id"])
        others = self._list("tables", database_id=database_id, schema=schema, limit=_LARGEST_PAGE)
        near = suggestion(f"{schema}.{name}", [f"{each.get('schema')}.{each.get('name')}" for each in others])
        raise ValueError(
            f"there is no table {table!r} in the database {database!r}, or it has not been scanned yet.{near}"
        )

    def _list(self, resource: str, **filters: Any) -> Iterable[Any]:
        """List a resource over all pages."""
        operation = self._client._api.resources[resource].operations["list"]
        known = {parameter.name for parameter in operation.parameters}
        return list_all(
            self._client, operation, **{name: value for name, value in filters.items() if name in known}
        )


def as_id(value: object, what: str) -> int | None:
    """Take an integer, or digits, for an ID; None where a name has to be looked up.

    Raises
    ------
    TypeError
        If it is neither an integer nor a text.
    """
    if isinstance(value, bool) or not isinstance(value, (str, SupportsIndex)):
        raise TypeError(f"a {what} is named by its name or its ID, not by {value!r}")
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() else None
    return value.__index__()


def split_table(table: str) -> tuple[str, str]:
    """Split ``schema.table``, each part in double quotes or not.

    Raises
    ------
    ValueError
        If it has not just these two parts.

    Examples
    --------
    >>> split_table('web."daily.visits"')
    ('web', 'daily.visits')
    """
    parts: list[str] = []
    position = 0
    while position < len(table):
        found = _PART.match(table, position)
        if found is None:
            break
        quoted = found["quoted"]
        parts.append(found["bare"].strip() if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if position == len(table):
            break
        if table[position] != ".":
            parts.clear()
            break
        position += 1
    if len(parts) != 2 or not all(parts):
        raise ValueError(
            f"a table is named schema.table (double quotes around a part with a dot), not {table!r}"
        )
    return parts[0], parts[1]


def _only(rows: Iterable[Any], wanted: str, field: str, what: str) -> int:
    """Give the ID of the first row with a name; the platform lists the latest first."""
    seen: list[str] = []
    for row in rows:
        name = row.get(field)
        if name == wanted:
            return int(row["id"])
        if isinstance(name, str):
            seen.append(name)
    near = suggestion(wanted, seen)
    hint = near or _those_there(list(dict.fromkeys(seen)))
    raise ValueError(f"there is no {what} {wanted!r}.{hint}")


def _those_there(names: list[str]) -> str:
    """Name what there is instead; of many the first ones."""
    if not names:
        return " The key's owner can see none."
    first = ", ".join(repr(name) for name in names[:_MOST_NAMED])
    rest = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f" The key's owner can see {first}{rest}."
