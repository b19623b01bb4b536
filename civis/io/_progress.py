"""Bars for transfers: made only when asked for, and only where somebody can see them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from civis._http import Progress


@contextmanager
def show_progress(
    progress: bool | Progress | None, total: int | None, label: str
) -> Iterator[Progress | None]:
    """Turn a user's `progress=` into what transfers call.

    True is a bar where there is a terminal or a notebook and tqdm is installed, else
    nothing; a callable is called with the number of further bytes; None and False are nothing.
    """
    if progress is None or isinstance(progress, bool):
        with _bar(total, label) if progress else _nothing() as update:
            yield update
    elif callable(progress):
        yield progress
    else:
        raise TypeError(
            f"progress must be True, None or a callable that takes a number of bytes, not {progress!r}"
        )


@contextmanager
def _nothing() -> Iterator[None]:
    """Show nothing."""
    yield None


@contextmanager
def _bar(total: int | None, label: str) -> Iterator[Progress | None]:
    """Show a bar, if there is a terminal or a notebook to show it on."""
    if not (_is_notebook() or sys.stderr.isatty()):
        yield None
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415 - optional
    except ImportError:
        yield None
        return

    class Bar(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
        """A bar without the thread that tqdm leaves running, which redraws bars that nobody moves."""

        monitor_interval = 0

    # A notebook shows what comes on standard error as if something was wrong.
    stream = sys.stdout if _is_notebook() else sys.stderr
    with Bar(total=total, desc=label, unit="B", unit_scale=True, unit_divisor=1024, file=stream) as bar:
        yield bar.update


def _is_notebook() -> bool:
    """Whether the program is a notebook's kernel; that has loaded IPython already, nothing else does."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
