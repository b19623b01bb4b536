"""The kernels of a notebook's server: where they find its packages, and whether they have been at work."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

__all__ = ["kernel_activity", "kernel_variables"]

_SECONDS = 5.0


def kernel_variables(packages: Path, folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables with which a server's Python kernels find packages.

    Only the kernels find them, where this Python has some: a notebook's requirements must not change what its
    server runs on.

    Parameters
    ----------
    packages : Path
        Where they were installed.
    folder : Path
        In which the kernels are described.
    environment : mapping
        The server's variables; where Python and Jupyter look by them stays, behind what is added.
    """
    path = _in_front(packages, "PYTHONPATH", environment)
    if importlib.util.find_spec("ipykernel") is None:  # the server is of another Python
        return path
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    described = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
        "env": path,
    }
    (kernel / "kernel.json").write_text(json.dumps(described), encoding="utf-8")
    return _in_front(folder, "JUPYTER_PATH", environment)


def _in_front(folder: Path, name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Give a variable that lists folders, with one in front."""
    before = environment.get(name)
    return {name: os.pathsep.join([str(folder), *([before] if before else [])])}


def kernel_activity(port: int, prefix: str, secret: str) -> object:
    """Give something that is another thing when a kernel has been at work; None if the server does not say.

    Parameters
    ----------
    port : int
    prefix : str
        The path below which the server is asked.
    secret : str
        Its password.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    found: object = None
    with suppress(OSError, HTTPException, ValueError):
        try:
            connection.request("GET", f"{prefix}api/kernels", headers={"Authorization": f"token {secret}"})
            found = json.loads(connection.getresponse().read())
        finally:
            connection.close()
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        return None  # another program has taken the port
    if any(each.get("execution_state") == "busy" for each in found):
        return object()  # like nothing before it
    # How many windows are open says nothing of kernels.
    return sorted((str(each.get("id")), str(each.get("last_activity"))) for each in found)
