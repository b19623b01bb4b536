"""What ships of the catalogue's files as JSON: current, and never believed where a file says otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from civis.local import catalog
from civis.local.catalog import CatalogOperation, Outline, files, operations, outlines

FOLDER = Path(catalog.__file__).parent


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the catalogue, which the functions of `files` read as if nothing had been read before."""
    folder = copytree(FOLDER, tmp_path / "catalog")
    monkeypatch.setattr(files, "_FOLDER", folder)
    kept = (files.read_file, files.resource_names, files._contents)
    for each in kept:
        each.cache_clear()
    yield folder
    for each in kept:
        each.cache_clear()


def is_yaml_read(monkeypatch: pytest.MonkeyPatch, name: str) -> bool:
    """Tell whether a file's YAML is read for its contents."""
    read: list[str] = []
    parsed = files._parsed

    def noted(each: str, text: str) -> dict[str, Any]:
        read.append(each)
        return parsed(each, text)

    monkeypatch.setattr(files, "_parsed", noted)
    files.read_file(name)
    return bool(read)


def test_it_is_current() -> None:
    """After a change of the catalogue: ``python -m civis.local.catalog``."""
    assert (FOLDER / files.CONTENTS).read_text(encoding="utf-8") == files.render_contents()


def test_no_yaml_is_read_while_it_is_current(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_yaml_read(monkeypatch, "resources/files.yaml")


def test_an_edited_file_is_read_itself(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied / "resources" / "aliases.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\nformer: GET /aliases\n", encoding="utf-8")
    assert is_yaml_read(monkeypatch, "resources/aliases.yaml")
    assert files.read_file("resources/aliases.yaml")["former"] == "GET /aliases"
    assert not is_yaml_read(monkeypatch, "resources/files.yaml")  # the others are not


@pytest.mark.parametrize("text", ["", "[]", '{"resources/files.yaml": {"checksum": 1, "con'], ids=repr)
def test_without_it_the_files_are_read(copied: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (copied / files.CONTENTS).write_text(text, encoding="utf-8")
    assert is_yaml_read(monkeypatch, "resources/files.yaml")
    assert "operations" in files.read_file("resources/files.yaml")


def test_line_ends_of_another_system_are_no_edit(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied / "resources" / "files.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert not is_yaml_read(monkeypatch, "resources/files.yaml")


def test_it_says_that_it_is_generated() -> None:
    assert next(iter(json.loads(files.render_contents()))) == "x-generated"


def test_outlines_are_of_all_operations() -> None:
    assert [(each.method, each.path) for each in outlines()] == [
        (each.method, each.path) for each in operations()
    ]


def test_an_operation_is_compiled_once_and_when_asked_for() -> None:
    made: list[str] = []
    [whole, *_] = operations()

    def compiled() -> CatalogOperation:
        made.append("once")
        return whole

    outline = Outline(whole.method, whole.path, compiled)
    assert made == []
    assert outline.operation is whole is outline.operation
    assert made == ["once"]
