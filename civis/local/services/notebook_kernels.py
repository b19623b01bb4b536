"""The kernels of a notebook's server: where they find its packages, and whether they have been at work."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

__all__ = ["kernel_activity", "kernel_variables"]

_SECONDS = 5.0


def kernel_variables(packages: Path, folder: Path) -> dict[str, str]:
    """Give the variables with which a server's Python kernels find packages.

    Only the kernels find them, where this Python has some: a notebook's requirements must not change what its
    server runs on.

    Parameters
    ----------
    packages : Path
        Where they were installed.
    folder : Path
        In which the kernels are described.
    """
    before = os.environ.get("PYTHONPATH")
    path = {"PYTHONPATH": os.pathsep.join([str(packages), *([before] if before else [])])}
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
    return {"JUPYTER_PATH": str(folder)}


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
    if not isinstance(found, list):
        return None
    if any(each.get("execution_state") == "busy" for each in found):
        return object()  # like nothing before it
    # How many windows are open says nothing of kernels.
    return sorted((str(each.get("id")), str(each.get("last_activity"))) for each in found)
