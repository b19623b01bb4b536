"""From the bytes of an answer to plain JSON, or to an error that says what came instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from civis._errors import CivisAPIError
from civis._masking import readable

TOO_DEEP = "the answer is JSON that is nested too deeply to be read"


class JsonAnswer(Protocol):
    """What is read of an answer."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""

    @property
    def content(self) -> bytes:
        """Its body."""

    def json(self) -> Any:
        """Its body, decoded."""


def read_json(answer: JsonAnswer) -> Any:
    """Decode a body; an empty one (as with status 204) is an empty object.

    Raises
    ------
    CivisAPIError
        It is not JSON.
    """
    if not answer.content or answer.content.isspace():
        return {}
    try:
        return answer.json()
    except RecursionError:
        problem = "nested too deeply"
    except ValueError as error:
        # Its own words only: the error itself holds the whole body.
        problem = str(error)
    kind = readable(answer.headers.get("Content-Type") or "no Content-Type", 100)
    begin = readable(answer.content[:2000].decode("utf-8", "replace"), 200)
    raise unusable(
        answer,
        f"the answer is not JSON ({problem}) but {kind} that begins with {begin!r}; "
        "is CIVIS_API_ENDPOINT the address of the API, or is a proxy answering?",
    )


def read_page(answer: JsonAnswer) -> list[Any]:
    """Decode a page of a list; an empty body or null is an empty page.

    Raises
    ------
    CivisAPIError
        It is no list.
    """
    # Whoever makes up pages for a test may give no bytes, only what they decode to.
    found = read_json(answer) if isinstance(getattr(answer, "content", None), bytes) else answer.json()
    if found is None or found == {}:
        return []
    if isinstance(found, list):
        return found
    what = f"an object with {', '.join(list(found)[:10])}" if isinstance(found, dict) else repr(found)[:100]
    found = what = readable(what, 200)  # nor shall the locals of this frame show more
    raise unusable(answer, f"a page of a list was expected, but {what} came")


def unusable(answer: object, message: str) -> CivisAPIError:
    """Make an error of an answer whose status was well and whose body is not."""
    message = readable(message)
    failure = CivisAPIError(answer)
    failure.error_message = message
    failure.args = (message,)
    return failure
