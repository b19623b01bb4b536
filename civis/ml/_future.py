"""The future of a modelling job: its outputs, fetched when they are read, not unpickled unless asked for."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from civis._errors import CivisJobFailure
from civis.futures import CustomScriptFuture
from civis.io import civis_to_file
from civis.ml._errors import ModelError
from civis.ml._loading import load_pickled, load_safely

if TYPE_CHECKING:
    import pandas as pd

    from civis.client import APIClient

__all__ = ["ModelFuture"]

_MODEL_INFO, _METRICS = "model_info.json", "metrics.json"
_PICKLE, _SAFE = "estimator.pkl", "estimator.skops"


class ModelFuture(CustomScriptFuture):
    """The result of a modelling job.

    Outputs are fetched when they are first read, and waited for. Making a future reads nothing of the run.

    Parameters
    ----------
    job_id, run_id : int
        The IDs of the job and of its run.
    train_job_id, train_run_id : int, optional
        Those of the training, if this is a prediction.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds.
    client : civis.APIClient, optional
        By default one made from the environment.
    poll_on_creation : bool, optional
        Poll soon after creation (the default).

    Examples
    --------
    >>> future = ModelFuture(3000, 3001)  # doctest: +SKIP
    >>> future.metrics["roc_auc"]  # doctest: +SKIP
    0.884
    """

    def __init__(
        self,
        job_id: int,
        run_id: int,
        train_job_id: int | None = None,
        train_run_id: int | None = None,
        polling_interval: float | None = None,
        client: APIClient | None = None,
        poll_on_creation: bool = True,
    ) -> None:
        super().__init__(
            job_id,
            run_id,
            polling_interval=polling_interval,
            client=client,
            poll_on_creation=poll_on_creation,
        )
        if (train_job_id is None) != (train_run_id is None):
            raise ValueError("train_job_id and train_run_id go together: those of a prediction's training")
        self._is_training = train_job_id is None
        self.train_job_id = int(job_id) if train_job_id is None else int(train_job_id)
        self.train_run_id = int(run_id) if train_run_id is None else int(train_run_id)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as IDs."""
        job_id, run_id = self._poller_args
        return partial(
            type(self),
            job_id,
            run_id,
            None if self._is_training else self.train_job_id,
            None if self._is_training else self.train_run_id,
            polling_interval=self._interval,
            client=self._client,
            poll_on_creation=self._poll_on_creation,
        ), ()

    @property
    def is_training(self) -> bool:
        """Whether the job trains or registers a model, rather than predicts by one."""
        return self._is_training

    # What went wrong

    def result(self, timeout: float | None = None, **options: Any) -> Any:
        """Wait for the run, and give it.

        Parameters
        ----------
        timeout : float, optional
            The most seconds to wait.
        **options
            As of other futures: ``progress``, ``cancel_on_interrupt``.

        Raises
        ------
        ModelError
            If the job failed, with its metadata and stack trace.
        """
        try:
            return super().result(timeout, **options)
        except CivisJobFailure as error:
            raise self._as_model_error(error) from error

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the run, and give what :meth:`result` raises, or None."""
        found = super().exception(timeout)
        return self._as_model_error(found) if isinstance(found, CivisJobFailure) else found

    def _as_model_error(self, error: CivisJobFailure) -> ModelError | CivisJobFailure:
        """Give the error of a job that tells what happened to it; of any other, the error that there is."""
        metadata = self._failure_metadata
        run = (metadata or {}).get("run") or {}
        if run.get("status") != "exception":
            return error
        trace = run.get("stack_trace") or ""
        return ModelError(f"{run.get('message') or error}\n{trace}".strip(), None, metadata)

    @cached_property
    def _failure_metadata(self) -> dict[str, Any] | None:
        """Read the metadata of a run that failed; None where it left none."""
        try:
            found = self._read_json(*self._own, _MODEL_INFO)
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    # Metadata

    @property
    def _own(self) -> tuple[int, int]:
        """The IDs of the run itself."""
        job_id, run_id = self._poller_args
        return int(job_id), int(run_id)

    @property
    def _training(self) -> tuple[int, int]:
        """The IDs of the training's run."""
        return self.train_job_id, self.train_run_id

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What the job tells of itself: ``model_info.json``."""
        self.result()
        return dict(self._read_json(*self._own, _MODEL_INFO))

    @cached_property
    def training_metadata(self) -> dict[str, Any]:
        """What the training tells of itself."""
        self.result()
        return dict(self._read_json(*self._training, _MODEL_INFO))

    @property
    def train_metadata(self) -> dict[str, Any]:
        """Older name of `training_metadata`."""
        return self.training_metadata

    @cached_property
    def validation_metadata(self) -> dict[str, Any] | None:
        """What the validation found: ``metrics.json``; None for a model that was registered."""
        self.result()
        try:
            return dict(self._read_json(*self._training, _METRICS))
        except FileNotFoundError:
            return None

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The metrics of the training's validation, None if there was none."""
        found = self.validation_metadata
        return None if found is None else found["metrics"]

    # The model

    @property
    def estimator(self) -> Any:
        """The fitted pipeline, if the training is one's own; see :meth:`load_estimator` for others'.

        Raises
        ------
        ModelError
            If the training is somebody else's, whose pickle could run any code.
        """
        return self.load_estimator()

    def load_estimator(self, trusted: bool | Sequence[str] | None = None) -> Any:
        """Load the fitted pipeline.

        Parameters
        ----------
        trusted : bool or list of str, optional
            True to unpickle it, which can run any code of whoever made it; False to load it by skops, which
            runs none but knows fewer types; a list to have skops load types of these names too, such as
            ``"sklearn.tree._tree.Tree"``. By default one's own are unpickled and others' are refused.

        Returns
        -------
        sklearn.pipeline.Pipeline

        Raises
        ------
        ModelError
            If it is somebody else's and `trusted` was not said, or skops does not know a type of it.
        """
        is_safe = trusted is False or isinstance(trusted, Sequence)
        if "_loaded" in self.__dict__ and not is_safe:
            return self.__dict__["_loaded"]
        self.result()
        if is_safe:
            types = trusted if isinstance(trusted, Sequence) else ()
            return load_safely(self._read(*self._training, _SAFE), types)
        if trusted is None and not self._is_mine():
            raise ModelError(
                f"the training, job {self.train_job_id}, is somebody else's, and to unpickle its model would "
                "run whatever code is in it; use load_estimator(trusted=False) for the safe way, or "
                "load_estimator(trusted=True) if you trust its author"
            )
        self.__dict__["_loaded"] = loaded = load_pickled(self._read(*self._training, _PICKLE))
        return loaded

    def _is_mine(self) -> bool:
        """Tell whether the training is the user's own."""
        author = self.client.jobs.get(self.train_job_id).author
        return author is not None and author.id == self.client.users.get_me().id

    # Tables

    @property
    def table_fname(self) -> str:
        """The name of the output with scores."""
        return "predictions.csv"

    @cached_property
    def table(self) -> pd.DataFrame | None:
        """The scores as a frame, by the primary key: of a training, those out of sample; None without them.

        Of a prediction that was shared among jobs, those of the first one.
        """
        import pandas  # noqa: PLC0415 - an optional package

        self.result()
        outputs = self._outputs_of(*self._own)
        name = next((each for each in (self.table_fname, f"{self.table_fname}.gz") if each in outputs), None)
        if name is None:
            return None
        return pandas.read_csv(io.BytesIO(self._read(*self._own, name)), index_col=0, compression="gzip")

    @property
    def train_data_fname(self) -> str:
        """The name of the output with the training data."""
        return "train_data.csv"

    @cached_property
    def train_data(self) -> pd.DataFrame | None:
        """The data that the model was trained on, where that was a file; None if it was a table."""
        import pandas  # noqa: PLC0415 - an optional package

        file_id = self.training_metadata["run"]["configuration"]["data"].get("file_id")
        if not file_id:
            return None
        buffer = io.BytesIO()
        civis_to_file(int(file_id), buffer, client=self.client)
        buffer.seek(0)
        if buffer.getvalue()[:6] == b"ARROW1":
            return pandas.read_feather(buffer)
        return pandas.read_csv(buffer)

    def plot(self, target: str | None = None) -> Any:
        """Draw how good the model is, as a figure of matplotlib.

        Parameters
        ----------
        target : str, optional
            Of several targets the one to show; by default the first.

        Returns
        -------
        matplotlib.figure.Figure
            ROC curve, calibration, deciles, histogram of scores, confusion matrix.

        Raises
        ------
        ModelError
            If the model was not validated.
        """
        from civis.ml._plots import draw_metrics  # noqa: PLC0415 - it needs matplotlib

        if self.metrics is None:
            raise ModelError("the model was not validated, so there is nothing to draw")
        return draw_metrics(self.metrics, self.training_metadata["data"]["target_columns"], target)

    # Reading

    def _outputs_of(self, job_id: int, run_id: int) -> dict[str, int]:
        """Give the IDs of a run's output files, by their names."""
        found = self.client.jobs.list_runs_outputs(job_id, run_id, iterator=True)
        return {each.name: int(each.object_id) for each in found if each.object_type == "File"}

    def _read(self, job_id: int, run_id: int, name: str) -> bytes:
        """Read an output of a run."""
        outputs = self._outputs_of(job_id, run_id)
        if name not in outputs:
            raise FileNotFoundError(
                f"run {run_id} of job {job_id} has no output {name!r}; it has {sorted(outputs)}"
            )
        buffer = io.BytesIO()
        civis_to_file(outputs[name], buffer, client=self.client)
        return buffer.getvalue()

    def _read_json(self, job_id: int, run_id: int, name: str) -> Any:
        """Read an output of a run that is JSON."""
        return json.loads(self._read(job_id, run_id, name))
