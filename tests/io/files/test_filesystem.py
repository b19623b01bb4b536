"""Files as a filesystem: found by ID, project and run; read by ranges, by every library that knows fsspec."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec")

import fsspec

import civis.futures
import civis.io
from civis.client import APIClient
from civis.io._filesystem import CivisFileSystem
from civis.local import Platform
from tests.io.faults import faulty

CONTENT = random.Random(5).randbytes(3_000_000)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[APIClient]:
    with platform.client() as made:
        yield made


@pytest.fixture(scope="module")
def file_id(client: APIClient) -> int:
    return civis.io.file_to_civis(io.BytesIO(CONTENT), "data.bin", client=client)


@pytest.fixture(scope="module")
def project_id(client: APIClient, file_id: int) -> int:
    """A project with two files, of which one replaces an older one of its name."""
    project = client.projects.post(name="p", description="d").id
    for number in (civis.io.file_to_civis(io.BytesIO(b"old"), "data.bin", client=client), file_id):
        client.files.put_projects(number, project)
    client.files.put_projects(
        civis.io.file_to_civis(io.BytesIO(b"a,b\n1,2\n"), "t.csv", client=client), project
    )
    # The newest of a name is the one with the highest ID.
    newest = civis.io.file_to_civis(io.BytesIO(CONTENT), "data.bin", client=client)
    client.files.put_projects(newest, project)
    return int(project)


@pytest.fixture(scope="module")
def run(client: APIClient, file_id: int) -> tuple[int, int]:
    """A run of a job, with an output file."""
    script = client.scripts.post_sql(
        name="x",
        remote_host_id=client.databases.list()[0].id,
        credential_id=client.default_database_credential_id,
        sql="select 1 as a",
    )
    made = client.scripts.post_sql_runs(script.id)
    civis.futures.CivisFuture(client.scripts.get_sql_runs, (script.id, made.id)).result()
    return script.id, made.id


@pytest.fixture
def files(client: APIClient) -> CivisFileSystem:
    return CivisFileSystem(client=client)


@pytest.fixture
def _registered(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol known to fsspec, as by the installed package, and the platform in the environment."""
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    fsspec.register_implementation("civis", CivisFileSystem, clobber=True)


class TestReading:
    def test_whole_and_ranges(self, files: CivisFileSystem, file_id: int) -> None:
        path = f"civis://file/{file_id}"
        assert files.cat_file(path) == CONTENT
        assert files.cat(path) == CONTENT
        assert files.cat_file(path, 10, 20) == CONTENT[10:20]
        assert files.cat_file(path, -10) == CONTENT[-10:]
        assert files.cat_file(path, 5, -5) == CONTENT[5:-5]
        assert files.head(path, 7) == CONTENT[:7]
        assert files.tail(path, 7) == CONTENT[-7:]

    def test_seeking(self, files: CivisFileSystem, file_id: int) -> None:
        chance = random.Random(1)
        with files.open(f"file/{file_id}", block_size=10_000) as file:
            for _ in range(30):
                place, size = chance.randrange(len(CONTENT) + 100), chance.randrange(50_000)
                file.seek(place)
                assert file.read(size) == CONTENT[place : place + size]

    def test_text_and_lines(self, files: CivisFileSystem, project_id: int) -> None:
        with files.open(f"project/{project_id}/t.csv", "r") as file:
            assert file.readlines() == ["a,b\n", "1,2\n"]

    def test_nothing(self, files: CivisFileSystem, client: APIClient) -> None:
        empty = civis.io.file_to_civis(io.BytesIO(b""), "empty", client=client)
        assert files.cat_file(f"file/{empty}") == b""
        with files.open(f"file/{empty}") as file:
            assert file.read() == b""

    def test_only_what_is_asked_for_is_moved(self, platform: Platform, file_id: int) -> None:
        with faulty(platform.url) as proxy, platform.client(endpoint=proxy.url + "/") as client:
            files = CivisFileSystem(client=client)
            assert files.cat_file(f"file/{file_id}", 1000, 2000) == CONTENT[1000:2000]
            assert proxy.sent == 1000

    def test_an_expired_address_and_a_drop(self, platform: Platform, file_id: int) -> None:
        with faulty(platform.url) as proxy, platform.client(endpoint=proxy.url + "/") as client:
            with CivisFileSystem(client=client).open(f"file/{file_id}", block_size=1000) as file:
                proxy.faults = ["", "expired", "drop"]
                for place in (0, 10_000, 2_000_000):
                    file.seek(place)
                    assert file.read(100) == CONTENT[place : place + 100]
            assert proxy.met[1:] == ["expired", "drop"]

    def test_to_a_file_here(self, files: CivisFileSystem, file_id: int, tmp_path: Path) -> None:
        files.get(f"file/{file_id}", str(tmp_path / "here"))
        assert (tmp_path / "here").read_bytes() == CONTENT


