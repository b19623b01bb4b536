"""What the operations take that are not on one example: values of paths and arguments, and what they need."""

from __future__ import annotations

import re
from typing import Any

from civis._names import camel_to_snake
from civis.local import catalog
from civis.local.services.models import PREDICTION
from civis.local.state import objects, runs
from tests.local.services.examples import OTHER_BODIES, Examples, base_of

_TABLE = {"id": "@database", "schema_name": "public", "table_name": "people"}
_ENHANCED = {"source_table_id": "@table", "threshold": 0.5, "match_table_id": "@table"}
_SYNC = {
    "source": {"databaseTable": {"schema": "public", "table": "people"}},
    "destination": {"databaseTable": {"schema": "public", "table": "copied"}},
}
_LOAD = {"schema": "public", "remote_host_id": "@database", "credential_id": "@credential"}
_ON_TABLE = r".* /databases/\{id\}/(schema_privileges|table_privileges|schemas/\{schema_name\}).*"

#: Arguments by a pattern of "METHOD path", the first that fits; what a path names besides is in `_PATHS`.
ARGUMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (r".* /apps/\{slug\}.*", {"slug": "@slug", "id": "@instance", "name": "n"}),
    (
        r"P\w+ /clusters/.*",
        {
            "id": "@cluster",
            "cluster_partition_id": "@partition",
            "name": "p",
            "labels": ["l"],
            "instance_configs": [{"instanceType": "t", "minInstances": 0, "maxInstances": 1}],
        },
    ),
    (r".*/instance_configs/\{id\}.*", {"id": "@config"}),
    (
        r".* /clusters/.*",
        {"id": "@cluster", "cluster_partition_id": "@partition", "instance_config_id": "@config"},
    ),
    (r".* /codes.*", {"id": "@code", "name": "c", "type": "t", "body": "b", "readme": "r"}),
    (
        r"POST /credentials/authenticate",
        {
            "url": "jdbc:postgresql://db/local",
            "remote_host_type": "RemoteHostTypes::JDBC",
            "username": "u",
            "password": "p",
        },
    ),
    (
        r".* /databases/\{id\}/whitelist-ips.*",
        {"id": "@database", "whitelisted_ip_id": "@address", "subnet_mask": "192.0.2.0/24"},
    ),
    (r"POST /databases/\{id\}/schemas/scan", {"id": "@database", "schema": "public"}),
    (r".*/timeframe/\{timeframe\}", {"id": "@database", "timeframe": "1_day"}),
    (_ON_TABLE, {**_TABLE, "description": "d"}),
    (r".* /databases/\{id\}.*", {"id": "@database", "export_caching_enabled": True}),
    (r"POST /files/multipart/.*", {"id": "@/files"}),
    (r"POST /files/multipart", {"name": "f", "num_parts": 1}),
    (r".* /groups/\{id\}/members/.*", {"id": "@/groups", "user_id": "@other user"}),
    (r"POST /imports/files", {"name": "people", **_LOAD}),
    (r"POST /imports/batches", {"file_ids": ["@/files"], "table": "batch", **_LOAD}),
    (r".* /imports/batches/\{id\}", {"id": "@batch"}),
    (r".* /imports/files/\{id\}.*", {"id": "@file import", "run_id": "@run of file import"}),
    (r".* /imports/\{id\}/syncs.*", {"id": "@/imports", "sync_id": "@sync", "status": True, **_SYNC}),
    (r".* /models/\{id\}/builds/.*", {"id": "@/models", "build_id": "@run of /models"}),
    (r".* /predictions/\{id\}.*", {"id": "@prediction", "run_id": "@run of prediction"}),
    (
        r".* /(users/me|organizations)/favorites.*",
        {"id": "@favorite", "object_type": "notebook", "object_id": "@/notebooks"},
    ),
    (r"PUT /queries/\{id\}/scripts/.*", {"id": "@/queries", "script_id": "@/scripts/sql"}),
    (r"POST /tables", {"database_id": "@database", "schema": "public", "name": "loaded", "data": "n\n1\n"}),
    (r"POST /tables/scan", {"database_id": "@database", "schema": "public", "table_name": "people"}),
    (r"POST /tables/\{source_table_id\}.*", _ENHANCED),
    (r"GET /tables/\{source_table_id\}/enhancements/.*", {"source_table_id": "@table", "id": "@enhancement"}),
    (r".* /tables/\{id\}.*", {"id": "@table", "table_tag_id": "@/table_tags", "description": "d"}),
    (r".* /usage/llm/\{id\}", {"id": "@model_use"}),
    (r".* /usage/llm/organization/.*", {"org_id": "@organization"}),
    (r".* /usage_limits/matching/\{id\}", {"id": "@matching_limit"}),
    (r".* /usage_limits/llm/\{id\}", {"id": "@model_limit"}),
    (r"POST /users", {"name": "New", "email": "n@example.org", "user": "#", "primary_group_id": "@group"}),
    (r"PATCH /users/me", {"preferences": {}}),
    (
        r".* /users/\{id\}/api_keys.*",
        {"id": "@other user", "key_id": "@key", "expires_in": 60, "name": "key"},
    ),
    (r".* /users/\{id\}.*", {"id": "@other user"}),
    (
        r".* /workflows/\{id\}/executions/.*",
        {"id": "@/workflows", "execution_id": "@execution", "task_name": "a"},
    ),
    (r"GET /aliases/\{object_type\}/.*", {"object_type": "sql_script", "alias": "@alias"}),
    (r".* /(reports|results)/solutions/\{id\}.*", {"id": "@/reports/services"}),
)

