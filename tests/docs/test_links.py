"""Links between the pages lead to pages and headings that there are; other sites are not asked."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from tests._pages import DOCS, ROOT, all_pages

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\[]*\]\(([^()\s]+)\)")
#: Pages that the build writes.
GENERATED = "generated/"


def anchors(page: Path) -> set[str]:
    """Name the anchors that headings make, as GitHub and the site do."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """Give the links within this project."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Tell whether a link has a target."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if target.is_relative_to(DOCS / GENERATED):
        return True  # the build says whether there is one
    return target.is_file() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize(
    "page", [*all_pages(), ROOT / "README.md", ROOT / "CHANGELOG.md"], ids=lambda page: str(page.name)
)
def test_links_of_a_page(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def test_every_page_is_reached() -> None:
    """A page that no other page lists is found by nobody."""
    listed: set[Path] = set()
    for page in all_pages():
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            names = [line for line in block.splitlines() if line and not line.startswith(":")]
            listed |= {(page.parent / f"{name}.md").resolve() for name in names}
    alone = set(all_pages()) - listed - {DOCS / "index.md"}
    assert alone == set(), (
        "name them in the toctree of docs/guide.md, local.md, developing.md or reference.md"
    )


def test_broken_links_of_built_pages(check_links: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there"></a><a href="#here"></a><a href="https://example.com/x"></a>'
        '<a href="b.html#gone"></a><a href="c.html"></a><img src="d.png">'
    )
    (tmp_path / "b.html").write_text('<p id="there">')
    found = list(check_links.broken_links(tmp_path))
    assert found == [("a.html", "b.html#gone"), ("a.html", "c.html"), ("a.html", "d.png")]
    assert check_links.main([str(tmp_path)]) == 1
    (tmp_path / "a.html").unlink()
    assert check_links.main([str(tmp_path)]) == 0
    assert check_links.main([]) == 2
