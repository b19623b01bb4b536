"""Files over HTTP: uploads, downloads, expiry, previews, and what is refused."""

from __future__ import annotations

import gzip
from datetime import datetime, timezone

import pytest
import requests

from civis._clock import FakeClock
from civis.local.platform import Platform
from civis.local.services.files import create_file, delete_expired_files
from civis.local.state import objects

DAY = 86400.0


def test_a_form_upload_can_be_read_again(api):
    content = bytes(range(256)) * 100
    id = api.upload(content, "a b/ü.bin", description="what it is")
    file = api.get(f"files/{id}")
    assert (file["name"], file["fileSize"], file["description"]) == ("a b/ü.bin", len(content), "what it is")
    assert file["author"]["username"] == api.get("users/me")["username"]
    assert file["downloadUrl"] == file["fileUrl"]
    assert file["fileUrl"].startswith(api.platform.url)
    assert file["myPermissionLevel"] == "manage"
    assert api.download(id) == content


def test_a_file_without_content_has_no_url(api):
    made = api.call("POST", "files", 201, {"name": "later.csv"})
    assert made["uploadFields"]["key"]
    file = api.get(f"files/{made['id']}")
    assert (file["fileUrl"], file["downloadUrl"], file["fileSize"]) == (None, None, 0)
    # As the platform's recorded answer has it.
    assert file["detectedInfo"] == {
        "includeHeader": None,
        "columnDelimiter": None,
        "compression": None,
        "tableColumns": [],
    }


def test_completing_an_upload_waits_for_no_writer_and_keeps_none_waiting(api):
    made = api.call("POST", "files/multipart", 201, {"name": "big.bin", "num_parts": 1})
    assert requests.put(made["uploadUrls"][0], data=b"x" * 1000, timeout=60).ok
    with api.platform.state.begin():
        api.call("POST", f"files/multipart/{made['id']}/complete", 204)
    assert api.download(made["id"]) == b"x" * 1000


def test_parts_become_one_content_and_missing_ones_are_named(api):
    made = api.call("POST", "files/multipart", 201, {"name": "big.bin", "num_parts": 3})
    first, second, third = made["uploadUrls"]
    parts = {first: b"a" * 5_242_880, third: b"c", second: b"b" * 5_242_880}
    for url in (first, third):
        assert requests.put(url, data=parts[url], timeout=60).ok
    path = f"files/multipart/{made['id']}/complete"
    assert "2" in api.refusal("POST", path, 400)
    assert api.get(f"files/{made['id']}")["fileUrl"] is None
    assert requests.put(second, data=parts[second], timeout=60).ok
    assert api.call("POST", path, 204) is None
    assert api.call("POST", path, 204) is None  # once more: it stays complete
    assert api.download(made["id"]) == parts[first] + parts[second] + parts[third]


EXPIRIES = {
    "default": ({}, 30 * DAY),
    "never": ({"expires_at": None}, None),
    "asked for": ({"expires_at": "1970-01-02T00:00:00Z"}, DAY),
    "other zone": ({"expires_at": "1970-01-02T01:00:00+01:00"}, DAY),
    "no zone": ({"expires_at": "1970-01-02 00:00"}, DAY),
}


@pytest.mark.parametrize(("fields", "seconds"), EXPIRIES.values(), ids=EXPIRIES)
def test_expiry(make_api, fields, seconds):
    clock = FakeClock()
    with Platform(clock=clock) as platform:
        api = make_api(platform)
        id = api.upload(b"a", **fields)
        expires_at = api.get(f"files/{id}")["expiresAt"]
        if seconds is None:
            clock.advance(100_000 * DAY)
            assert expires_at is None
            assert api.get(f"files/{id}")["expiresAt"] is None
            return
        assert expires_at == datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        clock.advance(seconds - 1)
        assert api.get(f"files/{id}")["fileUrl"]
        clock.advance(1)
        assert "expired" in api.refusal("GET", f"files/{id}", 404)
        assert "expired" in api.refusal("PATCH", f"files/{id}", 404, {"expires_at": None})
        with platform.state.begin() as connection:
            key = objects.fetch(connection, "file", id).document["blob_key"]
            assert platform.blobs.exists(key)
            assert delete_expired_files(platform, connection, platform.now) == 1
        assert not platform.blobs.exists(key)


