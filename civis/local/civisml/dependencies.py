"""Packages that a user's model needs: installed for this run, into a directory of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from civis.local.civisml.problems import ModelProblem

__all__ = ["git_variables", "install", "installer"]

_MOST_SAID = 2000


def git_variables(packages: Sequence[str], token: str | None) -> dict[str, str]:
    """Give the environment variables with which git logs in to the hosts of packages.

    The token is in no command line, which other users of the machine could read.

    Parameters
    ----------
    packages : sequence of str
        Some may be like ``"git+https://github.com/owner/name"``.
    token : str, optional
    """
    places = (
        package[package.index("git+https://") + 4 :] for package in packages if "git+https://" in package
    )
    hosts = sorted({urlsplit(place).netloc.rpartition("@")[2] for place in places})
    if not token or not hosts:
        return {}
    found = {"GIT_CONFIG_COUNT": str(len(hosts)), "GIT_TERMINAL_PROMPT": "0"}
    for number, host in enumerate(hosts):
        found[f"GIT_CONFIG_KEY_{number}"] = f"url.https://{quote(token, safe='')}@{host}/.insteadOf"
        found[f"GIT_CONFIG_VALUE_{number}"] = f"https://{host}/"
    return found


def install(packages: Sequence[str], folder: Path, git: Mapping[str, str]) -> None:
    """Install packages, and have this program find them.

    Parameters
    ----------
    packages : sequence of str
        As pip takes them.
    folder : pathlib.Path
        Where they go.
    git : mapping
        What :func:`git_variables` gave.

    Raises
    ------
    ModelProblem
        If one cannot be installed, with the end of what pip said, or looks like an option of pip, or if there
        is nothing to install it with.
    """
    for package in packages:
        if package.startswith("-"):
            raise ModelProblem(f"dependencies has {package!r}, which is an option and no package.")
    command = [*installer(), "--quiet", "--target", str(folder), *packages]
    done = subprocess.run(  # noqa: S603 - no shell, and options were refused
        command, env={**os.environ, **git}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr[-_MOST_SAID:]
        for name, value in git.items():
            if name.startswith("GIT_CONFIG_KEY_"):
                said = said.replace(urlsplit(value.removeprefix("url.")).username or "\0", "****")
        raise ModelProblem(f"The dependencies {', '.join(packages)} cannot be installed: {said.strip()}")
    # Behind what is there already: the library that this program runs on must not change under it.
    sys.path.append(str(folder))


def installer() -> list[str]:
    """Give the command that installs packages: pip, or uv, whose environments have no pip.

    Raises
    ------
    ModelProblem
        If there is neither.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise ModelProblem(
            f"The dependencies cannot be installed: {sys.executable} has no pip, and there is no uv. "
            "Install one of them where the platform runs."
        )
    return [uv, "pip", "install", "--python", sys.executable]
