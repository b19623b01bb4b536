"""The folder of the generated types: what in it is not current, and writing it anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from civis.resources._stubs.modules import HEADER

__all__ = ["FOLDER", "differences", "write_files"]

#: Where the types lie that this package ships.
FOLDER = Path(__file__).resolve().parents[1] / "types"


def differences(files: Mapping[str, str], folder: Path) -> list[str]:
    """Name the files of a folder that are not as they should be: other, missing or left from before."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.pyi")}
    ours = {name for name, text in there.items() if text.startswith(HEADER)}
    return sorted(name for name in {*files, *ours} if files.get(name) != there.get(name))


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Make a folder hold these files; files of other origin stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in differences(files, folder):
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8", newline="\n")
        else:
            (folder / name).unlink()
