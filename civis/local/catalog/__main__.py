"""``python -m civis.local.catalog``: write the files made of the catalogue, or check that they are so."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from civis.local.catalog.document import render
from civis.local.catalog.files import CONTENTS, render_contents

#: Where the client looks for it; by its path, since the local platform does not import the client.
SHIPPED = Path(__file__).resolve().parents[2] / "resources" / "civis_api_spec.json"


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=SHIPPED,
    help="The file of the description; by default the one that ships with this package.",
)
@click.option(
    "--contents",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(__file__).with_name(CONTENTS),
    help="The file with the catalogue's contents; by default the one that a platform starts with.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if the files are not current.")
def main(output: Path, contents: Path, check: bool) -> None:
    """Write the whole API's description in Swagger 2.0, and the catalogue's contents in JSON."""
    stale = False
    for path, text in ((output, render()), (contents, render_contents())):
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
            click.echo(f"{path}: {len(text) / 1e6:.2f} MB")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            click.echo(f"{path} is not current: run python -m civis.local.catalog", err=True)
            stale = True
        else:
            click.echo(f"{path} is current")
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
