"""The arguments of the functions that read which say what columns become: checked, and put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from civis.io._arguments import check_choice
from civis.io._readers import ReadOptions, check_reader

__all__ = ["Dtypes", "read_options"]

#: What ``dtypes=`` takes.
Dtypes: TypeAlias = "str | Mapping[str, str] | None"
_WORDS = ("database", "infer", "string")
_BACKENDS = ("numpy_nullable", "pyarrow")


def read_options(
    return_as: str,
    encoding: str | None,
    dtypes: Dtypes,
    dtype_backend: str | None,
    arguments: Mapping[str, Any],
) -> ReadOptions:
    """Gather how to read, and refuse what cannot be read so.

    Raises
    ------
    ImportError
        If the library for `return_as` is not installed.
    TypeError
        If arguments were given that nothing takes.
    ValueError
        If `dtypes` or `dtype_backend` cannot be what it is.
    """
    if isinstance(dtypes, Mapping):
        for name, sql_type in dtypes.items():
            if not isinstance(name, str) or not isinstance(sql_type, str):
                raise TypeError(f"dtypes maps names of columns to SQL types, not {name!r} to {sql_type!r}")
    elif dtypes is not None and dtypes not in _WORDS:
        raise ValueError(
            "dtypes is one of "
            f"{', '.join(map(repr, _WORDS))} or a mapping of columns to SQL types, not {dtypes!r}"
        )
    if dtype_backend is not None:
        check_choice("dtype_backend", dtype_backend, _BACKENDS)
    named = dtypes if isinstance(dtypes, Mapping) else {}
    options = ReadOptions(
        return_as,
        encoding,
        {name.lower(): sql_type for name, sql_type in named.items()},
        all_text=dtypes == "string",
        arguments=arguments,
        dtype_backend=dtype_backend,
        wanted=tuple(named),
        uses_database=dtypes not in ("infer", "string"),
    )
    check_reader(options)
    return options