#: Values of what paths name, wherever nothing else is said.
_PATHS = {"project_id": "@/projects", "user_id": "@other user", "group_id": "@group"}


def arguments_of(examples: Examples, operation: catalog.CatalogOperation) -> dict[str, Any]:
    """Give the arguments of a client's method for an operation that is not on one example."""
    key = f"{operation.method} {operation.path}"
    known = {each.name for each in operation.parameters}
    given: dict[str, Any] = {**_PATHS, **_of_run(operation)}
    for pattern, body in OTHER_BODIES:
        if re.fullmatch(pattern, key):
            given.update({camel_to_snake(name): each for name, each in body.items()})
            break
    given.update(next((each for pattern, each in ARGUMENTS if re.fullmatch(pattern, key)), {}))
    prepare(examples, key)
    return dict(examples.resolved({name: each for name, each in given.items() if name in known}))


def _of_run(operation: catalog.CatalogOperation) -> dict[str, Any]:
    """Name the example and its run where a path does."""
    base = base_of(operation.path.replace("/scripts/container/", "/scripts/containers/"))
    return {"id": f"@{base}", "run_id": f"@run of {base}"} if base else {}


def prepare(examples: Examples, key: str) -> None:
    """Make anew what an operation takes away, or what there is only one of."""
    call, ids = examples.call, examples.ids
    if "/favorites" in key:
        where = "users/me" if "/users/me" in key else "organizations"
        if key.startswith("POST"):
            for each in call("GET", f"{where}/favorites").json():
                call("DELETE", f"{where}/favorites/{each['id']}")
        else:
            wanted = {"objectType": "file", "objectId": examples.make("/files")["id"]}
            ids["favorite"] = call("POST", f"{where}/favorites", wanted).json()["id"]
    elif "/enhancements/" in key and key.startswith("GET /tables"):
        body = {"threshold": 0.5, "matchTableId": ids["table"]}
        path = key.split(" ")[1].removesuffix("/{id}").format(source_table_id=ids["table"])
        ids["enhancement"] = call("POST", path, body).json()["id"]
    elif key.startswith("DELETE /tables"):
        assert call("PUT", f"tables/{ids['table']}/tags/{ids['/table_tags']}").ok
    elif "/syncs" in key:
        ids["sync"] = call("POST", f"imports/{ids['/imports']}/syncs", _SYNC).json()["id"]
    elif "/executions" in key:
        workflow = ids["/workflows"] = examples.make("/workflows")["id"]
        ids["execution"] = call("POST", f"workflows/{workflow}/executions", {}).json()["id"]
    elif "/partitions" in key or "/instance_configs" in key:
        body = {
            "name": "p",
            "labels": [],
            "instanceConfigs": [{"instanceType": "t", "minInstances": 0, "maxInstances": 1}],
        }
        made = call("POST", f"clusters/kubernetes/{ids['cluster']}/partitions", body).json()
        ids["partition"], ids["config"] = made["clusterPartitionId"], made["defaultInstanceConfigId"]
    else:
        _prepare_more(examples, key)


