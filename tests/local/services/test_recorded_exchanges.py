"""What the hosted platform answered: the same requests get the same statuses, fields and types here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from civis.local import Platform
from tests.local.services.examples import Examples
from tests.local.services.other_examples import fill_more
from tests.local.services.replaying import differences, fill_for_replay, operation_of, replay

#: What cannot be asked of this platform, by a pattern of "METHOD path: title", with the reason.
LEFT_OUT = (
    (r"POST /credentials/authenticate: .*", "the answer is not the one described; one request, two answers"),
    (r"POST /enhancements/civis-data-match/.*: Request 404s", "asks for an ID that is no ID"),
    (r"POST /reports/\{id\}/refresh: For .*", "there is no Tableau report, and no limit to reach"),
    (r"PATCH /tables/\{id\}: .*", "names columns that the table has not"),
    (r"POST /tables/\{id\}/refresh: .*", "its ID is a number there and described as text"),
    (r"POST /workflows/.*/(resume|retry): .*", "no execution is paused or has failed"),
    (r"GET /clusters/kubernetes/\{id\}: .*", "the organization's ID is a number there, described as text"),
)
_FILE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "recorded_exchanges.json"
EXCHANGES: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.is_file() else []


def name_of(exchange: dict[str, Any]) -> str:
    """Give an exchange's operation and title."""
    return f"{exchange['operation']}: {exchange['title']}"


REPLAYED = [
    each for each in EXCHANGES if not any(re.fullmatch(pattern, name_of(each)) for pattern, _ in LEFT_OUT)
]


@pytest.fixture(scope="module")
def examples(platform: Platform) -> Iterator[Examples]:
    """A platform with an example of each kind, and what else there is."""
    with requests.Session() as session:
        session.auth = (platform.api_key, "")
        examples = Examples(platform, session)
        examples.fill()
        fill_more(examples)
        fill_for_replay(examples)
        yield examples


@pytest.mark.skipif(not EXCHANGES, reason="no reference material beside this checkout")
@pytest.mark.parametrize("exchange", REPLAYED, ids=name_of)
def test_recorded_requests_are_answered_alike(examples: Examples, exchange: dict[str, Any]) -> None:
    answer, recorded = replay(examples, exchange), exchange["response"]
    assert answer.status_code == recorded["status"], answer.text
    if answer.status_code >= 400:
        given = answer.json()
        assert (given["error"], given["code"]) == (recorded["body"]["error"], recorded["body"]["code"])
    elif answer.content:
        shape = operation_of(exchange).returns
        assert not list(differences(recorded["body"], answer.json(), shape))


@pytest.mark.skipif(not EXCHANGES, reason="no reference material beside this checkout")
def test_few_are_left_out() -> None:
    assert len(EXCHANGES) - len(REPLAYED) < 15
    names = [name_of(each) for each in EXCHANGES]
    unused = [pattern for pattern, _ in LEFT_OUT if not any(re.fullmatch(pattern, name) for name in names)]
    assert not unused
