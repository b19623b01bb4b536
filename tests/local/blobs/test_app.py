"""Signed URLs over real HTTP."""

from __future__ import annotations

import hashlib
import http.client
import io
import tracemalloc
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
import requests

from tests.local.blobs.conftest import Served

LATER = 86401


def post(served: Served, content: Any, **changes: str) -> requests.Response:
    upload: Any = served.blobs.form_upload(served.blobs.new_key("a.csv"))
    fields = {**upload["upload_fields"], **changes}
    return requests.post(upload["upload_url"], data=fields, files={"file": ("a.csv", content)}, timeout=30)


def changed(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **changes})))


def stored(served: Served, content: bytes) -> str:
    key = served.blobs.new_key("data.csv")
    with served.blobs.writer(key) as file:
        file.write(content)
    return key


@pytest.mark.parametrize("content", [b"", b"a,b\r\n", b"\r\n--" * 5000, bytes(range(256)) * 20_000])
def test_a_form_stores_the_bytes_sent(served: Served, content: bytes) -> None:
    key = served.blobs.new_key("a")
    upload: Any = served.blobs.form_upload(key)
    assert next(iter(upload["upload_fields"])) == "key"
    answer = requests.post(
        upload["upload_url"], data=upload["upload_fields"], files={"file": content}, timeout=30
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    assert served.blobs.path(key).read_bytes() == content


def test_forty_megabytes_do_not_sit_in_memory(served: Served) -> None:
    key = served.blobs.new_key("a")
    upload: Any = served.blobs.form_upload(key)
    head = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in upload["upload_fields"].items()
    )
    head += '--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    chunk = b"\x00\xff\r\n" * 16_384

    def body() -> Any:
        yield head.encode()
        for _ in range(640):
            yield chunk
        yield b"\r\n--B--\r\n"

    tracemalloc.start()
    try:
        answer = requests.post(
            upload["upload_url"],
            data=body(),
            headers={"Content-Type": "multipart/form-data; boundary=B"},
            timeout=60,
        )
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status_code, served.blobs.size(key)) == (204, 640 * len(chunk))
    assert most < 12_000_000


FORM_REFUSALS = {
    "no signature": ({"signature": ""}, 403),
    "another key": ({"key": "0" * 32 + "/a"}, 403),
    "a longer time": ({"expires": "9999999999"}, 403),
    "no number as time": ({"expires": "x"}, 403),
    "not ASCII": ({"signature": "ü"}, 403),
}


@pytest.mark.parametrize("case", FORM_REFUSALS)
def test_a_form_without_permission_is_refused(served: Served, case: str) -> None:
    changes, status = FORM_REFUSALS[case]
    answer = post(served, io.BytesIO(b"x" * 3_000_000), **changes)
    assert answer.status_code == status
    assert "<Code>AccessDenied</Code>" in answer.text
    assert not [path for path in served.folder.rglob("*") if path.is_file()]


def test_a_form_whose_time_is_over_is_refused(served: Served) -> None:
    upload: Any = served.blobs.form_upload(served.blobs.new_key("a"), seconds=10)
    served.clock.advance(10)
    answer = requests.post(
        upload["upload_url"], data=upload["upload_fields"], files={"file": b"x"}, timeout=30
    )
    assert (answer.status_code, "Request has expired" in answer.text) == (403, True)


PART = "--B\r\nContent-Disposition: form-data; name="
BAD_FORMS = {
    "no form": ("application/json", b"{}", "multipart/form-data"),
    "no file": (
        "multipart/form-data; boundary=B",
        (PART + '"key"\r\n\r\nx\r\n--B--\r\n').encode(),
        "no file",
    ),
    "no name": (
        "multipart/form-data; boundary=B",
        b"--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n",
        "has no name",
    ),
    "no boundary in it": ("multipart/form-data; boundary=B", b"something else", "cannot be read"),
    "long field": (
        "multipart/form-data; boundary=B",
        (PART + '"a"\r\n\r\n' + "x" * 70_000 + "\r\n--B--\r\n").encode(),
        "too long",
    ),
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_a_broken_form_says_what_is_wrong(served: Served, case: str) -> None:
    content_type, body, message = BAD_FORMS[case]
    url: Any = served.blobs.form_upload(served.blobs.new_key("a"))["upload_url"]
    answer = requests.post(url, data=body, headers={"Content-Type": content_type}, timeout=30)
    assert answer.status_code == 400
    assert message in answer.text


def test_a_form_that_ends_early_stores_nothing(served: Served) -> None:
    key = served.blobs.new_key("a")
    upload: Any = served.blobs.form_upload(key)
    fields = {**upload["upload_fields"], "file": ("a", b"x" * 1000)}
    whole = requests.Request("POST", upload["upload_url"], files=fields_as_files(fields)).prepare()
    answer = requests.post(
        upload["upload_url"],
        data=whole.body[:-100],
        headers={"Content-Type": whole.headers["Content-Type"]},
        timeout=30,
    )
    assert (answer.status_code, served.blobs.exists(key)) == (400, False)


def fields_as_files(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value if isinstance(value, tuple) else (None, value)) for name, value in fields.items()]


def test_a_client_that_goes_away_stores_nothing(served: Served) -> None:
    key = served.blobs.new_key("a")
    [url] = served.blobs.part_urls(key, 1)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b"x" * 50_000)
    connection.close()
    assert requests.put(url, data=b"whole", timeout=30).status_code == 200
    served.blobs.complete_parts(key)
    assert served.blobs.path(key).read_bytes() == b"whole"


