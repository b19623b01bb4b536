"""Columns of text whose SQL type nobody knows: numbers where nothing is lost by it, else text.

A column becomes numbers only if every number can be written back exactly as it was read: ``'02116'`` stays
a text, and so does ``'1.10'`` among ``'1.5'``.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from civis.io._number_texts import INTEGER, MOST_DIGITS, NUMBER, SAMPLE, TRAILING_ZERO

__all__ = ["find_type"]

_DECIMALS = r"^[^.]*\.?"


def find_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert to numbers if every text is just how that number is written; else give it as it is."""
    if column.null_count == len(column) or not _all_match(column.slice(0, SAMPLE), NUMBER):
        return column
    try:
        whole = column.cast(pa.int64())
    except pa.ArrowInvalid:
        pass
    else:
        if not pc.any(_is_spelled_otherwise(column)).as_py():
            return whole
    if _all_match(column, INTEGER):
        return _as_decimal(column)
    if _all_match(column, NUMBER) and not _has_telling_zeros(column):
        return column.cast(pa.float64())
    return column


def _is_spelled_otherwise(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell of texts that are whole numbers which ones another text would be written for: 007, -0, 0x1F."""
    begins_with_zero = pc.and_(pc.starts_with(column, "0"), pc.greater(pc.binary_length(column), 1))
    return pc.or_(begins_with_zero, pc.or_(pc.starts_with(column, "-0"), pc.starts_with(column, "+")))


def _as_decimal(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert whole numbers that are too large for 64 bits; beyond 38 digits they stay texts."""
    # Arrow itself lets numbers with too many digits overflow without a word.
    digits = pc.max(pc.utf8_length(pc.replace_substring_regex(column, r"[^0-9]", ""))).as_py() or 0
    return column.cast(pa.decimal128(MOST_DIGITS, 0)) if digits <= MOST_DIGITS else column


def _has_telling_zeros(column: pa.ChunkedArray) -> bool:
    """Whether zeros at the end tell values apart, as in versions; a NUMERIC has a fixed number of them."""
    if not pc.any(pc.match_substring_regex(column, TRAILING_ZERO)).as_py():
        return False
    decimals = pc.utf8_length(pc.replace_substring_regex(column, _DECIMALS, ""))
    found = pc.min_max(decimals).as_py()
    return bool(found["min"] != found["max"])


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether all values that are not null match."""
    return bool(pc.all(pc.match_substring_regex(column, pattern), min_count=0).as_py())
