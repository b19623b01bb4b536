# ruff: noqa: SIM115 - the handles are what is tested; the test closes them
"""Uploads: the same bytes arrive, whatever they are read from, and nothing is complete that is not."""

from __future__ import annotations

import datetime
import gzip
import io
import os
import tempfile
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import civis.io._file_uploads as file_uploads
from civis._errors import CivisTransferError
from civis.io._file_uploads import MOST_PARTS, SMALLEST_PART, expiry_time, part_size_of
from civis.io._files import file_to_civis

#: Neither ASCII nor UTF-8, with line ends that text handles would change.
CONTENT = b"a,b\r\n\xe9\xff,1\n" * 1000


def _path(folder):
    path = folder / "some.csv"
    path.write_bytes(CONTENT)
    return path


def _written_bytes_io(folder):
    buffer = io.BytesIO()
    buffer.write(CONTENT)
    return buffer


def _unflushed(folder):
    handle = open(folder / "some.csv", "w+b")
    handle.write(CONTENT)
    return handle


def _gzip(mode):
    def make(folder):
        with gzip.open(folder / "some.csv.gz", "wb") as packed:
            packed.write(CONTENT)
        return gzip.open(folder / "some.csv.gz", mode, **({} if "b" in mode else {"encoding": "latin-1"}))

    return make


def _zip_member(folder):
    with zipfile.ZipFile(folder / "some.zip", "w") as archive:
        archive.writestr("some.csv", CONTENT)
    with zipfile.ZipFile(folder / "some.zip") as archive:
        return archive.open("some.csv")


def _pipe(folder):
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "wb") as end:
            end.write(CONTENT)

    threading.Thread(target=write).start()
    return os.fdopen(reading, "rb")


def _descriptor(folder):
    return os.fdopen(os.open(_path(folder), os.O_RDONLY), "rb")


def _temporary(folder):
    handle = tempfile.NamedTemporaryFile(dir=folder)
    handle.write(CONTENT)
    return handle


def _temporary_text(folder):
    handle = tempfile.NamedTemporaryFile("w+", dir=folder, encoding="latin-1", newline="")
    handle.write(CONTENT.decode("latin-1"))
    return handle


def _read_already(folder):
    handle = open(_path(folder), "rb")
    handle.read()
    return handle


SOURCES = {
    "a path": _path,
    "a path as text": lambda folder: str(_path(folder)),
    "BytesIO": lambda folder: io.BytesIO(CONTENT),
    "BytesIO just written": _written_bytes_io,
    "rb": lambda folder: open(_path(folder), "rb"),
    "rb, unbuffered": lambda folder: open(_path(folder), "rb", buffering=0),
    "rb, read already": _read_already,
    "r+b": lambda folder: open(_path(folder), "r+b"),
    "w+b, not flushed": _unflushed,
    "text, latin-1": lambda folder: open(_path(folder), encoding="latin-1"),
    "gzip rb": _gzip("rb"),
    "gzip rt": _gzip("rt"),
    "zip member": _zip_member,
    "pipe": _pipe,
    "descriptor": _descriptor,
    "temporary file": _temporary,
    "temporary text file": _temporary_text,
}


@pytest.mark.parametrize("in_parts", [False, True], ids=["form", "parts"])
@pytest.mark.parametrize("kind", SOURCES)
def test_the_same_bytes_arrive(storage, client, tmp_path, monkeypatch, kind, in_parts):
    if in_parts:
        monkeypatch.setattr(file_uploads, "LARGEST_FORM", 100)
        monkeypatch.setattr(file_uploads, "SMALLEST_PART", 999)
        monkeypatch.setattr(file_uploads, "USUAL_PART", 999)
    source = SOURCES[kind](tmp_path)
    file_id = file_to_civis(source, name="some.csv", client=client)
    assert storage.content(file_id) == CONTENT
    assert storage.completed == ([file_id] if in_parts else [])
    if hasattr(source, "close"):
        assert not source.closed
        source.close()


@pytest.mark.parametrize(
    ("size", "parts"),
    [(0, 0), (1, 0), (1000, 0), (1001, 2), (2000, 2), (2001, 3)],
    ids=["empty", "a byte", "the limit", "one more", "twice", "twice and one"],
)
def test_sizes_round_the_limit(storage, client, monkeypatch, size, parts):
    monkeypatch.setattr(file_uploads, "LARGEST_FORM", 1000)
    monkeypatch.setattr(file_uploads, "part_size_of", lambda size, usual: 1000)
    content = os.urandom(size)
    file_id = file_to_civis(io.BytesIO(content), name="x", client=client)
    assert (storage.content(file_id), storage.part_count) == (content, parts)


