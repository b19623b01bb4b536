"""Texts that may be numbers: the patterns that tell, and the kind of a column whose type nobody knows.

The same rule as that for Arrow columns: a column is of numbers only if each can be written back just as it
was read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from civis.io._sql_kinds import TEXT, Kind

__all__ = ["INTEGER", "MOST_DIGITS", "NUMBER", "SAMPLE", "TRAILING_ZERO", "find_kind"]

INTEGER = r"^(0|-?[1-9][0-9]*)$"
NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
TRAILING_ZERO = r"\.[0-9]*[0-9]0$"
#: A decimal has at most so many digits; a column's first values tell most texts from numbers.
MOST_DIGITS, SAMPLE = 38, 200


def find_kind(texts: Sequence[str]) -> Kind:
    """Give the kind of a column from all its values but NULL.

    Examples
    --------
    >>> find_kind(["1", "-2"]).name, find_kind(["02116"]).name, find_kind(["0.5", "1"]).name
    ('int64', 'text', 'float64')
    """
    # `fullmatch`, since a dollar sign lets a line end follow.
    is_number, is_integer = re.compile(NUMBER).fullmatch, re.compile(INTEGER).fullmatch
    if not texts or not all(map(is_number, islice(texts, SAMPLE))):
        return TEXT
    if all(map(is_integer, texts)):
        return _whole_kind(texts)
    if all(map(is_number, texts)) and not _has_telling_zeros(texts):
        return Kind("float64")
    return TEXT


def _whole_kind(texts: Sequence[str]) -> Kind:
    """Choose between 64 bits, a decimal, and text for what is longer than any."""
    digits = max(len(text.lstrip("-")) for text in texts)
    if digits > MOST_DIGITS:
        return TEXT
    if digits <= 18 or all(-(2**63) <= int(text) < 2**63 for text in texts):
        return Kind("int64")
    return Kind("decimal", MOST_DIGITS, 0)


def _has_telling_zeros(texts: Sequence[str]) -> bool:
    """Whether zeros at the end tell values apart, as in versions; a NUMERIC has a fixed number of them."""
    if not any(map(re.compile(TRAILING_ZERO).search, texts)):
        return False
    return len({len(text.partition(".")[2]) for text in texts}) > 1
