"""Whatever a server sends: a result or a `CivisError` that prints, pickles and keeps no secret."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis._errors import CivisAPIError, CivisError
from civis._http import Answer
from civis.response import ListResponse, PaginatedResponse, Response, wrap

SIGNATURE = "5ab10f00d"
SIGNED = f"https://s3.test/b/k?X-Amz-Expires=60&X-Amz-Signature={SIGNATURE}"

statuses = (
    st.sampled_from([200, 200, 200, 201, 202, 204, 206]) | st.integers(100, 999) | st.integers(-5, 10**9)
)
keys = st.sampled_from(
    ["id", "errorDescription", "error", "errors", "code", "message", "detail", "value", "arguments", "items"]
) | st.text(max_size=8)
texts = st.sampled_from(["", "no", "<b>", "ü\ud800\x1b[31m", SIGNED, "x" * 5000]) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
json_bodies = values.map(lambda value: json.dumps(value).encode())
deep_bodies = st.builds(
    lambda opening, closing, depth: opening * depth + b"1" + closing * depth,
    st.sampled_from([b'{"aB":', b"[", b'{"errors":[', b'{"message":[{"x":']),
    st.sampled_from([b"}", b"]", b"]}", b"}]}"]),
    depth=st.integers(1, 2000),
)  # fmt: skip
odd_bodies = st.sampled_from(
    [
        b"", b" \n", b"null", b"{", b'{"a": NaN}', b'{"a": 1e999}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
        b"1" * 9000,
        b"<html><body>Bad gateway</body></html>", b"<?xml version='1.0'?><Error><Code>No</Code></Error>",
        b"plain words", b"x" * 300_000, b"[" * 100_000, b'{"a":' * 100_000, f"go to {SIGNED} now".encode(),
    ]
)  # fmt: skip
bodies = st.one_of(
    json_bodies,
    json_bodies.flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end])),
    st.binary(max_size=60),
    odd_bodies,
    deep_bodies,
)
header_names = st.sampled_from(
    ["Retry-After", "X-Request-ID", "Content-Type", "X-RateLimit-Limit", "X-Pagination-Total-Pages",
     "X-Pagination-Total-Entries", "X-Pagination-Current-Page"]
) | st.text(max_size=6)  # fmt: skip
header_values = st.sampled_from(
    ["", "5", "-1", "1e400", "nan", "inf", "text/html", "Mon, 12 Jan 1970 13:47:40 GMT", "²", "9" * 5000]
) | st.text(max_size=10)  # fmt: skip
answers = st.builds(
    Answer,
    statuses,
    st.dictionaries(header_names, header_values, max_size=4),
    bodies,
    st.sampled_from(["GET", "POST", ""]),
    st.sampled_from(["", SIGNED, "http://[bad", "https://user:pass@h/jobs?token=abc", "jobs"]),
    st.integers(0, 12),
    st.sampled_from(["", "OK", "Not \x1b Found"]),
)


class OnePage:
    """An endpoint whose pages are all the same answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.count = 0

    def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
        self.count += 1
        return self.answer if self.count < 3 else Answer(200, {}, b"[]", "GET", "")


def received(ask: Any) -> Any:
    """Give what comes of an answer; whatever is no `CivisError` fails the test."""
    try:
        return ask()
    except CivisError as error:
        return error


def check_shown(found: Any) -> None:
    """All ways to show it work, are of a length that can be read, and are fit for any terminal."""
    shown = (
        [repr(found), str(found), pprint.pformat(found)] if not isinstance(found, (str, int, float)) else []
    )
    if isinstance(found, (Response, ListResponse)):
        shown.append(found._repr_html_())
        assert (found.rate_limit is None, found.calls_remaining is None) != (None, None)
        assert len(repr(found)) <= 700_000
    for text in shown:
        assert SIGNATURE not in text
        text.encode("utf-8", "strict")


def check_error(error: CivisError, status: int) -> None:
    """An error says its status, in few words, and comes out of a pickle as it was."""
    assert isinstance(error, CivisAPIError)
    assert f"({status})" in str(error)
    assert len(str(error)) < 5000
    assert "\x1b" not in str(error)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (type(again), str(again), vars(again).keys()) == (type(error), str(error), vars(error).keys())
    for leak in (repr(vars(error)), "".join(traceback.format_exception(error))):
        assert SIGNATURE not in leak
    assert SIGNATURE.encode() not in pickle.dumps(error)


def check(answer: Answer) -> None:
    """The whole test of one answer."""
    found = received(lambda: wrap(answer))
    check_shown(found)
    if isinstance(found, CivisError):
        check_error(found, answer.status)
    else:
        assert 200 <= answer.status < 300
    if answer.url == SIGNED and answer.method:  # a request of requests needs a real one
        raw = received(lambda: wrap(answer, "raw"))
        assert isinstance(raw, CivisError) == (not 200 <= answer.status < 300)
    pages = received(lambda: list(PaginatedResponse("jobs", None, OnePage(answer))))
    if isinstance(pages, CivisError):
        check_error(pages, answer.status)


@given(answers)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_result_or_an_error_that_prints(answer: Answer) -> None:
    check(answer)


@pytest.mark.slow
@given(answers)
@settings(max_examples=10_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_result_or_an_error_that_prints_ten_thousand_times(answer: Answer) -> None:
    check(answer)


@pytest.mark.parametrize("depth", [10, 200, 900])
@pytest.mark.parametrize("pair", [(b'{"aB":', b"}"), (b"[", b"]"), (b'[{"arguments":', b"}]")])
@pytest.mark.parametrize("status", [200, 422])
def test_what_is_nested_deep_can_be_shown(depth: int, pair: tuple[bytes, bytes], status: int) -> None:
    check(Answer(status, {}, pair[0] * depth + b"1" + pair[1] * depth, "GET", "https://h/jobs"))


def test_a_huge_answer_is_shown_in_few_words() -> None:
    wide = wrap(Answer(200, {}, json.dumps({f"key{n}": "x" * 1000 for n in range(5000)}).encode(), "GET", ""))
    assert len(repr(wide)) < 11_000
    long = wrap(Answer(200, {}, json.dumps([{"aB": "x" * 1000}] * 5000).encode(), "GET", ""))
    assert len(repr(long)) < 25_000
    assert repr(long).endswith("more]")
    error = received(
        lambda: wrap(Answer(422, {}, json.dumps({"errors": {"a": ["x" * 10**6]}}).encode(), "", ""))
    )
    assert len(str(error)) < 5000
