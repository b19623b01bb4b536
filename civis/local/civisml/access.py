"""What a program does on the platform whose run it is: files in and out, tables, further jobs.

The program is a script's like any user's, so it works through the client; that one is loaded by name, since
the local platform's own code does not depend on it.
"""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from civis._clock import SYSTEM_CLOCK
from civis._states import is_done
from civis.local.civisml.problems import ModelProblem

__all__ = ["SCORE_TYPE", "Access"]

SCORE_TYPE = "double precision"
"""The database's type of scores: what a model gives, to the last digit."""

#: Seconds between looks at jobs: they are on the same machine, and often done in a few.
_INTERVAL = 0.25
#: What is awaited here is looked at when a twentieth of its time so far has gone by: that much is lost.
_FIRST_LOOK, _LOOK_SHARE = 0.02, 0.05
#: Seconds that files still stay which nobody needs any more.
_LAST_SECONDS = 60


class Access:
    """The platform, as a program sees it that is one of its runs."""

    def __init__(self) -> None:
        self._civis = import_module("civis")
        self.client = self._civis.APIClient()

    def download(self, file_id: int, target: Path) -> Path:
        """Bring a file here, and give where it is."""
        self._civis.io.civis_to_file(file_id, str(target), client=self.client)
        return target

    def run_outputs(self, job_id: int, run_id: int) -> dict[str, int]:
        """Give the IDs of a run's output files, by their names."""
        found = self.client.jobs.list_runs_outputs(job_id, run_id, iterator=True)
        return {each.name: int(each.object_id) for each in found if each.object_type == "File"}

    def read_json(self, file_id: int) -> Any:
        """Read a file of JSON."""
        buffer = io.BytesIO()
        self._civis.io.civis_to_file(file_id, buffer, client=self.client)
        return json.loads(buffer.getvalue())

    def read_sql(self, sql: str, database: str | int) -> pd.DataFrame:
        """Read a query's rows whole."""
        frame = self._civis.io.read_civis_sql(sql, database, return_as="pandas", client=self.client)
        assert isinstance(frame, pd.DataFrame)
        return frame

    def export(self, sql: str, database: str | int, file_mb: int) -> dict[str, Any] | None:
        """Export a query's rows to Parquet files on the platform, and give the manifest; None without rows.

        Parameters
        ----------
        sql : str
        database : str or int
        file_mb : int
            About how many megabytes the rows of a file take in memory.
        """
        client, doubled = self.client, sql.replace("'", "''")
        job = client.scripts.post_sql(
            name="CivisML export",
            sql=f"UNLOAD ('{doubled}') TO 'civis://civisml' FORMAT PARQUET MAXFILESIZE {file_mb} MB",
            remote_host_id=client.get_database_id(database),
            credential_id=client.default_database_credential_id,
            hidden=True,
        )
        ids = (job.id, client.scripts.post_sql_runs(job.id).id)
        self._wait(client.scripts.get_sql_runs, ids)
        output = client.scripts.get_sql_runs(*ids).output
        if not output:
            return None
        found: dict[str, Any] = self.read_json(int(output[0].file_id))
        return {**found, "types": self._column_types(found)}

    def _column_types(self, manifest: Mapping[str, Any]) -> dict[str, str]:
        """Give the types of exported columns, in the database's words."""
        found = self.client.files.get(int(manifest["entries"][0]["id"])).detected_info
        return {each.name: each.sql_type for each in found.table_columns} if found else {}

    def discard(self, files: Sequence[int]) -> None:
        """Have files vanish that nobody needs any more."""
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=_LAST_SECONDS)
        for each in files:
            self.client.files.patch(each, expires_at=soon.isoformat(timespec="seconds"))

    def _follow(self, poller: Any, ids: tuple[int, ...]) -> Any:
        """Give the future of a run."""
        return self._civis.futures.CivisFuture(poller, ids, polling_interval=_INTERVAL, client=self.client)

    def _wait(self, poller: Any, ids: tuple[int, ...]) -> None:
        """Wait for a run that may be done in an instant; raises its error if it fails."""
        begin = SYSTEM_CLOCK.monotonic()
        while not is_done(poller(*ids).state):
            passed = SYSTEM_CLOCK.monotonic() - begin
            SYSTEM_CLOCK.sleep(min(_INTERVAL, max(_FIRST_LOOK, passed * _LOOK_SHARE)))
        self._follow(poller, ids).result()

    def upload_json(self, value: Any, name: str) -> int:
        """Store JSON as a file for a while, and give its ID."""
        text = json.dumps(value).encode()
        return int(self._civis.io.file_to_civis(io.BytesIO(text), name, client=self.client))

    def upload(self, path: Path) -> int:
        """Store a file for a while, and give its ID."""
        return int(self._civis.io.file_to_civis(path, client=self.client))

    def put_out(self, path: Path, name: str | None = None) -> int:
        """Store a file for ever as an output of this run, and give its ID."""
        found = self._civis.utils.post_run_output(path=path, name=name or path.name, client=self.client)
        return int(found)

    def require_free(self, database: str | int, table: str) -> None:
        """Refuse a table that exists already, before any work is done for it.

        Raises
        ------
        ModelProblem
        """
        if self._exists(database, table):
            raise ModelProblem(
                f"The table {table} exists; choose if_exists='append', 'truncate' or 'drop', or another name."
            )

    def _exists(self, database: str | int, table: str) -> bool:
        """Tell whether there is a table."""
        schema, name = self._civis.io.split_schema_tablename(table)
        try:
            self.client.databases.get_schemas_tables(self.client.get_database_id(database), schema, name)
        except self._civis.base.CivisAPIError as error:
            if error.status_code != 404:
                raise
            return False
        return True

    def load_parquet(
        self,
        files: Sequence[int],
        database: str | int,
        table: str,
        if_exists: str,
        types: Mapping[str, str],
    ) -> None:
        """Load Parquet files into a table: all of them, or none.

        Parameters
        ----------
        files : sequence of int
        database : str or int
        table : str
        if_exists : str
        types : mapping
            The columns and their types, of which a new table is made.
        """
        columns = [{"name": each, "sql_type": kind} for each, kind in types.items()]
        self._load(files, database, table, if_exists, columns)

    def load_scores(self, file_id: int, database: str | int, table: str, if_exists: str) -> None:
        """Load a gzipped CSV of scores into a table: all of it, or nothing.

        In a new table the first column, the key, has the type of its values; the others are what scores are,
        so that each is the number that the model gave.

        Parameters
        ----------
        file_id : int
        database : str or int
        table : str
        if_exists : str
        """
        columns = None
        if if_exists == "drop" or not self._exists(database, table):
            key, *scores = self._detected_columns(file_id)
            columns = [key, *({**each, "sql_type": SCORE_TYPE} for each in scores)]
        self._load(
            [file_id], database, table, if_exists, columns, column_delimiter="comma", compression="gzip"
        )

    def _detected_columns(self, file_id: int) -> list[dict[str, str]]:
        """Have the platform find the columns of a CSV: their names, and the types of their values."""
        job = self.client.files.post_preprocess_csv(
            file_id,
            in_place=True,
            detect_table_columns=True,
            include_header=True,
            column_delimiter="comma",
            hidden=True,
        )
        run = self.client.jobs.post_runs(job.id)
        self._wait(self.client.jobs.get_runs, (job.id, run.id))
        found = self.client.files.get(file_id).detected_info.table_columns
        return [{"name": each.name, "sql_type": each.sql_type} for each in found]

    def _load(
        self,
        files: Sequence[int],
        database: str | int,
        table: str,
        if_exists: str,
        columns: Sequence[Mapping[str, str]] | None,
        **settings: str,
    ) -> None:
        """Import files into a table, which is made of the columns where there is none."""
        schema, name = self._civis.io.split_schema_tablename(table)
        job = self.client.imports.post_files_csv(
            source={"file_ids": list(files)},
            destination={
                "schema": schema,
                "table": name,
                "remote_host_id": self.client.get_database_id(database),
                "credential_id": self.client.default_database_credential_id,
            },
            first_row_is_header=True,
            name=f"CivisML predictions into {table}",
            existing_table_rows=if_exists,
            table_columns=columns,
            hidden=True,
            **settings,
        )
        run = self.client.jobs.post_runs(job.id)
        self._wait(self.client.jobs.get_runs, (job.id, run.id))

    def start_like(self, job_id: int, name: str, arguments: Mapping[str, Any], hidden: bool) -> Any:
        """Start a job of the same template as another job, and give its future."""
        own = self.client.scripts.get_custom(job_id)
        arguments = {**dict(own.arguments), **arguments}
        job = self.client.scripts.post_custom(
            own.from_template_id, name=name, arguments=arguments, hidden=hidden
        )
        run = self.client.scripts.post_custom_runs(job.id)
        return self._follow(self.client.scripts.get_custom_runs, (job.id, run.id))

    def write_report(
        self, target: Path, info: Mapping[str, Any], metrics: Mapping[str, Any], model: Any
    ) -> None:
        """Write the report to look at.

        Raises
        ------
        ModelProblem
            If matplotlib is not installed.
        """
        try:
            report = import_module("civis.ml").report_html
            target.write_text(report(info, metrics, model), encoding="utf-8")
        except ImportError as error:
            raise ModelProblem(f"There is no report without matplotlib: {error}") from None
