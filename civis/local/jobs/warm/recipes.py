"""Which programs may be forked from a process that has loaded what they need, and what each takes for that.

Whatever is not plainly one of these is none. Knows nothing of processes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from civis.local.civisml.command import MODULE, PARAMETERS, THREADS, command_of, is_argument

if TYPE_CHECKING:
    from typing import Protocol

    class Program(Protocol):
        """As much of a program as is looked at."""

        @property
        def command(self) -> Sequence[str]: ...
        @property
        def folder(self) -> Path: ...
        @property
        def environment(self) -> Mapping[str, str]: ...


__all__ = ["WORKER", "Recipe", "Source", "recipe_for"]

WORKER = "civis_joblib_worker"
_WORKER_COMMAND = re.compile(rf"(?:exec )?{WORKER}(?: ([0-9]+))?", re.ASCII)
#: What the installers of packages write into a console script, below the line that names its interpreter.
_IMPORT = "from civis.run_joblib_func import main"
#: What the worker loads before it runs a call; none of it reads the environment or starts a thread. A test
#: sees to it that nothing is missing.
_WORKER_MODULES = (
    "civis.run_joblib_func",
    "civis._http.attempts",
    "civis.resources._binding",
    "civis.resources._calls",
    "civis.resources._classes",
    "civis.resources._methods",
    "civis.resources._nested",
    "civis.resources._values",
)
#: What CivisML's programs load themselves, and at their first steps by way of the client.
_ML_MODULES = (
    *(f"{MODULE}.{name}_program" for name in ("train", "predict", "register")),
    *(f"civis.{name}" for name in ("client", "futures", "io", "ml", "utils")),
    *_WORKER_MODULES[1:],
)
_ML_COMMANDS = {command_of(job): job for job in PARAMETERS}
#: So much memory is not kept for nothing: after so many seconds without a run.
_ML_IDLE = 600.0
#: What differs between runs, and nothing reads before the program itself does. All other variables have to be
#: those with which the server was started: any of them may concern the start of an interpreter.
_OF_ANY_RUN = frozenset(
    {
        "CIVIS_API_KEY",
        "CIVIS_API_ENDPOINT",
        "CIVIS_JOB_ID",
        "CIVIS_RUN_ID",
        "CIVIS_PARENT_JOB_ID",
        "CIVIS_PARENT_RUN_ID",
    }
)


@dataclass(frozen=True)
class Source:
    """What runs of one kind have in common: each kind of them has a server of its own.

    Parameters
    ----------
    interpreter : str
        The path of the Python that runs it.
    place : str
        The path of a console script, or the name of a module that is run by ``-m``.
    modules : tuple of str
        What is loaded beforehand.
    is_module : bool
        Which of the two `place` is.
    idle_seconds : float, optional
        How long a server waits for the next run; by default until the platform ends.
    is_awaited : bool
        Whether a program waits for a server that still loads, because it would load the same for as long.
    """

    interpreter: str
    place: str
    modules: tuple[str, ...]
    is_module: bool = False
    idle_seconds: float | None = None
    is_awaited: bool = False


@dataclass(frozen=True)
class Recipe:
    """How one program is started from a warm process.

    Parameters
    ----------
    source : Source
    base : mapping
        The variables of the environment that it has in common with others.
    own : mapping
        The others; they are the run's own.
    arguments : list of str
        All of its command line behind the interpreter.
    """

    source: Source
    base: Mapping[str, str]
    own: Mapping[str, str]
    arguments: list[str]


def recipe_for(program: Program) -> Recipe | None:
    """Give the recipe of a program; None if it has to be started in the usual way."""
    if len(program.command) != 3 or tuple(program.command[:2]) != ("sh", "-c"):
        return None
    line = program.command[2].strip(" \n")
    return _worker(program, line) or _civisml(program, line)


def _worker(program: Program, line: str) -> Recipe | None:
    """Give the recipe of the worker of `civis.parallel`."""
    found = _WORKER_COMMAND.fullmatch(line)
    if found is None:
        return None
    base, own = _divided(program.environment, "JOBLIB_FUNC_FILE_ID".__eq__)
    source = _script(base.get("PATH", ""))
    if source is None or not _is_the_platforms(base):
        return None
    arguments = [each for each in found.groups() if each]
    return Recipe(source, base, own, [source.place, *arguments])


def _script(path: str) -> Source | None:
    """Find the worker's console script; None if it is not one that this very environment installed."""
    found = shutil.which(WORKER, path=path)
    if found is None or not os.path.isabs(found):
        return None
    try:
        lines = Path(found).read_text(encoding="utf-8").splitlines()
        interpreter = shlex.split(lines[0].removeprefix("#!"))
    except (OSError, ValueError, IndexError):
        return None
    if len(interpreter) != 1 or not lines[0].startswith("#!") or _IMPORT not in lines:
        return None
    return Source(interpreter[0], found, _WORKER_MODULES) if _is_ours(interpreter[0]) else None


def _civisml(program: Program, line: str) -> Recipe | None:
    """Give the recipe of a program of CivisML, in a folder without files: modules there would come first."""
    if sys.platform != "linux":  # macOS forbids a fork the frameworks that NumPy and others have loaded
        return None
    job = _ML_COMMANDS.get(line)
    base, own = _divided(program.environment, is_argument)
    interpreter = shutil.which("python", path=base.get("PATH", ""))
    if job is None or interpreter is None or not (_is_ours(interpreter) and _is_the_platforms(base)):
        return None
    if not program.folder.is_dir() or any(program.folder.iterdir()):
        return None
    source = Source(interpreter, MODULE, _ML_MODULES, True, _ML_IDLE, is_awaited=True)
    return Recipe(source, {**base, **THREADS}, own, ["-m", MODULE, job])


def _divided(
    environment: Mapping[str, str], is_own: Callable[[str], bool]
) -> tuple[dict[str, str], dict[str, str]]:
    """Part variables: those that runs have in common, and the run's own."""
    own = {name for name in environment if name in _OF_ANY_RUN or is_own(name)}
    base = {name: value for name, value in environment.items() if name not in own}
    return base, {name: environment[name] for name in own}


def _is_the_platforms(base: Mapping[str, str]) -> bool:
    """Tell whether variables are those that the platform itself has, and hands on to every program.

    Any other is an argument of this very run, perhaps a password: a server that had it would keep it, and
    would suit no run but those with the same one.
    """
    return all(os.environ.get(name) == value for name, value in base.items() if name != "PATH")


def _is_ours(interpreter: str) -> bool:
    """Tell whether an interpreter is of the environment that runs the platform."""
    return Path(interpreter).parent == Path(sys.executable).parent
