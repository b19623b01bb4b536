"""What newcomers get wrong: each error says what was wrong and what to do."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

import civis
from civis.cli.root import root
from civis.client import APIClient
from civis.local import Platform


@pytest.fixture(scope="module")
def client() -> Iterator[APIClient]:
    with Platform() as platform, platform.client() as made:
        civis.io.query_civis("CREATE TABLE public.flights (flight INTEGER)", "local", client=made).result()
        yield made


#: A word for the mistake, the mistake, and what the error says.
MISTAKES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("database", lambda c: c.get_database_id("nowhere"), "'nowhere'. The key's owner can see 'local'."),
    ("near", lambda c: c.get_database_id("lcal"), "Did you mean 'local'?"),
    ("credential", lambda c: c.get_database_credential_id("nobody", "local"), "can see 'local'."),
    ("table", lambda c: civis.io.read_civis("public.fligths", "local", client=c), "mean 'public.flights'"),
    ("column", lambda c: civis.io.read_civis_sql("SELECT fligt FROM flights", "local", client=c), "'flight'"),
    ("SQL", lambda c: civis.io.read_civis_sql("SELEC 1", "local", client=c), "syntax error at or near"),
    ("file", lambda c: civis.io.file_to_civis("missing.csv", client=c), "missing.csv"),
    ("file ID", lambda c: civis.io.civis_to_file(99_999, "x", client=c), "no file 99999 on the platform"),
    ("job ID", lambda c: c.jobs.get(99_999), "There is no job with ID 99999."),
    ("argument", lambda c: c.jobs.list(limt=1), "Did you mean 'limit'?"),
    ("missing argument", lambda c: c.jobs.get(), "jobs.get() is missing 'id'"),
    ("method", lambda c: c.jobs.lst(), "Did you mean 'list'?"),
    ("resource", lambda c: c.job, "Did you mean 'jobs'?"),
    ("field", lambda c: c.users.get_me().usrname, "Did you mean 'username'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("mistake", "said"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_in_python(mistake: Callable[[Any], Any], said: str, client: APIClient) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it says is compared below
        mistake(client)
    assert said in str(caught.value)


def test_of_many_names_the_first_are_listed() -> None:
    with Platform() as platform, platform.client() as client:
        for number in range(12):
            platform.add_database(f"db{number:02}")
        with pytest.raises(ValueError, match=r"The key's owner can see ('\w+', ){9}'\w+' and 3 more\.$"):
            client.get_database_id("zzzzzzzz")


def test_a_wrong_key_is_told_without_a_mask() -> None:
    with Platform() as platform:
        with (
            pytest.raises(civis.base.CivisAPIKeyError) as caught,
            APIClient("0" * 36, endpoint=platform.url) as client,
        ):
            client.users.get_me()
        assert "***" not in str(caught.value)
        assert "CIVIS_API_KEY" in str(caught.value)


def test_a_closed_port_is_refused_and_not_slow() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with (
            pytest.raises(civis.base.CivisConnectionError, match=r"[Cc]onnection refused") as caught,
            APIClient("key", endpoint=address, retries=0) as client,
        ):
            client.users.get_me()
    assert not isinstance(caught.value, TimeoutError)


def test_sql_as_an_argument_of_the_command() -> None:
    told = CliRunner().invoke(root, ["sql", "-d", "local", "SELECT 1 AS one"])
    assert told.exit_code == 2
    assert "SQL is given by -c or -f: -c 'SELECT 1 AS one'" in told.output
