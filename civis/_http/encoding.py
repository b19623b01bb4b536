"""What a request looks like on the wire: its headers, its query, its body. Knows no connection."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from civis import _env
from civis._env import Secret
from civis._http.hidden import HiddenText

__all__ = ["Query", "encode_body", "encode_query", "standard_headers"]

Query = Mapping[str, Any] | Sequence[tuple[str, Any]] | None


def standard_headers(
    api_key: Secret | None, user_agent: str, further: Mapping[str, str] | None
) -> dict[str, str]:
    """Put together what every request carries."""
    headers = {
        "User-Agent": user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
    }
    for name, value in (("X-Civis-Job-ID", _env.job_id()), ("X-Civis-Run-ID", _env.run_id())):
        if value:
            headers[name] = value
    if api_key is not None:
        pair = b2a_base64(f"{api_key.reveal()}:".encode(), newline=False).decode("ascii")
        headers["Authorization"] = HiddenText(f"Basic {pair}")
    if further:
        headers.update(further)
    return headers


def encode_query(query: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> str:
    """Write a query string; lists repeat the name, booleans are ``true`` and ``false``, None is empty."""
    pairs = query.items() if isinstance(query, Mapping) else query
    flat: list[tuple[str, str]] = []
    for name, value in pairs:
        values = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        flat.extend((name, _query_text(item)) for item in values)
    return urlencode(flat)


def _query_text(value: Any) -> str:
    """Write one value for a query string."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def encode_body(body: Any) -> bytes:
    """Write a body as JSON; not-a-number and infinity are no JSON and are refused."""
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise ValueError(
            f"The request cannot be written as JSON: {error}. Send None in place of NaN."
        ) from None
