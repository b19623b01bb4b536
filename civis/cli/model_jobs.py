"""``civis models train|predict``: jobs of CivisML, started and waited for."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from civis.cli.failures import FAILED_JOB, REFUSED, WRONG_USAGE, Failure
from civis.cli.state import state_of

if TYPE_CHECKING:
    from civis.ml import ModelFuture

__all__ = ["failures_named", "predict", "require_place", "train"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_IF_EXISTS = ("fail", "append", "drop", "truncate")
_SOURCE = (
    click.option("--table", metavar="SCHEMA.TABLE", help="The data: a table, with --database."),
    click.option("-d", "--database", metavar="NAME", help="Name or ID of the table's database."),
    click.option(
        "--csv", type=click.Path(exists=True, dir_okay=False), metavar="PATH", help="The data: a CSV here."
    ),
    click.option("--file-id", type=int, metavar="ID", help="The data: a file on the platform."),
    click.option("--where", metavar="SQL", help="Only rows of the table with this condition."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many rows of it."),
)
_if_exists = click.option(
    "--if-exists",
    type=click.Choice(_IF_EXISTS),
    default="fail",
    show_default=True,
    help="What to do if the table for scores is there.",
)
_wait = click.option("--wait", "is_waiting", is_flag=True, help="Wait until the job has ended.")


def _source(command: _Command) -> _Command:
    """Give a command the options that say where the data is."""
    for option in reversed(_SOURCE):
        command = option(command)
    return command


@click.command()
@click.argument("model")
@click.option("--target", multiple=True, required=True, metavar="COLUMN", help="To predict; repeatable.")
@click.option("--primary-key", metavar="COLUMN", help="The column that names rows.")
@_source
@click.option("--name", metavar="NAME", help="What the job's name begins with.")
@click.option("--parameters", metavar="OBJECT", help="Of the algorithm, in JSON or YAML, or @FILE.")
@click.option("--search", metavar="GRID", help="Lists of values for parameters, or 'hyperband'.")
@click.option("--calibration", type=click.Choice(("sigmoid", "isotonic")), help="Of probabilities.")
@click.option("--exclude", multiple=True, metavar="COLUMN", help="Not learned from; repeatable.")
@click.option("--fit-params", metavar="OBJECT", help="Columns for fit, as {sample_weight: COLUMN}.")
@click.option("--dependency", multiple=True, metavar="PACKAGE", help="To install; repeatable.")
@click.option("--git-token-name", metavar="NAME", help="The credential that opens private repositories.")
@click.option("--skip-validation", is_flag=True, help="Train without validating.")
@click.option("--oos-table", metavar="SCHEMA.TABLE", help="A table for out-of-sample scores.")
@click.option("--oos-database", metavar="NAME", help="Its database; by default that of the data.")
@_if_exists
@click.option("--n-jobs", type=click.IntRange(min=1), metavar="N", help="Models trained at once.")
@_wait
@click.pass_context
def train(context: click.Context, /, model: str, is_waiting: bool, **options: Any) -> None:
    """Train MODEL, such as sparse_logistic, and print the ID of the job, which is the model's ID.

    MODEL is a pre-defined model, or the path of a pickled estimator. With --wait the status is 3 when the
    training fails.

    \b
    Examples:
      civis models train sparse_logistic --target likes_cats \\
          --primary-key id --table public.people -d local --wait
      civis models train random_forest_regressor --target price \\
          --csv houses.csv --parameters '{n_estimators: 100}'
    """  # noqa: D301 - click's mark for lines that stay as they are
    from civis.ml import ModelPipeline  # noqa: PLC0415 - help does without

    search = options["search"]
    pipeline = ModelPipeline(
        _estimator(model),
        list(options["target"]),
        options["primary_key"],
        _object(context, "--parameters", options["parameters"]),
        search if search == "hyperband" else _object(context, "--search", search),
        options["name"],
        options["calibration"],
        list(options["exclude"]),
        state_of(context).client,
        dependencies=list(options["dependency"]),
        git_token_name=options["git_token_name"],
    )
    future = pipeline.train(
        **_source_arguments(options),
        oos_scores=options["oos_table"],
        oos_scores_db=options["oos_database"],
        if_exists=options["if_exists"],
        fit_params=_object(context, "--fit-params", options["fit_params"]),
        validation_data="skip" if options["skip_validation"] else "train",
        n_jobs=options["n_jobs"],
    )
    click.echo(future.job_id)
    if is_waiting:
        with failures_named():
            future.result()
        click.echo(f"trained; civis models show {future.job_id} tells how good it is", err=True)


@click.command()
@click.argument("model_id", metavar="ID", type=int)
@_source
@click.option("--manifest", type=int, metavar="ID", help="The data: a file that lists files.")
@click.option("--primary-key", metavar="COLUMN", help="By default the training's; '' for none.")
@click.option("--output-table", metavar="SCHEMA.TABLE", help="A table for the predictions.")
@click.option("--output-database", metavar="NAME", help="Its database; by default that of the data.")
@_if_exists
@click.option("--target", multiple=True, metavar="COLUMN", help="Of several, the ones to predict.")
@click.option("--n-jobs", type=click.IntRange(min=1), metavar="N", help="Jobs that predict at once.")
@click.option("-o", "--output-file", "path", metavar="PATH", help="Wait, and write the predictions: CSV.")
@_wait
@click.pass_context
def predict(
    context: click.Context, /, model_id: int, path: str | None, is_waiting: bool, **options: Any
) -> None:
    """Predict by the model ID, and print the ID of the job that does it.

    ID is the job that trained the model. With --wait or -o the status is 3 when the prediction fails.

    \b
    Examples:
      civis models predict 3000 --table public.people -d local \\
          --output-table public.scores --if-exists drop --wait
      civis models predict 3000 --csv people.csv -o scores.csv
    """  # noqa: D301 - click's mark for lines that stay as they are
    from civis.ml import ModelPipeline  # noqa: PLC0415 - help does without

    if path is not None:
        require_place(Path(path))
    model = ModelPipeline.from_existing(model_id, client=state_of(context).client)
    key = options["primary_key"]
    future = model.predict(
        **_source_arguments(options),
        manifest=options["manifest"],
        **({} if key is None else {"primary_key": key or None}),
        output_table=options["output_table"],
        output_db=options["output_database"],
        if_exists=options["if_exists"],
        n_jobs=options["n_jobs"],
        dvs_to_predict=list(options["target"]) or None,
    )
    click.echo(future.job_id)
    with failures_named():
        if path is not None:
            _write_predictions(future, Path(path))
            click.echo(f"wrote {path}", err=True)
        elif is_waiting:
            future.result()


@contextmanager
def failures_named() -> Iterator[None]:
    """Tell of a failed job in one line, without the stack trace, and with the status of failed jobs."""
    from civis.ml import ModelError  # noqa: PLC0415 - help does without

    try:
        yield
    except ModelError as error:
        status = REFUSED if error.metadata is None else FAILED_JOB
        raise Failure(str(error).partition("\n")[0], status) from error


def require_place(path: Path) -> None:
    """Refuse a path that no file can be written to, before a job runs for what goes there."""
    if path.is_dir():
        raise Failure(f"{path} is a folder: name the file to write", WRONG_USAGE)
    if not path.absolute().parent.is_dir():
        raise Failure(f"{path} cannot be written: there is no folder {path.absolute().parent}", WRONG_USAGE)


def _source_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Give the options about the data as the functions call them."""
    return {
        "table_name": options["table"],
        "database_name": options["database"],
        "csv_path": options["csv"],
        "file_id": options["file_id"],
        "sql_where": options["where"],
        "sql_limit": options["limit"],
    }


