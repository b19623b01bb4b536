"""The film of the demo: the program that makes it works, and the film shows the demo there is."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from civis.cli import demo
from tests._pages import DOCS, ROOT

PROGRAM = DOCS / "_ext" / "film.py"
FILM = DOCS / "_static" / "demo.svg"
SVG = "{http://www.w3.org/2000/svg}"
#: Writes in colour, writes over what it wrote, and waits in between.
FILMED = r"""
import sys, time
print("\x1b[31mred\x1b[0m & <plain>")
for text in ("one", "two"):
    print(f"… {text}\r", end="", flush=True)
    time.sleep(0.2)
print("✓ done", sys.stdout.isatty())
"""

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="this system has no such terminals"),
    pytest.mark.skipif(not PROGRAM.is_file(), reason="no documentation beside these tests"),
]


def texts(path: Path) -> list[str]:
    """Give the lines that a film shows at some time."""
    return ["".join(each.itertext()) for each in ElementTree.parse(path).iter(f"{SVG}text")]


def film(target: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Film a command."""
    arguments = [sys.executable, str(PROGRAM), "--output", str(target), "--", *command]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_command_is_filmed(tmp_path: Path) -> None:
    pytest.importorskip("pyte")
    ended = film(tmp_path / "film.svg", sys.executable, "-c", FILMED)
    assert ended.returncode == 0, ended.stderr
    shown = texts(tmp_path / "film.svg")
    assert shown[-4:] == ["red & <plain>", "… one", "… two", "✓ done True"]
    text = (tmp_path / "film.svg").read_text(encoding="utf-8")
    assert '<tspan fill="#ff7b72">red</tspan>' in text
    assert "<script" not in text
    names = set(re.findall(r"animation-name:(\w+)", text))
    assert names == set(re.findall(r"@keyframes (\w+)", text))


def test_a_command_that_fails_makes_no_film(tmp_path: Path) -> None:
    pytest.importorskip("pyte")
    ended = film(tmp_path / "film.svg", sys.executable, "-c", "raise SystemExit('no data')")
    assert ended.returncode != 0
    assert "no data" in ended.stderr
    assert not (tmp_path / "film.svg").exists()


def test_the_film_shows_the_demo_there_is() -> None:
    tree = ast.parse(Path(demo.__file__).read_text(encoding="utf-8"))
    steps = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "step"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(steps) == 8
    shown = texts(FILM)
    missing = [step for step in steps if not any(line.startswith(f"✓ {step}") for line in shown)]
    assert missing == [], "film it anew: python docs/_ext/film.py"
    assert "$ civis local demo" in shown


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "index.md"])
def test_pages_show_the_film(page: Path) -> None:
    assert "_static/demo.svg)" in page.read_text(encoding="utf-8")
