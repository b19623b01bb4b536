"""Deployed notebooks: their file goes to a server and comes back; a real Jupyter where one is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

import civis
from civis.local.platform import Platform
from civis.local.services.notebook_contents import KEPT, store_notebook
from civis.local.state import accounts
from tests._started import started_platform

_STUB = Path(__file__).with_name("notebook_server.py")
_CELL = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Hello"}
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
_HAS_JUPYTER = shutil.which("jupyter-server", path=_PATH) is not None


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    """Give a notebook's file."""
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def sources(found: dict[str, Any]) -> list[str]:
    """Give the texts of a notebook's cells; Jupyter writes them line by line."""
    return ["".join(each["source"]) for each in found["cells"]]


@pytest.fixture
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put something on the PATH that serves notebooks; a real one that is installed goes before."""
    program = tmp_path / "bin" / "jupyter-lab"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{_STUB.read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


class Notebook:
    """A notebook of a platform, and a browser that has it open."""

    def __init__(self, client: Any, **fields: Any) -> None:
        self.client = client
        self.id = client.notebooks.post(name="n", **fields).id
        self.session = requests.Session()

    def deploy(self) -> Any:
        """Deploy it, and give the deployment when it is not pending any more."""
        deployment = self.client.notebooks.post_deployments(self.id)
        end = time.monotonic() + 60
        while deployment.state == "pending":
            assert time.monotonic() < end
            time.sleep(0.02)  # a process begins in its own time
            deployment = self.client.notebooks.get_deployments(self.id, deployment.deployment_id)
        return deployment

    def open(self) -> str:
        """Deploy it and sign in; give the address of its server."""
        deployment = self.deploy()
        assert deployment.state == "running", deployment.state_message
        assert self.session.get(deployment.display_url, timeout=60).ok
        return str(deployment.display_url).split("civis-platform-auth")[0]

    def content(self) -> Any:
        """Give its stored file."""
        url = self.client.notebooks.get(self.id).notebook_url
        return None if url is None else requests.get(url, timeout=60).json()

    def cells(self, url: str) -> list[str]:
        """Give the cells that its server has."""
        found = self.session.get(f"{url}api/contents/notebook.ipynb", timeout=60).json()
        return sources(found["content"])

    def save(self, url: str, *cells: dict[str, Any]) -> None:
        """Save it, as its server's page does."""
        body = {"type": "notebook", "format": "json", "content": notebook(*cells)}
        answer = self.session.put(f"{url}api/contents/notebook.ipynb", json=body, timeout=60)
        assert answer.ok, answer.text

    def end(self) -> None:
        """End its deployment."""
        deployment = self.client.notebooks.get(self.id).most_recent_deployment
        self.client.notebooks.delete_deployments(self.id, deployment.deployment_id)


@pytest.fixture
def make_notebook(platform: Platform) -> Iterator[Any]:
    """Make notebooks of the platform."""
    made: list[Notebook] = []
    with platform.client() as client:

        def make(**fields: Any) -> Notebook:
            made.append(Notebook(client, **fields))
            return made[-1]

        yield make
        for each in made:
            each.session.close()


@pytest.mark.usefixtures("_server")
def test_a_notebook_comes_back_as_it_was_saved(make_notebook: Any) -> None:
    made = make_notebook(requirements="--no-index\nno-such-package")
    assert made.content() is None
    url = made.open()
    assert made.cells(url) == []
    made.save(url, _CELL)
    made.end()
    assert sources(made.content()) == ["# Hello"]
    url = made.open()  # which begins with what was saved
    assert made.cells(url) == ["# Hello"]
    made.save(url, _CELL, {**_CELL, "id": "b"})
    made.deploy()  # in place of the one before, whose work is kept
    assert len(made.content()["cells"]) == 2
    made.end()
    log = made.client.notebooks.list_deployments_logs(
        made.id, made.client.notebooks.get(made.id).most_recent_deployment.deployment_id
    )
    assert "requirements.txt" in " ".join(each.message for each in log)


@pytest.mark.usefixtures("_server")
def test_a_notebook_is_stored_while_it_is_served(make_notebook: Any) -> None:
    made = make_notebook()
    url = made.open()
    made.save(url, _CELL)
    end = time.monotonic() + 60
    while not (found := made.content()) or not found["cells"]:
        assert time.monotonic() < end
        time.sleep(0.05)  # it is looked for every two seconds
    made.end()


