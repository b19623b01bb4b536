"""What is not fit to be shown: signatures, keys and passwords, in texts and in JSON. Knows no responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["HIDDEN", "is_secret_name", "mask_text", "mask_value", "printable", "readable"]

HIDDEN = "***"

#: Values nested deeper than this are not shown: whoever nests that deep means harm, or errs.
_DEEPEST = 40
#: Characters of a text that are looked at for words to show.
_LONGEST_READ = 100_000

# Names of query parameters that sign a URL or stand for a key, at S3, Google, Azure and web services.
_PARAMETERS = (
    r"X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|sig"
    r"|(?:[\w-]*[_-])?(?:token|api[_-]?key|secret|password|jwt)|apikey"
)
_END = r"\s\"'<>\\"
# Each pattern reads a text once, whatever the text: what servers send must not cost more than its length.
_ASSIGNED = re.compile(rf"(?<![\w-])({_PARAMETERS})=[^&{_END}]+", re.IGNORECASE)
_URL_WITH_QUERY = re.compile(rf"(\w://[^?{_END}]*)\?([^{_END}]*)")
_USER = re.compile(rf"(\w://)[^{_END}/?#@]*@")
_HEADER = re.compile(
    r"(?<![\w-])((?:proxy-)?authorization|x-amz-security-token|x-api-key|(?:set-)?cookie)"
    r"(['\"]?\s*[:=]\s*['\"]?)(?:(?:basic|bearer|digest|aws4-hmac-sha256)\s+)?[^\s'\"<>,]+"
    r"(?:,\s*\w+=[^\s,'\"<>]+)*",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(basic|bearer)\s+[\w+/=.~-]{8,}", re.IGNORECASE)
_MARKS = re.compile(r"[=:@]|basic|bearer|\bcookie\b", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

_SECRET_ENDS = (
    "password", "passwd", "passphrase", "secret", "secretkey", "secretaccesskey", "privatekey", "token",
    "apikey", "signature", "authorization", "jwt",
)  # fmt: skip


def is_secret_name(name: str) -> bool:
    """Tell whether a field's name says that its text is a secret.

    Examples
    --------
    >>> [is_secret_name(name) for name in ("secretAccessKey", "DB_PASSWORD", "primaryKey", "username")]
    [True, True, False, False]
    """
    return name.replace("_", "").replace("-", "").lower().endswith(_SECRET_ENDS)


def mask_text(text: str) -> str:
    """Hide signatures, keys and passwords in a text, and leave the rest of it.

    Examples
    --------
    >>> mask_text("PUT https://s3.test/b/k?X-Amz-Expires=60&X-Amz-Signature=5ab1 failed")
    'PUT https://s3.test/b/k?*** failed'
    >>> mask_text("Authorization: Basic azprZXk6 was refused; page=2")
    'Authorization: *** was refused; page=2'
    """
    if not _MARKS.search(text):
        return text
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _URL_WITH_QUERY.sub(_without_signed_query, text)
    text = _ASSIGNED.sub(rf"\1={HIDDEN}", text)
    text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
    return _SCHEME.sub(rf"\1 {HIDDEN}", text)


def _without_signed_query(url: re.Match[str]) -> str:
    """Hide the whole query of a URL if there is a secret in it, since the rest of it is of no use without."""
    return f"{url[1]}?{HIDDEN}" if _ASSIGNED.search(url[2]) else url[0]


def mask_value(value: Any, *, by_name: bool = True, depth: int = 0) -> Any:
    """Copy decoded JSON with its secrets hidden.

    Parameters
    ----------
    value : object
        Decoded JSON.
    by_name : bool, default True
        Whether texts are hidden that stand under a name such as ``password``; otherwise only what shows by
        itself that it is a secret, as the signature of a URL.
    depth : int, default 0
        How deep it is nested already.

    Examples
    --------
    >>> mask_value({"fileUrl": "https://s3.test/k?Signature=5ab1", "password": "x", "id": 1})
    {'fileUrl': 'https://s3.test/k?***', 'password': '***', 'id': 1}
    """
    if isinstance(value, str):
        return mask_text(value)
    if depth > _DEEPEST and isinstance(value, (Mapping, list, tuple)):
        return "…"
    if isinstance(value, Mapping):
        return {
            key: HIDDEN
            if by_name and isinstance(item, str) and item and isinstance(key, str) and is_secret_name(key)
            else mask_value(item, by_name=by_name, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [mask_value(item, by_name=by_name, depth=depth + 1) for item in value]
    return value


def readable(text: str, longest: int = 1_000) -> str:
    """Make a server's words fit to be printed: no secrets, no control characters, not too many of them.

    Examples
    --------
    >>> readable("see https://s3.test/k?Signature=5ab1 for more", 30)
    'see https://s3.test/k?*** for  …'
    """
    # Masked before it is cut, as half a URL no longer shows that it is signed.
    text = printable(mask_text(text[:_LONGEST_READ]))
    return text if len(text) <= longest else text[:longest] + " …"


def printable(text: str) -> str:
    """Replace what a terminal would obey, or what cannot be written as UTF-8.

    Examples
    --------
    >>> printable("no" + chr(27) + "[31m")
    'no�[31m'
    """
    return _UNPRINTABLE.sub("\ufffd", text)
