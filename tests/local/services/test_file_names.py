"""Files under any name go there and back; what has expired is removed in time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from civis._clock import FakeClock
from civis.local.blobs.blobs import SWEEP_SECONDS
from civis.local.platform import Platform

NAMES = {
    "one dot": ".",
    "two dots": "..",
    "many dots": "." * 120,
    "a folder": "a/b",
    "upwards": "../../etc/passwd",
    "ends upwards": "a" * 99 + "/..",
    "percent": "100%.csv",
    "an encoded slash": "a%2Fb",
    "a query": "a?b=c&d",
    "a fragment": "a#b",
    "newlines": "a\r\nSet-Cookie: b\nc",
    "quotes": "\"a\" 'b' \\c",
    "semicolon": "a;filename=b",
    "long": "x" * 300 + ".csv",
    "emoji": "😀" * 70 + ".csv",
    "letters of others": "größe_データ.csv",
    "right to left": "\u202ecsv.exe",
    "a null": "a\x00b",
    "blanks": "  a  ",
}


def there_and_back(api: Any, name: str) -> None:
    """Upload a file in both ways, download it, and look for its name."""
    form = api.upload(b"content", name)
    parts = api.call("POST", "files/multipart", 201, {"name": name, "num_parts": 1})
    assert requests.put(parts["uploadUrls"][0], data=b"content", timeout=60).status_code == 200
    api.call("POST", f"files/multipart/{parts['id']}/complete", 204)
    for id in (form, parts["id"]):
        shown = api.get(f"files/{id}")
        assert shown["name"] == name
        answer = requests.get(shown["fileUrl"], timeout=60)
        assert (answer.status_code, answer.content) == (200, b"content")
        kept = answer.headers["Content-Disposition"].rpartition("filename*=UTF-8''")[2]
        assert unquote(kept) == name


@pytest.mark.parametrize("case", NAMES)
def test_a_file_of_any_name_goes_there_and_back(api: Any, case: str) -> None:
    there_and_back(api, NAMES[case])


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip))
def test_names_of_all_kinds_go_there_and_back(api: Any, name: str) -> None:
    there_and_back(api, name)


def contents(platform: Platform) -> int:
    """Count the contents that are kept."""
    return len(list((platform.settings.blobs_dir / "content").iterdir()))


def test_expired_contents_go_in_time_and_at_the_next_start(tmp_path: Path, make_api: Any) -> None:
    clock = FakeClock(1_700_000_000)
    with Platform(tmp_path, clock=clock) as platform:
        api = make_api(platform)
        soon = datetime.fromtimestamp(clock.time(), timezone.utc) + timedelta(minutes=1)
        for name in ("a", "b"):
            api.upload(b"x", name, expires_at=soon.isoformat())
        kept = api.upload(b"x", "c", expires_at=None)
        clock.advance(120)
        api.upload(b"x", "d", expires_at=None)
        assert contents(platform) == 4  # it is not yet time to look
        clock.advance(SWEEP_SECONDS)
        api.call("POST", "files", 201, {"name": "e"})
        assert contents(platform) == 2
        assert api.download(kept) == b"x"
        late = datetime.fromtimestamp(clock.time(), timezone.utc) + timedelta(minutes=1)
        api.upload(b"x", "f", expires_at=late.isoformat())
        assert contents(platform) == 3
    clock.advance(61)
    with Platform(tmp_path, clock=clock) as platform:
        assert contents(platform) == 2
