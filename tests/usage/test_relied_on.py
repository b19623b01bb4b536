"""What people rely on today, each line a test: older words, Responses as mappings, IDs and rows as texts."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

import civis
from civis.base import CivisImmutableResponseError, CivisJobFailure, EmptyResultError
from civis.client import APIClient
from civis.futures import CivisFuture

ZIPS = pd.DataFrame({"zip": ["02116", "02139"], "people": [1, 2]})


def quickly(sql: str, **options):
    return civis.io.query_civis(sql, "local", polling_interval=0.01, **options).result(60)


@pytest.fixture(scope="module", autouse=True)
def _table(client: APIClient) -> None:
    civis.io.dataframe_to_civis(ZIPS, "local", "public.zips", client=client, polling_interval=0.01).result(60)


class TestOlderWords:
    def test_use_pandas(self):
        with pytest.warns(FutureWarning, match="use_pandas="):
            frame = civis.io.read_civis("public.zips", "local", use_pandas=True)
        assert frame.shape == (2, 2)

    def test_use_pandas_of_sql(self):
        with pytest.warns(FutureWarning, match="use_pandas="):
            rows = civis.io.read_civis_sql("select 1 as a", "local", use_pandas=False)
        assert rows == [["a"], ["1"]]

    @pytest.mark.parametrize("how", ["a frame", "a file"])
    def test_headers(self, how, tmp_path: Path, platform):
        table = f"public.headers_{how[2:]}"
        if how == "a frame":
            with pytest.warns(FutureWarning, match="headers="):
                future = civis.io.dataframe_to_civis(
                    ZIPS, "local", table, headers=True, existing_table_rows="drop", polling_interval=0.01
                )
        else:
            ZIPS.to_csv(tmp_path / "a.csv", index=False)
            future = civis.io.csv_to_civis(
                tmp_path / "a.csv", "local", table, headers=True, polling_interval=0.01
            )
        assert future.result(60).state == "succeeded"
        assert platform.warehouse.database("local").row_count(*table.split(".")) == 2

    def test_resources(self):
        with pytest.warns(FutureWarning, match="resources='all'"):
            client = civis.APIClient(resources="all")
        assert client.users.get_me().username == "local"

    @pytest.mark.parametrize("how", ["by position", "by name"])
    def test_the_key(self, how, platform, monkeypatch):
        monkeypatch.delenv("CIVIS_API_KEY")
        key = platform.api_key
        client = civis.APIClient(key) if how == "by position" else civis.APIClient(api_key=key)
        assert client.username == "local"

    def test_the_key_of_a_function(self, platform, monkeypatch):
        monkeypatch.delenv("CIVIS_API_KEY")
        with pytest.warns(FutureWarning, match="api_key="):
            rows = civis.io.read_civis_sql("select 1 as a", "local", api_key=platform.api_key)
        assert rows == [["a"], ["1"]]

    def test_the_default_credential(self, client):
        with pytest.warns(FutureWarning, match="default_database_credential_id"):
            older = client.default_credential
        assert older == client.default_database_credential_id
        rows = civis.io.read_civis_sql("select 1 as a", "local", credential_id=older)
        assert rows == [["a"], ["1"]]

    def test_list_me(self, client):
        with pytest.warns(FutureWarning, match="users.get_me"):
            assert client.users.list_me()["username"] == "local"


class TestResponses:
    @pytest.fixture
    def me(self, client):
        return client.users.get_me()

    @pytest.mark.parametrize(
        "use",
        [
            pytest.param(lambda me: "error" not in me and "username" in me, id="in"),
            pytest.param(lambda me: dict(me)["username"] == "local", id="dict"),
            pytest.param(lambda me: {**me}["username"] == "local", id="two stars"),
            pytest.param(lambda me: "username" in [key for key in me], id="for"),  # noqa: C416
            pytest.param(lambda me: pd.DataFrame([me])["username"][0] == "local", id="a frame"),
            pytest.param(lambda me: me.get("nothing", 3) == 3 and me.get("username") == "local", id="get"),
            pytest.param(lambda me: me["feature_flags"] == me["featureFlags"], id="both spellings"),
            pytest.param(lambda me: json.loads(json.dumps(me.json()))["username"] == "local", id="json"),
            pytest.param(lambda me: dict(me.items())["id"] == me.id, id="items"),
        ],
    )
    def test_as_a_mapping(self, use, me):
        assert use(me)

    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(lambda me: me.__setitem__("name", "x"), id="an item"),
            pytest.param(lambda me: setattr(me, "name", "x"), id="an attribute"),
            pytest.param(lambda me: me.__delitem__("name"), id="deleting"),
        ],
    )
    def test_a_write_says_what_to_write_instead(self, write, me):
        with pytest.raises(CivisImmutableResponseError, match=r"response\.json\(\)"):
            write(me)


class TestNumbersAsTexts:
    def test_the_database(self, client):
        database = str(client.get_database_id("local"))
        assert civis.io.read_civis_sql("select 1 as a", database) == [["a"], ["1"]]
        future = civis.io.dataframe_to_civis(
            ZIPS, database, "public.by_id", existing_table_rows="drop", polling_interval=0.01
        )
        assert future.result(60).state == "succeeded"

    def test_the_job_and_the_run(self, client):
        script = client.scripts.post_python3(name="prints", source="print('hello')")
        run = client.scripts.post_python3_runs(str(script.id))
        future = CivisFuture(client.scripts.get_python3_runs, (str(script.id), str(run.id)), 0.02)
        future.result(60)
        value = client.json_values.post(json.dumps({"a": 1}), name="v")
        client.scripts.post_python3_runs_outputs(str(script.id), str(run.id), "JSONValue", value.id)
        assert [output.name for output in future.outputs()] == ["v"]


class TestRows:
    def test_they_are_lists_of_texts(self):
        found = quickly("select zip, people from public.zips order by 1")
        assert ["|".join(row) for row in found.result_rows] == ["02116|1", "02139|2"]

    def test_an_unnamed_count(self):
        assert quickly("select count(*) from public.zips").result_columns == ["count"]
        frame = civis.io.read_civis_sql("select count(*) from public.zips", "local", return_as="pandas")
        assert frame["count"][0] == 2

    def test_a_select_without_rows(self):
        with pytest.raises(EmptyResultError, match="no rows"):
            civis.io.read_civis_sql("select * from public.zips where 1 = 0", "local", return_as="pandas")

    def test_bad_sql(self):
        future = civis.io.query_civis("selec 1", "local", polling_interval=0.01)
        with pytest.raises(CivisJobFailure, match="syntax error"):
            future.result(60)

    @pytest.mark.parametrize("return_as", ["pandas", "polars", "list"])
    def test_leading_zeros_come_back(self, return_as):
        found = civis.io.read_civis("public.zips", "local", return_as=return_as)
        zips = [row[0] for row in found[1:]] if return_as == "list" else list(found["zip"])
        assert sorted(zips) == ["02116", "02139"]


def test_a_value_keeps_the_case_of_its_keys(client):
    script = client.scripts.post_python3(name="values", source="print('hello')")
    run = client.scripts.post_python3_runs(script.id)
    future = CivisFuture(client.scripts.get_python3_runs, (script.id, run.id), 0.02)
    future.result(60)
    value = client.json_values.post(json.dumps({"camelCase": {"Deep": 1}, "snake_case": 2}), name="v")
    client.scripts.post_python3_runs_outputs(script.id, run.id, "JSONValue", value.id)
    assert future.outputs()[0].value["camelCase"]["Deep"] == 1
    assert future.outputs()[0].value == {"camelCase": {"Deep": 1}, "snake_case": 2}


class TestNamesThatPeopleGuess:
    def test_of_a_function(self):
        with pytest.raises(AttributeError, match="read_civis"):
            _ = civis.io.write_civis

    def test_of_a_future(self):
        future = civis.io.query_civis("select 1", "local", polling_interval=0.01)
        future.result(60)
        assert future.state == "succeeded"

    def test_of_an_argument(self, client):
        with pytest.raises(TypeError, match=r"'arguments'.* It takes id, target_task, input"):
            client.workflows.post_executions(1, arguments={})

    def test_of_a_resource(self, client):
        with pytest.raises(AttributeError, match="'scripts'"):
            _ = client.script

    def test_of_a_method(self, client):
        with pytest.raises(AttributeError, match="post_containers"):
            _ = client.scripts.post_container

    def test_of_a_database(self, client):
        with pytest.raises(ValueError, match="'local'"):
            client.get_database_id("locl")


class TestFuturesThatNobodyLooksAt:
    PROGRAM = """
