"""Preprocess jobs over HTTP: what they find, what they clean, and what makes them fail."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from civis.local.services.csv_cleaning import is_clean, write_clean
from civis.local.warehouse import CsvError, Interrupted, Interruption

PLAIN = b"id,name\n1,Ann\n2,Bob\n"


def zipped(*contents: bytes) -> bytes:
    """Make a ZIP archive of files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.csv", content)
    return target.getvalue()


def preprocess(api, file_id, **settings):
    """Run a preprocess job; give its run and its outputs."""
    settings = {"in_place": False, "detect_table_columns": True, **settings}
    job = api.call("POST", "files/preprocess/csv", 201, {"file_id": file_id, **settings})
    run = api.run(job["id"])
    return run, api.get(f"jobs/{job['id']}/runs/{run['id']}/outputs"), job


UMLAUTS = "id,name\n1,Jörg Müller aus Köln\n2,Zoë Größe für Straße\n"
KINDS = {
    "plain": (PLAIN, {}, PLAIN, "comma", "none"),
    "tab": (b"id\tname\n1\tAnn\n2\tBob\n", {}, b"id\tname\n1\tAnn\n2\tBob\n", "tab", "none"),
    "told pipe": (b"id|name\n1|x\n", {"column_delimiter": "pipe"}, b"id|name\n1|x\n", "pipe", "none"),
    "gzip": (gzip.compress(PLAIN, mtime=0), {}, gzip.compress(PLAIN, mtime=0), "comma", "gzip"),
    "zip": (zipped(PLAIN), {}, PLAIN, "comma", "none"),
    "mark": (b"\xef\xbb\xbf" + PLAIN, {}, PLAIN, "comma", "none"),
    "latin": (UMLAUTS.encode("latin-1"), {}, UMLAUTS.encode(), "comma", "none"),
    "utf-16": (UMLAUTS.encode("utf-16"), {}, UMLAUTS.encode(), "comma", "none"),
    "forced": (UMLAUTS.encode(), {"force_character_set_conversion": True}, UMLAUTS.encode(), "comma", "none"),
}


@pytest.mark.parametrize(
    ("content", "settings", "clean", "delimiter", "compression"), KINDS.values(), ids=KINDS
)
def test_a_new_file(api, content, settings, clean, delimiter, compression):
    id = api.upload(content, "data.csv")
    run, outputs, _ = preprocess(api, id, **settings)
    assert (run["state"], run["error"]) == ("succeeded", None)
    (output,) = outputs
    assert (output["objectType"], output["name"]) == ("File", "data.csv")
    assert output["objectId"] != id
    file = api.get(f"files/{output['objectId']}")
    assert file["detectedInfo"] == {
        "includeHeader": True,
        "columnDelimiter": delimiter,
        "compression": compression,
        "tableColumns": file["detectedInfo"]["tableColumns"],
    }
    columns = file["detectedInfo"]["tableColumns"]
    assert [column["name"] for column in columns] == ["id", "name"]
    assert all(column["sqlType"] for column in columns)
    assert file["expiresAt"]
    assert api.download(output["objectId"]) == clean
    assert api.download(id) == content  # the source stays as it was
    assert api.get(f"files/{id}")["detectedInfo"]["compression"] is None


def test_in_place(api):
    id = api.upload(UMLAUTS.encode("utf-16"), "data.csv")
    run, outputs, _ = preprocess(api, id, in_place=True, detect_table_columns=False)
    assert run["state"] == "succeeded"
    assert [output["objectId"] for output in outputs] == [id]
    assert api.download(id) == UMLAUTS.encode()
    assert api.get(f"files/{id}")["detectedInfo"]["tableColumns"] == []


