"""As much of the program `docker` as the platform asks for, with processes for containers.

It keeps a folder a container in `DOCKER_STAND_IN`, and notes there what it was asked. Put on the PATH as
`docker` or `podman`; images are there whose name begins with ``here``, and can be fetched ones with ``hub``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

HOME = Path(os.environ["DOCKER_STAND_IN"])
CONTAINERS = HOME / "containers"


def fail(text: str, code: int = 1) -> int:
    sys.stderr.write(f"{text}\nSee 'docker run --help'.\n")
    return code


def load(name: str) -> dict[str, object]:
    return json.loads((CONTAINERS / name / "made.json").read_text())


def info(arguments: list[str]) -> int:
    if (HOME / "is-down").exists():
        return fail("Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?")
    told = HOME / "info.json"
    print(told.read_text() if told.exists() else json.dumps({"OperatingSystem": "Stand-in", "NCPU": 2}))
    return 0


def image(arguments: list[str]) -> int:
    name = arguments[1]
    is_there = name.startswith("here") or (HOME / "images" / name.replace("/", "_")).exists()
    return 0 if is_there else fail(f"Error: No such image: {name}")


def pull(arguments: list[str]) -> int:
    name = arguments[0]
    if not name.removeprefix("docker.io/").startswith("hub"):
        return fail(f"Error response from daemon: pull access denied for {name}")
    print(f"Pulling {name}", flush=True)
    (HOME / "images").mkdir(exist_ok=True)
    (HOME / "images" / name.removeprefix("docker.io/").replace("/", "_")).touch()
    return 0


def create(arguments: list[str]) -> int:
    made: dict[str, object] = {"labels": {}, "environment": {}, "entrypoint": None}
    environment: dict[str, str] = {}
    while arguments[0].startswith("--"):
        option, _, value = arguments.pop(0).partition("=")
        if option == "--name":
            value = arguments.pop(0)
        if option == "--env-file":
            path = Path(value)
            assert path.stat().st_mode & 0o777 == 0o600
            environment.update(line.split("=", 1) for line in path.read_text().splitlines())
        elif option == "--env":
            environment[value] = os.environ[value]
        elif option == "--label":
            made["labels"] |= dict([value.split("=", 1)])  # type: ignore[operator]
        else:
            made[option.lstrip("-")] = value
    made |= {"environment": environment, "image": arguments[0], "command": arguments[1:]}
    folder = CONTAINERS / str(made["name"])
    (folder / "root").mkdir(parents=True)
    (folder / "made.json").write_text(json.dumps(made))
    print("0123456789ab")
    return 0


def cp(arguments: list[str]) -> int:
    source, target = arguments
    name, _, path = target.partition(":")
    shutil.copytree(source, CONTAINERS / name / "root" / path.lstrip("/"), dirs_exist_ok=True)
    return 0


def start(arguments: list[str]) -> int:
    folder = CONTAINERS / arguments[-1]
    made = load(arguments[-1])
    if not made["entrypoint"]:
        return fail("Error response from daemon: failed to create task: exec: no command", 127)
    process = subprocess.Popen(
        [made["entrypoint"], *made["command"]],  # type: ignore[misc]
        cwd=folder / "root",
        env={"PATH": os.environ["PATH"], **made["environment"]},  # type: ignore[dict-item]
        start_new_session=True,  # containers outlive the program that is attached to them
    )
    (folder / "process").write_text(str(process.pid))
    code = process.wait()
    code = 128 - code if code < 0 else code
    if folder.exists():
        (folder / "code").write_text(str(code))
    return code


def container(arguments: list[str]) -> int:
    folder, part = CONTAINERS / arguments[-1], arguments[2]
    if not folder.exists():
        return fail(f"Error: No such container: {arguments[-1]}")
    if "Labels" in part:
        print(json.dumps(load(arguments[-1])["labels"]))
        return 0
    process = int((folder / "process").read_text() or 0) if (folder / "process").exists() else 0
    if "Pid" in part:
        print(process)
        return 0
    code = int((folder / "code").read_text()) if (folder / "code").exists() else 0
    state = {"Status": "exited" if process else "created", "OOMKilled": (folder / "root/oom").exists()}
    print(json.dumps({**state, "ExitCode": code}))
    return 0


def kill(arguments: list[str]) -> int:
    path = CONTAINERS / arguments[-1] / "process"
    if not path.exists():
        return fail("Error response from daemon: container is not running")
    os.killpg(int(path.read_text()), signal.SIGTERM)
    return 0


def rm(arguments: list[str]) -> int:
    folder = CONTAINERS / arguments[-1]
    if not folder.exists():
        return fail(f"Error: No such container: {arguments[-1]}")
    if (folder / "process").exists():
        with suppress(ProcessLookupError):
            os.killpg(int((folder / "process").read_text()), signal.SIGKILL)
    time.sleep(0.05)
    shutil.rmtree(folder)
    return 0


def ps(arguments: list[str]) -> int:
    _, _, owner = arguments[-1].removeprefix("label=").partition("=")
    for folder in CONTAINERS.glob("*"):
        if not owner or owner in load(folder.name)["labels"].values():  # type: ignore[attr-defined]
            print(folder.name)
    return 0


if __name__ == "__main__":
    with open(HOME / "asked", "a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    sys.exit(globals()[sys.argv[1]](sys.argv[2:]))
