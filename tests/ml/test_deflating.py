"""gzip of scores: whatever writes it, everybody reads it."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.civisml.deflating import GzipWriter, engines, is_sound

ENGINES = pytest.mark.parametrize("engine", list(engines()), ids=lambda engine: engine.__name__)


def _deflated(pieces: list[bytes], engine: Any = None) -> bytes:
    """Compress pieces."""
    target = io.BytesIO()
    with GzipWriter(target, engine) as stream:
        assert [stream.write(each) for each in pieces] == [len(each) for each in pieces]
    assert not target.closed
    return target.getvalue()


@ENGINES
@settings(max_examples=50, deadline=None)
@given(pieces=st.lists(st.binary(max_size=2000) | st.binary(max_size=3).map(lambda some: some * 40_000)))
def test_it_inflates_to_what_was_written(engine: Any, pieces: list[bytes]) -> None:
    found = _deflated(pieces, engine)
    assert gzip.decompress(found) == b"".join(pieces)
    assert found == _deflated(pieces, engine)  # no time in it


@ENGINES
def test_engines_prove_themselves(engine: Any) -> None:
    assert is_sound(engine)


class _Bad:
    """An engine that goes wrong in one way."""

    def __init__(self, way: str) -> None:
        self._way = way

    def compressobj(self, *arguments: int) -> Any:
        """Begin."""
        self._real = zlib.compressobj(*arguments)
        return self

    def compress(self, data: bytes) -> bytes:
        """Compress, or lose a byte."""
        return self._real.compress(data[1:] if self._way == "loses a byte" else data)

    def flush(self) -> bytes:
        """End, or not quite."""
        end = self._real.flush()
        return {"cuts the end": end[:-1], "wrong sum": end[:-8] + b"\0" * 4 + end[-4:]}.get(self._way, end)


@pytest.mark.parametrize("way", ["loses a byte", "cuts the end", "wrong sum"])
def test_one_that_goes_wrong_is_not_used(way: str) -> None:
    assert not is_sound(_Bad(way))
