"""Names, environment, clock, states and loggers."""

from __future__ import annotations

import pickle

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from civis import _env, _names
from civis._clock import FakeClock
from civis._errors import CivisAPIKeyMissingError
from civis._states import CANCELLED, DONE, FAILED, FINISHED, NOT_FINISHED, is_done
from civis.loggers import civis_logger

NAMES = [
    ("id", "id"),
    ("remoteHostId", "remote_host_id"),
    ("provideAPIKey", "provide_api_key"),
    ("APIKey", "api_key"),
    ("table2Name", "table2_name"),
    ("snake_case", "snake_case"),
    ("Name", "name"),
]


@pytest.mark.parametrize(("camel", "snake"), NAMES)
def test_camel_to_snake(camel: str, snake: str):
    assert _names.camel_to_snake(camel) == snake


@given(st.from_regex(r"[a-z]{2,5}(_[a-z]{2,5}){0,3}", fullmatch=True))
def test_snake_case_survives_the_way_there_and_back(name: str):
    assert _names.camel_to_snake(_names.snake_to_camel(name)) == name


def test_near_names():
    methods = ["post_containers", "post_containers_runs", "list"]
    assert _names.near_names("post_container", methods)[0] == "post_containers"
    assert _names.suggestion("limt", ["limit", "order"]) == " Did you mean 'limit'?"
    assert _names.suggestion("zzz", ["limit"]) == ""


def test_the_key_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CIVIS_API_KEY", " from-environment\n")
    assert _env.api_key().reveal() == "from-environment"
    assert _env.api_key("given").reveal() == "given"


def test_no_key():
    with pytest.raises(CivisAPIKeyMissingError, match="CIVIS_API_KEY"):
        _env.api_key()


def test_an_odd_key_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="characters") as caught:
        _env.api_key("abc\x00def")
    assert "abc" not in str(caught.value)
    with pytest.raises(TypeError, match="int"):
        _env.api_key(7)


def test_a_secret_hides():
    secret = _env.Secret("s3cret")
    assert "s3cret" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == _env.Secret("s3cret")


ENDPOINTS = [
    (None, "https://api.civisanalytics.com/"),
    ("https://x.test", "https://x.test/"),
    ("http://127.0.0.1:80/base/", "http://127.0.0.1:80/base/"),
]


@pytest.mark.parametrize(("given_url", "expected"), ENDPOINTS)
def test_endpoint(given_url: str | None, expected: str):
    assert _env.api_endpoint(given_url) == expected


def test_an_endpoint_that_is_no_url():
    with pytest.raises(ValueError, match=r"'api\.test'"):
        _env.api_endpoint("api.test")


def test_user_agent_names_the_versions():
    assert _env.user_agent("me").endswith(f"requests {requests.__version__})")
    assert _env.user_agent(None).startswith("civis-python (Python 3.")


def test_states():
    assert DONE == FINISHED + FAILED + CANCELLED
    assert all(is_done(state) for state in DONE)
    assert not any(is_done(state) for state in [*NOT_FINISHED, "odd"])


def test_a_fake_clock_passes_only_when_told():
    clock = FakeClock(5.0)
    clock.sleep(2)
    clock.advance(1)
    assert (clock.time(), clock.slept) == (8.0, [2])


def test_logger_writes_each_line_once_and_to_its_stream(capsys: pytest.CaptureFixture[str]):
    civis_logger("test_logger")
    log = civis_logger("test_logger", level="debug", fmt="%(levelname)s %(message)s")
    log.info("fine")
    log.warning("careful")
    out, err = capsys.readouterr()
    assert out == "INFO fine\n"
    assert err == "WARNING careful\n"


def test_logger_level_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CIVIS_LOG_LEVEL", "WARNING")
    civis_logger("test_logger_level").info("quiet")
    assert capsys.readouterr().out == ""
