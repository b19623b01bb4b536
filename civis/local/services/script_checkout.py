"""The Git repository of a script, fetched into its working directory by the ``git`` program."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from civis.local.jobs import JobFailed, RunContext
from civis.local.jobs.processes import Program, run_process
from civis.local.services.credentials import credential_password
from civis.local.services.script_environment import passed_variables
from civis.local.services.script_values import fetch_credential
from civis.local.state import Stored, objects

__all__ = ["FOLDER", "check_out", "repository_url"]

FOLDER = "app"
"""The folder of the working directory that the repository is put into, as on the platform."""

_SCHEMES = ("https", "http", "ssh", "git", "file")
_GIT_TYPES = ("Github", "Bitbucket", "GitLab")
#: Has git take the login from its environment: on a command line, everybody on the machine could read it.
_LOGIN = '!f() { test "$1" = get && echo "username=$GIT_USERNAME" && echo "password=$GIT_PASSWORD"; }; f'


def repository_url(text: str) -> str:
    """Give the URL to fetch a repository from.

    Parameters
    ----------
    text : str
        As scripts name it: ``github.com/owner/name.git``, a whole URL, or a path on this machine.

    Raises
    ------
    JobFailed
        If it is of a kind that is not fetched, or holds a password.

    Examples
    --------
    >>> repository_url("github.com/owner/name.git")
    'https://github.com/owner/name.git'
    >>> repository_url("file:///srv/name.git")
    'file:///srv/name.git'
    """
    text = text.strip()
    if text.startswith("/"):
        return Path(text).as_uri()
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if parts.password:
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        raise JobFailed(f"The repository's URL {shown!r} must not hold a password; name a git_credential_id.")
    if parts.scheme not in _SCHEMES:
        known = ", ".join(_SCHEMES)
        raise JobFailed(f"The repository {text!r} cannot be fetched: its URL must be one of {known}.")
    return text


def check_out(context: RunContext, inputs: Mapping[str, Any], folder: Path, ref: str | None = None) -> Path:
    """Fetch a script's repository, at the branch, tag or commit that the script names.

    Parameters
    ----------
    context : RunContext
    inputs : mapping
        The script as it was when the run was queued: `repo_http_uri`, `repo_ref`, `git_credential_id`.
    folder : Path
        The run's working directory.
    ref : str, optional
        What counts where the script names nothing; by default the repository's own default branch.

    Returns
    -------
    Path
        Where the files are.

    Raises
    ------
    JobFailed
        If it cannot be fetched; what git says is in the log.
    """
    git = shutil.which("git")
    if git is None:
        raise JobFailed(
            "The script's repository cannot be fetched: there is no git on the platform's PATH; install it."
        )
    url = repository_url(str(inputs["repo_http_uri"]))
    wanted = str(inputs.get("repo_ref") or ref or "HEAD")
    target = folder / FOLDER
    environment = {
        **passed_variables(),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(_SCHEMES),
        **_login(context, inputs),
    }
    # Fetching one commit works with branches, tags and whole SHAs; `--` keeps a ref from being an option.
    options = ["-c", f"credential.helper={_LOGIN}", "-c", "advice.detachedHead=false"]
    _git(context, [git, "init", "--quiet", "--", str(target)], folder, environment)
    try:
        fetch = [git, *options, "fetch", "--quiet", "--depth", "1", "--", url, wanted]
        _git(context, fetch, target, environment)
        _git(context, [git, *options, "checkout", "--quiet", "FETCH_HEAD"], target, environment)
    except JobFailed as error:
        raise JobFailed(f"The repository {url!r} cannot be fetched at {wanted!r}: {error}") from None
    context.log(f"Fetched the repository {url} at {wanted} into {FOLDER}.")
    return target


def _git(context: RunContext, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run git; the run's cancelling ends it."""
    run_process(context, Program(command, folder, environment))


def _login(context: RunContext, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables with the login: the credential named, else the user's first for Git, else none."""
    credential = _credential(context, inputs.get("git_credential_id"))
    if credential is None:
        return {"GIT_USERNAME": "", "GIT_PASSWORD": ""}
    return {
        "GIT_USERNAME": str(credential.document.get("username") or ""),
        "GIT_PASSWORD": credential_password(context.platform, credential) or "",
    }


def _credential(context: RunContext, id: Any) -> Stored | None:
    """Find the credential to fetch with."""
    if id is not None:
        return fetch_credential(context, id)
    with context.platform.state.read() as connection:
        own = objects.select_objects(
            connection, "credential", author_id=context.user_id or 0, descending=False
        )
    return next((each for each in own if each.document.get("type") in _GIT_TYPES), None)
