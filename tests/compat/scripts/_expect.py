"""What the scripts beside this file share; plain Python, run by the public client's environment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Seconds between two questions about a run; the public client's own interval begins at one second.
OFTEN = 0.2


@contextmanager
def raises(kind: type[BaseException], *words: str) -> Iterator[None]:
    """Expect an error whose text has some words."""
    text = None
    try:
        yield
    except kind as error:
        text = str(error)
    assert text is not None, f"no {kind.__name__} was raised"
    missing = [word for word in words if word not in text]
    assert not missing, f"{missing} not in {text!r}"


def until(ask: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as it should be."""
    for _ in range(200):
        answer = ask()
        if is_so(answer):
            return answer
        time.sleep(OFTEN)
    raise AssertionError(f"it does not come: {answer}")


def worker_setup() -> str:
    """Give the shell command that puts this environment's programs first, as a container's image would."""
    import sys

    return f"export PATH={Path(sys.executable).parent}:$PATH PYTHONPATH="
