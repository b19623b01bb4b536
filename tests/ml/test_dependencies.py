"""Packages that models need: what git is told of a token, and what nobody is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from civis.local.civisml.dependencies import git_variables, install
from civis.local.civisml.problems import ModelProblem

TOKEN = "t0ken/of@nobody"
PACKAGE = "git+https://127.0.0.1:9/owner/name"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@needs_git
def test_git_logs_in_with_the_token_on_these_hosts_only() -> None:
    variables = {**os.environ, **git_variables([PACKAGE, "requests"], TOKEN)}
    urls = {
        place: subprocess.run(
            ["git", "ls-remote", "--get-url", place],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for place in ("https://127.0.0.1:9/owner/name", "https://example.org/owner/name")
    }
    assert list(urls.values()) == [
        "https://t0ken%2Fof%40nobody@127.0.0.1:9/owner/name",
        "https://example.org/owner/name",
    ]


def test_without_a_token_or_a_repository_git_is_told_nothing() -> None:
    assert git_variables([PACKAGE], None) == {}
    assert git_variables(["requests"], TOKEN) == {}


@needs_git
def test_what_cannot_be_installed_is_named_without_the_token(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="cannot be installed") as caught:
        install([PACKAGE], tmp_path / "packages", git_variables([PACKAGE], TOKEN))
    assert "owner/name" in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_options_are_no_packages(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="'--index-url=x', which is an option"):
        install(["--index-url=x"], tmp_path, {})
