"""``civis config``: what is configured, where it comes from, and the profile file."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from civis.cli.failures import WRONG_USAGE, Failure
from civis.cli.output import STYLES, write
from civis.cli.state import State, state_of

__all__ = ["config"]

_VARIABLES = {
    "api_key": "CIVIS_API_KEY",
    "api_endpoint": "CIVIS_API_ENDPOINT",
    "web_address": "CIVIS_WEB_ADDRESS",
}


@click.group()
def config() -> None:
    """Show and set key, address and profile.

    What is given on the command line goes before the environment, and that before the profile.
    """


@config.command()
@click.option("--output", type=click.Choice(STYLES), help="The form of the output; YAML by default.")
@click.pass_context
def show(context: click.Context, output: str | None) -> None:
    """Show what is configured and where it comes from.

    Of the key only its last characters are shown.
    """
    state = state_of(context)
    write(_settings(state), output or state.output)


@config.command(name="set")
@click.argument("name", type=click.Choice(("api-key", "api-endpoint", "web-address")))
@click.argument("value", required=False)
@click.option("--profile", metavar="NAME", help="The profile; by default the one in use, else 'default'.")
@click.pass_context
def set_value(context: click.Context, name: str, value: str | None, profile: str | None) -> None:
    """Set NAME in a profile; without VALUE it is asked for.

    A key is better typed when asked, or piped in, than given here, where other users may see it. The file can
    be read by its owner only.
    """
    from civis._env import config_path  # noqa: PLC0415 - help does without
    from civis.cli.profile_file import set_in_profile  # noqa: PLC0415 - help does without

    state = state_of(context)
    chosen = profile or state.profile or os.environ.get("CIVIS_PROFILE") or "default"
    key = name.replace("-", "_")
    text = _asked(name) if value is None or value == "-" else value.strip()
    _check_value(key, text)
    path = config_path()
    set_in_profile(path, chosen, key, text)
    click.echo(f"set {key} of the profile {chosen!r} in {path}", err=True)
    if os.environ.get(_VARIABLES[key]):
        click.echo(f"{_VARIABLES[key]} is set, too, and goes before the profile", err=True)


def _asked(name: str) -> str:
    """Ask for a value, or read the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    found: str = click.prompt(name, hide_input=name == "api-key", err=True)
    return found.strip()


def _check_value(key: str, text: str) -> None:
    """Refuse what can be no such value."""
    from civis import _env  # noqa: PLC0415 - help does without

    if not text:
        raise Failure(f"{key} is empty", WRONG_USAGE)
    if key == "api_key":
        _env.api_key(text)  # a key with line breaks or blanks is refused, and not shown
    elif key == "api_endpoint":
        _env.api_endpoint(text)
    else:
        _env.web_address(text)


def _settings(state: State) -> dict[str, Any]:
    """Gather what is configured, with the place that each value comes from."""
    from civis._env import config_path  # noqa: PLC0415 - help does without
    from civis._profile import read_profile  # noqa: PLC0415 - help does without
    from civis._spec import SpecCache  # noqa: PLC0415 - help does without

    path = config_path()
    profile = read_profile(path)
    key = _masked(state)
    values = {"api_key": key, "api_endpoint": state.endpoint, "web_address": state.web_address}
    shown: dict[str, Any] = {
        name: {"value": value, "from": _origin(name, profile, value, is_first=state.profile is not None)}
        for name, value in values.items()
    }
    asked = state.profile or os.environ.get("CIVIS_PROFILE")
    shown["profile"] = asked or ("default" if profile else None)
    shown["config_file"] = path if os.path.exists(path) else f"{path} (there is none)"
    shown["cache_folder"] = str(SpecCache().folder() or "none: there is no home")
    return shown


def _masked(state: State) -> str | None:
    """Give the end of the key, enough to tell keys apart."""
    from civis._errors import CivisAPIKeyMissingError  # noqa: PLC0415 - help does without

    try:
        key = state.key.reveal()
    except CivisAPIKeyMissingError:
        return None
    return f"…{key[-4:]}" if len(key) >= 20 else "…"


def _origin(name: str, profile: Any, value: Any, *, is_first: bool) -> str | None:
    """Say where a value comes from."""
    if value is None:
        return None
    if is_first and profile.get(name):
        return "profile"
    if os.environ.get(_VARIABLES[name]):
        return _VARIABLES[name]
    return "profile" if profile.get(name) else "default"
