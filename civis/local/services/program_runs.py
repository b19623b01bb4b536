"""What runs of Python and container scripts do: their code as a child process of the platform.

There is no container: a container script's command runs in the shell of this machine, in an empty directory,
whatever its image is. The program gets an API key of its own for the time of the run.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.jobs.processes import GRACE_SECONDS, run_process
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.script_values import script_values
from civis.local.state import accounts

__all__ = ["run_container_script", "run_python_script"]

#: What a program sees of the platform's own environment; not its secrets.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
)


@executor("python_script", job_type=SCRIPT_KINDS["python_script"].job_type)
def run_python_script(context: RunContext) -> None:
    """Run a script's source with the Python that runs the platform."""
    with TemporaryDirectory(prefix="civis-run-") as folder:
        source = Path(folder, "script.py")
        source.write_text(_inputs(context)["source"], encoding="utf-8")
        _run(context, [sys.executable, "-u", str(source)], Path(folder))


@executor("container_script", job_type=SCRIPT_KINDS["container_script"].job_type)
def run_container_script(context: RunContext) -> None:
    """Run a script's command in this machine's shell."""
    inputs = _inputs(context)
    command = inputs.get("docker_command")
    if not command:
        raise JobFailed("The container script has no docker_command; the local platform knows no images.")
    if inputs.get("repo_http_uri"):
        raise JobFailed(
            f"The local platform does not fetch repositories such as {inputs['repo_http_uri']!r}. "
            "Put what the script needs into its docker_command."
        )
    with TemporaryDirectory(prefix="civis-run-") as folder:
        _run(context, ["sh", "-c", command], Path(folder))


def _inputs(context: RunContext) -> dict[str, Any]:
    """Give the script as it was when the run was queued."""
    inputs: dict[str, Any] = context.run.document.get("inputs") or context.job.document
    return inputs


def _run(context: RunContext, command: Sequence[str], folder: Path) -> None:
    """Run a program with the script's arguments and a key in its environment."""
    inputs = _inputs(context)
    arguments = _variables(script_values(context, inputs))
    grace = max(GRACE_SECONDS, float(inputs.get("cancel_timeout") or 0))
    with _own_key(context) as key:
        environment = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **arguments,
            "CIVIS_API_KEY": key,
            "CIVIS_API_ENDPOINT": context.platform.url,
            "CIVIS_JOB_ID": str(context.job.id),
            "CIVIS_RUN_ID": str(context.run.id),
        }
        run_process(context, command, folder=folder, environment=environment, grace_seconds=grace)


def _variables(values: Mapping[str, Any]) -> dict[str, str]:
    """Give arguments as environment variables; a credential ``db`` is ``db_USERNAME`` and so on."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found.update({f"{name}_{field.upper()}": _text(each) for field, each in value.items()})
            value = value.get("id")
        found[name] = _text(value)
    wrong = [name for name, text in found.items() if "\x00" in text]
    if wrong:
        raise JobFailed(f"The argument {wrong[0]!r} has a NUL character, which no environment can hold.")
    return found


def _text(value: Any) -> str:
    """Write a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@contextmanager
def _own_key(context: RunContext) -> Iterator[str]:
    """Make an API key of the user the run works for, that holds as long as the run does."""
    user_id = context.user_id
    if user_id is None:
        raise JobFailed(f"The script {context.job.id} has no author whose API key its program could use.")
    # The state is kept: a platform that is being stopped does not give its parts to anybody any more.
    token, state, clock = secrets.token_urlsafe(32), context.platform.state, context.platform.clock
    with state.begin() as connection:
        key = accounts.create_key(
            connection, user_id, now=clock.time(), name=f"run {context.run.id}", token=token
        )
    try:
        yield token
    finally:
        with state.begin() as connection:
            accounts.revoke_key(connection, user_id, key.id, now=clock.time())
