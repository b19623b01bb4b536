"""A platform's life: start, one a directory, reset, fork, stop, and what survives a kill."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import civis
from civis._clock import FakeClock
from civis.local import Platform, PlatformError, default_data_dir
from civis.local.abandoned import remove_abandoned
from civis.local.locking import DirectoryLock


def me(platform: Platform) -> requests.Response:
    """Ask who is asking."""
    return requests.get(platform.url + "users/me", auth=(platform.api_key, ""), timeout=60)


def platform_threads() -> list[str]:
    """Name the threads of platforms that are alive."""
    return [each.name for each in threading.enumerate() if each.name.startswith("civis-platform")]


def test_it_answers_when_started_and_leaves_nothing() -> None:
    before = platform_threads()
    with Platform() as platform:
        folder, url = platform.data_dir, platform.url
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/")
        assert me(platform).json()["username"] == "local"
        assert folder.is_dir()
    assert not folder.exists()
    assert sorted(platform_threads()) == sorted(before)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_a_stopped_platform_says_so_and_starts_again() -> None:
    platform = Platform()
    with pytest.raises(PlatformError, match="not running; start it first"):
        _ = platform.url
    platform.stop()
    with platform:
        with pytest.raises(PlatformError, match="running already, at http"):
            platform.start()
        assert me(platform).status_code == 200
    with platform:
        assert me(platform).status_code == 200


def test_the_key_is_in_no_repr(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        shown = f"{platform!r} {platform.settings!r} {platform.state!r} {platform.queue!r} {platform.blobs!r}"
        assert platform.api_key not in shown
        assert str(tmp_path) in repr(platform)


def test_data_stay_in_a_directory_and_only_their_owner_reads_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "platform"
    with Platform(folder) as platform:
        key = platform.api_key
        database_id = platform.add_database("second")
        assert platform.add_database("second") == database_id
    assert (folder / "api-key").read_text().strip() == key
    if os.name == "posix":
        assert stat.S_IMODE((folder / "api-key").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "signing-secret").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert key.encode() not in (folder / "state.sqlite").read_bytes()
    with Platform(folder) as platform:
        assert platform.api_key == key
        databases = requests.get(platform.url + "databases", auth=(key, ""), timeout=60).json()
        assert sorted(each["name"] for each in databases) == ["local", "second"]


def test_a_deleted_key_file_gives_a_new_key_and_ends_the_old_one(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        old = platform.api_key
    (tmp_path / "api-key").unlink()
    with Platform(tmp_path) as platform:
        assert platform.api_key != old
        assert me(platform).status_code == 200
        assert requests.get(platform.url + "users/me", auth=(old, ""), timeout=60).status_code == 401


def test_uses_of_keys_are_written_at_the_end(tmp_path: Path) -> None:
    counts = []
    for _ in range(2):
        with Platform(tmp_path) as platform:
            url = platform.url + "users/me/api_keys"
            counts.append(requests.get(url, auth=(platform.api_key, ""), timeout=60).json()[0]["useCount"])
    assert counts == [1, 2]


def test_one_platform_a_directory(tmp_path: Path) -> None:
    with Platform(tmp_path), pytest.raises(PlatformError, match="another platform is running") as caught:
        Platform(tmp_path).start()
    assert str(tmp_path) in str(caught.value)
    with Platform(tmp_path) as platform:
        assert me(platform).status_code == 200


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(PlatformError, match="cannot write to the directory") as caught:
            Platform(folder).start()
        assert str(folder) in str(caught.value)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match=f"port {port} on 127.0.0.1 is in use"):
            Platform(tmp_path, port=port).start()
    # What was opened for the failed start is closed again.
    with Platform(tmp_path, port=port) as platform:
        assert platform.url == f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize(("host", "port"), [("256.1.1.1", 0), ("127.0.0.1", 70_000), ("203.0.113.1", 0)])
def test_an_address_that_is_none_is_named(host: str, port: int) -> None:
    with pytest.raises(PlatformError, match="cannot listen on"):
        Platform(host=host, port=port).start()


def test_a_broken_database_is_an_error_and_no_half_platform(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_text("this is no database" * 100)
    before = platform_threads()
    with pytest.raises(Exception, match="not a database"):
        Platform(tmp_path).start()
    assert sorted(platform_threads()) == sorted(before)
    (tmp_path / "state.sqlite").unlink()
    with Platform(tmp_path) as platform:
        assert me(platform).status_code == 200


def test_a_reset_empties_it_and_keeps_key_and_address(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        url, key = platform.url, platform.api_key
        auth = (key, "")
        platform.add_database("second")
        created = requests.post(url + "files", json={"name": "a.txt"}, auth=auth, timeout=60).json()
        blob = platform.blobs.new_key("b.txt")
        with platform.blobs.writer(blob) as file:
            file.write(b"content")
        platform.reset()
        assert (platform.url, platform.api_key) == (url, key)
        assert requests.get(f"{url}files/{created['id']}", auth=auth, timeout=60).status_code == 404
        assert not platform.blobs.exists(blob)
        assert platform.warehouse.databases() == ["local"]
        assert me(platform).status_code == 200


def test_requests_during_resets_are_answered() -> None:
    with Platform() as platform:
        statuses: list[int] = []
        asking = [
            threading.Thread(target=lambda: statuses.extend(me(platform).status_code for _ in range(10)))
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        for _ in range(5):
            platform.reset()
        for thread in asking:
            thread.join()
    assert statuses == [200] * 30


def test_a_run_that_goes_on_while_it_stops_is_stored_as_failed(tmp_path: Path) -> None:
    endless = "select count(*) from range(100000000) a, range(100000000) b"
    with Platform(tmp_path) as platform:
        auth = (platform.api_key, "")
        database = requests.get(platform.url + "databases", auth=auth, timeout=60).json()[0]["id"]
        body = {"database": database, "sql": endless, "previewRows": 10}
        asked = requests.post(platform.url + "queries", json=body, auth=auth, timeout=60).json()
        while asked["state"] == "queued":
            time.sleep(0.02)
            asked = requests.get(f"{platform.url}queries/{asked['id']}", auth=auth, timeout=60).json()
        assert asked["state"] == "running"
    with Platform(tmp_path) as platform:
        found = requests.get(f"{platform.url}queries/{asked['id']}", auth=auth, timeout=60).json()
    assert found["state"] == "failed", found
    assert "stopped" in found["exception"]


def test_everything_is_its_owners_even_in_a_directory_for_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with Platform(tmp_path) as platform:
        platform.reset()
        if os.name == "posix":
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.iterdir()}
            assert not any(modes.values()), modes


def test_a_directory_is_shown_without_detours(tmp_path: Path) -> None:
    with Platform(tmp_path / "a" / ".." / "b") as platform:
        assert platform.data_dir == tmp_path / "b"


def test_a_wrong_key_is_told_with_what_to_do() -> None:
    with (
        Platform() as platform,
        pytest.raises(civis.base.CivisAPIKeyError, match=r"401.*CIVIS_API_KEY") as caught,
    ):
        platform.client(api_key="wrong-key").users.get_me()
    assert "wrong-key" not in str(caught.value)


def test_a_key_that_ends_meanwhile_is_told_with_what_to_do() -> None:
    clock = FakeClock(1_000_000_000.0)
    with Platform(clock=clock) as platform:
        key = platform.client().users.post_api_keys("me", 60, "short")
        client = platform.client(api_key=key.token)
        assert client.users.get_me().username == "local"
        clock.advance(60)
        with pytest.raises(civis.base.CivisAPIKeyError, match="CIVIS_API_KEY") as caught:
            client.users.get_me()
        assert key.token not in str(caught.value)


def test_time_is_its_clocks() -> None:
    clock = FakeClock(1_000_000_000.0)
    with Platform(clock=clock) as platform:
        body = {"name": "short", "expiresIn": 60}
        auth = (platform.api_key, "")
        key = requests.post(platform.url + "users/me/api_keys", json=body, auth=auth, timeout=60).json()
        assert key["expiresAt"] == "2001-09-09T01:47:40.000Z"
        own = (key["token"], "")
        assert requests.get(platform.url + "users/me", auth=own, timeout=60).status_code == 200
        clock.advance(60)
        assert requests.get(platform.url + "users/me", auth=own, timeout=60).status_code == 401


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_takes_nothing_with_it(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        child = os.fork()
        if child == 0:  # pragma: no cover - in the child
            is_stopped = False
            try:
                platform.stop()
                _ = platform.url
            except PlatformError:
                is_stopped = True
            os._exit(0 if is_stopped else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert me(platform).status_code == 200
        with pytest.raises(PlatformError, match="another platform is running"):
            Platform(tmp_path).start()


def test_a_program_that_forgets_to_stop_it_ends_and_leaves_no_directory() -> None:
    program = (
        "from civis.local import Platform\n"
        "platform = Platform().start()\n"
        "print(platform.data_dir, flush=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert not Path(ended.stdout.strip()).exists()


def test_missing_packages_are_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['uvicorn'] = None\n"
        "try:\n"
        "    from civis.local import Platform\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert "pip install 'civis[local]'" in ended.stdout, ended.stderr
    assert "uvicorn" in ended.stdout


def test_the_package_loads_the_server_only_when_asked() -> None:
    program = "import civis.local, sys; print('uvicorn' in sys.modules, 'sqlalchemy' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["False", "False"], ended.stderr


def test_a_client_is_made_for_it() -> None:
    pytest.importorskip("civis.client")
    with Platform() as platform:
        assert [each["name"] for each in platform.client().databases.list()] == ["local"]


def test_the_default_directory_follows_the_conventions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "civis" / "local"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_data_dir().is_absolute()


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, tuple[str, str]]]:
    """Run a platform in a process of its own, by the command line."""
    command = [sys.executable, "-m", "civis", "local", "start", "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        values: dict[str, str] = {}
        for line in process.stdout:
            if line.strip().startswith("export "):
                name, _, value = line.strip().removeprefix("export ").partition("=")
                values[name] = value
            if len(values) == 2:
                break
        yield process, values["CIVIS_API_ENDPOINT"], (values["CIVIS_API_KEY"], "")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def query(url: str, auth: tuple[str, str], sql: str) -> dict[str, Any]:
    """Run SQL and wait for its end."""
    database = requests.get(url + "databases", auth=auth, timeout=60).json()[0]["id"]
    body = {"database": database, "sql": sql, "previewRows": 10}
    found = requests.post(url + "queries", json=body, auth=auth, timeout=60).json()
    while found["state"] not in ("succeeded", "failed", "cancelled"):
        time.sleep(0.02)
        found = requests.get(f"{url}queries/{found['id']}", auth=auth, timeout=60).json()
    assert found["state"] == "succeeded", found
    result: dict[str, Any] = found
    return result


def make_abandoned(folder: Path, seconds: float) -> None:
    """Make what a killed platform leaves, started so long ago."""
    (folder / "blobs").mkdir(parents=True)
    (folder / "lock").touch()
    os.utime(folder / "lock", (time.time() - seconds,) * 2)


def test_directories_of_killed_platforms_go_and_others_stay(tmp_path: Path) -> None:
    for name in ("t-abandoned", "t-running", "other-abandoned"):
        make_abandoned(tmp_path / name, 3600)
    make_abandoned(tmp_path / "t-starting", 0)
    (tmp_path / "t-without-lock").mkdir()
    (tmp_path / "t-file").touch()
    (tmp_path / "t-link").symlink_to(tmp_path / "other-abandoned")
    lock = DirectoryLock(tmp_path / "t-running" / "lock")
    try:
        assert remove_abandoned(tmp_path, "t-") == [tmp_path / "t-abandoned"]
    finally:
        lock.release()
    left = {"t-running", "t-starting", "t-without-lock", "t-file", "t-link", "other-abandoned"}
    assert {path.name for path in tmp_path.iterdir()} == left
    assert (tmp_path / "other-abandoned" / "blobs").is_dir()


def test_a_temporary_platform_removes_those_of_killed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make_abandoned(tmp_path / "civis-platform-killed", 3600)
    with Platform() as platform:
        assert list(tmp_path.iterdir()) == [platform.data_dir]


def test_what_a_kill_left_of_runs_and_uploads_goes_at_the_start(tmp_path: Path) -> None:
    with Platform(tmp_path) as platform:
        left = [platform.settings.runs_dir / "7-x" / "file", platform.settings.blobs_dir / "incoming" / "x"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    with Platform(tmp_path) as platform:
        assert not list(platform.settings.runs_dir.iterdir())
        assert not left[1].exists()


def test_one_that_does_not_work_answers_and_leaves_what_is_queued(tmp_path: Path) -> None:
    with Platform(tmp_path, is_working=False) as platform, platform.client() as client:
        script = client.scripts.post_python3("p", "print('done')").id
        run = client.scripts.post_python3_runs(script).id
        assert client.scripts.get_python3_runs(script, run).state == "queued"
    with Platform(tmp_path, is_working=False) as platform, platform.client() as client:
        assert client.scripts.get_python3_runs(script, run).state == "queued"
        platform.reset()
        assert not client.scripts.list()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill so")
def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    with served(tmp_path) as (process, url, auth):
        made = requests.post(url + "files", json={"name": "a.bin"}, auth=auth, timeout=60).json()
        form = requests.post(
            made["uploadUrl"], data=made["uploadFields"], files={"file": ("a.bin", content)}, timeout=60
        )
        assert form.status_code in (200, 201, 204)
        query(url, auth, "create table public.kept as select 42 as answer")
        group = requests.post(url + "groups", json={"name": "Kept"}, auth=auth, timeout=60).json()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with served(tmp_path) as (_, url, again):
        assert again == auth
        file = requests.get(f"{url}files/{made['id']}", auth=auth, timeout=60).json()
        assert requests.get(file["fileUrl"], timeout=60).content == content
        assert requests.get(f"{url}groups/{group['id']}", auth=auth, timeout=60).json()["name"] == "Kept"
        assert query(url, auth, "select answer from public.kept")["resultRows"] == [["42"]]