def test_parts_by_put(served: Served) -> None:
    key = served.blobs.new_key("a")
    parts = [b"a" * 100_000, b"b" * 2_000_000, b"c"]
    urls = served.blobs.part_urls(key, 3)
    for url, part in zip(reversed(urls), reversed(parts), strict=True):
        answer = requests.put(url, data=part, timeout=30)
        assert answer.status_code == 200
        assert answer.headers["ETag"] == f'"{hashlib.md5(part).hexdigest()}"'
    served.blobs.complete_parts(key)
    assert served.blobs.path(key).read_bytes() == b"".join(parts)
    assert requests.put(urls[0], data=b"late", timeout=30).status_code == 404


def test_a_part_is_for_its_number_only(served: Served) -> None:
    [first, _] = served.blobs.part_urls(served.blobs.new_key("a"), 2)
    assert requests.put(changed(first, part="2"), data=b"x", timeout=30).status_code == 403


def test_a_damaged_part_is_refused(served: Served) -> None:
    key = served.blobs.new_key("a")
    [url] = served.blobs.part_urls(key, 1)
    answer = requests.put(url, data=b"x", headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, timeout=30)
    assert answer.status_code == 400
    assert "Content-MD5" in answer.text


DOWNLOAD_REFUSALS = {
    "PUT": ("PUT", {}, 403),
    "another name": ("GET", {"filename": "b"}, 403),
    "inline": ("GET", {"inline": "1"}, 403),
    "a longer time": ("GET", {"expires": "9999999999"}, 403),
    "no signature": ("GET", {"signature": ""}, 403),
    "DELETE": ("DELETE", {}, 405),
}


@pytest.mark.parametrize("case", DOWNLOAD_REFUSALS)
def test_a_download_url_permits_just_that(served: Served, case: str) -> None:
    verb, changes, status = DOWNLOAD_REFUSALS[case]
    url = served.blobs.download_url(stored(served, b"abc"), filename="a")
    assert requests.request(verb, changed(url, **changes), timeout=30).status_code == status


def test_an_upload_url_does_not_permit_reading(served: Served) -> None:
    key = stored(served, b"abc")
    [url] = served.blobs.part_urls(key, 1)
    assert requests.get(url, timeout=30).status_code == 403


def test_a_download_ends_with_its_time(served: Served) -> None:
    url = served.blobs.download_url(stored(served, b"abc"), seconds=5)
    assert requests.get(url, timeout=30).content == b"abc"
    served.clock.advance(5)
    assert requests.get(url, timeout=30).status_code == 403


def test_a_missing_content_is_404(served: Served) -> None:
    url = served.blobs.download_url(served.blobs.new_key("a"))
    assert requests.get(url, timeout=30).status_code == 404
    assert requests.head(url, timeout=30).status_code == 404


CONTENT = bytes(range(200)) * 5000
RANGES = {
    "none": (None, 200, CONTENT, None),
    "first": ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/1000000"),
    "from": ("bytes=999990-", 206, CONTENT[-10:], "bytes 999990-999999/1000000"),
    "last": ("bytes=-3", 206, CONTENT[-3:], "bytes 999997-999999/1000000"),
    "too long": ("bytes=999999-2000000", 206, CONTENT[-1:], "bytes 999999-999999/1000000"),
    "behind the end": ("bytes=1000000-", 416, b"", "bytes */1000000"),
    "several": ("bytes=0-1,5-6", 200, CONTENT, None),
    "backwards": ("bytes=9-0", 200, CONTENT, None),
    "nonsense": ("lines=1-2", 200, CONTENT, None),
}


@pytest.mark.parametrize("case", RANGES)
def test_ranges(served: Served, case: str) -> None:
    wanted, status, content, content_range = RANGES[case]
    url = served.blobs.download_url(stored(served, CONTENT))
    for verb in ("GET", "HEAD"):
        answer = requests.request(verb, url, headers={"Range": wanted} if wanted else {}, timeout=30)
        assert answer.status_code == status
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers.get("Content-Range") == content_range
        assert answer.content == (content if verb == "GET" else b"")


def test_a_range_of_what_has_changed_is_the_whole(served: Served) -> None:
    key = stored(served, b"0123456789")
    url = served.blobs.download_url(key)
    first = requests.get(url, timeout=30)
    ask = {"Range": "bytes=5-", "If-Range": first.headers["ETag"]}
    assert requests.get(url, headers=ask, timeout=30).content == b"56789"
    assert requests.get(url, headers={"If-None-Match": ask["If-Range"]}, timeout=30).status_code == 304
    with served.blobs.writer(key) as file:
        file.write(b"abcdefghij")
    answer = requests.get(url, headers=ask, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"abcdefghij")


def test_a_download_has_its_name_and_cannot_run(served: Served) -> None:
    url = served.blobs.download_url(stored(served, b"<script>"), filename='ü";\r\n/a.html', inline=True)
    headers = requests.get(url, timeout=30).headers
    assert headers["Content-Type"].startswith("text/html")
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["Content-Disposition"] == (
        "inline; filename=\"______a.html\"; filename*=UTF-8''%C3%BC%22%3B%0D%0A%2Fa.html"
    )
    plain = requests.get(served.blobs.download_url(stored(served, b"x")), timeout=30).headers
    assert plain["Content-Disposition"].startswith('attachment; filename="data.csv"')
    assert plain["Content-Type"] == "application/octet-stream"
