"""The quickstart as a newcomer follows it: its commands, its script, and what the page says they print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests._pages import ROOT, examples, page_text

PAGE = "quickstart.md"
EXEC = "civis local exec -- python script.py"


def clean_environment(home: Path, *folders: Path) -> dict[str, str]:
    """Give an environment with nothing of the user's in it, where programs are found in these folders."""
    path = os.pathsep.join([*map(str, folders), os.defpath])
    return {"HOME": str(home), "PATH": path, "PYTHONIOENCODING": "utf-8"}


def write_script(folder: Path) -> str:
    """Write the page's script, and give what the page says that it prints."""
    script = examples(PAGE)[0].text
    (folder / "script.py").write_text(script, encoding="utf-8")
    return examples(PAGE, "text")[0].text


@pytest.mark.skipif(os.name != "posix", reason="the page's commands are for a shell")
def test_the_script_prints_what_the_page_says(tmp_path: Path) -> None:
    said = write_script(tmp_path)
    assert EXEC in [each.text.strip() for each in examples(PAGE, "bash")]
    environment = clean_environment(tmp_path, Path(sys.executable).parent)
    command = [sys.executable, "-m", *EXEC.replace("python script", f"{sys.executable} script").split()]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (ended.returncode, ended.stdout) == (0, said), ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the page's commands are for a shell")
def test_the_page_pasted_into_a_fresh_environment(tmp_path: Path) -> None:
    """Build the wheel and install it, as `pip install '.[local]'` does, then paste what follows."""
    uv = [sys.executable, "-m", "uv"]
    wheels, fresh = tmp_path / "wheels", tmp_path / "fresh"
    # By way of an archive of the sources: what an earlier build left beside them is not in it.
    subprocess.run([*uv, "build", "-q", "-o", wheels, ROOT], check=True, timeout=600)
    subprocess.run([*uv, "venv", "-q", "-p", sys.executable, fresh], check=True, timeout=60)
    assert "pip install '.[local]'\n" in page_text(PAGE)
    [wheel] = wheels.glob("*.whl")
    install = [*uv, "pip", "install", "-q", "-p", fresh / "bin" / "python", f"{wheel}[local]"]
    subprocess.run(install, check=True, timeout=600)
    said = write_script(tmp_path)
    lines = [
        line
        for each in examples(PAGE, "bash")
        for line in each.text.splitlines()
        if line.startswith("civis") and line != "civis local start"  # which stays until it is ended
    ]
    ended = subprocess.run(
        ["bash", "-e"],
        input="\n".join(lines),
        cwd=tmp_path,
        env=clean_environment(tmp_path, fresh / "bin"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert "All of it came back as it went in" in ended.stdout
    assert ended.stdout.endswith(said)
