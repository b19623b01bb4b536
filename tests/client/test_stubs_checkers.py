"""What mypy and pyright say of two samples: nothing of one, and of the other what its comments say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests" / "typing"
#: What only this package is checked with: the samples need no other, and each costs seconds.
MYPY = """[mypy]
strict = true
warn_unreachable = true
enable_error_code = deprecated
no_site_packages = true
ignore_missing_imports = true
follow_imports = silent
"""


def marks(path: Path) -> Mapping[tuple[str, int], str]:
    """The lines that are marked as wrong, each with mypy's code."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = ((number, re.search(r"# error: (\S+)$", line)) for number, line in lines)
    return {(path.name, number): mark[1] for number, mark in found if mark}


def example() -> str:
    """The program of docs/types.md."""
    (found,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "types.md").read_text(encoding="utf-8"), re.S
    )
    return found


EXPECTED = marks(SAMPLES / "sample_wrong.py")


def run(command: list[str], cwd: Path) -> str:
    """Run a checker and give what it prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # there are errors to be found
    return done.stdout


def test_the_samples_are_what_they_should_be() -> None:
    used = set(re.findall(r"client\.(\w+)\.", (SAMPLES / "sample_ok.py").read_text(encoding="utf-8")))
    assert len(used) >= 20
    assert not marks(SAMPLES / "sample_ok.py")
    assert len(EXPECTED) >= 30


def test_mypy(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    config = tmp_path / "mypy.ini"
    config.write_text(MYPY)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(config),
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    (tmp_path / "page.py").write_text(example())
    printed = run([*command, *map(str, sorted(SAMPLES.glob("*.py"))), str(tmp_path / "page.py")], ROOT)
    found = {
        (Path(path).name, int(line)): code
        for path, line, code in re.findall(r"^(.+?):(\d+): error: .*\[([\w-]+)\]$", printed, re.M)
    }
    assert found == EXPECTED, printed


def test_pyright(tmp_path: Path) -> None:
    pytest.importorskip("basedpyright", reason="pyright is not installed")
    for path in SAMPLES.glob("*.py"):
        shutil.copy(path, tmp_path)
    settings = {"include": ["."], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"]
    answer = json.loads(run(command, tmp_path))
    found = {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in answer["generalDiagnostics"]
        if each["severity"] == "error"
    }
    assert found == set(EXPECTED), answer["generalDiagnostics"]
