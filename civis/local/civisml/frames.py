"""Reading data from files: whole for training, in batches for predictions, whatever their format."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as pa_feather
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pa_parquet

from civis.local.civisml.problems import ModelProblem

__all__ = ["CsvLayout", "read_batches", "read_frame"]

_BLOCK = 16 << 20  # bytes of a CSV that are read at once
_ROWS = 131_072
_FEATHER, _PARQUET, _GZIP = b"ARROW1", b"PAR1", b"\x1f\x8b"
_PLACE = re.compile(r"CSV column #([0-9]+)")
_CSV_TYPES = {"number": pa.float64(), "bool": pa.bool_()}


@dataclass(frozen=True)
class CsvLayout:
    """How a CSV is written.

    Parameters
    ----------
    header : sequence of str, optional
        The columns' names; None where the file begins with them. A file may begin with them nevertheless.
    delimiter : str, default ","
    """

    header: Sequence[str] | None = None
    delimiter: str = ","


def read_frame(path: Path) -> pd.DataFrame:
    """Read a whole file.

    Parameters
    ----------
    path : pathlib.Path
        Feather, Parquet or CSV, which may be gzipped; told apart by how it begins.

    Raises
    ------
    ModelProblem
        If it is none of these.
    """
    begin = _begin(path)
    try:
        if begin.startswith(_FEATHER):
            return pd.DataFrame(pa_feather.read_feather(path))
        if begin.startswith(_PARQUET):
            return pd.DataFrame(pa_parquet.read_table(path).to_pandas())
        return pd.read_csv(path, compression="gzip" if begin.startswith(_GZIP) else None, low_memory=False)
    except (pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ModelProblem(f"The data cannot be read as Feather, Parquet or CSV: {error}") from None


def read_batches(
    path: Path, kinds: Mapping[str, str], primary_key: str | None, layout: CsvLayout | None = None
) -> Iterator[pd.DataFrame]:
    """Read a file in batches, so that its size does not matter.

    Parameters
    ----------
    path : pathlib.Path
    kinds : mapping
        The columns that are wanted, and what they hold: ``"number"``, ``"bool"`` or ``"text"``. Empty for
        all columns, of whatever type they seem to be.
    primary_key : str, optional
        One more column, given as it is written.
    layout : CsvLayout, optional
        How a CSV is written, by default with its columns' names and commas.

    Raises
    ------
    ModelProblem
        If a column is missing or holds something else.
    """
    begin = _begin(path)
    if begin.startswith(_FEATHER):
        with pa_ipc.open_file(str(path)) as reader:
            for number in range(reader.num_record_batches):
                yield from _frames(reader.get_batch(number), primary_key)
    elif begin.startswith(_PARQUET):
        with pa_parquet.ParquetFile(path) as source:
            # A column that is missing here is missed, by its name, where it is used.
            wanted = [name for name in source.schema_arrow.names if name in kinds or name == primary_key]
            for batch in source.iter_batches(_ROWS, columns=wanted if kinds else None):
                yield from _frames(batch, primary_key)
    else:
        yield from _csv_batches(path, kinds, primary_key, layout or CsvLayout(), begin.startswith(_GZIP))


def _frames(batch: Any, primary_key: str | None) -> Iterator[pd.DataFrame]:
    """Cut a batch into frames of a size; a key stays as its table writes it, whatever its type."""
    place = -1 if primary_key is None else batch.schema.get_field_index(primary_key)
    if place >= 0:
        kind, has_gaps = batch.schema.field(place).type, batch.column(place).null_count > 0
        if pa.types.is_temporal(kind) or (pa.types.is_integer(kind) and has_gaps):
            field = pa.field(primary_key, pa.string())
            batch = batch.set_column(place, field, batch.column(place).cast(pa.string()))
            batch = batch.replace_schema_metadata()  # in which pandas may have noted another type of the key
    for start in range(0, batch.num_rows, _ROWS):
        yield batch.slice(start, _ROWS).to_pandas(date_as_object=False, split_blocks=True)


def _begin(path: Path) -> bytes:
    """Read the first bytes of a file."""
    with path.open("rb") as source:
        return source.read(8)


def _csv_batches(
    path: Path, kinds: Mapping[str, str], primary_key: str | None, layout: CsvLayout, is_gzipped: bool
) -> Iterator[pd.DataFrame]:
    """Read a CSV in batches."""
    wanted = [*kinds, *([primary_key] if primary_key is not None else [])] if kinds else []
    types = {name: _CSV_TYPES.get(kind, pa.string()) for name, kind in kinds.items()}
    if primary_key is not None:
        types[primary_key] = pa.string()
    names = None if _begins_with(path, layout, is_gzipped) else layout.header
    read = pa_csv.ReadOptions(block_size=_BLOCK, column_names=None if names is None else list(names))
    convert = pa_csv.ConvertOptions(
        column_types=types,
        include_columns=wanted or None,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["true", "True", "TRUE", "t", "1"],
        false_values=["false", "False", "FALSE", "f", "0"],
    )
    parse = pa_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True)
    try:
        with pa.input_stream(str(path), compression="gzip" if is_gzipped else None) as source:
            for batch in pa_csv.open_csv(source, read, parse, convert):
                if batch.num_rows:
                    yield batch.to_pandas()
    except KeyError as error:  # pyarrow names the column
        raise ModelProblem(
            f"The data lacks a column that the model was trained with: {_said(error)}"
        ) from None
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        said = _with_name(str(error), list(names or _first_row(path, layout, is_gzipped)))
        raise ModelProblem(f"The data cannot be read as the model needs it: {said}") from None


def _with_name(text: str, names: Sequence[str]) -> str:
    """Name the column whose place an error tells."""
    return _PLACE.sub(
        lambda found: f"column {names[int(found[1])]!r}" if int(found[1]) < len(names) else found[0], text
    )


def _begins_with(path: Path, layout: CsvLayout, is_gzipped: bool) -> bool:
    """Tell whether a CSV begins with its columns' names: parts of an export do or do not."""
    if layout.header is None:
        return True
    return _first_row(path, layout, is_gzipped) == list(layout.header)


def _first_row(path: Path, layout: CsvLayout, is_gzipped: bool) -> list[str]:
    """Read the first row of a CSV."""
    with (gzip.open if is_gzipped else open)(path, "rt", encoding="utf-8", newline="") as source:
        return next(csv.reader(source, delimiter=layout.delimiter), [])


def _said(error: Any) -> str:
    """Give an error's own words."""
    return str(error.args[0]) if error.args else str(error)
