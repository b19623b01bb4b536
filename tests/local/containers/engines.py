"""Programs for containers, for tests: a stand-in, and Docker and Podman where they can run a container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

STAND_IN = Path(__file__).with_name("stand_in.py")
_SECONDS = 120


@dataclass(frozen=True)
class Engine:
    """A program that can be asked for containers.

    Parameters
    ----------
    kind : str
        What the platform is told.
    image : str
        An image that is there, with `sh` and little else.
    folder : Path
        Where it keeps what it has.
    is_real : bool
    """

    kind: str
    image: str
    folder: Path
    is_real: bool

    def containers(self, owner: str | None = None) -> list[str]:
        """List the containers of platforms, or of one."""
        label = "label=civis.local.platform" + (f"={owner}" if owner else "")
        answer = subprocess.run(
            [self.kind, "ps", "--all", "--quiet", "--filter", label],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
        return answer.stdout.split()


def put_stand_in(folder: Path, environment: pytest.MonkeyPatch, kind: str = "docker") -> Engine:
    """Put the stand-in on the PATH."""
    program = folder / "bin" / kind
    program.parent.mkdir(parents=True)
    program.write_text(f"#!{sys.executable} -IS\n{STAND_IN.read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    (folder / "containers").mkdir()
    environment.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    environment.setenv("DOCKER_STAND_IN", str(folder))
    return Engine(kind, "here:1", folder, is_real=False)


@contextmanager
def real_engine(kind: str, folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Make an image for Docker or Podman; skip where that cannot run it."""
    if shutil.which(kind) is None or shutil.which("busybox") is None:
        pytest.skip(f"there is no {kind}, or no busybox to make an image of")
    root = _image_file(folder)
    image = f"civis-local-tests-{os.getpid()}:1"  # Docker's are for all that run tests at the same time
    settings = [None] if kind == "docker" else ["", 'runtime = "runc"\ncgroup_manager = "cgroupfs"\n']
    why = ""
    for each in settings:
        if each is not None:
            _set_podman_up(folder, environment, each)
        for command in (["import", str(root), image], _run(image)):
            done = subprocess.run([kind, *command], capture_output=True, text=True, timeout=_SECONDS)
            why = done.stderr
            if done.returncode:
                break
        else:
            break
    else:
        pytest.skip(f"{kind} cannot run a container here: {why.strip()[-300:]}")
    try:
        yield Engine(kind, image, folder, is_real=True)
    finally:
        subprocess.run([kind, "rmi", "--force", image], capture_output=True, timeout=_SECONDS)


def _run(image: str) -> list[str]:
    """Give the arguments that run something in an image, as the platform will."""
    return ["run", "--rm", "--init", "--network=host", "--memory=64m", image, "true"]


def _image_file(folder: Path) -> Path:
    """Make the files of an image: busybox under all its names."""
    source = Path(str(shutil.which("busybox"))).resolve()
    names = subprocess.check_output([source, "--list"], text=True, timeout=_SECONDS).split()
    path = folder / "image.tar"
    with tarfile.open(path, "w") as file:
        file.add(source, "bin/busybox")
        for name in names:
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                file.addfile(link)
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        file.addfile(tmp)
    return path


def _set_podman_up(folder: Path, environment: pytest.MonkeyPatch, engine: str) -> None:
    """Give Podman a place of its own for images and containers, and limits that every account may set."""
    (folder / "containers.conf").write_text(
        f'[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
        f'[engine]\nevents_logger = "none"\n{engine}'
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    environment.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
    environment.setenv("CONTAINERS_STORAGE_CONF", str(folder / "storage.conf"))
