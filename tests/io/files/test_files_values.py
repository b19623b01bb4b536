"""JSON and data frames as files."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import zipfile

import pytest

from civis._errors import EmptyResultError
from civis.io._file_compression import compression_of
from civis.io._file_values import dataframe_to_file, file_to_dataframe, file_to_json, json_to_file

CSV = b"a,b\n1,x\n2,y\n"


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("some.csv", content)
    return buffer.getvalue()


PACKED = {
    None: lambda content: content,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
}


class TestJson:
    @pytest.mark.parametrize("value", [{"a": [1, None, "é"]}, [], "text", 1.5, None])
    def test_there_and_back(self, storage, client, value):
        assert file_to_json(json_to_file(value, client=client), client=client) == value

    def test_keywords_go_to_json(self, storage, client):
        file_id = json_to_file({"b": 1, "a": 2}, name="s.json", client=client, sort_keys=True, indent=1)
        assert storage.content(file_id) == json.dumps({"a": 2, "b": 1}, indent=1).encode()
        assert storage.posted[0]["name"] == "s.json"
        assert file_to_json(file_id, client=client, parse_int=str) == {"a": "2", "b": "1"}

    def test_what_cannot_be_encoded_makes_no_file(self, storage, client):
        with pytest.raises(TypeError):
            json_to_file(object(), client=client)
        assert storage.posted == []

    def test_no_such_file(self, client):
        with pytest.raises(EmptyResultError):
            file_to_json(99, client=client)


@pytest.fixture(params=["pandas", "polars"])
def library(request):
    """The libraries that data frames come from."""
    return pytest.importorskip(request.param)


class TestDataFrames:
    @pytest.mark.parametrize("kind", PACKED)
    def test_are_read_whatever_the_compression(self, storage, client, library, kind):
        file_id = storage.add(PACKED[kind](CSV))
        frame = file_to_dataframe(file_id, return_as=library.__name__, client=client)
        assert list(frame["a"]) == [1, 2]
        assert list(frame["b"]) == ["x", "y"]

    @pytest.mark.parametrize("kind", ["gzip", "bz2", "xz"])
    def test_a_compression_may_be_named(self, storage, client, library, kind):
        file_id = storage.add(PACKED[kind](CSV))
        frame = file_to_dataframe(file_id, library.__name__, compression=kind, client=client)
        assert list(frame["a"]) == [1, 2]

    @pytest.mark.parametrize(
        ("name", "unpack"),
        [
            ("d.csv", bytes),
            ("d.csv.gz", gzip.decompress),
            ("d.bz2", bz2.decompress),
            ("d.XZ", lzma.decompress),
        ],
    )
    def test_are_written_as_the_name_says(self, storage, client, library, name, unpack):
        frame = library.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        assert unpack(storage.content(dataframe_to_file(frame, name=name, client=client))) == CSV

    def test_there_and_back(self, client, library):
        frame = library.DataFrame({"a": [1, 2], "b": ["é", "y"]})
        back = file_to_dataframe(dataframe_to_file(frame, client=client), library.__name__, client=client)
        assert back.equals(frame)

    @pytest.mark.parametrize("name", ["/etc/some.csv", "../some.csv", "a/b.csv", "C:\\x.csv"])
    def test_names_are_no_paths(self, storage, client, library, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        dataframe_to_file(library.DataFrame({"a": [1]}), name=name, client=client)
        assert storage.posted[0]["name"] == name
        assert list(tmp_path.iterdir()) == []

    def test_keywords_go_to_the_library(self, storage, client, library):
        word = {"pandas": "sep", "polars": "separator"}[library.__name__]
        file_id = dataframe_to_file(library.DataFrame({"a": [1], "b": [2]}), client=client, **{word: "|"})
        assert storage.content(file_id) == b"a|b\n1|2\n"
        assert list(file_to_dataframe(file_id, library.__name__, client=client, **{word: "|"})["b"]) == [2]


def test_an_index_is_written_if_it_has_a_name(storage, client):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1]}, index=[5])
    assert storage.content(dataframe_to_file(frame, client=client)) == b"a\n1\n"
    assert storage.content(dataframe_to_file(frame, client=client, index=True)) == b",a\n5,1\n"
    assert storage.content(dataframe_to_file(frame.rename_axis("id"), client=client)) == b"id,a\n5,1\n"


def test_pandas_may_be_told_how_to_compress(storage, client):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1]})
    file_id = dataframe_to_file(frame, client=client, compression={"method": "gzip", "mtime": 1}, index=False)
    assert gzip.decompress(storage.content(file_id)) == b"a\n1\n"


def test_no_data_frame(storage, client):
    with pytest.raises(TypeError, match="DataFrame"):
        dataframe_to_file([1], client=client)
    assert storage.posted == []


def test_another_library(client):
    with pytest.raises(ValueError, match="'pandas', 'polars' or 'arrow'"):
        file_to_dataframe(1, return_as="numpy", client=client)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"", None),
        (b"BZhang,Li\n1,2", None),
        (bz2.compress(b""), "bz2"),
        (bz2.compress(b"x"), "bz2"),
        (gzip.compress(b""), "gzip"),
        (b"PK,1\n", None),
    ],
    ids=["empty", "a name", "bz2 of nothing", "bz2", "gzip", "letters"],
)
def test_compression_is_told_by_the_first_bytes(start, kind):
    stream = io.BytesIO(start)
    assert compression_of(stream) == kind
    assert stream.tell() == 0


def test_no_library_is_loaded_for_a_file():
    code = (
        "import sys, civis.io._files, civis.io._file_values; print({'pandas', 'polars'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
        == "set()\n"
    )
