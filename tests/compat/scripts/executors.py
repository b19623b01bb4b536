"""`civis.futures`' executors and `civis.parallel`; the jobs run this environment's Python."""

import concurrent.futures
import operator
import os
import warnings

import joblib
from _expect import OFTEN, until, worker_setup

import civis
from civis.base import CivisJobFailure
from civis.futures import CustomScriptExecutor, _ContainerShellExecutor

RESOURCES = {"cpu": 100, "memory": 256}


def shell(client):
    with _ContainerShellExecutor(
        required_resources=RESOURCES, client=client, polling_interval=OFTEN
    ) as executor:
        futures = [executor.submit(f"echo said {n}") for n in range(3)]
        futures.append(executor.submit("exit 2"))
    assert [future.succeeded() for future in futures] == [True, True, True, False]
    assert isinstance(futures[-1].exception(), CivisJobFailure)
    done, waiting = concurrent.futures.wait(futures)
    assert (len(done), len(waiting)) == (4, 0)
    for n, future in enumerate(futures[:3]):
        log = [entry["message"] for entry in civis.utils.job_logs(future.job_id, future.run_id)]
        assert f"said {n}" in log, log
    long = _ContainerShellExecutor(required_resources=RESOURCES, client=client, polling_interval=OFTEN)
    sleeping = [long.submit("sleep 60") for _ in range(2)]
    # The answers say "running, cancel requested"; this client's futures stay with that, the platform goes on.
    long.cancel_all()
    long.shutdown(wait=False)
    for future in sleeping:
        until(lambda: client.jobs.get(future.job_id).state, lambda state: state == "cancelled")  # noqa: B023


def custom(client):
    script = client.scripts.post_containers(
        required_resources=RESOURCES,
        docker_command='test "$SIZE" -lt 3 && echo "size $SIZE"',
        params=[{"name": "SIZE", "type": "integer"}],
        name="sized",
    )
    template = client.templates.post_scripts(script_id=script.id, name="sized")
    with CustomScriptExecutor(
        template.id, client=client, polling_interval=OFTEN, inc_script_names=True
    ) as sized:
        futures = [sized.submit(SIZE=size) for size in (1, 2, 3)]
    ends = [future.succeeded() for future in futures]
    assert ends == [True, True, False], (ends, [future.exception() for future in futures])
    assert futures[0].result().state == "succeeded"
    assert client.scripts.get_custom(futures[1].job_id).arguments["SIZE"] == 2


def parallel(client):
    factory = civis.parallel.make_backend_factory(
        required_resources=RESOURCES,
        client=client,
        polling_interval=OFTEN,
        setup_cmd=worker_setup(),
        max_submit_retries=1,
    )
    joblib.register_parallel_backend("civis", factory)
    with joblib.parallel_backend("civis"):
        products = joblib.Parallel(n_jobs=3)(joblib.delayed(operator.mul)(n, 10) for n in range(4))
        assert products == [0, 10, 20, 30], products
        [process] = joblib.Parallel(n_jobs=2)([joblib.delayed(os.getpid)()])
        assert process != os.getpid()
        # An error in a call is left out: this client fetches it and then waits for ever with today's joblib.


def parallel_by_template(client):
    script = client.scripts.post_containers(
        required_resources=RESOURCES,
        docker_command=f"{worker_setup()}; civis_joblib_worker",
        params=[{"name": "JOBLIB_FUNC_FILE_ID", "type": "integer", "required": True}],
        name="worker",
    )
    template = client.templates.post_scripts(script_id=script.id, name="worker")
    factory = civis.parallel.make_backend_template_factory(
        from_template_id=template.id, client=client, polling_interval=OFTEN
    )
    joblib.register_parallel_backend("civis-template", factory)
    with joblib.parallel_backend("civis-template"):
        sums = joblib.Parallel(n_jobs=2)(joblib.delayed(operator.add)(n, 1) for n in range(2))
    assert sums == [1, 2], sums


def main():
    warnings.simplefilter("ignore")
    client = civis.APIClient()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(topic, client) for topic in (shell, custom)]:
            each.result()
    parallel(client)
    parallel_by_template(client)


if __name__ == "__main__":
    main()
