"""``civis spec``: the API's description, as it is kept here and as the platform has it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from civis.cli.descriptions import API_VERSION, description_at_hand
from civis.cli.failures import REFUSED, WRONG_USAGE, Failure
from civis.cli.output import STYLES, write
from civis.cli.state import PRODUCT, State, state_of
from civis.cli.words import dashed

if TYPE_CHECKING:
    from civis._spec import Api, Operation

__all__ = ["spec"]

_output = click.option("--output", type=click.Choice(STYLES), help="The form of the output; YAML by default.")


@click.group()
def spec() -> None:
    """Look at the API's description, and refresh it."""


@spec.command()
@click.argument("resource", required=False)
@click.argument("method", required=False)
@click.option("--raw", is_flag=True, help="Download the description and print it as it is, in JSON.")
@_output
@click.pass_context
def show(
    context: click.Context, resource: str | None, method: str | None, raw: bool, output: str | None
) -> None:
    """Show what is kept of the description.

    Of a RESOURCE its operations are shown, of a METHOD all there is.
    """
    state = state_of(context)
    if raw:
        write(_download(state), "json")
    elif resource is None:
        write(_summary(state), output or state.output)
    elif method is None:
        found = _resource(state, resource)
        rows = [_row(each) for each in found.operations.values()]
        write(rows, output or state.output or "table")
    else:
        from civis._spec import render_docstring  # noqa: PLC0415 - only here

        operations = _resource(state, resource).operations
        names = {dashed(each): each for each in operations}
        if dashed(method) not in names:
            raise Failure(_unknown("operation", method, list(names)), WRONG_USAGE)
        click.echo(render_docstring(operations[names[dashed(method)]]), nl=False)


@spec.command()
@click.pass_context
def refresh(context: click.Context) -> None:
    """Download the description.

    The one that is kept is replaced, whatever its age.
    """
    from civis.resources import DESCRIPTIONS  # noqa: PLC0415 - help does without

    state = state_of(context)
    api = DESCRIPTIONS.get(state.connection.session, state.key, API_VERSION, refresh=True)
    count = sum(len(api.resources[name].operations) for name in api.resources)
    click.echo(f"{count} operations in {len(api.resources)} resources of {state.endpoint}", err=True)


@spec.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@_output
@click.pass_context
def diff(context: click.Context, file: str | None, output: str | None) -> None:
    """Compare the platform's description with FILE.

    By default FILE is the description that came with this package. The status is 1 where there is a
    difference.
    """
    from civis._spec import load_spec  # noqa: PLC0415 - help does without
    from civis.resources import read_local_spec  # noqa: PLC0415 - help does without

    state = state_of(context)
    before = description_at_hand("", None) if file is None else read_local_spec(file)
    changes = differences(before, load_spec(_download(state)))
    if not changes:
        click.echo("there is no difference", err=True)
        return
    write(changes, output or state.output or "table")
    context.exit(REFUSED)


@spec.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def stubs(context: click.Context, folder: Path) -> None:
    """Write types of the platform's API into FOLDER.

    They are for editors and type checkers.
    """
    from civis._spec import load_spec  # noqa: PLC0415 - help does without
    from civis.resources import write_type_package  # noqa: PLC0415 - a generator that nothing else loads

    written, size = write_type_package(load_spec(_download(state_of(context))), folder)
    click.echo(f"{written} files in {folder}, {size / 1e6:.2f} MB")


def _download(state: State) -> dict[str, Any]:
    """Download the description as a document."""
    from civis.resources import download_description  # noqa: PLC0415 - help does without

    return download_description(state.connection.session)


def _summary(state: State) -> dict[str, Any]:
    """Say which description is used, and what is in it."""
    from datetime import datetime, timezone  # noqa: PLC0415 - only here

    from civis._errors import CivisAPIKeyMissingError  # noqa: PLC0415 - help does without
    from civis._spec import SpecCache  # noqa: PLC0415 - help does without

    cache, stored = SpecCache(), None
    with suppress(CivisAPIKeyMissingError):
        stored = cache.read(cache.name(state.endpoint, state.key.reveal(), API_VERSION))
    api = stored.api if stored is not None else description_at_hand("", None)
    asked = None if stored is None else datetime.fromtimestamp(stored.fetched_at, timezone.utc)
    return {
        "endpoint": state.endpoint,
        "source": "the platform" if stored is not None else "this package",
        "last_asked": asked.isoformat(timespec="seconds") if asked is not None else None,
        "title": api.title,
        "version": api.version,
        "resources": len(api.resources),
        "operations": sum(len(api.resources[name].operations) for name in api.resources),
        "cache_folder": os.fspath(cache.folder() or ""),
        "user_agent": PRODUCT,
    }


def _resource(state: State, name: str) -> Any:
    """Find a resource."""
    resources = state.api.resources
    names = {dashed(each): each for each in resources}
    if dashed(name) not in names:
        raise Failure(_unknown("resource", name, list(names)), WRONG_USAGE)
    return resources[names[dashed(name)]]


def _unknown(what: str, name: str, known: list[str]) -> str:
    """Say that there is no such thing, and what is near."""
    from civis._names import suggestion  # noqa: PLC0415 - only an error needs it

    return f"there is no {what} {name!r}.{suggestion(dashed(name), known)}"


def _row(operation: Operation) -> dict[str, str]:
    """Give an operation in a row."""
    return {
        "operation": dashed(operation.name),
        "request": f"{operation.http_method} {operation.path}",
        "summary": operation.summary,
    }


def differences(before: Api, after: Api) -> list[dict[str, str]]:
    """List what operations came, went, or take other parameters.

    Parameters
    ----------
    before, after : Api
        Two descriptions.

    Returns
    -------
    list of dict
        With ``change`` (``"added"``, ``"removed"``, ``"changed"``), ``operation`` and ``what``.
    """
    old, new = _signatures(before), _signatures(after)
    rows: list[dict[str, str]] = []
    for name in sorted({*old, *new}):
        if name not in old:
            rows.append({"change": "added", "operation": name, "what": ""})
        elif name not in new:
            rows.append({"change": "removed", "operation": name, "what": ""})
        elif old[name] != new[name]:
            gone = [f"-{each}" for each in old[name] if each not in new[name]]
            come = [f"+{each}" for each in new[name] if each not in old[name]]
            rows.append({"change": "changed", "operation": name, "what": ", ".join([*gone, *come])})
    return rows


def _signatures(api: Api) -> dict[str, list[str]]:
    """Give the parameters of all operations as texts."""
    return {
        f"{dashed(each.resource)} {dashed(each.name)}": [
            f"{one.name}: {one.schema.type}{'' if one.required else '?'}" for one in each.parameters
        ]
        for each in api.operations()
    }
