"""The sample project's tests, run as its owner runs them: by pytest in its own folder, in parallel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "sample_project"


def run_pytest(folder: Path, *options: str) -> str:
    """Run pytest as a program; give what it prints."""
    # A package that was installed before it had the entry point is told to load the plugin.
    is_registered = any(each.name == "civis.testing" for each in entry_points(group="pytest11"))
    plugin = [] if is_registered else ["-p", "civis.testing"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ended.stdout + ended.stderr


def test_the_first_test_of_a_user(tmp_path: Path):
    project = tmp_path / "project"
    shutil.copytree(SAMPLE, project)
    printed = run_pytest(project, "-n", "2")
    assert "3 passed" in printed, printed


def test_the_plugin_is_inert_where_it_is_not_used(tmp_path: Path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n"
        "def test_other():\n"
        "    assert not {'civis.local', 'civis.client', 'duckdb', 'requests', 'pandas'} & set(sys.modules)\n"
    )
    printed = run_pytest(tmp_path)
    assert "1 passed" in printed, printed


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        pytest.param("never", "1 failed, 1 passed", id="never emptied", marks=pytest.mark.slow),
        pytest.param(
            "sometimes", "civis_reset must be 'test' or 'never', not 'sometimes'", id="another word"
        ),
    ],
)
def test_when_it_is_emptied(setting, expected, tmp_path: Path):
    (tmp_path / "pytest.ini").write_text(f"[pytest]\ncivis_reset = {setting}\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\n"
        "@pytest.mark.parametrize('number', [1, 2])\n"
        "def test_it(number, civis_client):\n"
        "    assert civis_client.projects.list() == []\n"
        "    civis_client.projects.post('a', 'b')\n"
    )
    printed = run_pytest(tmp_path)
    assert expected in printed, printed
