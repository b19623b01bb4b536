"""Files over HTTP, on a platform on this machine."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

import civis.futures
import civis.io
from civis._errors import CivisTransferError, EmptyResultError
from civis.local import Platform

LIMIT = 50 * 2**20


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform."""
    with Platform() as running:
        yield running


@pytest.fixture
def client(platform):
    """A client of it."""
    with platform.client() as made:
        yield made


SIZES = {
    "empty": 0,
    "a byte": 1,
    "a part": 5 * 2**20,
    "the limit": LIMIT,
    "above": LIMIT + 1,
    "twice": 2 * LIMIT,
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_there_and_back(client, tmp_path, size):
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    content = os.urandom(2**20)
    with open(source, "wb") as file:
        for begin in range(0, size, len(content)):
            file.write(content[: size - begin])
    sent, received = [], []
    file_id = civis.io.file_to_civis(source, client=client, progress=sent.append)
    assert sum(sent) == size == client.files.get(file_id).file_size
    civis.io.civis_to_file(file_id, target, client=client, progress=received.append)
    assert sum(received) == size
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()


def test_details(client):
    file_id = civis.io.file_to_civis(io.BytesIO(b"x"), "x.txt", None, "what it is", client=client)
    file = client.files.get(file_id)
    assert (file.name, file.description, file.expires_at) == ("x.txt", "what it is", None)


def test_odd_names(client, tmp_path):
    for name in ("a b.csv", "é.csv", "a/b.csv", 'q"uote.csv', "100%.csv", "?x=1#y", "x" * 200):
        file_id = civis.io.file_to_civis(io.BytesIO(b"content"), name, client=client)
        civis.io.civis_to_file(file_id, tmp_path / "x", client=client)
        assert (client.files.get(file_id).name, (tmp_path / "x").read_bytes()) == (name, b"content")


def test_no_such_file(client, tmp_path):
    with pytest.raises(EmptyResultError, match="999999"):
        civis.io.civis_to_file(999999, tmp_path / "x", client=client)
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_upload_was_never_finished(client, tmp_path):
    file_id = client.files.post("x", expires_at=None).id
    with pytest.raises((EmptyResultError, CivisTransferError)):
        civis.io.civis_to_file(file_id, tmp_path / "x", client=client)
    assert list(tmp_path.iterdir()) == []


def test_values(client):
    assert civis.io.file_to_json(civis.io.json_to_file({"é": [1]}, client=client), client=client) == {
        "é": [1]
    }
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["é", None]})
    file_id = civis.io.dataframe_to_file(frame, "f.csv.gz", client=client)
    assert civis.io.file_to_dataframe(file_id, client=client).equals(frame)


def test_outputs_of_a_run(client):
    script = client.scripts.post_sql(
        name="x",
        remote_host_id=client.databases.list()[0].id,
        credential_id=client.default_database_credential_id,
        sql="select 1 as a",
    )
    run = client.scripts.post_sql_runs(script.id)
    future = civis.futures.CivisFuture(client.scripts.get_sql_runs, (script.id, run.id))
    output = future.outputs()[0]
    found = civis.io.file_id_from_run_output(output.name, script.id, run.id, client=client)
    assert found == output.object_id
    with pytest.raises(FileNotFoundError, match="Did you mean"):
        civis.io.file_id_from_run_output(output.name + "x", script.id, run.id, client=client)
    with pytest.raises(OSError, match="no job"):
        civis.io.file_id_from_run_output(output.name, script.id, 999999, client=client)
