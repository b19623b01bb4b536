"""Predictions shared among jobs: the rows of one job, each once, whatever the files hold."""

from __future__ import annotations

import io
from concurrent.futures import CancelledError, TimeoutError
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

import civis
from civis.client import APIClient
from civis.local.civisml.settings import Arguments
from civis.local.civisml.shares import Shares, finish_shares, start_shares
from civis.ml import ModelPipeline

PARTS = (7, 5, 0, 0, 1, 9)  # rows of each file; three jobs take two each
TYPES = {"id": "bigint", "name": "varchar(20)"}


@pytest.fixture(scope="module")
def people(cancer: pd.DataFrame) -> pd.DataFrame:
    """Rows with gaps, with keys that no float can hold, and with names that CSV has to quote."""
    frame = cancer[["mean radius", "mean texture", "id", "target"]].head(sum(PARTS) * 3).copy()
    frame["id"] = (frame["id"] + (1 << 53) + 1).astype("Int64")
    frame["name"] = [f'a "{number}",\nb' for number in range(len(frame))]
    frame.loc[frame.index[::4], "mean texture"] = None
    return frame


@pytest.fixture(scope="module")
def model(client: APIClient, people: pd.DataFrame) -> ModelPipeline:
    """A model that takes a moment."""
    few = {"n_estimators": 4, "random_state": 1}
    made = ModelPipeline(
        "random_forest_classifier", "target", "id", few, excluded_columns=["name"], client=client
    )
    made.train(people, validation_data="skip").result()
    return made


def _manifest(client: APIClient, people: pd.DataFrame, form: str) -> int:
    """Store the rows in small files, some of them without rows, and one key missing."""
    entries, start = [], 0
    rows = people.head(sum(PARTS)).copy()
    rows.loc[rows.index[3], "id"] = pd.NA
    for size in PARTS:
        part, content = rows[start : start + size], io.BytesIO()
        if form == "csv":
            content.write(part.to_csv(index=False, header=False).encode())
        else:
            schema = pa.Schema.from_pandas(rows, preserve_index=False)
            pa_parquet.write_table(pa.Table.from_pandas(part, schema, preserve_index=False), content)
        content.seek(0)
        entries.append({"id": civis.io.file_to_civis(content, f"part.{form}", client=client)})
        start += size
    described = {"header": list(rows.columns), "delimiter": ",", "entries": entries, "types": TYPES}
    return int(civis.io.json_to_file(described, client=client))


def _predicted(model: ModelPipeline, manifest: int, n_jobs: int, key: str | None) -> tuple[list[str], Any]:
    """Predict into files and a table; give the lines of the files, and the table's rows in an order."""
    table = f"public.by_{n_jobs}_{key or 'place'}"
    predicted = model.predict(
        manifest=manifest,
        n_jobs=n_jobs,
        primary_key=key,
        output_table=table,
        database_name="local",
        if_exists="drop",
    )
    info = predicted.metadata
    assert len(info["jobs"]) == n_jobs - 1
    assert info["data"]["n_rows"] == sum(PARTS)
    texts = []
    for each in info["output_file_ids"]:
        found = civis.io.file_to_dataframe(each, compression="gzip", dtype=str, client=predicted.client)
        texts += ["|".join(row) for row in found.fillna("").itertuples(index=False)]
    sql = f"SELECT * FROM {table} ORDER BY 1 NULLS LAST, 2"
    return texts, civis.io.read_civis_sql(sql, "local", client=predicted.client)


@pytest.mark.parametrize(("form", "key"), [("csv", None), ("parquet", "id")])
def test_several_jobs_give_the_rows_of_one(
    model: ModelPipeline, client: APIClient, people: pd.DataFrame, form: str, key: str | None
) -> None:
    manifest = _manifest(client, people, form)
    alone, its_table = _predicted(model, manifest, 1, key)
    shared, their_table = _predicted(model, manifest, 3, key)
    assert shared == alone
    assert their_table == its_table  # texts that show the columns' types, too: 1 or 1.0
    keys = [each.split("|")[0] for each in shared]
    wanted = list(range(sum(PARTS))) if key is None else list(people[key].head(sum(PARTS)))
    if key == "id":
        wanted[3] = ""
    assert keys == [str(each) for each in wanted]
    assert {row[0] for row in their_table[1:]} == set(keys)
    scores = [each.split("|")[2] for each in alone]
    assert len(set(scores)) > 2


class _Job:
    """A future whose job goes through states, one at each look."""

    job_id, run_id = 5, 6

    def __init__(self, *states: str) -> None:
        self._states = list(states)
        self.state = "running"  # as every future says before it has asked
        self.cancels = 0

    def exception(self, timeout: float) -> BaseException | None:
        """Go on to the next state."""
        assert timeout > 0
        self.state = self._states.pop(0)
        if self.state == "cancelled":
            raise CancelledError
        if self.state == "succeeded":
            return None
        raise TimeoutError

    def cancel(self) -> bool:
        """Cancel only at the next look, as a platform that is busy does."""
        self.cancels += 1
        self._states = ["cancelled"]
        return False


@pytest.mark.parametrize(
    ("word", "states", "cancels", "is_done_here"),
    [
        ("begins at once", ["running", "succeeded"], 0, False),
        ("was not known to be queued", ["queued", "succeeded"], 1, True),
        ("somebody cancels it", ["running", "cancelled"], 0, True),
    ],
)
def test_no_job_is_waited_for_that_cannot_begin(
    word: str, states: list[str], cancels: int, is_done_here: bool
) -> None:
    job, shares = _Job(*states), Shares()
    told: list[str] = []
    shares.jobs.append((job, {"entries": []}))
    access = SimpleNamespace(run_outputs=lambda *_: {"model_info.json": 1}, read_json=lambda _: {"by": "job"})
    work: Any = SimpleNamespace(access=access, tell=told.append)
    found = finish_shares(work, shares, lambda part, name: {"by": name})
    assert found == [{"by": "predictions_2.csv" if is_done_here else "job"}], word
    assert (job.cancels, len(told)) == (cancels, int(is_done_here)), word


def test_where_one_job_cannot_be_started_none_goes_on() -> None:
    started: list[_Job] = []

    def start(job_id: int, name: str, arguments: dict[str, Any], hidden: bool) -> _Job:
        if "part 3" in name:
            raise ConnectionError(name)
        started.append(_Job("running"))
        return started[-1]

    access = SimpleNamespace(upload_json=lambda *_: 7, start_like=start)
    work: Any = SimpleNamespace(access=access, arguments=Arguments({}), tell=lambda _: None)
    with pytest.raises(ConnectionError, match="part 3 of 4"):
        start_shares(work, [{"entries": [{"id": number}]} for number in range(3)])
    assert [each.cancels for each in started] == [1, 1]
