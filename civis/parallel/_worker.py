"""The program that runs in a container: takes calls from a file, runs them, leaves their results in a file.

It starts often and for little, so it loads no more than it needs; joblib only where a call uses it.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import cloudpickle  # type: ignore[import-untyped]  # it ships no types

from civis._env import job_id, run_id
from civis._errors import CivisConnectionError, CivisRateLimitError, CivisServerError, CivisTransferError
from civis.client import APIClient
from civis.parallel import _files
from civis.parallel._api import WORKER_API
from civis.parallel._envelope import CALL_MARK, BrokenEnvelope, digest_of, seal, unpack
from civis.parallel._environment import compare, difference_table
from civis.parallel._nested import nested_backend
from civis.parallel._pickling import PROTOCOL, Item, unpickle_calls

__all__ = ["main"]

USAGE = "usage: civis_joblib_worker [FILE_ID]  (or the environment variable JOBLIB_FUNC_FILE_ID)"
FILE_VARIABLE = "JOBLIB_FUNC_FILE_ID"
#: How often the platform is asked for the calls and given the results, and seconds before the second time.
_ATTEMPTS, _DELAY = 6, 0.1
_PASSING = (CivisConnectionError, CivisRateLimitError, CivisServerError, CivisTransferError)

T = TypeVar("T")


def main(arguments: list[str] | None = None) -> int:
    """Run the calls in a file of the platform, and add a file with their results to the outputs of the run.

    Parameters
    ----------
    arguments : list of str, optional
        The ID of the file; by default what the command line has, and else ``JOBLIB_FUNC_FILE_ID``.

    Returns
    -------
    int
        0 when all calls returned; 1 when one raised, or the versions are other ones than those they were
        pickled with; 2 when there is nothing to run.

    Examples
    --------
    >>> main(["no number"])  # doctest: +SKIP
    2
    """
    given = (sys.argv[1:] if arguments is None else arguments) or [os.environ.get(FILE_VARIABLE, "")]
    job, run = job_id(), run_id()
    if len(given) != 1 or not given[0].isdigit():
        print(USAGE, file=sys.stderr)  # noqa: T201 - this is a program
        return 2
    if not (job and run):
        print("civis_joblib_worker runs in a job of the platform only", file=sys.stderr)  # noqa: T201
        return 2
    with APIClient(local_api_spec=WORKER_API) as client:
        content = _persistently(lambda: _files.load(client, int(given[0])))
        if not content.startswith(CALL_MARK):
            return _run_plain(client, content, int(job), int(run))
        return _run_calls(client, content, int(job), int(run))


def _run_calls(client: APIClient, content: bytes, job: int, run: int) -> int:
    """Run calls and leave their results, sealed."""
    header, sections = unpack(content)
    differences = compare(header["environment"]) if "environment" in header else []
    told: dict[str, Any] = {"calls": [], "differences": differences}
    results: list[bytes] = []
    if differences:
        print(difference_table(differences), file=sys.stderr)  # noqa: T201 - the run's log
    else:
        fetch = _fetcher(client, header["shared"])
        backend = header["backend"] if header["backend"] is not None else sections.pop()
        with nested_backend(backend):
            for section in sections:
                outcome, result = _run_call(section, fetch)
                told["calls"].append(outcome)
                results.append(result)
    name = f"civis-parallel-result-{header['token']}"
    _leave(client, seal(bytes.fromhex(header["key"]), told, results), name, header["kind"], job, run)
    return int(bool(differences) or any(call["state"] != "done" for call in told["calls"]))


def _run_call(section: bytes, fetch: Callable[[str], bytes]) -> tuple[dict[str, Any], bytes]:
    """Run calls that belong together; give what is told of them, and their results or the exception."""
    start = time.perf_counter()
    try:
        items: list[Item] = unpickle_calls(section, fetch)
        results = [function(*args, **kwargs) for function, args, kwargs in items]
        seconds = time.perf_counter() - start
        return {"state": "done", "seconds": seconds}, cloudpickle.dumps(results, protocol=PROTOCOL)
    except BaseException as error:  # SystemExit too: it is the call's end, and the others go on
        seconds = time.perf_counter() - start
        traceback.print_exc()
        return {"state": "raised", "seconds": seconds, **_described(error)}, _pickled(error)


def _described(error: BaseException) -> dict[str, str]:
    """Give an exception as texts, whatever its class does when asked."""
    kind = type(error)
    try:
        message = str(error)
        trace = "".join(traceback.format_exception(error))
    except Exception:
        message = trace = "(it cannot be written as text)"
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return {"type": name, "message": message, "traceback": trace}


def _pickled(error: BaseException) -> bytes:
    """Pickle an exception; nothing where that is not possible, or it cannot be read back even here."""
    try:
        content: bytes = cloudpickle.dumps(error, protocol=PROTOCOL)
        pickle.loads(content)  # noqa: S301 - just made
        return content
    except Exception:
        return b""


def _fetcher(client: APIClient, files: dict[str, int]) -> Callable[[str], bytes]:
    """Give a function that gives a large input by its digest, downloaded once."""
    known: dict[str, bytes] = {}

    def fetch(digest: str) -> bytes:
        if digest not in known:
            content = _persistently(lambda: _files.load(client, files[digest]))
            if digest_of(content) != digest:
                raise BrokenEnvelope(f"the input in file {files[digest]} is not the one that was uploaded")
            known[digest] = content
        return known[digest]

    return fetch


def _run_plain(client: APIClient, content: bytes, job: int, run: int) -> int:
    """Run a pickled callable without arguments, as earlier releases submit it; leave its pickled result."""
    try:
        result = cloudpickle.load(io.BytesIO(content))()
        status = 0
    except Exception as error:
        traceback.print_exc()
        result, status = error, 1
    pickled = cloudpickle.dumps(result, protocol=PROTOCOL)
    _leave(client, pickled, f"civis-parallel-result-{job}-{run}", "containers", job, run)
    return status


def _leave(client: APIClient, content: bytes, name: str, kind: str, job: int, run: int) -> None:
    """Make a file, and add it to the outputs of the run."""
    file_id = _persistently(lambda: _files.save(client, content, name))
    add = getattr(client.scripts, f"post_{kind}_runs_outputs")
    _persistently(lambda: add(job, run, "File", file_id))


def _persistently(ask: Callable[[], T]) -> T:
    """Ask again where the platform or the line failed: a container that came this far is worth that."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return ask()
        except _PASSING as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the run's log
            time.sleep(_DELAY * 2**attempt)
    return ask()


if __name__ == "__main__":
    sys.exit(main())
