"""Container scripts in containers: by the program of Docker or of Podman, as a child process of the platform.

The program, and not the `docker` package: it is what both products have alike, it knows its user's contexts,
logins and mirrors, and as a child process it is logged, cancelled and ended like any other program of a run::

    engine   which program, whether it answers, where its containers reach the platform
    runs     one run in one container: image, files, environment, limits, end
    measuring   what it uses meanwhile
    left     containers that a platform left that was killed
"""

from __future__ import annotations

from civis.local.containers.engine import ENGINES, ContainerEngine, open_engine
from civis.local.containers.left import remove_left
from civis.local.containers.runs import Container, image_reference, run_container

__all__ = [
    "ENGINES",
    "Container",
    "ContainerEngine",
    "image_reference",
    "open_engine",
    "remove_left",
    "run_container",
]
