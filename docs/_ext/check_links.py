"""Check, without a network, that the links of built pages lead somewhere: ``python check_links.py FOLDER``.

Addresses of other sites are not asked; what is checked is every file and every anchor of this one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["broken_links", "main"]


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag points to, and what points to it."""
        found = dict(attrs)
        self.anchors.update(value for name in ("id", "name") if (value := found.get(name)))
        for name in ("href", "src"):
            if value := found.get(name):
                self.links.append(value)


def broken_links(folder: Path) -> Iterator[tuple[str, str]]:
    """Find the links that lead nowhere.

    Parameters
    ----------
    folder : Path
        Where the built pages are.

    Yields
    ------
    tuple of str
        A page and the link on it.
    """
    folder = folder.resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in _pages(folder)}
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            if not _leads_somewhere(path, link, pages):
                yield str(path.relative_to(folder)), link


def _pages(folder: Path) -> list[Path]:
    """Name the pages; what the theme keeps in ``_static`` are templates."""
    return [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]


def _leads_somewhere(path: Path, link: str, pages: dict[Path, _Page]) -> bool:
    """Tell whether a link of a page has a target."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors


def main(arguments: list[str]) -> int:
    """Print the links of a folder's pages that lead nowhere; 1 if there are any."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: check_links.py FOLDER, a folder of built pages", file=sys.stderr)  # noqa: T201 - a command
        return 2
    found = list(broken_links(Path(arguments[0])))
    for page, link in found:
        print(f"{page}: {link} leads nowhere")  # noqa: T201 - a command's output
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
