"""Downloads: whole or not at all, and the files of a run."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from civis._errors import CivisForbiddenError, CivisNotFoundError, CivisTransferError, EmptyResultError
from civis.io._files import civis_to_file, file_id_from_run_output

CONTENT = bytes(range(256)) * 5000


def answer(status: int) -> SimpleNamespace:
    return SimpleNamespace(status_code=status, headers={}, content=b"")


class TestToAPath:
    @pytest.mark.parametrize("kind", [str, lambda path: path], ids=["text", "Path"])
    def test_the_same_bytes(self, storage, client, tmp_path, kind):
        civis_to_file(storage.add(CONTENT), kind(tmp_path / "x"), client=client)
        assert (tmp_path / "x").read_bytes() == CONTENT

    def test_an_empty_file(self, storage, client, tmp_path):
        civis_to_file(storage.add(b""), tmp_path / "x", client=client)
        assert (tmp_path / "x").read_bytes() == b""

    @pytest.mark.parametrize("trouble", ["refused", "no file", "expired"])
    def test_what_was_there_stays_when_it_fails(self, storage, client, tmp_path, trouble):
        file_id = storage.add(CONTENT)
        (tmp_path / "x").write_bytes(b"good")
        if trouble == "refused":
            storage.refused.add("/f0")
        elif trouble == "expired":
            storage.files[file_id].file_url = None
        with pytest.raises(CivisTransferError if trouble == "refused" else EmptyResultError):
            civis_to_file(99 if trouble == "no file" else file_id, tmp_path / "x", client=client)
        assert (tmp_path / "x").read_bytes() == b"good"
        assert [path.name for path in tmp_path.iterdir()] == ["x"]

    def test_a_callable_is_told_further_bytes(self, storage, client, tmp_path):
        told = []
        civis_to_file(storage.add(CONTENT), tmp_path / "x", client=client, progress=told.append)
        assert sum(told) == len(CONTENT)


class TestToAHandle:
    def test_the_same_bytes(self, storage, client):
        handle = io.BytesIO()
        civis_to_file(storage.add(CONTENT), handle, client=client)
        assert handle.getvalue() == CONTENT

    def test_unbuffered(self, storage, client, tmp_path):
        with open(tmp_path / "x", "wb", buffering=0) as handle:
            civis_to_file(storage.add(CONTENT), handle, client=client)
        assert (tmp_path / "x").read_bytes() == CONTENT

    def test_what_was_written_before_stays_when_it_fails(self, storage, client):
        handle = io.BytesIO()
        handle.write(b"before")
        file_id = storage.add(CONTENT)
        storage.refused.add("/f0")
        with pytest.raises(CivisTransferError) as caught:
            civis_to_file(file_id, handle, client=client)
        assert handle.getvalue() == b"before"
        assert "s3cr3t" not in str(caught.value)

    @pytest.mark.parametrize("handle", [io.StringIO(), 3, None], ids=["text", "a number", "nothing"])
    def test_what_takes_no_bytes(self, storage, client, handle):
        with pytest.raises(TypeError):
            civis_to_file(storage.add(b"x"), handle, client=client)


@pytest.fixture
def run(client):
    """A run with eighty outputs, which are more than a page."""
    outputs = [
        SimpleNamespace(object_type="File", name=f"f{number}", object_id=number) for number in range(80)
    ]
    outputs.insert(0, SimpleNamespace(object_type="JSONValue", name="f70", object_id=1000))
    outputs.append(SimpleNamespace(object_type="File", name="a/model.pkl", object_id=81))

    def list_runs_outputs(job_id, run_id, **paging):
        if (job_id, run_id) != (3, 7):
            raise CivisNotFoundError(answer(404))
        return iter(outputs if paging.get("iterator") else outputs[:50])

    client.jobs = SimpleNamespace(list_runs_outputs=list_runs_outputs)
    return client


class TestOutputsOfRuns:
    @pytest.mark.parametrize(
        ("name", "regex", "file_id"),
        [
            pytest.param("f70", False, 70, id="on the second page, and a file"),
            pytest.param("a/model.pkl", False, 81, id="as it stands"),
            pytest.param(r"model\.", True, 81, id="by an expression"),
            pytest.param("^f7", True, 7, id="the first of several"),
        ],
    )
    def test_are_found(self, run, name, regex, file_id):
        assert file_id_from_run_output(name, 3, 7, regex, client=run) == file_id

    @pytest.mark.parametrize(
        ("name", "regex"), [("f", False), ("f.", False), ("a/modle.pkl", False), ("^z", True)]
    )
    def test_that_are_not_there(self, run, name, regex):
        with pytest.raises(FileNotFoundError, match="81 output files"):
            file_id_from_run_output(name, 3, 7, regex, client=run)

    def test_near_names_are_told(self, run):
        with pytest.raises(FileNotFoundError, match=r"Did you mean 'a/model\.pkl'"):
            file_id_from_run_output("a/modle.pkl", 3, 7, client=run)

    def test_of_a_run_that_is_not_there(self, run):
        with pytest.raises(OSError, match="no job 3 / run 8"):
            file_id_from_run_output("f7", 3, 8, client=run)

    def test_other_refusals_are_not_hidden(self, client):
        def refuse(*args, **kwargs):
            raise CivisForbiddenError(answer(403))

        client.jobs = SimpleNamespace(list_runs_outputs=refuse)
        with pytest.raises(CivisForbiddenError):
            file_id_from_run_output("f7", 3, 7, client=client)
