"""``python -m civis.resources.types``: write the types of a description, or check that they are current."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from civis.resources import API_SPEC_PATH, read_local_spec
from civis.resources._stubs.modules import HEADER, render

#: Where the types lie that this package ships.
FOLDER = Path(__file__).resolve().parents[1] / "types"


@click.command()
@click.option(
    "--spec",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=API_SPEC_PATH,
    help="A description of the API, in JSON; by default the one that comes with this package.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="The folder for the types; by default this package's own, where editors and checkers look.",
)
@click.option(
    "--package",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a package of types, civis-stubs, into this folder instead.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if the types there are not current.")
def main(spec: Path, output: Path, package: Path | None, check: bool) -> None:
    """Write the types of an API for editors and type checkers."""
    if package is not None:
        output = package / "civis-stubs" / "resources" / "types"
    files = render(read_local_spec(spec))
    different = differences(files, output)
    if check:
        if different:
            click.echo(f"not current in {output}: {', '.join(different)}; write them anew", err=True)
            sys.exit(1)
        click.echo(f"{len(files)} files are current in {output}")
        return
    output.mkdir(parents=True, exist_ok=True)
    if package is not None:  # the types of everything else stay those of civis itself (PEP 561)
        (package / "civis-stubs" / "py.typed").write_text("partial\n", encoding="utf-8")
    for name in different:
        if name in files:
            (output / name).write_text(files[name], encoding="utf-8", newline="\n")
        else:
            (output / name).unlink()
    click.echo(f"{len(files)} files in {output}, {sum(map(len, files.values())) / 1e6:.2f} MB")


def differences(files: Mapping[str, str], folder: Path) -> list[str]:
    """Name the files of a folder that are not as they should be: other, missing or left from before."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.pyi")}
    ours = {name for name, text in there.items() if text.startswith(HEADER)}
    return sorted(name for name in {*files, *ours} if files.get(name) != there.get(name))
