"""Writing one value into the profile file, with everything else in it left as it is."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from civis.cli.failures import WRONG_USAGE, Failure

__all__ = ["set_in_profile"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TABLE = re.compile(r"^\s*\[")


def set_in_profile(path: str, profile: str, key: str, value: str) -> None:
    """Set one value of one profile; the file is replaced at one blow, and its owner alone can read it.

    Raises
    ------
    Failure
        If the file is written in a way that cannot be changed safely; nothing is changed then.
    """
    before = _read(path)
    wanted = _parse(before, path)
    wanted.setdefault("profile", {}).setdefault(profile, {})[key] = value
    after = _changed(before, profile, key, value)
    # Whatever the file looks like: what was not meant must not have changed.
    if _parse(after, path) != wanted:
        raise Failure(
            f"{path} is written in a way that cannot be changed here; set {key} there by hand", WRONG_USAGE
        )
    _replace(path, after)


def _changed(text: str, profile: str, key: str, value: str) -> str:
    """Put the line into its table, or the table at the end."""
    name = profile if _BARE.fullmatch(profile) else _quoted(profile)
    headers = {f"[profile.{name}]", f"[profile.{_quoted(profile)}]"}
    line = f"{key} = {_quoted(value)}"
    lines = text.splitlines()
    begin = next((at for at, each in enumerate(lines) if each.partition("#")[0].strip() in headers), None)
    if begin is None:
        return "\n".join([*lines, *([""] if lines else []), f"[profile.{name}]", line]) + "\n"
    end = next((at for at in range(begin + 1, len(lines)) if _TABLE.match(lines[at])), len(lines))
    old = re.compile(rf"^\s*{key}\s*=")
    for at in range(begin + 1, end):
        if old.match(lines[at]):
            lines[at] = line
            return "\n".join(lines) + "\n"
    lines.insert(begin + 1, line)
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a text as TOML has it, which is as JSON has it here."""
    return json.dumps(text, ensure_ascii=False)


def _read(path: str) -> str:
    """Read the file; empty where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _parse(text: str, path: str) -> dict[str, Any]:
    """Parse the file; an error shows nothing of it, as it holds keys."""
    try:
        import tomllib as toml  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - only here
    except ImportError:  # Python 3.10
        import tomli as toml  # type: ignore[import-not-found, unused-ignore, no-redef]  # noqa: PLC0415 - as above

    try:
        found: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        raise Failure(f"the configuration {path} cannot be read: {error}", WRONG_USAGE) from None
    return found


def _replace(path: str, text: str) -> None:
    """Write the file anew at one blow."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
