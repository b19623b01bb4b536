"""``civis config`` and ``--profile``: what is configured, and the profile file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import yaml

from civis.cli.profile_file import set_in_profile
from civis.local import Platform

from .conftest import run_here

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the profile file of one test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "civis"


def shown(*words: str) -> dict[str, object]:
    """Read what `config show` writes."""
    found: dict[str, object] = yaml.safe_load(run_here(*words, "config", "show").stdout)
    return found


def test_nothing_is_configured() -> None:
    found = shown()
    assert found["api_key"] == {"value": None, "from": None}
    assert found["api_endpoint"] == {"value": "https://api.civisanalytics.com/", "from": "default"}


def test_a_key_is_set_and_shown_by_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_here("config", "set", "api-key", input=f"{KEY}\n")
    assert KEY not in result.output
    assert stat.S_IMODE(os.stat(folder / "config.toml").st_mode) == 0o600
    assert shown()["api_key"] == {"value": f"…{KEY[-4:]}", "from": "profile"}
    monkeypatch.setenv("CIVIS_API_KEY", "f" * 32)
    assert shown()["api_key"] == {"value": "…ffff", "from": "CIVIS_API_KEY"}
    assert KEY not in run_here("config", "show").output
    assert "goes before the profile" in run_here("config", "set", "api-key", "-", input="g" * 32).stderr


def test_a_profile_asked_for_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "https://elsewhere.example/")
    run_here("config", "set", "api-endpoint", "https://api.work.example/", "--profile", "work")
    assert shown("--profile", "work")["api_endpoint"] == {
        "value": "https://api.work.example/",
        "from": "profile",
    }
    assert shown()["api_endpoint"] == {"value": "https://elsewhere.example/", "from": "CIVIS_API_ENDPOINT"}
    assert "CIVIS_PROFILE" not in os.environ


def test_a_command_uses_the_profile_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with Platform() as platform:
        run_here("config", "set", "api-endpoint", platform.url, "--profile", "here")
        run_here("config", "set", "api-key", "--profile", "here", input=platform.api_key)
        assert run_here("--profile", "here", "users", "get-me", "--query", "username").stdout == "local\n"
        assert (
            run_here("--profile", "here", "sql", "-d", "local", "-c", "SELECT 1 AS a").stdout.split()[-1]
            == "1"
        )
        monkeypatch.setenv("CIVIS_API_KEY", "k" * 64)  # of somewhere else
        monkeypatch.setenv("CIVIS_API_ENDPOINT", "http://127.0.0.1:9/")
        assert run_here("--profile", "here", "users", "get-me", "--query", "id").stdout == "1\n"
    assert "Did you mean 'here'?" in run_here("--profile", "hree", "users", "get-me", code=1).stderr


@pytest.mark.parametrize(
    ("name", "value"), [("api-endpoint", "example.com"), ("api-key", "a b\n"), ("api-key", "")]
)
def test_wrong_values_are_refused_and_not_written(folder: Path, name: str, value: str) -> None:
    run_here("config", "set", name, "-", input=value, code=2 if value != "a b\n" else None)
    if value != "a b\n":
        assert not folder.exists()


FILES = {
    "none": ("", "p"),
    "a comment stays": (
        "# mine\n[profile.p] # work\napi_endpoint = 'https://a.b/'\n\n[profile.q]\napi_key='x'\n",
        "p",
    ),
    "a value is replaced": ("[profile.p]\napi_key = 'old' # why\nweb_address='https://w.x'\n", "p"),
    "quoted names": ('[profile."a b"]\nweb_address = "https://w.x"\n', "a b"),
    "a new one": ("[other]\nx = 1\n", "p q"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_rest_of_the_file_stays(tmp_path: Path, name: str) -> None:
    text, profile = FILES[name]
    path = tmp_path / "c" / "config.toml"
    if text:
        path.parent.mkdir()
        path.write_text(text)
    set_in_profile(str(path), profile, "api_key", 'new "key" \\')
    after = path.read_text()
    assert 'api_key = "new \\"key\\" \\\\"' in after
    assert "old" not in after
    for line in text.splitlines():
        assert line in after or "old" in line


@pytest.mark.parametrize(
    "text", ["profile = {p = {api_key = 'x'}}\n", "profile.p.api_key = 'x'\n", "[profile.p\n"]
)
def test_a_file_that_cannot_be_changed_safely_is_left_alone(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "config.toml").write_text(text)
    result = run_here("config", "set", "api-key", "-", "--profile", "p", input="k" * 30, code=2)
    assert (folder / "config.toml").read_text() == text
    assert "k" * 30 not in result.stderr
