"""Models to be trained: their settings, the jobs that train them, and those that predict by them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis.ml._choices import (
    TRAINING_KEY,
    TrainingKey,
    names_of,
    require_choice,
    require_model,
    run_id_of,
)
from civis.ml._errors import ModelError
from civis.ml._existing import settings_of, start_registration
from civis.ml._future import ModelFuture
from civis.ml._jobs import Settings, start_job
from civis.ml._sources import Source, database_argument, joined, upload_pickle

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["ModelPipeline"]

_CALIBRATIONS = (None, "sigmoid", "isotonic")
_IF_EXISTS = ("fail", "append", "drop", "truncate")
_VALIDATIONS = ("train", "skip")


class ModelPipeline:
    """A model, to be trained and used on the platform.

    Parameters
    ----------
    model : str or estimator
        The name of a pre-defined model, such as ``"sparse_logistic"``, or an estimator of scikit-learn's
        interface.
    dependent_variable : str or list of str
        The columns to predict.
    primary_key : str, optional
        The column that names rows; scores are indexed by it.
    parameters : dict, optional
        For the final estimator of a pre-defined model.
    cross_validation_parameters : dict or "hyperband", optional
        A grid to search: for each parameter a list of values.
    model_name : str, optional
        What the jobs' names begin with.
    calibration : {None, "sigmoid", "isotonic"}
        How probabilities are calibrated.
    excluded_columns : list of str, optional
        Columns that are not learned from.
    client : civis.APIClient, optional
        By default one made from the environment.
    cpu_requested : int, optional
        Thousandths (1024ths) of a processor for training.
    memory_requested : int, optional
        MiB of memory for training.
    disk_requested : float, optional
        GB of disk space for training.
    notifications : dict, optional
        As ``client.scripts.post_custom`` takes them.
    dependencies : list of str, optional
        Packages that the model needs, as pip takes them.
    git_token_name : str, optional
        The name of the credential whose password opens private repositories.
    verbose : bool, optional
        Whether logs are detailed and the jobs that predict parts are shown in lists.
    etl : estimator, optional
        A transformer in place of the default one.
    civisml_version : str, optional
        Such as ``"v2.3"``; by default the one in production.

    Raises
    ------
    ValueError
        If a setting is none of those that there are.

    Examples
    --------
    >>> model = ModelPipeline("sparse_logistic", "likes_cats", primary_key="id")  # doctest: +SKIP
    >>> train = model.train(table_name="public.people", database_name="local")  # doctest: +SKIP
    >>> train.metrics["roc_auc"]  # doctest: +SKIP
    0.884
    """

    def __init__(
        self,
        model: Any,
        dependent_variable: str | Sequence[str],
        primary_key: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        cross_validation_parameters: Mapping[str, Sequence[Any]] | str | None = None,
        model_name: str | None = None,
        calibration: str | None = None,
        excluded_columns: Sequence[str] | None = None,
        client: APIClient | None = None,
        cpu_requested: int | None = None,
        memory_requested: int | None = None,
        disk_requested: float | None = None,
        notifications: Mapping[str, Any] | None = None,
        dependencies: Sequence[str] | None = None,
        git_token_name: str | None = None,
        verbose: bool = False,
        etl: Any = None,
        civisml_version: str | None = None,
    ) -> None:
        if calibration not in _CALIBRATIONS:
            raise ValueError(f"calibration must be one of {_CALIBRATIONS}, not {calibration!r}")
        if isinstance(cross_validation_parameters, str) and cross_validation_parameters != "hyperband":
            raise ValueError(
                f'cross_validation_parameters is a dict or "hyperband", not {cross_validation_parameters!r}'
            )
        self.model = model
        self.dependent_variable = names_of(dependent_variable)
        self.primary_key = primary_key
        self.parameters = dict(parameters or {})
        self.cv_params = cross_validation_parameters or {}
        self.model_name = model_name
        self.calibration = calibration
        self.excluded_columns = list(excluded_columns or [])
        self.job_resources = {
            "REQUIRED_CPU": cpu_requested,
            "REQUIRED_MEMORY": memory_requested,
            "REQUIRED_DISK_SPACE": disk_requested,
        }
        self.notifications = dict(notifications or {})
        self.dependencies = list(dependencies or [])
        self.git_token_name = git_token_name
        self.verbose = verbose
        self.etl = etl
        self.civisml_version = civisml_version
        self.train_result_: ModelFuture | None = None
        self._client = client or make_client()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without the client; a new one is made from the environment."""
        return {name: value for name, value in self.__dict__.items() if name != "_client"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._client = make_client()

    def train(
        self,
        df: Any = None,
        csv_path: str | os.PathLike[str] | None = None,
        table_name: str | None = None,
        database_name: str | int | None = None,
        file_id: int | None = None,
        sql_where: str | None = None,
        sql_limit: int | None = None,
        oos_scores: str | None = None,
        oos_scores_db: str | int | None = None,
        if_exists: str = "fail",
        fit_params: Mapping[str, str] | None = None,
        polling_interval: float | None = None,
        validation_data: str = "train",
        n_jobs: int | None = None,
    ) -> ModelFuture:
        """Start a job that trains and validates the model.

        Parameters
        ----------
        df : pandas.DataFrame or polars.DataFrame, optional
            The data; the index is not part of it.
        csv_path : str or os.PathLike, optional
            A CSV on this machine.
        table_name : str, optional
            A table, with `database_name`.
        database_name : str or int, optional
        file_id : int, optional
            A file on the platform: CSV, Feather or Parquet.
        sql_where : str, optional
            The condition of a WHERE clause, for a table.
        sql_limit : int, optional
            The most rows of a table.
        oos_scores : str, optional
            A table for out-of-sample scores.
        oos_scores_db : str or int, optional
            Its database, by default that of the data.
        if_exists : {"fail", "append", "drop", "truncate"}
            What becomes of rows that are in that table.
        fit_params : dict, optional
            Parameters of the model's `fit`, and the columns with their values, such as
            ``{"sample_weight": "weight"}``.
        polling_interval : float, optional
            Seconds between polls.
        validation_data : {"train", "skip"}
            Whether to validate, on folds of the training data.
        n_jobs : int, optional
            How many models are trained at once.

        Returns
        -------
        ModelFuture

        Raises
        ------
        ValueError
            If there is no data, or data from two places, or a setting is none.
        TypeError
            If a frame has several levels.
        ModelError
            If no pre-defined model has the name; before anything is sent, unless `civisml_version` is set.
        """
        source = Source(df, csv_path, table_name, database_name, file_id, None, sql_where, sql_limit)
        require_choice("if_exists", if_exists, _IF_EXISTS)
        require_choice("validation_data", validation_data, _VALIDATIONS)
        if isinstance(self.model, str) and self.civisml_version is None:  # a version may have further ones
            require_model(self.model)
        arguments = self._training_arguments() | {
            "IF_EXISTS": if_exists,
            "VALIDATION_DATA": validation_data,
            "FIT_PARAMS": json.dumps(dict(fit_params)) if fit_params else None,
            "N_JOBS": None if n_jobs is None else str(n_jobs),
            "OOSTABLE": oos_scores,
        }
        scores_db = oos_scores_db if oos_scores_db is not None else database_name
        if oos_scores is not None:
            if scores_db is None:
                raise ValueError(f"oos_scores={oos_scores!r} needs oos_scores_db, as the data is no table")
            arguments["OOSDB"] = database_argument(self._client, scores_db)
        future = self._start(
            "training", "Train", arguments | source.arguments(self._client), polling_interval
        )
        self.train_result_ = future
        return future

    def predict(
        self,
        df: Any = None,
        csv_path: str | os.PathLike[str] | None = None,
        table_name: str | None = None,
        database_name: str | int | None = None,
        manifest: int | None = None,
        file_id: int | None = None,
        sql_where: str | None = None,
        sql_limit: int | None = None,
        primary_key: str | TrainingKey | None = TRAINING_KEY,
        output_table: str | None = None,
        output_db: str | int | None = None,
        if_exists: str = "fail",
        n_jobs: int | None = None,
        polling_interval: float | None = None,
        cpu: int | None = None,
        memory: int | None = None,
        disk_space: float | None = None,
        dvs_to_predict: str | Sequence[str] | None = None,
    ) -> ModelFuture:
        """Start a job that predicts by the trained model.

        Parameters
        ----------
        df, csv_path, table_name, database_name, file_id, sql_where, sql_limit
            The data, as of :meth:`train`.
        manifest : int, optional
            A file that lists the files of the data, as ``civis.io.civis_to_multifile_csv`` makes it.
        primary_key : str, optional
            The column that names rows; by default the training's, None for none.
        output_table : str, optional
            A table for the predictions.
        output_db : str or int, optional
            Its database, by default that of the data.
        if_exists : {"fail", "append", "drop", "truncate"}
            What becomes of rows that are in that table.
        n_jobs : int, optional
            How many jobs predict parts of the data at once.
        polling_interval : float, optional
            Seconds between polls.
        cpu, memory, disk_space : optional
            For each job.
        dvs_to_predict : str or list of str, optional
            Of several dependent variables those to predict.

        Returns
        -------
        ModelFuture

        Raises
        ------
        civis.ml.ModelError
            If the model was not trained.
        ValueError
            If there is no data, or data from two places, or a setting is none.
        """
        if self.train_result_ is None:
            raise ModelError("the model was not trained yet; call train() first, or from_existing()")
        source = Source(df, csv_path, table_name, database_name, file_id, manifest, sql_where, sql_limit)
        require_choice("if_exists", if_exists, _IF_EXISTS)
        wanted = names_of(dvs_to_predict)
        for name in wanted:
            require_choice("dvs_to_predict", name, self.dependent_variable)
        train = self.train_result_
        train.result()
        arguments = {
            "TRAIN_JOB": str(train.train_job_id),
            "TRAIN_RUN": str(train.train_run_id),
            "PRIMARY_KEY": self.primary_key if isinstance(primary_key, TrainingKey) else primary_key,
            "IF_EXISTS": if_exists,
            "N_JOBS": None if n_jobs is None else str(n_jobs),
            "CPU": None if cpu is None else str(cpu),
            "MEMORY": None if memory is None else str(memory),
            "DISK_SPACE": None if disk_space is None else str(disk_space),
            "DVS_TO_PREDICT": joined(wanted) if wanted else None,
            "OUTPUT_TABLE": output_table,
        }
        scores_db = output_db if output_db is not None else database_name
        if output_table is not None:
            if scores_db is None:
                raise ValueError(f"output_table={output_table!r} needs output_db, as the data is no table")
            arguments["OUTPUT_DB"] = database_argument(self._client, scores_db)  # type: ignore[assignment]  # a dict
        arguments |= source.arguments(self._client)
        return self._start("prediction", "Predict", arguments, polling_interval, train)

    @classmethod
    def from_existing(
        cls, train_job_id: int, train_run_id: int | str = "latest", client: APIClient | None = None
    ) -> ModelPipeline:
        """Give a model that was trained before.

        Parameters
        ----------
        train_job_id : int
            The job that trained it.
        train_run_id : int or {"latest", "active"}
            Its run: the last one, or the one that the job calls active.
        client : civis.APIClient, optional
            By default one made from the environment.

        Returns
        -------
        ModelPipeline

        Raises
        ------
        ValueError
            If the job never ran, or is no training.

        Examples
        --------
        >>> model = ModelPipeline.from_existing(3000)  # doctest: +SKIP
        """
        client = client or make_client()
        job = client.scripts.get_custom(int(train_job_id))
        arguments = dict(job.arguments)
        if not (arguments.get("MODEL") or arguments.get("MODEL_FILE_ID")):
            raise ValueError(f"job {train_job_id} is no CivisML training: it has no argument MODEL")
        future = ModelFuture(
            int(train_job_id), run_id_of(client, train_job_id, train_run_id, arguments), client=client
        )
        model = cls(**settings_of(str(job.name), arguments), client=client)
        model._git_credential = arguments.get("GIT_CRED") or None
        future._mark_seen()  # who only looks up a training need not ask how it ends
        model.train_result_ = future
        return model

    @classmethod
    def register_pretrained_model(
        cls,
        model: Any,
        dependent_variable: str | Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        primary_key: str | None = None,
        model_name: str | None = None,
        dependencies: Sequence[str] | None = None,
        git_token_name: str | None = None,
        skip_model_check: bool = False,
        verbose: bool = False,
        client: APIClient | None = None,
        civisml_version: str | None = None,
    ) -> ModelPipeline:
        """Give a model that was trained elsewhere, once a job has checked it; this waits for the job.

        Parameters
        ----------
        model : estimator, str or int
            A fitted estimator, the path of a pickle, or the ID of a file with one.
        dependent_variable : str or list of str, optional
            What it predicts.
        features : list of str, optional
            The columns that it takes; by default the names that it was fitted with.
        primary_key, model_name, dependencies, git_token_name, verbose, client, civisml_version
            As of the class.
        skip_model_check : bool, default False
            Whether to believe that it can predict.

        Returns
        -------
        ModelPipeline

        Raises
        ------
        civis.ml.ModelError
            If the model cannot predict.
        """
        client = client or make_client()
        settings = Settings(
            model_name, verbose, list(dependencies or []), git_token_name, civisml_version=civisml_version
        )
        job_id, run_id = start_registration(
            client, model, dependent_variable, features, primary_key, settings, skips_check=skip_model_check
        )
        future = ModelFuture(job_id, run_id, client=client)
        future.result()
        return cls.from_existing(job_id, run_id, client)

    @property
    def estimator(self) -> Any:
        """The fitted pipeline; see :attr:`ModelFuture.estimator`."""
        if self.train_result_ is None:
            raise ModelError("the model was not trained yet; call train() first")
        return self.train_result_.estimator

    @property
    def state(self) -> str:
        """The state of the training's run."""
        if self.train_result_ is None:
            raise ModelError("the model was not trained yet; call train() first")
        return self.train_result_.state

    def report(self) -> str:
        """Give an HTML page about how good the model is.

        Returns
        -------
        str

        Raises
        ------
        civis.ml.ModelError
            If the model was not trained, or not validated.

        Examples
        --------
        >>> pathlib.Path("report.html").write_text(model.report())  # doctest: +SKIP
        """
        from civis.ml._report import report_html  # noqa: PLC0415 - it needs matplotlib

        train = self.train_result_
        if train is None:
            raise ModelError("the model was not trained yet; call train() first")
        if train.metrics is None:
            raise ModelError("the model was not validated, so there is nothing to report")
        assert train.validation_metadata is not None
        return report_html(train.training_metadata, train.validation_metadata)

    # Starting jobs

    _git_credential: Any = None

    def _training_arguments(self) -> dict[str, Any]:
        """Give the arguments that describe the model; an estimator of the user's own is uploaded."""
        client = self._client
        model = (
            self.model if isinstance(self.model, str) else str(upload_pickle(self.model, "model.pkl", client))
        )
        space = self.cv_params
        return {
            "MODEL": model,
            "TARGET_COLUMN": joined(self.dependent_variable),
            "PRIMARY_KEY": self.primary_key,
            "PARAMS": json.dumps(self.parameters),
            "CVPARAMS": space if isinstance(space, str) else json.dumps(dict(space)),
            "CALIBRATION": self.calibration,
            "EXCLUDE_COLS": joined(self.excluded_columns) if self.excluded_columns else None,
            "ETL": None if self.etl is None else str(upload_pickle(self.etl, "etl.pkl", client)),
        }

    def _start(
        self,
        job: str,
        title: str,
        arguments: Mapping[str, Any],
        polling_interval: float | None,
        train: ModelFuture | None = None,
    ) -> ModelFuture:
        """Start a job, and give its future."""
        settings = Settings(
            self.model_name,
            self.verbose,
            self.dependencies,
            self.git_token_name,
            self._git_credential,
            self.notifications,
            self.job_resources,
            self.civisml_version,
        )
        job_id, run_id = start_job(self._client, job, title, settings, arguments)
        train_job_id, train_run_id = (
            (None, None) if train is None else (train.train_job_id, train.train_run_id)
        )
        return ModelFuture(job_id, run_id, train_job_id, train_run_id, polling_interval, self._client)