def test_an_output_ends_with_its_source(api):
    id = api.upload(PLAIN, expires_at="2999-01-01T00:00:00Z")
    late = api.get(f"files/{preprocess(api, id)[1][0]['objectId']}")["expiresAt"]
    assert late < "2999"
    soon = f"{int(api.get(f'files/{id}')['createdAt'][:4]) + 1}-01-01T00:00:00Z"
    api.call("PATCH", f"files/{id}", 200, {"expires_at": soon})
    assert api.get(f"files/{preprocess(api, id)[1][0]['objectId']}")["expiresAt"] <= soon


FAILURES = {
    "truncated": (gzip.compress(PLAIN * 1000)[:60], {}, "data.csv"),
    "two in one": (zipped(PLAIN, PLAIN), {}, "data.csv"),
    "empty": (b"", {}, "data.csv"),
}


@pytest.mark.parametrize(("content", "settings", "words"), FAILURES.values(), ids=FAILURES)
def test_failures_say_why(api, content, settings, words):
    run, outputs, _ = preprocess(api, api.upload(content), **settings)
    assert run["state"] == "failed"
    assert words in run["error"]
    assert outputs == []


def test_a_file_never_uploaded(api):
    made = api.call("POST", "files", 201, {"name": "later.csv"})
    run, _, _ = preprocess(api, made["id"])
    assert run["state"] == "failed"
    assert "later.csv" in run["error"]


def test_settings(api):
    id, other = api.upload(PLAIN), api.upload(PLAIN)
    job = api.call("POST", "files/preprocess/csv", 201, {"file_id": id, "hidden": True})
    expected = {
        "id": job["id"],
        "fileId": id,
        "inPlace": True,
        "detectTableColumns": False,
        "forceCharacterSetConversion": False,
        "includeHeader": None,
        "columnDelimiter": None,
        "hidden": True,
    }
    path = f"files/preprocess/csv/{job['id']}"
    assert job == api.get(path) == expected
    changed = api.call("PATCH", path, 200, {"in_place": False, "include_header": True})
    assert changed == {**expected, "inPlace": False, "includeHeader": True}
    assert api.call("PUT", path, 200, {"file_id": other}) == {**expected, "fileId": other}
    assert api.call("PUT", f"{path}/archive", 200, {"status": True})["id"] == job["id"]
    assert "archived" in api.refusal("POST", f"jobs/{job['id']}/runs", 409)
    api.call("PUT", f"{path}/archive", 200, {"status": False})
    assert api.run(job["id"])["state"] == "succeeded"
    assert api.call("DELETE", path, 204) is None


REFUSALS = {
    "unknown file": ({"file_id": 999999}, 404, "999999"),
    "unknown delimiter": ({"column_delimiter": "coma"}, 400, "'comma'"),
}


@pytest.mark.parametrize(("fields", "status", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(api, fields, status, words):
    body = {"file_id": api.upload(PLAIN), **fields}
    assert words in api.refusal("POST", "files/preprocess/csv", status, body)


def test_cleaning_leaves_out_or_refuses_what_is_no_character(tmp_path):
    source = tmp_path / "a.csv"
    source.write_bytes(b"a,b\n1,x\xff\xfey\n")
    assert not is_clean(source, encoding="utf-8", compression="none")
    target = io.BytesIO()
    write_clean(source, target, encoding="utf-8", compression="none", discard=True)
    assert target.getvalue() == b"a,b\n1,xy\n"
    with pytest.raises(CsvError, match="byte 7"):
        write_clean(source, io.BytesIO(), encoding="utf-8", compression="none", discard=False)


def test_cleaning_is_interrupted(tmp_path):
    source, interruption = tmp_path / "a.csv", Interruption()
    source.write_bytes(PLAIN)
    interruption.interrupt()
    with pytest.raises(Interrupted):
        is_clean(source, encoding="utf-8", compression="none", interruption=interruption)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_damaged_gzip_is_never_clean(tmp_path, cut):
    source = tmp_path / "a.csv.gz"
    source.write_bytes(gzip.compress(bytes(range(32, 127)) * 50)[:-cut])
    with pytest.raises(CsvError, match="damaged or ends too early"):
        is_clean(source, encoding="utf-8", compression="gzip")
