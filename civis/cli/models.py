"""``civis models list-trained|show|report|download``: models that CivisML trained, looked at and fetched."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from civis.cli.failures import Failure
from civis.cli.model_jobs import failures_named, predict, require_place, train
from civis.cli.output import select, write
from civis.cli.state import state_of

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.ml import ModelFuture, ModelPipeline

__all__ = ["download", "list_trained", "predict", "report", "show", "train"]

_model_id = click.argument("model_id", metavar="ID", type=int)
_run_id = click.option(
    "--run", "run_id", type=int, metavar="RUN_ID", help="The run of the training; by default the last."
)
_SHOWN_OF_JOBS = ("id", "name", "state", "created_at", "updated_at")


@click.command(name="list-trained")
@click.option(
    "--type",
    "job_type",
    type=click.Choice(("train", "predict", "all")),
    default="train",
    show_default=True,
    help="Which jobs: that train or register, that predict, or all.",
)
@click.option("--author", metavar="ID", help="Whose, or 'all' for everybody's; by default your own.")
@click.pass_context
def list_trained(context: click.Context, job_type: str, author: str | None) -> None:
    """List models that CivisML trained.

    \b
    Examples:
      civis models list-trained
      civis --output table models list-trained --type all --author all
      civis --query '[?state==`"succeeded"`].id' models list-trained
    """  # noqa: D301 - click's mark for lines that stay as they are
    from civis.ml import list_models  # noqa: PLC0415 - help does without

    client = state_of(context).client
    jobs = list_models(
        None if job_type == "all" else job_type,
        **({} if author is None else {"author": None if author == "all" else author}),
        client=client,
    )
    _print(
        context,
        [
            {name: getattr(job, name, None) for name in _SHOWN_OF_JOBS} | {"author": _author(job)}
            for job in jobs
        ],
    )


@click.command()
@_model_id
@_run_id
@click.pass_context
def show(context: click.Context, model_id: int, run_id: int | None) -> None:
    """Show the model ID: how its training ended, what it was trained on, how good it is.

    ID is the job that trained it. Curves and tables of the metrics are in the report.

    \b
    Examples:
      civis models show 3000
      civis --query metrics.roc_auc models show 3000
    """  # noqa: D301 - click's mark for lines that stay as they are
    from civis._states import is_done  # noqa: PLC0415 - help does without

    client = state_of(context).client
    model = _found(client, model_id, run_id)
    training = _training_of(model)
    state = str(client.jobs.get_runs(training.train_job_id, training.train_run_id).state)
    shown: dict[str, Any] = {
        "id": training.train_job_id,
        "run_id": training.train_run_id,
        "name": model.model_name,
        "state": state,
        "model": model.model if isinstance(model.model, str) else None,
        "dependent_variable": model.dependent_variable,
        "primary_key": model.primary_key,
        "parameters": model.parameters,
    }
    if is_done(state):
        shown |= _outcome(training)
    _print(context, shown)


@click.command()
@_model_id
@click.option(
    "-o", "--output-file", "path", metavar="PATH", default="-", help="The page; standard output by default."
)
@_run_id
@click.pass_context
def report(context: click.Context, model_id: int, path: str, run_id: int | None) -> None:
    """Write an HTML page about how good the model ID is.

    It waits until the training has ended.

    \b
    Examples:
      civis models report 3000 -o report.html
    """  # noqa: D301 - click's mark for lines that stay as they are
    if path != "-":
        require_place(Path(path))
    with failures_named():
        page = _found(state_of(context).client, model_id, run_id).report()
    if path == "-":
        sys.stdout.write(page)
        return
    _write_whole(Path(path), page.encode())


@click.command()
@_model_id
@click.option(
    "-o", "--output-file", "path", metavar="PATH", help="Where to; by default estimator.pkl or .skops here."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(("pickle", "skops")),
    default="pickle",
    show_default=True,
    help="skops can be loaded without running code.",
)
@_run_id
@click.pass_context
def download(context: click.Context, model_id: int, path: str | None, kind: str, run_id: int | None) -> None:
    """Download the fitted estimator of the model ID.

    The file is fetched as it is; nothing of it is run. joblib.load(PATH) loads a pickle, which runs the code
    that is in it: do so with models of people you trust.

    \b
    Examples:
      civis models download 3000 -o estimator.pkl
      civis models download 3000 --format skops
    """  # noqa: D301 - click's mark for lines that stay as they are
    from civis.io import civis_to_file  # noqa: PLC0415 - help does without

    client = state_of(context).client
    name = "estimator.pkl" if kind == "pickle" else "estimator.skops"
    target = path or name
    require_place(Path(target))
    training = _training_of(_found(client, model_id, run_id))
    with failures_named():
        training.result()
    outputs = {each.name: int(each.object_id) for each in training.outputs() if each.object_type == "File"}
    if name not in outputs:
        raise Failure(f"the training left no {name}; it has {', '.join(sorted(outputs)) or 'no output'}")
    civis_to_file(outputs[name], target, client=client)
    click.echo(f"wrote {target}", err=True)


def _found(client: APIClient, model_id: int, run_id: int | None) -> ModelPipeline:
    """Find a model that was trained."""
    from civis.ml import ModelPipeline  # noqa: PLC0415 - help does without

    return ModelPipeline.from_existing(model_id, "latest" if run_id is None else run_id, client)


def _training_of(model: ModelPipeline) -> ModelFuture:
    """Give the training of a model that was found, which always has one."""
    assert model.train_result_ is not None
    return model.train_result_


def _outcome(training: ModelFuture) -> dict[str, Any]:
    """Tell how a training ended: with an error, or with data, metrics and warnings."""
    error = training.exception()
    if error is not None:
        return {"error": str(error).partition("\n")[0]}
    info = training.metadata
    return {
        "data": {name: info["data"].get(name) for name in ("n_rows", "n_columns", "type", "classes")},
        "feature_selection": info["model"].get("feature_selection"),
        "search": info["model"].get("search"),
        "metrics": _plain_metrics(training.metrics),
        "warnings": info["warnings"],
    }


def _plain_metrics(metrics: Any) -> Any:
    """Give the metrics that are numbers, of several targets for each; without curves and tables."""
    if not isinstance(metrics, dict):
        return metrics if isinstance(metrics, (int, float, str)) else None
    found = {name: _plain_metrics(value) for name, value in metrics.items() if "curve" not in name}
    return {name: value for name, value in found.items() if value not in (None, {})}


def _author(job: Any) -> str | None:
    """Name who made a job."""
    author = job.json_data.get("author") or {}
    return author.get("username")


def _print(context: click.Context, value: Any) -> None:
    """Write a value in the form, and the part of it, that was asked for."""
    state = state_of(context)
    if state.query is not None:
        value = select(value, state.query)
    write(value, state.output)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file at one blow."""
    incoming = path.with_name(f".{path.name}.incoming")
    try:
        incoming.write_bytes(content)
        os.replace(incoming, path)
    finally:
        incoming.unlink(missing_ok=True)
    click.echo(f"wrote {path}", err=True)