def _prepare_more(examples: Examples, key: str) -> None:
    """Make anew an address, a code, a commit."""
    call, ids = examples.call, examples.ids
    if "/whitelist-ips" in key:
        body = {"subnetMask": "192.0.2.1"}
        ids["address"] = call("POST", f"databases/{ids['database']}/whitelist-ips", body).json()["id"]
    elif "/codes" in key:
        code = {"name": "c", "type": "t", "body": "b", "readme": "r"}
        call("POST", "codes", code)
        ids["code"] = call("GET", "codes").json()[0]["id"]
    elif "/checkout" in key:
        base = base_of(key.split(" ")[1]) or ""
        path = f"{base}/{ids[base]}/git"
        assert call("PUT", path, {"gitRepoUrl": "https://127.0.0.1:9/team/code"}).ok
        if not call("GET", f"{path}/commits").json():
            assert call("POST", f"{path}/commits", {"content": "c", "message": "m", "fileHash": "-"}).ok


def fill_more(examples: Examples) -> None:
    """Make what only these operations need: a table, an application, finished runs, records of usage."""
    ids, platform, call = examples.ids, examples.platform, examples.call
    platform.warehouse.database("local").execute("create table people (id int, name text)", user="local")
    path = f"databases/{ids['database']}/schemas/public/tables/people"
    ids["table"] = call("GET", path).json()["id"]
    ids["slug"] = call("GET", "apps").json()[0]["slug"]
    ids["instance"] = call("POST", f"apps/{ids['slug']}/instances", {"name": "i"}).json()["id"]
    ids["cluster"] = call("GET", "clusters/kubernetes").json()[0]["id"]
    partition = call("GET", f"clusters/kubernetes/{ids['cluster']}/partitions").json()[0]
    ids["partition"], ids["config"] = partition["clusterPartitionId"], partition["defaultInstanceConfigId"]
    ids["alias"] = call("GET", f"aliases/{ids['/aliases']}").json()["alias"]
    ids["organization"] = call("GET", "admin/organizations").json()[0]["id"]
    load = examples.resolved({"name": "people", "schema": "public", "remoteHostId": "@database"})
    load["credentialId"] = ids["credential"]
    ids["file import"] = call("POST", "imports/files", load).json()["id"]
    key = {"name": "k", "expiresIn": 60}
    ids["key"] = call("POST", f"users/{ids['other user']}/api_keys", key).json()["id"]
    wanted = {"tableName": "public.people", "primaryKey": ["id"]}
    ids[PREDICTION] = call("PUT", f"models/{ids['/models']}/predictions", wanted).json()["id"]
    _remember_runs(examples)


def _remember_runs(examples: Examples) -> None:
    """Put a finished run of each example into the state, and records that no request makes."""
    now, ids = examples.platform.clock.time(), examples.ids
    with examples.platform.state.begin() as connection:
        for name in [name for name in ids if name.startswith("/") or name in (PREDICTION, "file import")]:
            if objects.count_objects(connection, id=ids[name]):
                run = runs.insert_run(connection, ids[name], now=now)
                runs.update_run(connection, run.id, state="succeeded", started_at=run.created_at)
                ids[f"run of {name}"] = run.id
        ids["run of None"] = 0
        for kind, document in (
            ("model_use", {"credits": 1.5, "model_id": "m"}),
            ("matching_limit", {"hard_limit": 5, "task": "IDR"}),
            ("model_limit", {"hard_limit": 5}),
        ):
            ids[kind] = objects.insert(connection, kind, document, now=now).id
        batch = {"is_batch": True, "destination": {"schema": "s", "table": "t", "remote_host_id": 1}}
        ids["batch"] = objects.insert(connection, "csv_import", batch, now=now).id
