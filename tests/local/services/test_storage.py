"""Exports to storage hosts and imports from them: buckets that are folders of this machine, or fsspec's."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from civis.local.jobs import JobFailed
from civis.local.platform import Platform
from civis.local.services.storage_places import StoragePlace, bucket_problem
from civis.local.state import accounts


@pytest.fixture(scope="module")
def host(api: Any) -> int:
    """A storage host whose bucket is a folder in the data directory."""
    return int(api.call("POST", "storage_hosts", 201, {"name": "h", "provider": "s3", "bucket": "b-1"})["id"])


def export(api: Any, host: int, path: str, sql: str = "select 1 as a", **fields: Any) -> tuple[Any, str]:
    """Run an export into a bucket; give its run and its log."""
    existing, prefix = fields.pop("existing", None), fields.pop("prefix", "rows")
    place = {"filePath": path, "storageHostId": host, "credentialId": api.credential_id}
    if existing is not None:
        place["existingFiles"] = existing
    body = {
        "source": {"sql": sql, "remoteHostId": api.database_id, "credentialId": api.credential_id},
        "destination": {"filenamePrefix": prefix, "storagePath": place},
        "compression": "none",
        **fields,
    }
    id = api.call("POST", "exports/files/csv", 201, body)["id"]
    run = api.run(id)
    return run, api.log(id, run["id"])


def files(api: Any, bucket: str = "b-1") -> dict[str, bytes]:
    """Read the files of a bucket, by their paths in it."""
    root = api.platform.data_dir / "storage" / bucket
    return {str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()}


def test_rows_become_a_file_of_the_bucket(api: Any, host: int) -> None:
    run, log = export(api, host, "/new/", "select 1 as a, 'x' as b")
    assert run["state"] == "succeeded", run["error"]
    assert (
        files(api)["new/rows.csv"].splitlines() == [b'"a","b"', b'"1","x"']
        or b"a" in files(api)["new/rows.csv"]
    )
    assert "Wrote b-1/new/rows.csv." in log
    run, _ = export(api, host, "zipped", compression="gzip")
    assert gzip.decompress(files(api)["zipped/rows.csv.gz"]).splitlines()[-1].strip(b'"') == b"1"


def test_several_files(api: Any, host: int) -> None:
    sql = "select i, repeat('x', 1000) from generate_series(1, 3000) as t(i)"
    run, _ = export(api, host, "many", sql, forceMultifile=True, maxFileSize=1)
    assert run["state"] == "succeeded", run["error"]
    found = [content for name, content in files(api).items() if name.startswith("many/")]
    assert len(found) > 1
    assert sum(content.count(b"x" * 1000) for content in found) == 3000


def test_no_rows_no_file(api: Any, host: int) -> None:
    run, log = export(api, host, "none", "select 1 as a where false")
    assert run["state"] == "succeeded"
    assert "files written: 0" in log
    assert not [name for name in files(api) if name.startswith("none")]


def test_what_becomes_of_files_that_are_there(api: Any, host: int) -> None:
    assert export(api, host, "there", "select 1 as a")[0]["state"] == "succeeded"
    run, _ = export(api, host, "there", "select 2 as a")
    assert run["state"] == "failed"
    assert "existing_files" in run["error"]
    run, _ = export(api, host, "there", "select 3 as a", existing="append")
    names = {"there/rows.csv", f"there/rows_run_{run['id']}.csv"}
    assert {name for name in files(api) if name.startswith("there/")} == names
    run, _ = export(api, host, "there", "select 4 as a", existing="overwrite")
    assert [name for name in files(api) if name.startswith("there/")] == ["there/rows.csv"]
    assert b"4" in files(api)["there/rows.csv"]


def test_a_query_that_fails_leaves_what_is_there(api: Any, host: int) -> None:
    export(api, host, "kept", "select 1 as a")
    run, _ = export(api, host, "kept", "select * from no_such_table", existing="overwrite")
    assert run["state"] == "failed"
    assert "kept/rows.csv" in files(api)


REFUSALS = {
    "unknown host": ({"storageHostId": 10**6}, 404, "storage host"),
    "unknown credential": ({"credentialId": 10**6}, 404, "credential"),
    "unknown way": ({"existingFiles": "keep"}, 400, "append"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(api: Any, host: int, case: str) -> None:
    fields, status, expected = REFUSALS[case]
    place = {"filePath": "a", "storageHostId": host, "credentialId": api.credential_id, **fields}
    source = {"sql": "select 1", "remoteHostId": api.database_id, "credentialId": api.credential_id}
    body = {"source": source, "destination": {"storagePath": place}}
    assert expected in api.refusal("POST", "exports/files/csv", status, body)


def test_a_path_stays_in_its_bucket(api: Any, host: int) -> None:
    run, _ = export(api, host, "../other")
    assert run["state"] == "failed"
    assert ".." in run["error"]
    assert list((api.platform.data_dir / "storage").iterdir()) == [api.platform.data_dir / "storage" / "b-1"]


def test_buckets_by_url(api: Any, tmp_path: Path) -> None:
    body = {"name": "h", "provider": "s3", "bucket": f"file://{tmp_path}/bucket"}
    id = api.call("POST", "storage_hosts", 201, body)["id"]
    run, _ = export(api, id, "/")
    assert run["state"] == "succeeded", run["error"]
    assert b"1" in (tmp_path / "bucket" / "rows.csv").read_bytes()
    memory = api.call("POST", "storage_hosts", 201, {**body, "bucket": "memory://here"})["id"]
    run, log = export(api, memory, "a/b")
    assert run["state"] == "succeeded", run["error"]
    assert "memory://here" in log.replace("memory:/here", "memory://here")
    for wrong, expected in (("a/b", "bucket must be"), ("nothing://x", "does not know")):
        assert expected in api.refusal("POST", "storage_hosts", 400, {**body, "bucket": wrong})
    assert "administrator" in str(bucket_problem("s3://x", is_admin=False))


@pytest.fixture(scope="module")
def other(api: Any, platform: Platform) -> Iterator[Any]:
    """A client of another user, who is no administrator."""
    with platform.state.begin() as connection:
        now = platform.clock.time()
        id = accounts.create_user(connection, now=now, username="grace", name="Grace", email="").id
        accounts.create_key(connection, id, now=now, name="key", token="grace")
    client = type(api)(platform)
    client.session.auth = ("grace", "")
    with client.session:
        yield client


def test_a_bucket_is_its_first_user_s(api: Any, other: Any) -> None:
    def body(bucket: str) -> dict[str, Any]:
        return {"name": "mine", "provider": "s3", "bucket": bucket}

    own = api.call("POST", "storage_hosts", 201, body("owned"))["id"]
    assert "another user's" in other.refusal("POST", "storage_hosts", 409, body("owned"))
    assert "another user's" in other.refusal(
        "POST", "storage_hosts", 409, body("Owned")
    )  # one folder, here or there
    theirs = other.call("POST", "storage_hosts", 201, body("theirs"))["id"]
    for method in ("PUT", "PATCH"):
        assert "another user's" in other.refusal(method, f"storage_hosts/{theirs}", 409, body("owned"))
        assert other.call(method, f"storage_hosts/{theirs}", 200, body("theirs"))["bucket"] == "theirs"
    api.call("DELETE", f"storage_hosts/{own}", 204)
    other.refusal("POST", "storage_hosts", 409, body("owned"))  # the files are there still
    again = api.call("POST", "storage_hosts", 201, body("owned"))["id"]
    api.call("POST", "storage_hosts", 201, body("theirs"))  # an administrator reaches every folder
    shares = {"userIds": [other.get("users/me")["id"]], "permissionLevel": "write"}
    api.call("PUT", f"storage_hosts/{again}/shares/users", 200, shares)
    assert other.call("PUT", f"storage_hosts/{again}", 200, body("owned"))["bucket"] == "owned"


def test_a_job_reaches_no_bucket_that_is_not_shared_any_more(api: Any, other: Any) -> None:
    host = api.call("POST", "storage_hosts", 201, {"name": "h", "provider": "s3", "bucket": "lent"})["id"]
    user = other.get("users/me")["id"]
    credential = {"name": "own", "type": "Custom", "username": "grace", "password": "pw"}
    credential_id = other.call("POST", "credentials", 201, credential)["id"]
    api.call("PUT", f"storage_hosts/{host}/shares/users", 200, {"userIds": [user], "permissionLevel": "read"})
    end = {"remoteHostId": api.database_id, "credentialId": credential_id}
    place = {"filePath": "x", "storageHostId": host, "existingFiles": "overwrite"}
    place["credentialId"] = credential_id
    body = {"source": {"sql": "select 1 as a", **end}, "destination": {"storagePath": place}}
    id = other.call("POST", "exports/files/csv", 201, body)["id"]
    assert other.run(id)["state"] == "succeeded"
    api.call("DELETE", f"storage_hosts/{host}/shares/users/{user}", 204)
    run = other.run(id)
    assert run["state"] == "failed"
    assert "not shared with the user 'grace'" in run["error"]


def test_what_cannot_be_put_leaves_nothing(tmp_path: Path) -> None:
    class Broken(type(fsspec.filesystem("file"))):  # type: ignore[misc]
        """A disk that is full after some bytes."""

        def put_file(self, lpath: str, rpath: str, **options: Any) -> None:
            Path(rpath).write_bytes(Path(lpath).read_bytes()[:1])
            raise OSError("No space left on device")

    source = tmp_path / "source"
    source.write_bytes(b"content")
    with pytest.raises(OSError, match="No space"):
        StoragePlace(Broken(), str(tmp_path / "bucket"), "bucket").put(source, "d", "rows.csv")
    assert [each for each in (tmp_path / "bucket").rglob("*") if each.is_file()] == []


def test_files_of_a_bucket_are_imported(api: Any, host: int) -> None:
    root = api.platform.data_dir / "storage" / "b-1" / "in"
    root.mkdir(parents=True)
    for number in (1, 2):
        (root / f"{number}.csv").write_text(f"a,b\n{number},x\n", encoding="utf-8")

    def load(*paths: str) -> Any:
        place = {"storageHostId": host, "credentialId": api.credential_id, "filePaths": list(paths)}
        target = {"schema": "public", "table": "stored"}
        ids = {"remoteHostId": api.database_id, "credentialId": api.credential_id}
        body = {
            "source": {"storagePath": place},
            "destination": {**target, **ids},
            "firstRowIsHeader": True,
            "existingTableRows": "drop",
        }
        made = api.call("POST", "imports/files/csv", 201, body)
        assert made["source"]["storagePath"]["filePaths"] == list(paths)
        return api.run(made["id"])

    assert load("in/2.csv")["state"] == "succeeded"
    assert api.sql("select a from public.stored") == [(2,)]
    assert load("/in/")["state"] == "succeeded"  # a folder is all its files
    assert api.sql("select a from public.stored order by 1") == [(1,), (2,)]
    assert "b-1/in/3.csv" in load("in/3.csv")["error"]
    assert ".." in load("../../api-key")["error"]


def test_a_place_refuses_what_leads_out_of_it() -> None:
    with pytest.raises(JobFailed, match=r"\.\."):
        StoragePlace(None, "/nowhere", "b").name_of("a/../..", "x")