class TestNames:
    def test_info(self, files: CivisFileSystem, file_id: int) -> None:
        for path in (f"civis://file/{file_id}", f"file/{file_id}", f"civis://file/{file_id}/x.parquet"):
            info = files.info(path)
            assert (info["id"], info["size"], info["type"]) == (file_id, len(CONTENT), "file")
        assert files.size(f"file/{file_id}") == len(CONTENT)
        assert files.exists(f"file/{file_id}")
        assert files.modified(f"file/{file_id}") == files.created(f"file/{file_id}")
        assert files.created(f"file/{file_id}").tzinfo is not None

    def test_of_a_project(self, files: CivisFileSystem, project_id: int) -> None:
        names = [f"project/{project_id}/data.bin", f"project/{project_id}/t.csv"]
        assert sorted(files.ls(f"civis://project/{project_id}")) == names
        assert files.glob(f"civis://project/{project_id}/*.csv") == names[1:]
        assert files.cat_file(names[0]) == CONTENT

    def test_of_a_run(self, files: CivisFileSystem, run: tuple[int, int]) -> None:
        [name] = files.ls(f"run/{run[0]}/{run[1]}")
        assert name.startswith(f"run/{run[0]}/{run[1]}/")
        assert files.isfile(name)
        assert len(files.cat_file(name)) == files.size(name)

    def test_folders(self, files: CivisFileSystem) -> None:
        assert files.ls("civis://") == ["file", "project", "run"]
        for folder in ("", "file", "project", "project/1", "run/1/2"):
            assert files.isdir(folder)
        assert files.ls("file") == []

    @pytest.mark.parametrize(
        ("path", "says"),
        [
            pytest.param("file/999999", "no file 999999", id="no such ID"),
            pytest.param("file/x", "names no file", id="no number"),
            pytest.param("other/3", "names no file", id="no such kind"),
            pytest.param("project/999999/x", "no project 999999", id="no such project"),
            pytest.param("project/{project}/t.cvs", "Did you mean 't.csv'", id="near"),
            pytest.param("run/{job}/{run}/x", "no output|has no such|is 'x'", id="no such output"),
        ],
    )
    def test_that_are_not_there(
        self, files: CivisFileSystem, project_id: int, run: tuple[int, int], path: str, says: str
    ) -> None:
        path = path.format(project=project_id, job=run[0], run=run[1])
        assert not files.exists(path)
        with pytest.raises(FileNotFoundError, match=says):
            files.open(path)

    @pytest.mark.parametrize("mode", ["wb", "ab", "w"])
    def test_nothing_is_written(self, files: CivisFileSystem, file_id: int, mode: str) -> None:
        with pytest.raises(io.UnsupportedOperation, match="file_to_civis"):
            files.open(f"file/{file_id}", mode)


@pytest.fixture(scope="module")
def parquet(client: APIClient) -> int:
    """A table of 20 columns, each with its own part of the file."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    chance = random.Random(4)
    table = pa.table({f"c{number}": [chance.random() for _ in range(40_000)] for number in range(20)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return civis.io.file_to_civis(buffer, "t.parquet", client=client)


@pytest.mark.usefixtures("_registered")
class TestLibraries:
    """What reads by a URL reads ours."""

    def test_pandas(self, parquet: int, project_id: int) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.read_parquet(f"civis://file/{parquet}", columns=["c3"])
        assert frame.shape == (40_000, 1)
        assert pandas.read_csv(f"civis://project/{project_id}/t.csv").to_dict("list") == {"a": [1], "b": [2]}

    def test_polars(self, parquet: int, project_id: int) -> None:
        polars = pytest.importorskip("polars")
        with fsspec.open(f"civis://file/{parquet}") as file:
            assert polars.read_parquet(file, columns=["c3"]).shape == (40_000, 1)
        with fsspec.open(f"civis://project/{project_id}/t.csv") as file:
            assert polars.read_csv(file).shape == (1, 2)

    def test_pyarrow(self, files: CivisFileSystem, parquet: int) -> None:
        dataset = pytest.importorskip("pyarrow.dataset")
        found = dataset.dataset(f"file/{parquet}", filesystem=files, format="parquet")
        assert found.to_table(columns=["c1"]).shape == (40_000, 1)

    def test_duckdb(self, files: CivisFileSystem, parquet: int) -> None:
        duckdb = pytest.importorskip("duckdb")
        with duckdb.connect() as connection:
            connection.register_filesystem(files)
            query = f"select count(*), count(c2) from read_parquet('civis://file/{parquet}')"
            assert connection.sql(query).fetchall() == [(40_000, 40_000)]

    def test_one_column_moves_its_own_bytes(self, platform: Platform, parquet: int) -> None:
        pq = pytest.importorskip("pyarrow.parquet")
        with faulty(platform.url) as proxy, platform.client(endpoint=proxy.url + "/") as client:
            files = CivisFileSystem(client=client)
            size = files.size(f"file/{parquet}")
            with files.open(f"file/{parquet}", block_size=10_000) as file:
                assert pq.read_table(file, columns=["c3"]).num_rows == 40_000
            assert proxy.sent < 0.1 * size


def test_a_filesystem_travels_to_other_processes(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, file_id: int
) -> None:
    import pickle

    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    packed = pickle.dumps(CivisFileSystem())
    assert platform.api_key.encode() not in packed
    other: Any = pickle.loads(packed)
    assert other.size(f"file/{file_id}") == len(CONTENT)
    other.client.close()


def test_the_installed_package_names_its_protocol() -> None:
    found = {each.name: each for each in entry_points(group="fsspec.specs")}
    if "civis" not in found:
        pytest.skip("this installation is older than the protocol")
    assert found["civis"].load() is CivisFileSystem
