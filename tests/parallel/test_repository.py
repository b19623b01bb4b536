"""Containers with a Git repository beside them, and commands that run first."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import joblib
import pytest
from joblib import Parallel, delayed

from civis.base import CivisJobFailure
from civis.parallel import CivisExecutor, register

if shutil.which("git") is None:
    pytest.skip("there is no git here", allow_module_level=True)

MODULE = "greeting_of_a_repository"


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody, whatever the machine's settings are."""
    who = {
        f"GIT_{role}_{what}": "ann@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    apart = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **who, **apart}
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A repository whose module says hello since its second commit; the first one has a tag."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q", "-b", "main")
    for word, tag in (("good morning", "first"), ("hello", "second")):
        (folder / f"{MODULE}.py").write_text(f"def greet(name):\n    return '{word}, ' + name\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", word)
        git(folder, "tag", tag)
    return str(folder)


def greet(name: str) -> str:
    """Call what is in the repository only."""
    import greeting_of_a_repository

    return greeting_of_a_repository.greet(name)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        pytest.param({}, "hello, ann", id="no ref"),
        pytest.param({"repo_ref": "main"}, "hello, ann", id="branch"),
        pytest.param({"repo_ref": "first"}, "good morning, ann", id="tag"),
    ],
)
def test_calls_import_from_the_repository(client, repository, ref, expected):
    register(client=client, polling_interval=0.05, repo_http_uri=repository, **ref)
    with joblib.parallel_config(backend="civis"):
        assert Parallel(n_jobs=2)([delayed(greet)("ann")]) == [expected]


def test_a_ref_that_is_not_there_fails_the_call(client, repository):
    with CivisExecutor(1, client=client, repo_http_uri=repository, repo_ref="third") as executor:
        future = executor.submit(greet, "ann")
        with pytest.raises(CivisJobFailure, match="third"):
            future.result(60)


def test_the_commands_that_run_first_find_the_repository(client, repository, tmp_path):
    """Given, they stand in place of the installation."""
    noted = tmp_path / "noted"
    setup = f'ls app > "{noted}"; export WORD=set; export PYTHONPATH="$PWD/app"'
    with CivisExecutor(1, client=client, repo_http_uri=repository, setup_cmd=setup) as executor:
        assert executor.submit(greet, "bob").result(60) == "hello, bob"
        assert executor.submit(os.getenv, "WORD").result(60) == "set"
    assert noted.read_text().split() == [f"{MODULE}.py"]


def test_commands_that_fail_end_the_run_before_the_call(client, tmp_path):
    marker = tmp_path / "it ran"
    with CivisExecutor(1, client=client, setup_cmd="echo no such wheel >&2; false") as executor:
        future = executor.submit(marker.touch)
        with pytest.raises(CivisJobFailure, match="no such wheel"):
            future.result(60)
    assert not marker.exists()
