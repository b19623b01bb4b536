"""Where key and addresses come from: arguments, environment, profile file; and that platforms never mix."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from civis import _env
from civis._errors import CivisAPIKeyMissingError, CivisClientError
from civis.client import APIClient
from civis.futures import CivisFuture
from tests._servers import json_reply, served

KEY = "profile-key-0123456789"
PROFILES = f"""
[profile.default]
api_key = "{KEY}"

[profile.staging]
api_key = "staging-key"
api_endpoint = "https://api.staging.test"
web_address = "https://staging.test/app/"
"""
SPEC: dict[str, Any] = {"swagger": "2.0", "paths": {"/users/me": {"get": {}}}}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "civis" / "config.toml"
    path.parent.mkdir()
    path.write_text(PROFILES)
    path.chmod(0o600)
    return path


def made(**arguments: Any) -> tuple[str, str, str]:
    """Make a client and give its key, endpoint and web address."""
    with APIClient(local_api_spec=SPEC, **arguments) as client:
        return client._key.reveal(), client.endpoint, client.web_address


HOSTED = ("https://api.civisanalytics.com/", "https://platform.civisanalytics.com/spa/#")
STAGING = ("https://api.staging.test/", "https://staging.test/app")


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        ({}, {}, (KEY, *HOSTED)),
        ({"CIVIS_PROFILE": "staging"}, {}, ("staging-key", *STAGING)),
        ({"CIVIS_PROFILE": "staging", "CIVIS_API_KEY": "env"}, {}, ("env", *STAGING)),
        ({"CIVIS_PROFILE": "staging", "CIVIS_API_KEY": "env"}, {"api_key": "given"}, ("given", *STAGING)),
        (
            {"CIVIS_API_KEY": "env", "CIVIS_API_ENDPOINT": "https://api.other.test"},
            {},
            ("env", "https://api.other.test/", "https://platform.other.test/spa/#"),
        ),
        (
            {"CIVIS_PROFILE": "staging", "CIVIS_API_ENDPOINT": "https://api.other.test"},
            {"api_key": "k", "endpoint": "https://h.test:1/base"},
            ("k", "https://h.test:1/base/", "https://h.test:1/base"),
        ),
        (
            {"CIVIS_WEB_ADDRESS": "https://env.test/"},
            {},
            (KEY, HOSTED[0], "https://env.test"),
        ),
        (
            {"CIVIS_WEB_ADDRESS": "https://env.test/"},
            {"web_address": "https://given.test/spa/#"},
            (KEY, HOSTED[0], "https://given.test/spa/#"),
        ),
    ],
    ids=[
        "default profile",
        "chosen profile",
        "environment's key",
        "argument's key",
        "environment's endpoint",
        "argument's endpoint",
        "environment's web address",
        "argument's web address",
    ],
)
def test_arguments_before_environment_before_profile(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: dict[str, str],
    expected: tuple[str, str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert made(**arguments) == expected


def test_a_profiles_key_goes_to_no_other_platform(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CivisAPIKeyMissingError):
        made(endpoint="https://elsewhere.test/")
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "https://elsewhere.test/")
    with pytest.raises(CivisAPIKeyMissingError):
        _env.api_key()


def test_without_a_file_there_is_no_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _env.config_path() == str(tmp_path / ".config" / "civis" / "config.toml")
    with pytest.raises(CivisAPIKeyMissingError):
        _env.api_key()
    monkeypatch.setenv("CIVIS_PROFILE", "staging")
    with pytest.raises(CivisClientError, match=r"no \[profile\.staging\] in"):
        _env.api_key()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[profile.default]\napi_key = "{KEY}"\nweb_address = \n', r"Invalid value \(at line 3"),
        (f'[profile.default]\napi_keys = "{KEY}"\n', r"'api_keys' in \[profile.default\].*'api_key'\?"),
        (f'[profile.default]\napi_key = "{KEY}"\nweb_address = 3\n', "web_address .* is int, not text"),
        ('profile = "default"', "profile is no table"),
        ('profile.default = "default"', "profile.default in .* is no table"),
        ("\udcff", "no text in UTF-8"),
    ],
    ids=["no TOML", "unknown word", "no text", "no tables", "no table", "no UTF-8"],
)
def test_a_broken_file_is_refused_and_its_key_not_shown(config: Path, text: str, words: str) -> None:
    config.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CivisClientError, match=words) as caught:
        _env.api_endpoint()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # The frame of this test has the text; those of the package must not.
    assert KEY not in str(caught.value)
    assert not [frame for frame in shown.stack if "/civis/" in frame.filename and KEY in str(frame.locals)]


def test_a_name_that_is_nearly_right(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_PROFILE", "stagin")
    with pytest.raises(CivisClientError, match="Did you mean 'staging'"):
        _env.api_endpoint()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_others_can_read(config: Path) -> None:
    config.chmod(0o640)
    with pytest.warns(UserWarning, match="chmod 600"):
        assert _env.api_key().reveal() == KEY
    assert _env.api_key().reveal() == KEY  # said once, not at every client


def test_a_changed_file_is_read_again(config: Path) -> None:
    assert _env.api_key().reveal() == KEY
    config.write_text('[profile.default]\napi_key = "another"\n')
    assert _env.api_key().reveal() == "another"


def test_pages_are_on_the_clients_platform() -> None:
    def future(client: APIClient) -> CivisFuture:
        return CivisFuture(lambda *ids: None, (3, 4), client=client, poll_on_creation=False)

    with (
        APIClient("a", endpoint="https://api.one.test", local_api_spec=SPEC) as one,
        APIClient("b", web_address="https://two.test/app", local_api_spec=SPEC) as two,
    ):
        assert future(one).job_url == "https://platform.one.test/spa/#/jobs/3"
        assert future(two).job_run_url == "https://two.test/app/jobs/3/runs/4"


def test_two_clients_of_two_platforms_do_not_mix() -> None:
    with served(lambda request: json_reply({"id": 1})) as one, served(lambda _: json_reply({"id": 2})) as two:
        clients = [
            APIClient(key, endpoint=server.url, local_api_spec=SPEC)
            for key, server in (("key-one", one), ("key-two", two))
        ]
        for _ in range(2):
            assert [client.users.get_me().id for client in clients] == [1, 2]
        for client in clients:
            client.close()
        keys = [{request.headers["Authorization"] for request in server.requests} for server in (one, two)]
        assert [len(each) for each in keys] == [1, 1]
        assert keys[0] != keys[1]


def test_endpoint_and_web_address_are_read_only() -> None:
    with APIClient("a", local_api_spec=SPEC) as client:
        for name in ("endpoint", "web_address"):
            with pytest.raises(AttributeError):
                setattr(client, name, "https://elsewhere.test/")


@pytest.mark.parametrize("name", ["endpoint", "web_address"])
def test_an_address_that_is_no_url(name: str) -> None:
    with pytest.raises(ValueError, match=r"'civis\.test' is not a URL"):
        made(api_key="k", **{name: "civis.test"})


PROGRAM = """
import sys
import civis
third = {"urllib3", "requests", "ssl", "logging", "inspect", "email", "yaml"}
assert not third & set(sys.modules), ("import civis", third & set(sys.modules))
with civis.APIClient("k", local_api_spec={"swagger": "2.0", "paths": {}}):
    assert not {"urllib3", "requests", "ssl", "email", "yaml", "tomllib"} & set(sys.modules), sys.modules
"""


def test_making_a_client_loads_nothing_that_talks_to_the_network() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