@pytest.mark.usefixtures("_server")
def test_a_notebook_begins_with_its_file(make_notebook: Any, api: Any, tmp_path: Path) -> None:
    id = api.upload(json.dumps(notebook(_CELL)).encode(), "n.ipynb")
    made = make_notebook(file_id=str(id))
    assert made.cells(made.open()) == ["# Hello"]
    made.end()
    folder = tmp_path / "code" / "reports"
    folder.mkdir(parents=True)
    (folder / "n.ipynb").write_text(json.dumps(notebook(_CELL, {**_CELL, "id": "b"})), encoding="utf-8")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(tmp_path / "code")]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "m"]):
        subprocess.run([*git, *words], check=True)
    repository = {"git_repo_url": f"file://{tmp_path}/code", "git_ref": "main"}
    made = make_notebook(**repository, git_path="reports/n.ipynb")
    made.open()
    made.end()
    assert len(made.content()["cells"]) == 2
    wrong = make_notebook(**repository, git_path="../../../n.ipynb").deploy()
    assert "git_path" in wrong.state_message


def test_without_jupyter_it_says_what_is_missing(make_notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    found = make_notebook().deploy()
    assert found.state == "terminated"
    assert "pip install jupyterlab" in found.state_message


@pytest.mark.usefixtures("_server")
def test_readers_do_not_reach_a_notebook(make_notebook: Any, platform: Platform, api: Any) -> None:
    made = make_notebook()
    url = made.open()
    with platform.state.begin() as connection:
        user = accounts.create_user(
            connection, now=platform.clock.time(), username="reader", name="R", email=""
        ).id
        accounts.create_key(connection, user, now=platform.clock.time(), name="k", token="reader")
    for level, status in (("read", 403), ("write", 200)):
        body = {"userIds": [user], "permissionLevel": level}
        api.call("PUT", f"notebooks/{made.id}/shares/users", 200, body)
        assert requests.get(f"{url}api/status", auth=("reader", ""), timeout=60).status_code == status
        links = f"{platform.url}notebooks/{made.id}/update-links"
        assert requests.get(links, auth=("reader", ""), timeout=60).status_code == status
    made.end()


def test_a_key_that_only_reads_gets_no_links_to_write(make_notebook: Any, api: Any) -> None:
    path = f"notebooks/{make_notebook().id}/update-links"
    for verbs, status in (("get",), 403), (("get", "patch"), 200):
        constraint = {"constraintType": "verb", **{f"{verb}Allowed": True for verb in verbs}}
        body = {"name": "k", "expiresIn": 99, "constraints": [constraint]}
        token = api.call("POST", "users/me/api_keys", 200, body)["token"]
        found = requests.get(f"{api.platform.url}{path}", auth=(token, ""), timeout=60)
        assert found.status_code == status


def test_what_is_no_notebook_is_not_stored(platform: Platform, make_notebook: Any) -> None:
    made = make_notebook()
    assert not store_notebook(platform, made.id, b'{"cells": [')
    assert made.content() is None
    for number in range(KEPT + 2):
        assert store_notebook(platform, made.id, json.dumps({"n": number}).encode())
    assert made.content() == {"n": KEPT + 1}
    assert store_notebook(platform, 10**9, b"{}")  # it is gone, and so is the need


@pytest.mark.usefixtures("_server")
def test_nothing_is_lost_when_the_platform_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started_platform(data) as first:
        client = civis.APIClient(
            api_key=first.environment["CIVIS_API_KEY"], endpoint=first.environment["CIVIS_API_ENDPOINT"]
        )
        with client:
            made = Notebook(client)
            url = made.open()
            made.save(url, _CELL)
            first.kill()
            made.session.close()
    with started_platform(data) as second:
        client = civis.APIClient(
            api_key=second.environment["CIVIS_API_KEY"], endpoint=second.environment["CIVIS_API_ENDPOINT"]
        )
        with client:
            made.client = client
            shown = client.notebooks.get(made.id).most_recent_deployment
            assert shown.state == "terminated"
            assert sources(made.content()) == ["# Hello"]
            assert not list((data / "deployments").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not _HAS_JUPYTER, reason="Jupyter is not installed")
def test_a_real_kernel_runs_code_by_way_of_the_platform(make_notebook: Any) -> None:
    made = make_notebook(memory=2048)
    url = made.open()
    kernel = made.session.post(f"{url}api/kernels", json={"name": "python3"}, timeout=60).json()["id"]
    cookie = "; ".join(f"{each.name}={each.value}" for each in made.session.cookies)
    header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"}
    request = {
        "header": header,
        "metadata": {},
        "content": {"code": "import os; print(os.environ['CIVIS_API_ENDPOINT'])", "silent": False},
        "channel": "shell",
        "parent_header": {},
        "buffers": [],
    }
    address = f"{url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?session_id=s"
    with connect(address, additional_headers={"Cookie": cookie}, max_size=None) as socket:
        socket.send(json.dumps(request))
        while (message := json.loads(socket.recv(timeout=60)))["msg_type"] != "stream":
            pass
    assert message["content"]["text"].startswith("http://127.0.0.1")
    made.save(url, _CELL)
    made.end()
    assert sources(made.content()) == ["# Hello"]
