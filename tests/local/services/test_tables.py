"""Tables over HTTP: filters, stable IDs, columns with statistics, notes and tags."""

from __future__ import annotations

import pytest

from civis.local.services.table_records import matches, qualified_name


@pytest.fixture(scope="module", autouse=True)
def _tables(api):
    """Two schemas with some tables."""
    api.sql("create schema census_a; create schema census_b")
    api.sql("create table census_a.t1 (snakes varchar(256), n integer)")
    api.sql("insert into census_a.t1 values ('apple', 1), ('apple', 2), ('banana', 3), (null, 4)")
    api.sql("create table census_b.t1 (id integer)")
    api.sql('create table census_b."odd.name" (id integer)')


FILTERS = {
    "exact": ({"schema": "census_a", "name": "t1"}, ["census_a.t1"]),
    "any case": ({"schema": "CENSUS_A"}, ["census_a.t1"]),
    "percent": ({"schema": "census%", "name": "t1"}, ["census_a.t1", "census_b.t1"]),
    "star": ({"name": "*.name"}, ["census_b.odd.name"]),
    "no wildcard is no part": ({"schema": "census"}, []),
    "search": ({"search": "_b.T1"}, ["census_b.t1"]),
    "order by name": (
        {"schema": "census%", "order": "name", "order_dir": "desc"},
        ["census_b.t1", "census_a.t1", "census_b.odd.name"],
    ),
    "page": ({"schema": "census%", "limit": 1, "page_num": 2}, ["census_b.odd.name"]),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_lists(api, query, expected):
    for database in ({}, {"database_id": api.database_id}):
        found = api.get("tables", **query, **database)
        assert [f"{each['schema']}.{each['name']}" for each in found] == expected
    assert "999999" in api.refusal("GET", "tables", 404, database_id=999999)
    assert "order" in api.refusal("GET", "tables", 400, order="size")


def test_an_id_stays_and_is_gone_with_its_table(api):
    api.sql("create table census_b.fleeting (id integer)")
    id = api.get("tables", name="fleeting")[0]["id"]
    assert api.get(f"tables/{id}")["rowCount"] == 0
    api.sql("insert into census_b.fleeting values (1)")
    assert api.get("tables", name="fleeting")[0]["id"] == id
    assert api.get(f"tables/{id}")["rowCount"] == 1
    api.sql("drop table census_b.fleeting")
    assert "census_b.fleeting" in api.refusal("GET", f"tables/{id}", 404)
    assert api.get("tables", name="fleeting") == []
    api.sql("create table census_b.fleeting (id integer)")
    assert api.get("tables", name="fleeting")[0]["id"] == id
    api.sql("drop table census_b.fleeting")


def test_statistics_come_with_a_refresh(api):
    id = api.get("tables", schema="census_a", name="t1")[0]["id"]
    before = api.get(f"tables/{id}/columns")
    assert [column["name"] for column in before] == ["snakes", "n"]
    assert before[0]["distinctCount"] is None
    answer = api.call("POST", f"tables/{id}/refresh", 200)
    assert answer["lastRun"]["state"] in ("queued", "running", "succeeded")
    run = _finished_refresh(api, id)
    assert (str(run["id"]), run["state"]) == (answer["refreshId"], "succeeded")
    snakes, n = api.get(f"tables/{id}/columns")
    assert (snakes["minValue"], snakes["maxValue"], snakes["distinctCount"]) == ("apple", "banana", 2)
    assert snakes["valueDistribution"] == {"apple": 2, "banana": 1, "null": 1}
    assert snakes["valueDistributionPercent"] == {"apple": 50.0, "banana": 25.0, "null": 25.0}
    assert (snakes["coverageCount"], snakes["nullCount"], snakes["avgValue"]) == (3, 1, None)
    assert (n["avgValue"], n["minValue"], n["maxValue"], n["useableAsPrimaryKey"]) == (2.5, "1", "4", True)
    assert api.get(f"tables/{id}")["lastRefresh"]
    assert [column["name"] for column in api.get(f"tables/{id}/columns", name="snakes")] == ["snakes"]
    by_name = api.get(f"tables/{id}/columns", order="name")
    assert [column["name"] for column in by_name] == ["n", "snakes"]


def _finished_refresh(api, id):
    for _ in range(3000):
        table = api.get(f"tables/{id}")
        if table["refreshStatus"] == "current":
            return table["lastRun"]
    raise AssertionError("the refresh does not end")


def test_scan_by_name(api):
    body = {"database_id": api.database_id, "schema": "census_b", "table_name": "odd.name"}
    answer = api.call("POST", "tables/scan", 201, body)
    assert api.wait(answer["jobId"], answer["runId"])["state"] == "succeeded"
    again = api.call("POST", "tables/scan", 201, body)
    assert again["jobId"] == answer["jobId"]
    api.wait(again["jobId"], again["runId"])
    for change, words in (
        ({"database_id": 999999}, "999999"),
        ({"schema": "census_c"}, "census_b"),
        ({"table_name": "od.name"}, "odd.name"),
    ):
        assert words in api.refusal("POST", "tables/scan", 404, {**body, **change})
    assert "flag" in api.refusal("POST", "tables/scan", 400, {**body, "stats_priority": "flagg"})


def test_notes(api):
    id = api.get("tables", schema="census_a", name="t1")[0]["id"]
    changed = api.call(
        "PATCH",
        f"tables/{id}",
        200,
        {
            "ontology_mapping": {"primary_key": "n"},
            "primary_keys": ["n"],
            "last_modified_keys": ["snakes"],
            "description": "Text.",
        },
    )
    assert (changed["primaryKeys"], changed["lastModifiedKeys"]) == (["n"], ["snakes"])
    table = api.get(f"tables/{id}")
    assert (table["ontologyMapping"], table["description"]) == ({"primary_key": "n"}, "Text.")
    assert "'snakes'" in api.refusal("PATCH", f"tables/{id}", 422, {"primary_keys": ["snake"]})


def test_tags(api):
    id = api.get("tables", schema="census_b", name="t1")[0]["id"]
    tag = api.store("table_tag", {}, name="voters")
    assert api.call("PUT", f"tables/{id}/tags/{tag}", 200) == {"id": id, "tableTagId": tag}
    assert api.get(f"tables/{id}")["tableTags"] == [{"id": tag, "name": "voters"}]
    api.call("DELETE", f"tables/{id}/tags/{tag}", 200)
    assert api.get(f"tables/{id}")["tableTags"] == []
    assert str(tag) in api.refusal("DELETE", f"tables/{id}/tags/{tag}", 404)
    assert "999999" in api.refusal("PUT", f"tables/{id}/tags/999999", 404)


def test_unknown_ids(api):
    for path in ("tables/999999", "tables/999999/columns", f"tables/{api.database_id}"):
        assert "table" in api.refusal("GET", path, 404)


def test_patterns():
    assert matches("a.b", "A.B")
    assert not matches("axb", "a.b")
    assert matches("anything\nat all", "%")
    assert qualified_name("a.b", "c") != qualified_name("a", "b.c")