def _estimator(model: str) -> Any:
    """Give the name of a pre-defined model, or the estimator in a pickle of the user's own."""
    if not os.path.isfile(model):
        return model
    import joblib  # noqa: PLC0415 - only for estimators of the user's own

    try:
        return joblib.load(model)
    except Exception as error:  # a pickle runs whatever it names
        said = f"{type(error).__name__}: {error}"
        raise Failure(
            f"{model} is no pickled estimator that can be loaded here ({said})", WRONG_USAGE
        ) from error


def _object(context: click.Context, option: str, text: str | None) -> dict[str, Any] | None:
    """Read an object."""
    if text is None:
        return None
    from civis._spec import Schema  # noqa: PLC0415 - only where one is given
    from civis.cli.values import value_of  # noqa: PLC0415 - as above

    try:
        found: dict[str, Any] = value_of(text, Schema({"type": "object"}))
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}", context) from None
    return found


def _write_predictions(future: ModelFuture, path: Path) -> None:
    """Write the predictions of all of a prediction's jobs as one CSV, whole or not at all."""
    from civis.io import civis_to_file  # noqa: PLC0415 - help does without

    files: Sequence[int] = future.metadata["output_file_ids"]
    with tempfile.TemporaryDirectory(prefix=".civis-", dir=path.absolute().parent) as name:
        whole, part = Path(name) / "whole", Path(name) / "part"
        with whole.open("wb") as target:
            for number, file_id in enumerate(files):
                civis_to_file(int(file_id), str(part), client=future.client)
                with gzip.open(part) as source:
                    header = source.readline()
                    if number == 0:
                        target.write(header)
                    shutil.copyfileobj(source, target, 1 << 20)
        os.replace(whole, path)
