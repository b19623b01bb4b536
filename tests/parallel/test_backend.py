"""joblib's calls in containers of a platform: results, bounds, errors, nested use."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import signal
import time
import uuid
from math import sqrt
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed

from civis.base import CivisJobFailure
from civis.parallel import (
    JobSubmissionError,
    RemoteCallError,
    RemoteTraceback,
    make_backend_factory,
    register,
)


@pytest.fixture(autouse=True)
def backend(client):
    return register(client=client, polling_interval=0.05)


def run(*calls, n_jobs=2, **settings):
    with joblib.parallel_config(backend="civis"):
        return Parallel(n_jobs=n_jobs, **settings)(calls)


def leave(folder, number):
    Path(folder, f"{number}-{uuid.uuid4().hex}").touch()
    return number


def fail(text):
    raise ValueError(text)


def test_what_joblib_shows_in_its_manual(record):
    with joblib.parallel_config(backend="civis"):
        roots = Parallel(n_jobs=5)(delayed(sqrt)(i**2) for i in range(100))
    assert roots == [float(i) for i in range(100)]
    assert record.most_at_once() <= 5
    assert set(record.states()) == {"succeeded"}
    assert len(record.runs()) < 50


def test_never_more_containers_than_jobs_whatever_is_dispatched(record):
    assert run(*(delayed(time.sleep)(0.05) for _ in range(9)), n_jobs=3, pre_dispatch="all", batch_size=1)
    assert record.most_at_once() == 3


def test_each_call_is_made_once(effects):
    folder, listed = effects
    assert run(*(delayed(leave)(folder, i) for i in range(30)), n_jobs=3) == list(range(30))
    assert sorted(map(int, listed())) == list(range(30))


@pytest.mark.parametrize("kind", ["generator", "generator_unordered"])
def test_results_as_they_come(kind):
    found = run(*(delayed(sqrt)(i**2) for i in range(6)), return_as=kind)
    assert sorted(found) == [0, 1, 2, 3, 4, 5]


def test_a_generator_that_nobody_reads_to_its_end_cancels_the_rest(record):
    found = run(
        delayed(sqrt)(4), *(delayed(time.sleep)(60) for _ in range(3)), return_as="generator", batch_size=1
    )
    assert next(found) == 2
    with pytest.warns(UserWarning, match="cancelled"):
        found.close()
    assert set(record.states()) == {"succeeded", "cancelled"}


def test_a_managed_parallel_object_is_used_again():
    with joblib.parallel_config(backend="civis"), Parallel(n_jobs=2) as parallel:
        for _ in range(2):
            assert parallel(delayed(sqrt)(i**2) for i in range(4)) == [0, 1, 2, 3]


def test_one_job_needs_no_container(record):
    assert run(delayed(sqrt)(4), n_jobs=1) == [2]
    assert record.runs() == []


@pytest.mark.parametrize(
    ("n_jobs", "most"), [(-1, 50), (-2, 49), (-60, 1), (7, 7), (None, 1)], ids=lambda value: str(value)
)
def test_numbers_of_jobs(backend, n_jobs, most):
    assert backend().effective_n_jobs(n_jobs) == most


def test_no_jobs_are_refused(backend):
    with pytest.raises(ValueError, match="n_jobs == 0"):
        backend().effective_n_jobs(0)


class TestErrors:
    def test_the_exception_of_a_call_is_raised_with_its_traceback_and_the_rest_is_cancelled(self, record):
        calls = [delayed(fail)("no such luck"), *(delayed(time.sleep)(60) for _ in range(5))]
        with pytest.raises(ValueError, match="no such luck") as caught:
            run(*calls, n_jobs=3, batch_size=1)
        assert isinstance(caught.value.__cause__, RemoteTraceback)
        assert "in fail" in str(caught.value.__cause__)
        assert sorted(set(record.states())) == ["cancelled", "failed"]
        assert len(record.runs()) <= 4

    def test_an_exception_whose_class_is_not_here(self):
        def fail_there():
            import sys
            import types

            module = types.ModuleType("only_there")
            exec("class OnlyThereError(Exception): pass", module.__dict__)
            sys.modules["only_there"] = module
            raise module.OnlyThereError("a word")

        with pytest.raises(RemoteCallError, match=r"only_there.OnlyThereError: a word") as caught:
            run(delayed(fail_there)(), delayed(sqrt)(4))
        assert "Traceback" in str(caught.value)
        assert caught.value.job_id

    def test_a_result_whose_class_is_not_here(self):
        def give():
            import sys
            import types

            module = types.ModuleType("only_there")
            exec("class Thing: pass", module.__dict__)
            sys.modules["only_there"] = module
            return module.Thing()

        with pytest.raises(RemoteCallError, match="cannot be unpickled here"):
            run(delayed(give)(), delayed(sqrt)(4))

    def test_a_result_that_cannot_be_pickled(self):
        def give():
            import threading

            return threading.Lock()

        with pytest.raises(TypeError, match="pickle"):
            run(delayed(give)(), delayed(sqrt)(4))

    def test_an_exit_in_a_call_does_not_end_the_caller(self):
        def leave():
            raise SystemExit(3)

        with pytest.raises(RemoteCallError, match="SystemExit: 3"):
            run(delayed(leave)(), delayed(sqrt)(4))

    def test_a_killed_worker(self, record):
        def die():
            print("the last words", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        with pytest.raises(CivisJobFailure, match="the last words") as caught:
            run(delayed(die)(), *(delayed(time.sleep)(60) for _ in range(2)), batch_size=1)
        assert "without a result" in str(caught.value)
        assert "running" not in record.states()

    def test_time_is_up(self, record):
        with pytest.raises(multiprocessing.TimeoutError):  # joblib's
            run(*(delayed(time.sleep)(60) for _ in range(3)), timeout=0.5)
        assert set(record.states()) == {"cancelled"}

    def test_a_container_that_cannot_be_made(self, client):
        joblib.register_parallel_backend("civis", make_backend_factory(client=client, required_resources={}))
        with pytest.raises(JobSubmissionError, match="1 of 1 attempts"):
            run(delayed(sqrt)(4), delayed(sqrt)(4))


class TestRetries:
    def test_a_killed_worker_is_replaced(self, client, effects):
        folder, listed = effects
        register(client=client, polling_interval=0.05, max_job_retries=1)

        def die_once(number):
            path = Path(folder, f"died-{number}")
            if number == 1 and not path.exists():
                path.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return leave(folder, number)

        assert run(*(delayed(die_once)(i) for i in range(4)), batch_size=1) == [0, 1, 2, 3]
        assert listed() == ["0", "1", "2", "3", "died"]

    def test_a_call_that_fails_is_tried_so_often(self, client, effects):
        folder, listed = effects
        register(client=client, polling_interval=0.05, max_job_retries=2)

        def fail_always():
            leave(folder, 1)
            raise ValueError("again")

        with pytest.raises(ValueError, match="again"):
            run(delayed(fail_always)(), delayed(sqrt)(4), batch_size=1)
        assert listed() == ["1"] * 3


class TestNested:
    def test_sequential_by_default(self):
        def inner():
            import joblib

            return type(joblib.parallel.get_active_backend()[0]).__name__

        assert run(delayed(inner)(), delayed(inner)()) == ["SequentialBackend"] * 2

    def test_another_backend_by_its_name(self, client):
        register(client=client, polling_interval=0.05, remote_backend="threading")

        def inner():
            from joblib import Parallel, delayed

            parallel = Parallel(n_jobs=2)
            return type(parallel._backend).__name__, parallel(delayed(abs)(-i) for i in range(3))

        assert run(delayed(inner)(), delayed(inner)()) == [("ThreadingBackend", [0, 1, 2])] * 2

    def test_containers_from_containers(self, client, record):
        register(client=client, polling_interval=0.05, remote_backend="civis", max_workers=4)

        def inner(number):
            from joblib import Parallel, delayed

            return sum(Parallel(n_jobs=2)(delayed(pow)(number, i) for i in range(3)))

        # Four containers at most: two outer ones, and one further for each of these.
        assert run(delayed(inner)(2), delayed(inner)(3), batch_size=1) == [7, 13]
        assert record.most_at_once() <= 4


class TestInputs:
    def test_large_shared_inputs_travel_once(self, client, platform):
        data = np.arange(600_000, dtype=float)
        before = size_of_files(platform)
        assert run(*(delayed(np.sum)(data) for _ in range(8)), n_jobs=4, batch_size=1) == [data.sum()] * 8
        assert data.nbytes < size_of_files(platform) - before < 1.2 * data.nbytes

    def test_temporary_files_are_as_good_as_gone_after_success(self, client):
        data = np.zeros(300_000)
        first = client.files.post("marker").id
        run(*(delayed(np.sum)(data) for _ in range(4)), batch_size=1)
        last = client.files.post("marker").id
        left = []
        for file_id in range(first + 1, last):
            try:
                file = client.files.get(file_id)
            except LookupError:
                continue  # another kind of object
            left.append(datetime.datetime.fromisoformat(file.expires_at.replace("Z", "+00:00")))
        assert len(left) >= 5
        assert max(left) < datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)


def size_of_files(platform):
    return sum(path.stat().st_size for path in platform.settings.blobs_dir.rglob("*") if path.is_file())
