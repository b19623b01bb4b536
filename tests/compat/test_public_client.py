"""The public client, unmodified and in an environment of its own, against the local platform."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests._started import started_platform

PUBLIC_CLIENT = "civis==2.10.1"
SCRIPT = Path(__file__).parent / "public_client_script.py"


@pytest.fixture(scope="session")
def public_python(pytestconfig: pytest.Config) -> Path:
    """A Python with the public client installed; kept between runs, since installing takes a while."""
    folder = pytestconfig.cache.mkdir("public-client") / f"{PUBLIC_CLIENT}-{sys.version_info.minor}"
    python = folder / "bin" / "python"
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for command in (
                ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
                ["uv", "pip", "install", "--quiet", "--python", str(python), PUBLIC_CLIENT, "pandas"],
            ):
                answer = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
                if answer.returncode:
                    pytest.skip(f"{PUBLIC_CLIENT} cannot be installed here: {answer.stderr.strip()[-300:]}")
            (folder / "complete").touch()
    return python


def test_the_public_client_does_its_main_job(public_python: Path, tmp_path: Path):
    with started_platform(tmp_path / "platform") as platform:
        answer = subprocess.run(
            [str(public_python), "-W", "ignore", str(SCRIPT), str(tmp_path)],
            capture_output=True,
            text=True,
            env={**os.environ, **platform.environment, "PYTHONPATH": ""},
            cwd=tmp_path,
            timeout=300,
        )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "all round trips equal" in answer.stdout
    assert "civis 2.10.1" in answer.stdout
