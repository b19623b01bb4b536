"""The answers' form."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from civis.local.api.shape import Extended, dump, shape
from civis.local.catalog import Type

STRING, INTEGER = Type("string"), Type("integer")
RUN = Type("object", fields={"id": INTEGER, "createdAt": STRING, "isCancelRequested": Type("boolean")})
JOB = Type(
    "object",
    fields={
        "id": INTEGER,
        "provideAPIKey": STRING,
        "lastRun": RUN,
        "runs": Type("array", items=RUN),
        "arguments": Type("object"),
    },
)
NULLS = {"id": None, "provideAPIKey": None, "lastRun": None, "runs": None, "arguments": None}

CASES: list[tuple[str, Any, Type | None, Any]] = [
    ("what is missing is null", {}, JOB, NULLS),
    ("what is too much goes", {"id": 1, "secret": 2}, JOB, {**NULLS, "id": 1}),
    ("the catalogue's spelling", {"provide_api_key": "k"}, JOB, {**NULLS, "provideAPIKey": "k"}),
    ("camelCase is taken too", {"provideAPIKey": "k"}, JOB, {**NULLS, "provideAPIKey": "k"}),
    (
        "depth",
        {"last_run": {"id": 1}, "runs": [{"is_cancel_requested": True}]},
        JOB,
        {
            **NULLS,
            "lastRun": {"id": 1, "createdAt": None, "isCancelRequested": None},
            "runs": [{"id": None, "createdAt": None, "isCancelRequested": True}],
        },
    ),
    ("free keys stay", {"arguments": {"a_b": {"cD": 1}}}, JOB, {**NULLS, "arguments": {"a_b": {"cD": 1}}}),
    (
        "an array",
        [{"id": 1}],
        Type("array", items=RUN),
        [{"id": 1, "createdAt": None, "isCancelRequested": None}],
    ),
    (
        "a tuple",
        ({"id": 1},),
        Type("array", items=RUN),
        [{"id": 1, "createdAt": None, "isCancelRequested": None}],
    ),
    (
        "an array of what is described as one",
        [{"id": 1, "is_cancel_requested": True}],
        RUN,
        [{"id": 1, "createdAt": None, "isCancelRequested": True}],
    ),
    (
        "one of what is described as an array",
        {"id": 1, "is_cancel_requested": True},
        Type("array", items=RUN),
        {"id": 1, "createdAt": None, "isCancelRequested": True},
    ),
    ("words where an object is described", ["a", "b"], RUN, ["a", "b"]),
    (
        "more than is described",
        Extended({"id": 1, "provide_api_key": "k"}, is_new=True),
        JOB,
        {**NULLS, "id": 1, "provideAPIKey": "k", "isNew": True},
    ),
    ("no shape", {"a_b": [1, None]}, None, {"a_b": [1, None]}),
    ("nothing", None, JOB, None),
    ("a time", datetime(2026, 4, 17, 18, 31, 51, 999, timezone.utc), STRING, "2026-04-17T18:31:51.000Z"),
    ("a naive time", datetime(2026, 4, 17, 18, 31, 51, 120_000), STRING, "2026-04-17T18:31:51.120Z"),
    (
        "a time elsewhere",
        datetime(2026, 4, 17, 20, 31, 51, tzinfo=timezone(timedelta(hours=2))),
        STRING,
        "2026-04-17T18:31:51.000Z",
    ),
    ("a date", date(2026, 4, 17), STRING, "2026-04-17"),
    ("no number", float("nan"), Type("number"), None),
]


@pytest.mark.parametrize(
    ("value", "kind", "expected"), [pytest.param(*each[1:], id=each[0]) for each in CASES]
)
def test_an_answer_gets_the_catalogues_form(value: Any, kind: Type | None, expected: Any) -> None:
    shaped = shape(value, kind)
    assert shaped == expected
    assert json.loads(dump(shaped)) == expected


def test_what_json_has_not_is_an_error() -> None:
    with pytest.raises(TypeError, match="bytes"):
        shape({"id": b"1"}, JOB)