@given(st.integers(min_value=1, max_value=5 * 2**40))
def test_parts_are_neither_too_small_nor_too_many(size):
    part_size = part_size_of(size)
    assert part_size >= SMALLEST_PART
    assert -(-size // part_size) <= MOST_PARTS


class TestNames:
    def test_of_a_path(self, storage, client, tmp_path):
        file_to_civis(_path(tmp_path), client=client)
        assert storage.posted[0]["name"] == "some.csv"

    def test_of_a_handle_without_its_folders(self, storage, client, tmp_path):
        with open(_path(tmp_path), "rb") as handle:
            file_to_civis(handle, client=client)
        assert storage.posted[0]["name"] == "some.csv"

    @pytest.mark.parametrize(
        "make", [lambda folder: io.BytesIO(b"x"), _descriptor], ids=["BytesIO", "descriptor"]
    )
    def test_of_what_has_none(self, client, tmp_path, make):
        with make(tmp_path) as handle, pytest.raises(TypeError, match="name="):
            file_to_civis(handle, client=client)

    def test_an_empty_one(self, client, tmp_path):
        with pytest.raises(TypeError, match="not empty"):
            file_to_civis(_path(tmp_path), name="", client=client)


@pytest.mark.parametrize(
    ("source", "word"),
    [(io.TextIOBase(), "encode|not opened"), (3, "a path or a handle"), (None, "a path or a handle")],
    ids=["text without an encoding", "a number", "nothing"],
)
def test_what_holds_no_bytes(client, source, word):
    with pytest.raises(TypeError, match=word):
        file_to_civis(source, name="x", client=client)


def test_a_handle_that_cannot_be_read(client, tmp_path):
    with open(tmp_path / "x", "wb") as handle, pytest.raises(TypeError, match="not opened for reading"):
        file_to_civis(handle, client=client)


def test_a_file_that_is_not_there_makes_none_on_the_platform(storage, client, tmp_path):
    with pytest.raises(FileNotFoundError):
        file_to_civis(tmp_path / "none.csv", client=client)
    assert storage.posted == []


class TestDetails:
    def test_thirty_days_unless_said_otherwise(self, storage, client):
        file_to_civis(io.BytesIO(b"x"), "x", client=client)
        expires = datetime.datetime.fromisoformat(storage.posted[0]["expires_at"].replace("Z", "+00:00"))
        left = expires - datetime.datetime.now(datetime.timezone.utc)
        assert datetime.timedelta(days=29, hours=23) < left <= datetime.timedelta(days=30)

    def test_for_ever(self, storage, client):
        file_to_civis(io.BytesIO(b"x"), "x", expires_at=None, client=client)
        assert storage.posted == [{"name": "x", "expires_at": None}]

    @pytest.mark.parametrize(
        ("given_time", "told"),
        [
            ("2027-01-01", "2027-01-01"),
            (datetime.datetime(2027, 1, 1), "2027-01-01T00:00:00Z"),
            (
                datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
                "2026-12-31T22:00:00Z",
            ),
        ],
        ids=["text", "without a zone", "with one"],
    )
    def test_times(self, given_time, told):
        assert expiry_time(given_time) == told

    def test_no_time(self):
        with pytest.raises(ValueError, match="empty"):
            expiry_time(" ")

    def test_description_and_further_keywords_are_told(self, storage, client):
        file_to_civis(io.BytesIO(b"x"), "x", None, "what it is", client=client, further=1)
        assert storage.posted == [
            {"name": "x", "expires_at": None, "description": "what it is", "further": 1}
        ]

    def test_a_long_description(self, storage, client):
        file_to_civis(io.BytesIO(b"x"), "x", description="d" * 512, client=client)
        with pytest.raises(ValueError, match="513"):
            file_to_civis(io.BytesIO(b"x"), "x", description="d" * 513, client=client)
        assert len(storage.posted) == 1


def test_a_part_that_is_refused_leaves_the_file_incomplete(storage, client, monkeypatch):
    monkeypatch.setattr(file_uploads, "LARGEST_FORM", 10)
    monkeypatch.setattr(file_uploads, "part_size_of", lambda size, usual: 10)
    storage.refused.add("/f0p2")
    with pytest.raises(CivisTransferError) as caught:
        file_to_civis(io.BytesIO(bytes(100)), "x", client=client)
    assert storage.completed == []
    assert "s3cr3t" not in str(caught.value) + repr(caught.value)


def test_a_form_that_is_refused(storage, client):
    storage.refused.add("/f0")
    with pytest.raises(CivisTransferError) as caught:
        file_to_civis(io.BytesIO(b"x"), "x", client=client)
    assert "s3cr3t" not in str(caught.value)


def test_the_storage_gets_its_fields_as_the_platform_spelled_them(storage, client):
    file_to_civis(io.BytesIO(b"x"), "x", client=client)
    assert storage.form_fields == [["key", "policy", "x-amz-Date"]]


class TestProgress:
    def test_a_callable_is_told_further_bytes(self, client):
        told = []
        file_to_civis(io.BytesIO(CONTENT), "x", client=client, progress=told.append)
        assert sum(told) == len(CONTENT)

    def test_no_bar_where_nobody_sees_it(self, client, capsys):
        file_to_civis(io.BytesIO(CONTENT), "x", client=client, progress=True)
        assert capsys.readouterr().err == ""

    def test_something_else(self, client):
        with pytest.raises(TypeError, match="progress"):
            file_to_civis(io.BytesIO(b"x"), "x", client=client, progress="yes")


def test_api_key_is_an_older_spelling(client):
    with pytest.warns(FutureWarning, match="api_key=") as caught:
        file_to_civis(io.BytesIO(b"x"), "x", client=client, api_key="key")
    assert caught[0].filename == __file__
