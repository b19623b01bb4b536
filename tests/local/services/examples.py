"""A platform that holds an example of every kind of object, and requests that fit them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import requests

from civis._names import camel_to_snake
from civis.local import Platform, catalog

OPERATIONS = {(each.method, each.path): each for each in catalog.operations()}

_SQL = {"remoteHostId": "@database", "credentialId": "@credential"}
_REPO = "https://127.0.0.1:9/team/code"  # where nobody listens: services are really deployed
_RESOURCES = {"cpu": 256, "memory": 512, "diskSpace": 1.0}
_TABLE = {"databaseName": "local", "schema": "public", "table": "people"}
_PARAM = {"name": "n", "type": "integer", "required": False, "default": "1"}

#: What is created, in an order in which what a body names is there already; "@…" is an example's ID.
CREATED: dict[str, dict[str, Any]] = {
    "/projects": {"name": "Survey", "description": "All of it", "note": "n", "autoShare": False},
    "/files": {"name": "a.csv", "description": "rows", "expiresAt": "2999-01-01T00:00:00Z"},
    "/json_values": {"name": "one", "valueStr": '{"one": 1}'},
    "/credentials": {"name": "c", "type": "Custom", "username": "u", "password": "p", "description": "d"},
    "/storage_hosts": {"name": "s", "provider": "s3", "bucket": "b", "s3Options": {"region": "us-east-1"}},
    "/remote_hosts": {
        "name": "r",
        "type": "RemoteHostTypes::JDBC",
        "url": "jdbc:postgresql://db/x",
        "description": "d",
    },
    "/git_repos": {"repoUrl": _REPO},
    "/table_tags": {"name": "#"},
    "/match_targets": {"name": "voters", "targetFileName": "v.csv"},
    "/permission_sets": {"name": "set", "description": "d"},
    "/scripts/sql": {"name": "sql", "sql": "select {{n}} as one", "params": [_PARAM], **_SQL},
    "/scripts/python3": {"name": "py", "source": "print(1)", "requiredResources": _RESOURCES},
    "/scripts/r": {"name": "r", "source": "1", "requiredResources": _RESOURCES},
    "/scripts/dbt": {"name": "dbt", "repoHttpUri": _REPO},
    "/scripts/javascript": {"name": "js", "source": "1", **_SQL},
    "/scripts/containers": {"name": "c", "dockerCommand": "true", "requiredResources": _RESOURCES},
    "/templates/scripts": {"name": "template", "scriptId": "@/scripts/sql", "note": "n"},
    "/templates/reports": {"name": "page", "codeBody": "<p>Hello</p>", "provideAPIKey": False},
    "/scripts/custom": {"name": "custom", "fromTemplateId": "@/templates/scripts", "arguments": {"n": 2}},
    "/queries": {"database": "@database", "sql": "select 1", "previewRows": 5, "credential": "@credential"},
    "/imports": {
        "name": "import",
        "syncType": "Dbsync",
        "isOutbound": False,
        "source": _SQL,
        "destination": _SQL,
    },
    "/imports/files/csv": {
        "name": "load",
        "source": {"fileIds": ["@/files"]},
        "destination": {"schema": "public", "table": "t", **_SQL},
        "firstRowIsHeader": True,
    },
    "/files/preprocess/csv": {"fileId": "@/files", "inPlace": True},
    "/exports/files/csv": {
        "name": "export",
        "source": {"sql": "select 1 as one", **_SQL},
        "destination": {"filenamePrefix": "ones"},
    },
    "/enhancements/cass-ncoa": {
        "name": "cass",
        "source": {"databaseTable": {"schema": "public", "table": "people", **_SQL}},
    },
    "/enhancements/civis-data-match": {
        "name": "match",
        "inputFieldMapping": {"name": "n"},
        "inputTable": _TABLE,
        "outputTable": _TABLE,
        "matchTargetId": "@/match_targets",
    },
    "/enhancements/geocode": {"name": "geocode", "sourceSchemaAndTable": "public.people", **_SQL},
    "/enhancements/identity-resolution": {
        "name": "identities",
        "sources": [
            {
                "name": "a",
                "databaseName": "d",
                "schemaName": "s",
                "tableName": "t",
                "fieldMapping": {"n": "n"},
            }
        ],
    },
    "/media/ratecards": {"filename": "r.csv", "startOn": "2030-01-01", "endOn": "2030-02-01", "dmaNumber": 5},
    "/media/spot_orders": {"body": "{}"},
    "/media/optimizations": {
        "name": "spots",
        "runs": [
            {
                "marketId": 1,
                "startDate": "2030-01-01",
                "endDate": "2030-01-02",
                "syscodes": [1],
                "rateCards": ["r"],
                "constraints": [{"targets": ["women"], "budget": 1.5, "frequency": 2.0}],
            }
        ],
    },
    "/notebooks": {
        "name": "notebook",
        "credentials": ["@credential"],
        "gitRepoUrl": _REPO,
        "requirements": "six",
    },
    "/services": {
        "name": "service",
        "credentials": ["@credential"],
        "dockerImageName": "app",
        "gitRepoUrl": _REPO,
    },
    "/studios": {"name": "studio", "params": [{"name": "p", "type": "string"}], "gitRepoUrl": _REPO},
    "/workflows": {"name": "flow", "definition": "{version: '2.0', flow: {tasks: {a: {action: std.noop}}}}"},
    "/reports": {"name": "report", "templateId": "@/templates/reports", "scriptId": "@/scripts/sql"},
    "/results": {"name": "result", "codeBody": "<p>Hello</p>", "scriptId": "@/scripts/sql"},
    "/models": {"modelName": "model", "tableName": "public.people", "primaryKey": "id", "modelTypeId": 1},
    "/reports/services": {"serviceId": "@/services"},
    "/reports/sql": {"name": "report", "queryId": "@/queries", "config": "{}"},
    "/aliases": {"objectType": "sql_script", "objectId": "@/scripts/sql", "alias": "#"},
    "/groups": {"name": "#", "description": "d"},
    "/users/me/favorites": {"objectType": "sql_script", "objectId": "@/scripts/sql"},
    "/organizations/favorites": {"objectType": "sql_script", "objectId": "@/scripts/sql"},
}

#: Bodies of requests that are no creation, replacement or change; a pattern of "METHOD path" each.
OTHER_BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"PUT .*/shares/users", {"userIds": ["@other user"], "permissionLevel": "read"}),
    (r"PUT .*/shares/groups", {"groupIds": ["@group"], "permissionLevel": "write"}),
    (r"PUT /models/\{id\}/predictions", {"tableName": "public.people", "primaryKey": ["id"]}),
    (r"PUT .*/schedules", {"schedule": {"scheduled": True, "scheduledDays": [1], "scheduledHours": [4]}}),
    (r"PUT .*/transfer", {"userId": "@user", "includeDependencies": True}),
    (r"PUT .*/archive", {"status": False}),
    (r"PUT .*/auto_share", {"autoShare": True}),
    (r"P\w+ .*/git", {"gitRepoUrl": _REPO, "gitRef": "main", "gitPath": "a.sql"}),
    (r"POST .*/git/commits", {"content": "select 1", "message": "m", "fileHash": "-"}),
    (r"POST .*/tokens", {"name": "token"}),
    (r"POST .*/resources", {"name": "#"}),
    (r"PATCH .*/resources/\{name\}", {"description": "new"}),
    (r"POST .*/clone", {}),
    (r"POST .*/(re)?deploy(ments)?", {}),
    (r"PATCH .*/runs/\{run_id\}", {"error": "broken"}),
    (r"POST .*/runs/\{run_id\}/outputs", {"objectType": "JSONValue", "objectId": "@/json_values"}),
    (r"POST .*/runs/\{run_id\}/logs", {"message": "hello"}),
    (r"POST /jobs/\{id\}/runs", {}),
)


@dataclass
class Examples:
    """The platform, the default user's session, and the IDs of the examples by where they were made."""

    platform: Platform
    session: requests.Session
    ids: dict[str, Any] = field(default_factory=dict)
    _made: int = 0

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send a request."""
        return self.session.request(method, self.platform.url + path.lstrip("/"), json=body, timeout=60)

    def make(self, path: str) -> Any:
        """Create one more example of a kind, and give the answer."""
        operation = OPERATIONS["POST", path]
        answer = self.call("POST", path, self.resolved(CREATED[path]))
        assert answer.status_code == operation.success_status, f"POST {path}: {answer.text}"
        return answer.json()

    def fill(self) -> None:
        """Create an example of each kind."""
        ids, me = self.ids, self.call("GET", "users/me").json()
        ids.update({"user": me["id"], "group": me["groups"][0]["id"]})
        ids["database"] = self.call("GET", "databases").json()[0]["id"]
        ids["credential"] = self.call("GET", "credentials?default=true").json()[0]["id"]
        other = {"name": "Other", "email": "o@example.org", "user": "other", "primaryGroupId": ids["group"]}
        ids["other user"] = self.call("POST", "users", other).json()["id"]
        ids["above"] = self.call("POST", "projects", {"name": "Above", "description": "-"}).json()["id"]
        for path in CREATED:
            ids[path] = self.make(path)["id"]

    def resolved(self, value: Any) -> Any:
        """Put the examples' IDs, and names not taken, into a body."""
        if isinstance(value, dict):
            return {key: self.resolved(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if value == "#":
            self._made += 1
            return f"example-{self._made}"
        return self.ids[value[1:]] if isinstance(value, str) and value.startswith("@") else value

    def body(self, operation: catalog.CatalogOperation) -> dict[str, Any]:
        """Make a body for a request about an example."""
        key = f"{operation.method} {operation.path}"
        for pattern, body in OTHER_BODIES:
            if re.fullmatch(pattern, key):
                return dict(self.resolved(body))
        known = {each.wire_name for each in operation.parameters if each.location == "body"}
        created = CREATED.get(base_of(operation.path) or "", {})
        return dict(self.resolved({name: each for name, each in created.items() if name in known}))

    def arguments(self, operation: catalog.CatalogOperation) -> dict[str, Any]:
        """Give the arguments of a client's method, by name."""
        body = {camel_to_snake(name): each for name, each in self.body(operation).items()}
        path = {}
        for each in operation.parameters:
            if each.location == "path":
                path[each.name] = self._path_value(operation, each.name, first=not path)
        return {**path, **body}

    def _path_value(self, operation: catalog.CatalogOperation, name: str, *, first: bool) -> Any:
        """Give a value for what stands in braces in a path."""
        if first:
            return self.ids[base_of(operation.path) or ""]
        names = {"project_id": "/projects", "user_id": "other user", "group_id": "group"}
        wanted = names.get(name, f"{base_of(operation.path)} {name}")
        return self.ids[wanted]


def base_of(path: str) -> str | None:
    """Give where the object is made that a path begins with; None where no example is."""
    base = re.split(r"/\{\w+\}", path, maxsplit=1)[0]
    return base if base in CREATED else {"/jobs": "/scripts/sql", "/scripts": "/scripts/sql"}.get(base)
