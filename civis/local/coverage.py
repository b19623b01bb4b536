"""How deep each operation goes on the local platform, as a page of the documentation.

``python -m civis.local.coverage`` writes ``docs/local-coverage.md``; with ``--check`` it only tells whether
the page is as it should be. It must know nothing of a running platform.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from civis.local import catalog
from civis.local.api.routes import Routes
from civis.local.services import all_routes

__all__ = ["PAGE", "Depth", "depth_of", "depths", "main", "write_page"]

Depth = Literal["real work", "state", "not offered"]

PAGE = Path("docs/local-coverage.md")
"""Where the page is, from the checkout's root."""

_MEANINGS: dict[Depth, str] = {
    "real work": "what the operation stands for is done here: SQL runs, files hold bytes, permissions hold",
    "state": "objects are created, listed, shown, changed, shared, archived; a run of one fails "
    "and says what is missing",
    "not offered": "answered with 501",
}
#: What is kept and shown, and does nothing; a pattern of "METHOD path" each.
_STATE = re.compile(
    r"\w+ /(announcements|apps|channels|codes|enhancements|git_repos|match_targets|media|models|notebooks"
    r"|predictions|reports|results|services|storage_hosts|studios|usage|usage_limits|clusters|admin|roles)\b.*"
    r"|\w+ /scripts/(r|javascript|dbt)/.*/runs.*"
    r"|\w+ /.*/git(/.*)?"
    r"|\w+ /tables/\{source_table_id\}/.*"
    r"|\w+ /databases/\{id\}/whitelist-ips.*"
    r"|POST /jobs/\{id\}/trigger_email|POST /users/\{id\}/access_email"
)


def depth_of(routes: Routes, method: str, path: str) -> Depth:
    """Tell how deep an operation goes.

    Parameters
    ----------
    routes : Routes
        The platform's handlers.
    method, path : str
        As the catalogue has them.

    Returns
    -------
    {"real work", "state", "not offered"}

    Examples
    --------
    >>> depth_of(all_routes(), "POST", "/queries")
    'real work'
    """
    handler, key = routes.get((method, path)), f"{method} {path}"
    if path == "/endpoints":  # answered by the server itself
        return "real work"
    if handler is None:
        return "not offered"
    return "state" if _STATE.fullmatch(key) else "real work"


def depths() -> dict[tuple[str, str], Depth]:
    """Tell how deep each operation of the catalogue goes, by method and path, in the catalogue's order."""
    routes = all_routes()
    return {
        (each.method, each.path): depth_of(routes, each.method, each.path) for each in catalog.operations()
    }


def write_page() -> str:
    """Write the page."""
    found = depths()
    return "\n".join([*_summary(found), *_tables(found)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or check it.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the command line.

    Returns
    -------
    int
        1 when the page is not as it should be.
    """
    parser = argparse.ArgumentParser(prog="python -m civis.local.coverage", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether the page is current")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is")
    given = parser.parse_args(arguments)
    page = write_page()
    if not given.check:
        given.page.write_text(page, encoding="utf-8")
        return 0
    if given.page.is_file() and given.page.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write(f"{given.page} is not current: run python -m civis.local.coverage\n")
    return 1


def _summary(found: dict[tuple[str, str], Depth]) -> Iterator[str]:
    """Write what the words mean, and how many operations there are of each."""
    counts = Counter(found.values())
    yield "<!-- Written by python -m civis.local.coverage; change that, not this. -->"
    yield "# What the local platform does"
    yield ""
    yield f"The API has {len(found)} operations. How far each goes on the local platform:"
    yield ""
    yield "| depth | operations | what it means |"
    yield "| --- | ---: | --- |"
    for depth, meaning in _MEANINGS.items():
        yield f"| {depth} | {counts[depth]} | {meaning} |"


def _tables(found: dict[tuple[str, str], Depth]) -> Iterator[str]:
    """Write a table for each resource."""
    resource = ""
    for (method, path), depth in sorted(
        found.items(), key=lambda pair: (pair[0][1].split("/")[1], pair[0][1])
    ):
        if path.split("/")[1] != resource:
            resource = path.split("/")[1]
            yield from ("", f"## {resource}", "", "| operation | depth |", "| --- | --- |")
        yield f"| `{method} {path}` | {depth} |"


if __name__ == "__main__":
    raise SystemExit(main())
