"""CSV files made ready for an import: UTF-8 without a byte order mark, plain or gzip."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from civis.local.services.csv_preview import open_content
from civis.local.warehouse import CsvError, Interrupted, Interruption

__all__ = ["is_clean", "write_clean"]

_CHUNK = 1 << 20


def is_clean(
    path: Path,
    *,
    encoding: str,
    compression: str,
    name: str = "",
    interruption: Interruption | None = None,
) -> bool:
    """Tell whether a file can be imported as it is.

    Parameters
    ----------
    path : Path
    encoding : str
        The character set it was found to have.
    compression : {"none", "gzip", "zip"}
    name : str, optional
        What messages call it; by default the path's last part.
    interruption : Interruption, optional

    Returns
    -------
    bool
        Whether it is UTF-8 from end to end, without a byte order mark, and not in a ZIP archive.
    """
    if compression == "zip" or codecs.lookup(encoding).name not in ("utf-8", "ascii"):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    is_first = True
    try:
        for chunk in _chunks(path, compression, name or path.name, interruption):
            if is_first and chunk.startswith(codecs.BOM_UTF8):
                return False
            is_first = False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def write_clean(
    path: Path,
    target: BinaryIO,
    *,
    encoding: str,
    compression: str,
    discard: bool,
    name: str = "",
    interruption: Interruption | None = None,
) -> None:
    """Write a file's content as UTF-8; gzip stays gzip, anything else becomes plain text.

    Parameters
    ----------
    path : Path
    target : binary file
    encoding : str
        The character set of the source.
    compression : {"none", "gzip", "zip"}
    discard : bool
        Whether bytes that are no characters are left out; otherwise they are an error.
    name : str, optional
        What messages call it; by default the path's last part.
    interruption : Interruption, optional

    Raises
    ------
    CsvError
        If a byte is no character and `discard` is False.
    """
    source = codecs.lookup(encoding).name
    if source in ("utf-8", "ascii"):
        source = "utf-8-sig"  # which leaves a byte order mark out
    decoder = codecs.getincrementaldecoder(source)("ignore" if discard else "strict")
    with ExitStack() as stack:
        output: BinaryIO = target
        if compression == "gzip":
            # No time stamp: the same content gives the same bytes.
            output = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=target, mode="wb", mtime=0)))
        done = 0
        try:
            for chunk in _chunks(path, compression, name or path.name, interruption):
                output.write(decoder.decode(chunk).encode("utf-8"))
                done += len(chunk)
            output.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeDecodeError as error:
            raise CsvError(
                f"{name or path.name}: a character near byte {done + error.start} is not {encoding} "
                f"({error.reason}); convert the file, or ask for "
                "force_character_set_conversion to leave such characters out"
            ) from None


def _chunks(path: Path, compression: str, name: str, interruption: Interruption | None) -> Iterator[bytes]:
    """Read a file's uncompressed bytes piece by piece."""
    try:
        with open_content(path, compression) as content:
            while chunk := content.read(_CHUNK):
                if interruption is not None and interruption.is_interrupted:
                    raise Interrupted("The run was cancelled.")
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CsvError(f"{name}: its {compression} data is damaged or ends too early: {error}") from error