def test_changes(api):
    id = api.upload(b"x", "old.csv", description="old")
    assert api.call("PATCH", f"files/{id}", 200, {"name": "new.csv"})["description"] == "old"
    changed = api.call("PATCH", f"files/{id}", 200, {"expires_at": None, "description": None})
    assert (changed["name"], changed["expiresAt"], changed["description"]) == ("new.csv", None, None)
    replaced = api.call(
        "PUT", f"files/{id}", 200, {"name": "n", "expires_at": "2999-01-01", "description": "d"}
    )
    assert (replaced["name"], replaced["expiresAt"]) == ("n", "2999-01-01T00:00:00.000Z")
    assert api.download(id) == b"x"


REFUSALS = {
    "empty name": ("files", {"name": " "}, "name"),
    "long description": ("files", {"name": "a", "description": "x" * 513}, "513"),
    "past expiry": ("files", {"name": "a", "expires_at": "2001-01-01"}, "future"),
    "no time": ("files", {"name": "a", "expires_at": "tomorrow"}, "tomorrow"),
    "no parts": ("files/multipart", {"name": "a", "num_parts": 0}, "num_parts"),
    "too many parts": ("files/multipart", {"name": "a", "num_parts": 10_001}, "10001"),
    "no name": ("files", {}, "name"),
}


@pytest.mark.parametrize(("path", "body", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused(api, path, body, words):
    assert words in api.refusal("POST", path, 400, body)


def test_unknown_files(api):
    assert "987654" in api.refusal("GET", "files/987654", 404)
    assert "987654" in api.refusal("POST", "files/multipart/987654/complete", 404)
    id = api.upload(b"")
    assert "parts" in api.refusal("POST", f"files/multipart/{id}/complete", 400)


def test_links(api):
    id = api.upload(b"x", "a.txt")
    shown = requests.get(api.get(f"files/{id}", inline="true")["fileUrl"], timeout=60)
    assert shown.headers["Content-Disposition"].startswith("inline")
    kept = requests.get(api.get(f"files/{id}")["fileUrl"], timeout=60)
    assert kept.headers["Content-Disposition"].startswith("attachment")
    for moment in ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        assert "36 hours" in api.refusal("GET", f"files/{id}", 400, link_expires_at=moment)


PREVIEWS = {
    "comma": (b"a,b\n1,x\n2,y\n", {}, "comma", True),
    "gzip": (gzip.compress(b"a,b\n1,x\n2,y\n"), {}, "comma", True),
    "tab": (b"a\tb\n1\tx\n2\ty\n", {}, "tab", True),
    "told": (b"a|b\n1|x\n2|y\n", {"column_delimiter": "pipe", "include_header": "true"}, "pipe", True),
    "no header": (b"a,b\n1,x\n2,y\n", {"include_header": "false"}, "comma", False),
}


@pytest.mark.parametrize(("content", "query", "delimiter", "has_header"), PREVIEWS.values(), ids=PREVIEWS)
def test_preview(api, content, query, delimiter, has_header):
    found = api.get(f"files/{api.upload(content)}/preview", **query)
    assert (found["columnDelimiter"], found["includeHeader"]) == (delimiter, has_header)
    header = [] if has_header else [["a", "b"]]
    assert found["rows"] == [*header, ["1", "x"], ["2", "y"]]
    if has_header:
        assert [column["name"] for column in found["columns"]] == ["a", "b"]


def test_preview_refusals(api):
    id = api.upload(b"a,b\n1,2\n")
    assert "semicolon" in api.refusal("GET", f"files/{id}/preview", 400, column_delimiter="semicolon")
    made = api.call("POST", "files", 201, {"name": "later.csv"})
    assert "content" in api.refusal("GET", f"files/{made['id']}/preview", 400)


def test_create_file_insists_on_the_size(platform):
    key = platform.blobs.new_key("a")
    with platform.blobs.writer(key) as target:
        target.write(b"abc")
    with platform.state.begin() as connection:
        stored = create_file(
            platform, connection, name="a", author_id=None, blob_key=key, size=3, now=platform.now
        )
        with pytest.raises(ValueError, match="3 bytes, not 4"):
            create_file(
                platform, connection, name="a", author_id=None, blob_key=key, size=4, now=platform.now
            )
    assert stored.kind == "file"
