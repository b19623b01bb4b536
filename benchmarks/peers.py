"""Environments to measure in: this one, and one with the public client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PUBLIC_CLIENT = "civis==2.10.1"
FOLDER = Path(__file__).resolve().parents[1] / ".benchmarks"


def public_python() -> Path:
    """Make, once, an environment with the public client, and return its interpreter."""
    environment = FOLDER / f"public-{sys.version_info.major}.{sys.version_info.minor}"
    python = environment / "bin" / "python"
    if not (environment / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        make = ["venv", "-q", "--allow-existing", "--python", sys.executable, str(environment)]
        subprocess.run([*uv, *make], check=True)
        packages = [PUBLIC_CLIENT, "pandas", "polars", "pyarrow"]
        subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), *packages], check=True)
        (environment / "complete").touch()
    return python


def interpreters() -> dict[str, Path]:
    """Name the interpreters to compare, as the tables show them."""
    return {"ours": Path(sys.executable), "public client": public_python()}


def interpreter_options() -> list[str]:
    """Keep byte code in a folder of the benchmarks', whatever the environment says: users have it, too."""
    return ["-X", f"pycache_prefix={FOLDER / 'pycache'}"]


def program_environment(further: dict[str, str] | None = None) -> dict[str, str]:
    """Give the environment for programs to be measured."""
    found = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**found, **(further or {})}


def run_program(
    python: Path, program: str, *arguments: str, environment: dict[str, str] | None = None
) -> object:
    """Run a program in an interpreter of its own and return the JSON of its last line of output."""
    answer = subprocess.run(
        [str(python), *interpreter_options(), "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=program_environment(environment),
        cwd=FOLDER,
    )
    if answer.returncode:
        raise RuntimeError(f"{python}: {answer.stderr[-2000:]}")
    return json.loads(answer.stdout.splitlines()[-1])
