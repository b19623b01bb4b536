"""Which versions a call needs, and what differs where it is to be run.

Functions are pickled as byte code and classes by their names, so that another Python or another release of a
package can fail in ways that nobody understands, or compute something else. Only packages that the pickled
call refers to count.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from typing import Any

__all__ = ["compare", "describe", "difference_table"]

Difference = tuple[str, str, str]

MISSING = "not installed"
#: Where functions are defined that travel with their code.
_MAIN = frozenset({"__main__", "__mp_main__"})


def describe(modules: Iterable[str]) -> dict[str, Any]:
    """Give the versions of Python and of the packages to which modules belong.

    Parameters
    ----------
    modules : iterable of str
        Names of modules.

    Returns
    -------
    dict
        ``python``, ``packages`` (versions by name) and ``modules`` (names of those that no installed package
        has).

    Examples
    --------
    >>> sorted(describe(["json", "cloudpickle.cloudpickle"])["packages"])
    ['cloudpickle']
    """
    packages: dict[str, str] = {}
    unknown: set[str] = set()
    for name in sorted({module.partition(".")[0] for module in modules}):
        if name in _MAIN or name in sys.stdlib_module_names:
            continue
        package = _package_of(name)
        if package is None:
            unknown.add(name)
        else:
            packages[package[0]] = package[1]
    return {"python": _python(), "packages": packages, "modules": sorted(unknown)}


def compare(described: Mapping[str, Any]) -> list[Difference]:
    """List what is described and is not so here: its name, the version described, the version here."""
    found: list[Difference] = []
    if described["python"] != _python():
        found.append(("Python", described["python"], _python()))
    for name, version in described["packages"].items():
        here = _version_of(name) or MISSING
        if here != version:
            found.append((name, version, here))
    for name in described["modules"]:
        if not _can_import(name):
            found.append((f"module {name}", "a local module", MISSING))
    return found


def difference_table(differences: Iterable[Difference]) -> str:
    """Write differences as a table for people.

    Examples
    --------
    >>> print(difference_table([("numpy", "2.4.6", "1.26.4")]))
               submitted with   container has
    numpy      2.4.6            1.26.4
    """
    rows = [("", "submitted with", "container has"), *differences]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    first = max(first, 8)
    return "\n".join(f"{row[0]:<{first}}   {row[1]:<{second}}   {row[2]}".rstrip() for row in rows)


def _python() -> str:
    """Give Python's version as far as byte code depends on it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@cache
def _package_of(module: str) -> tuple[str, str] | None:
    """Give name and version of the package that has a module; None if none has."""
    names = [module]
    if _version_of(module) is None:
        names = sorted(_packages().get(module, ()))
    for name in names:
        version = _version_of(name)
        if version is not None:
            return name, version
    return None


@cache
def _packages() -> Mapping[str, list[str]]:
    """Give the packages by their modules: a look at all that is installed, so once a process."""
    return metadata.packages_distributions()


def _version_of(package: str) -> str | None:
    """Give the version of an installed package, None if it is not installed."""
    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _can_import(module: str) -> bool:
    """Tell whether a module is there, without running it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
