"""``python -m civis.resources.types``: write the types of a description, or check that they are current."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from civis.resources import API_SPEC_PATH, read_local_spec
from civis.resources._stubs.files import FOLDER, differences, write_files
from civis.resources._stubs.modules import render
from civis.resources._stubs.packages import write_type_package


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
    api = read_local_spec(spec)
    if package is not None and not check:
        count, size = write_type_package(api, package)
        click.echo(f"{count} files in {package}, {size / 1e6:.2f} MB")
        return
    if package is not None:
        output = package / "civis-stubs" / "resources" / "types"
    files = render(api)
    if check:
        if different := differences(files, output):
            click.echo(f"not current in {output}: {', '.join(different)}; write them anew", err=True)
            sys.exit(1)
        click.echo(f"{len(files)} files are current in {output}")
        return
    write_files(files, output)
    click.echo(f"{len(files)} files in {output}, {sum(map(len, files.values())) / 1e6:.2f} MB")
