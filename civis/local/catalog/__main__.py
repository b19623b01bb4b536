"""``python -m civis.local.catalog``: write the description that ships, or check that it is current."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from civis.local.catalog.document import render

#: Where the client looks for it; by its path, since the local platform does not import the client.
SHIPPED = Path(__file__).resolve().parents[2] / "resources" / "civis_api_spec.json"


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=SHIPPED,
    help="The file; by default the one that ships with this package.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if the file is not current.")
def main(output: Path, check: bool) -> None:
    """Write the whole API's description in Swagger 2.0."""
    text = render()
    if not check:
        output.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"{output}: {len(text) / 1e6:.2f} MB")
    elif not output.is_file() or output.read_text(encoding="utf-8") != text:
        click.echo(f"{output} is not current: run python -m civis.local.catalog", err=True)
        sys.exit(1)
    else:
        click.echo(f"{output} is current")


if __name__ == "__main__":
    main()
