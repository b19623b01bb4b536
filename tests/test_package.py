"""What holds for the package as a whole: its import, its version, the README's commands."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import civis

ROOT = Path(__file__).resolve().parents[1]


def test_version_is_a_constant():
    assert re.fullmatch(r"\d+\.\d+\.\d+", civis.__version__)


def test_import_loads_no_third_party_module():
    program = (
        "import sys; before = set(sys.modules); import civis;"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(loaded - set(sys.stdlib_module_names)))"
    )
    answer = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['civis']"


def test_ci_runs_the_command_of_the_readme():
    commands = re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text()


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="only tox installs the wheel")
def test_it_is_the_installed_package_that_is_tested() -> None:
    assert Path(civis.__file__).is_relative_to(sysconfig.get_paths()["purelib"])
