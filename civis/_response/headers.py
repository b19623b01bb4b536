"""What is read from the headers of an answer: numbers, and which of them are not for pickles."""

from __future__ import annotations

from collections.abc import Mapping

#: Headers that hold a session or key; a service's sign-in sets a cookie.
_SECRET = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"})


def header_number(headers: Mapping[str, str], name: str) -> int | None:
    """Read a header that is a whole number from 0 on, in whatever case its name stands."""
    text = headers.get(name)
    if text is None:
        text = next((headers[key] for key in headers if key.lower() == name.lower()), None)
    try:
        number = None if text is None else int(text)
    except ValueError:
        return None
    return None if number is None or number < 0 else number


def without_secrets(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Give headers without cookies and keys; the very same ones if they hold none."""
    if not any(name.lower() in _SECRET for name in headers):
        return headers
    kept = {name: value for name, value in headers.items() if name.lower() not in _SECRET}
    try:
        # The class of the headers says how they are looked up; the session's does not look at case.
        return type(headers)(kept)  # type: ignore[call-arg]  # any mapping that dict() could copy
    except TypeError:
        return kept
