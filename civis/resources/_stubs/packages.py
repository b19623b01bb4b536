"""A package of types beside the installed one, for an API whose description is not the packaged one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from civis.resources._stubs.files import write_files
from civis.resources._stubs.modules import render

if TYPE_CHECKING:
    from civis._spec import Api

__all__ = ["write_type_package"]


def write_type_package(api: Api, folder: Path) -> tuple[int, int]:
    """Write types of an API for editors and type checkers, as the package ``civis-stubs`` in a folder.

    Parameters
    ----------
    api : Api
        The API's description.
    folder : pathlib.Path
        Where ``civis-stubs`` goes; what it held of older types is replaced.

    Returns
    -------
    count, size : int
        How many files were written, and their characters.

    Examples
    --------
    >>> from pathlib import Path
    >>> from civis.resources import API_SPEC_PATH, read_local_spec, write_type_package
    >>> write_type_package(read_local_spec(API_SPEC_PATH), Path("typings"))  # doctest: +SKIP
    (94, 3141592)
    """
    files = render(api)
    package = folder / "civis-stubs"
    write_files(files, package / "resources" / "types")
    # The types of everything else stay those of civis itself (PEP 561).
    (package / "py.typed").write_text("partial\n", encoding="utf-8")
    return len(files), sum(map(len, files.values()))
