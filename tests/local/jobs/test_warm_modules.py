"""Modules that are run from a warm process, as the programs of CivisML are: nobody can tell, and it ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("there is no fork here", allow_module_level=True)

from civis.local.civisml.command import MODULE, PARAMETERS, THREADS, command_of, is_argument
from civis.local.jobs import warm as warm_module
from civis.local.jobs.processes import Program, run_process
from civis.local.jobs.warm import WarmWorkers
from civis.local.jobs.warm.recipes import Recipe, Source, recipe_for
from civis.local.services.script_environment import _variables
from tests.local.jobs.test_warm import PORTRAIT, ListedLog

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


class Place:
    """A module that is run in an empty folder, in the usual way or from a warm process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.modules = folder / "runs", folder / "modules"
        self.folder.mkdir()
        self.modules.mkdir()
        self.warm = WarmWorkers()
        self.loaded: tuple[str, ...] = ()
        self.idle: float | None = None

    def write(self, body: str) -> None:
        """Have the module do something."""
        (self.modules / "portrait.py").write_text(body)

    def recipe(self, program: Program) -> Recipe | None:
        """Give what stands for the recipe of a program of CivisML."""
        base = {name: value for name, value in program.environment.items() if name != "CIVIS_JOB_ID"}
        own = {"CIVIS_JOB_ID": program.environment["CIVIS_JOB_ID"]}
        source = Source(sys.executable, "portrait", self.loaded, True, self.idle, is_awaited=True)
        return Recipe(source, base, own, ["-m", "portrait", "five"])

    def run(self, warm: bool = True) -> list[str]:
        """Run the module, and give what it wrote."""
        context: Any = ListedLog(self.warm if warm else None)
        environment = {"PATH": PATH, "PYTHONPATH": str(self.modules), "CIVIS_JOB_ID": "7"}
        command = ["sh", "-c", "exec python -m portrait five"]
        run_process(context, Program(command, self.folder, environment, 0.2))
        return list(context.lines)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place whose module is forked."""
    place = Place(tmp_path)
    monkeypatch.setattr(warm_module, "recipe_for", place.recipe)
    yield place
    place.warm.close()


def test_a_module_finds_itself_as_if_started_in_the_usual_way(place: Place) -> None:
    place.write(f"import sys\n{PORTRAIT}")
    usual, forked = place.run(warm=False), place.run()
    expected, found = json.loads(usual[-1]), json.loads(forked[-1])
    assert expected["argv"][1:] == ["five"]
    for name in expected:
        assert found[name] == expected[name], name


def test_the_first_run_waits_for_what_it_would_load_itself(place: Place) -> None:
    place.loaded = ("decimal",)
    place.write("import sys; print('decimal' in sys.modules)")
    assert place.run() == ["True"]
    assert place.run(warm=False) == ["False"]


def test_no_two_runs_draw_the_same_numbers(place: Place) -> None:
    place.loaded = ("numpy",)
    place.write("import random, numpy; print(numpy.random.random(), random.random(), numpy.random.rand())")
    found = [place.run()[0].split() for _ in range(3)]
    assert all(len(set(each)) == 3 for each in zip(*found, strict=True)), found


def test_a_server_without_work_ends_and_the_next_run_has_another(place: Place) -> None:
    place.idle = 0.05
    place.write("import os; print('here')")
    for _ in range(2):
        assert place.run() == ["here"]
        place.warm._servers["portrait"]._process.wait(30)


def test_what_cannot_be_loaded_is_started_in_the_usual_way(place: Place) -> None:
    place.loaded = ("there_is_no_such_module",)
    place.write("print('here')")
    for _ in range(3):
        assert place.run() == ["here"]
    assert not place.warm._servers


@pytest.mark.parametrize("job", PARAMETERS)
def test_programs_of_civisml_have_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/nowhere")
    environment = {"PATH": PATH, "HOME": "/nowhere", "CIVIS_API_KEY": "secret", "CIVIS_RUN_ID": "1"}
    for each in PARAMETERS[job].split():
        name, _, kind = each.partition(":")
        fields = {
            "database": {"id": 1, "database": "local", "credential": 2},
            "credential_custom": {"id": 1, "username": "ann", "password": "secret"},
        }
        environment.update(_variables(name, kind, fields.get(kind, "1")))
    found = recipe_for(Program(["sh", "-c", command_of(job)], tmp_path, environment))
    assert found is not None
    assert found.base == {"PATH": PATH, "HOME": "/nowhere", **THREADS}
    assert {**found.base, **found.own} == {**environment, **THREADS}
    assert found.arguments == ["-m", MODULE, job]
    assert found.source.idle_seconds


STRANGE = {
    "another job": (f"{command_of('training')}s", {}),
    "more": (f"{command_of('training')} && echo done", {}),
    "no limit of threads": (f"python -m {MODULE} training", {}),
    "another Python": (command_of("training"), {"PATH": "/nowhere"}),
    "a login of the script's own": (command_of("training"), {"REMOTE_HOST_CREDENTIAL_PASSWORD": "secret"}),
    "another's setting": (command_of("training"), {"HOME": "/another"}),
}


@pytest.mark.parametrize("case", STRANGE)
def test_whatever_is_not_plainly_civisml_has_none(tmp_path: Path, case: str) -> None:
    command, environment = STRANGE[case]
    assert recipe_for(Program(["sh", "-c", command], tmp_path, {"PATH": PATH, **environment})) is None


def test_where_and_when_programs_of_civisml_are_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(["sh", "-c", command_of("training")], tmp_path, {"PATH": PATH})
    monkeypatch.setattr(sys, "platform", "darwin")
    assert recipe_for(program) is None
    monkeypatch.setattr(sys, "platform", "linux")
    assert recipe_for(program) is not None
    # Modules in its folder would come before those that are loaded.
    (tmp_path / "sklearn.py").touch()
    assert recipe_for(program) is None


def test_what_concerns_an_interpreter_is_no_argument() -> None:
    assert not any(map(is_argument, ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "HOME")))
