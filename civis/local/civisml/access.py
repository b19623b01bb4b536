"""What a program does on the platform whose run it is: files in and out, tables, further jobs.

The program is a script's like any user's, so it works through the client; that one is loaded by name, since
the local platform's own code does not depend on it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from civis.local.civisml.problems import ModelProblem

__all__ = ["Access"]


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

    def export(self, sql: str, database: str | int, file_mb: int) -> dict[str, Any]:
        """Export a query's rows to files on the platform, and give the manifest."""
        found: dict[str, Any] = self._civis.io.civis_to_multifile_csv(
            sql, database, delimiter=",", max_file_size=file_mb, client=self.client
        )
        return found

    def upload_json(self, value: Any, name: str) -> int:
        """Store JSON as a file for a while, and give its ID."""
        text = json.dumps(value).encode()
        return int(self._civis.io.file_to_civis(io.BytesIO(text), name, client=self.client))

    def put_out(self, path: Path, name: str | None = None) -> int:
        """Store a file for ever as an output of this run, and give its ID."""
        found = self._civis.utils.post_run_output(path=path, name=name or path.name, client=self.client)
        return int(found)

    def load_table(self, files: Sequence[int], database: str | int, table: str, if_exists: str) -> None:
        """Load files into a table: all of them, or none."""
        future = self._civis.io.civis_file_to_table(
            list(files), database, table, existing_table_rows=if_exists, client=self.client
        )
        future.result()

    def start_like(self, job_id: int, name: str, arguments: Mapping[str, Any], hidden: bool) -> Any:
        """Start a job of the same template as another job, and give its future."""
        own = self.client.scripts.get_custom(job_id)
        arguments = {**dict(own.arguments), **arguments}
        job = self.client.scripts.post_custom(
            own.from_template_id, name=name, arguments=arguments, hidden=hidden
        )
        run = self.client.scripts.post_custom_runs(job.id)
        return self._civis.futures.CivisFuture(
            self.client.scripts.get_custom_runs, (job.id, run.id), client=self.client
        )

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
