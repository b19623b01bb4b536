"""Parsons' `CivisClient` with this package in place of the public client, against the local platform."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

import civis

PARSONS = "parsons>=5"
SCRIPT = Path(__file__).parent / "parsons_script.py"


@pytest.fixture(scope="module")
def parsons_python(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with Parsons and this package; kept between runs, since installing takes a while."""
    cache = getattr(pytestconfig, "cache", None)
    kept = tmp_path_factory.mktemp("parsons") if cache is None else cache.mkdir("parsons")
    folder = kept / f"{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            # What `pip install 'civis[pandas]'` would bring, not what is needed to test it.
            needed = [
                each.partition(";")[0]
                for each in requires("civis") or []
                if "extra ==" not in each or re.search(r"extra == .pandas.", each)
            ]
            for command in (
                ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
                ["uv", "pip", "install", "--quiet", "--python", str(python), PARSONS, *needed],
            ):
                answer = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
                if answer.returncode:
                    pytest.skip(f"{PARSONS} cannot be installed here: {answer.stderr.strip()[-300:]}")
            (folder / "complete").touch()
        (place,) = folder.glob("lib/python*/site-packages")
        link = place / "civis"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(civis.__file__).parent, target_is_directory=True)
    return python


def test_parsons(parsons_python: Path, platform, tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        # Parsons warns of its own ways; what this package warns of is the older word that Parsons uses.
        [str(parsons_python), "-W", "ignore", "-W", "always::FutureWarning", str(SCRIPT)],
        capture_output=True,
        text=True,
        env={**environment, "PARSONS_LIMITED_DEPENDENCIES": "1", "CIVIS_API_KEY": platform.api_key},
        cwd=tmp_path,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"Parsons works with civis {civis.__version__}" in answer.stdout
    told = re.findall(r"FutureWarning: (\S+)", answer.stderr)
    assert set(told) == {"headers="}
    assert platform.warehouse.database("local").row_count("public", "again") == 3