import civis
{what}
print("uploaded")
"""

    def run(self, what: str) -> str:
        import os
        import subprocess
        import sys

        ended = subprocess.run(
            [sys.executable, "-c", self.PROGRAM.format(what=what)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ},
        )
        assert ended.stdout == "uploaded\n", ended.stderr
        return ended.stderr

    def test_one_that_failed_says_so(self):
        told = self.run(
            "import time\n"
            "future = civis.io.query_civis('selec 1', 'local', polling_interval=0.01)\n"
            "while not future.done(): time.sleep(0.01)\n"
            "del future\n"
        )
        assert "syntax error" in told
        assert "job" in told

    def test_one_that_still_runs_at_the_end_says_so(self):
        sql = "select count(*) from range(3000000000)"
        told = self.run(f"future = civis.io.query_civis('{sql}', 'local')")
        assert "still" in told or "running" in told, told

    def test_one_that_was_looked_at_says_nothing(self):
        told = self.run("civis.io.query_civis('select 1', 'local', polling_interval=0.01).result()")
        assert told == ""


class TestWaiting:
    def test_a_loop_on_done(self):
        future = civis.io.query_civis("select 1 as a", "local", polling_interval=0.01)
        end = time.monotonic() + 60
        while not future.done():
            assert time.monotonic() < end
            time.sleep(0.002)
        assert future.result().result_rows == [["1"]]

    def test_hand_made_futures(self, client):
        database = client.get_database_id("local")
        script = client.scripts.post_sql(
            name="s",
            remote_host_id=database,
            credential_id=client.default_database_credential_id,
            sql="select 1 as a",
        )
        run = client.scripts.post_sql_runs(script.id)
        future = CivisFuture(client.scripts.get_sql_runs, (script.id, run.id), polling_interval=0.01)
        assert future.result(60).output[0].path.startswith("http")


class TestCalls:
    """What is called beside `civis.io`, by how often it was counted."""

    def test_the_logger(self, capsys):
        log = civis.civis_logger("usage", level="INFO")
        civis.civis_logger("usage", level="INFO")
        log.info("to output")
        log.warning("to errors")
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == ("to output\n", "to errors\n")

    def test_csv_out(self, tmp_path: Path):
        civis.io.civis_to_csv(tmp_path / "a.csv", "select * from public.zips order by 1", "local").result(60)
        assert pd.read_csv(tmp_path / "a.csv", dtype={"zip": str})["zip"].tolist() == ["02116", "02139"]

    def test_files_up_and_down(self, tmp_path: Path, client):
        (tmp_path / "a.txt").write_text("text")
        with (tmp_path / "a.txt").open("rb") as file:
            file_id = civis.io.file_to_civis(file, "b.txt", expires_at=None)
        with (tmp_path / "c.txt").open("wb") as file:
            civis.io.civis_to_file(file_id, file)
        assert (tmp_path / "c.txt").read_text() == "text"
        shown = client.files.get(file_id)
        assert (shown.name, shown.expires_at, shown.file_url[:7]) == ("b.txt", None, "http://")

    def test_reports(self, client):
        report = client.reports.post(code_body="<html>1</html>", name="r")
        assert client.reports.patch(report.id, name="s", code_body="<html>2</html>").name == "s"

    def test_notifications(self, client):
        script = client.scripts.post_containers(
            required_resources={"cpu": 256, "memory": 512, "disk_space": 1},
            docker_image_name="python",
            docker_command="echo hello",
        )
        told = {"success_email_addresses": ["ada@example.com"], "success_on": True}
        changed = client.scripts.patch_containers(script.id, notifications=told)
        assert changed.notifications.success_email_addresses == ["ada@example.com"]

    def test_tables(self, client):
        table_id = client.get_table_id("public.zips", "local")
        assert client.tables.patch(table_id, description="ZIP codes").description == "ZIP codes"
        columns = client.tables.list_columns(table_id)
        assert {each.name for each in columns} == {"zip", "people"}

    def test_templates(self, client):
        source = "import os, civis; civis.utils.post_run_output({'Name': os.environ['NAME']}, 'v')"
        params = [{"name": "NAME", "type": "string", "required": True}]
        script = client.scripts.post_python3(name="behind", source=source, params=params)
        template = client.templates.post_scripts(script.id, "Names")
        found = civis.utils.run_template(template.id, {"NAME": "Ada"}, return_as="JSONValue")
        assert found == {"Name": "Ada"}

    def test_executors(self, client):
        script = client.scripts.post_python3(name="behind", source="print('hello')")
        template = client.templates.post_scripts(script.id, "Hello")
        with civis.futures.CustomScriptExecutor(template.id, polling_interval=0.02) as executor:
            futures = [executor.submit() for _ in range(2)]
            assert [future.result(60).state for future in futures] == ["succeeded"] * 2

    def test_the_default_credential_inside_a_job(self, client):
        source = "import civis; print(civis.APIClient().default_database_credential_id)"
        script = client.scripts.post_python3(name="credential", source=source)
        civis.utils.run_job(script.id, polling_interval=0.02).result(60)
        told = [entry.message for entry in civis.utils.job_logs(script.id)]
        assert told == [str(client.default_database_credential_id)]
