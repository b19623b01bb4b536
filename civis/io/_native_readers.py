"""Results read by the CSV readers of pandas and polars themselves, with the user's own arguments.

Files that follow one another are one file to these readers, and one without names has them all the same.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from civis.io._distinct_names import distinct_names
from civis.io._headers import split_header
from civis.io._row_blocks import row_blocks

if TYPE_CHECKING:
    from civis.io._readers import ReadOptions
    from civis.io._result_tables import OpenStream

__all__ = ["close_with", "is_lazy", "read_by_pandas", "read_by_polars"]


def read_by_pandas(pandas: Any, streams: Sequence[OpenStream], options: ReadOptions) -> Any:
    """Read by `pandas.read_csv`: a frame, or a reader of pieces if the arguments ask for one."""
    arguments = _arguments(options, "sep")
    if options.dtype_backend is not None:
        arguments["dtype_backend"] = options.dtype_backend
    lazy = is_lazy(arguments)
    with ExitStack() as stack:
        file, names = _one_file(stack, streams, options, arguments, is_kept=lazy)
        if names is not None and not {"header", "names"} & set(arguments):
            arguments.update(header=None, names=distinct_names(names, "pandas"))
        found = pandas.read_csv(file, **arguments)
        if lazy:
            close_with(found, stack.pop_all().close)
        return found


def read_by_polars(polars: Any, streams: Sequence[OpenStream], options: ReadOptions) -> Any:
    """Read by `polars.read_csv`."""
    arguments = _arguments(options, "separator")
    with ExitStack() as stack:
        file, names = _one_file(stack, streams, options, arguments)
        content = file.read()
    if names is None or {"has_header", "new_columns"} & set(arguments):
        return polars.read_csv(content, **arguments)
    names = distinct_names(names, "polars")
    wanted = arguments.pop("columns", None)
    if wanted is None:
        return polars.read_csv(content, has_header=False, new_columns=names, **arguments)
    # In a file without names polars knows columns by their places only.
    found = polars.read_csv(content, has_header=False, new_columns=names, **arguments)
    chosen = [wanted] if isinstance(wanted, (str, int)) else wanted
    return found.select([names[each] if isinstance(each, int) else each for each in chosen])


def is_lazy(arguments: Mapping[str, Any]) -> bool:
    """Whether arguments to `pandas.read_csv` ask for a reader of pieces instead of a frame."""
    return bool(arguments.get("iterator")) or arguments.get("chunksize") is not None


def close_with(reader: Any, close: Callable[[], None]) -> None:
    """Close what a reader reads from together with the reader, or when nobody has it any more."""
    close_reader = reader.close
    weakref.finalize(reader, close)

    def close_both() -> None:
        close_reader()
        close()

    reader.close = close_both


def _arguments(options: ReadOptions, separator: str) -> dict[str, Any]:
    """Give the user's arguments, and with them what is known of the file."""
    arguments = dict(options.arguments)
    if options.encoding is not None:
        arguments.setdefault("encoding", options.encoding)
    if options.delimiter != ",":
        arguments.setdefault(separator, options.delimiter)
    return arguments


def _one_file(
    stack: ExitStack,
    streams: Sequence[OpenStream],
    options: ReadOptions,
    arguments: dict[str, Any],
    *,
    is_kept: bool = False,
) -> tuple[BinaryIO, list[str] | None]:
    """Give a single file of all rows, and its columns if it does not name them.

    A single stream whose header is known, and which need not outlive this, is given as it comes.
    """
    is_known = options.names is None or options.has_header is not None
    if len(streams) == 1 and is_known and not is_kept:
        is_bare = options.names is not None and options.has_header is False
        return stack.enter_context(streams[0]()), list(options.names or ()) if is_bare else None
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it, maybe with a reader of pieces
    file = cast("BinaryIO", stack.enter_context(spool))
    names = _join(streams, options, file)
    file.seek(0)
    # The rows were made UTF-8.
    if options.encoding is not None:
        arguments["encoding"] = "utf-8"
    return file, names


def _join(streams: Sequence[OpenStream], options: ReadOptions, file: BinaryIO) -> list[str] | None:
    """Write streams one after another, the names once; give these if they are not in the streams."""
    bare_names: list[str] | None = None
    ends_row = True
    for opened in streams:
        with opened() as stream:
            for number, block in enumerate(row_blocks(stream, options.encoding)):
                rows = block
                if number == 0:
                    names, rows = split_header(block, options.delimiter, options.names, options.has_header)
                    if file.tell() == 0:
                        bare_names = names if rows == block else None
                        rows = block
                if rows and not ends_row:
                    file.write(b"\n")
                file.write(rows)
                ends_row = block.endswith(b"\n")
    return bare_names
