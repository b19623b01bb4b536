"""Deployments of services as real processes, reached through the platform's address; who is let in."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from civis._clock import FakeClock
from civis.local.deployments import insert_deployment
from civis.local.deployments.addresses import COOKIE_SECONDS, LINK_SECONDS, Addresses
from civis.local.deployments.headers import cookie_value, headers_back, headers_to
from civis.local.jobs import JobFailed
from civis.local.platform import Platform
from civis.local.services.service_servers import COMMAND, service_command
from civis.local.state import accounts, objects

_APP = Path(__file__).with_name("deployed_app.py")
_RUN = f"exec {sys.executable} {_APP}"


def until(look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Look until there is something; processes start in their own time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)
    return found


def make_service(api: Any, command: str = _RUN, **fields: Any) -> int:
    """Make a service with a command."""
    variables = {COMMAND: command, **fields.pop("environmentVariables", {})}
    body = {"name": "app", "environmentVariables": variables, "memory": 2048, **fields}
    return int(api.call("POST", "services", 201, body)["id"])


def deploy(api: Any, id: int, kind: str = "services") -> Any:
    """Deploy something, and give the deployment when it is not pending any more."""
    made = api.call("POST", f"{kind}/{id}/deployments", 201, {})
    assert made["state"] == "pending"
    path = f"{kind}/{id}/deployments/{made['deploymentId']}"
    return until(lambda: (found := api.get(path))["state"] != "pending" and found)


def messages(api: Any, id: int, deployment: int, kind: str = "services") -> list[str]:
    """Give a deployment's log."""
    return [each["message"] for each in api.get(f"{kind}/{id}/deployments/{deployment}/logs")]


@pytest.fixture(scope="module")
def other(api: Any, platform: Platform) -> Iterator[Any]:
    """A client of another user, who is no administrator."""
    with platform.state.begin() as connection:
        now = platform.clock.time()
        id = accounts.create_user(connection, now=now, username="grace", name="Grace", email="").id
        accounts.create_key(connection, id, now=now, name="key", token="grace")
    client = type(api)(platform)
    client.session.auth = ("grace", "")
    with client.session:
        yield client


@pytest.fixture(scope="module")
def service(api: Any) -> int:
    """A service that is deployed."""
    body = {"name": "Login", "type": "Custom", "username": "ada", "password": "pw"}
    credential = api.call("POST", "credentials", 201, body)["id"]
    id = make_service(api, credentials=[credential], environmentVariables={"COLOUR": "blue"})
    assert deploy(api, id)["state"] == "running"
    return id


@pytest.fixture
def visitor(api: Any, service: int) -> Iterator[tuple[requests.Session, str]]:
    """A browser that came by the display URL, and the address of the service."""
    shown = api.get(f"services/{service}")
    with requests.Session() as session:
        assert session.get(shown["currentDeployment"]["displayUrl"], timeout=60).status_code == 200
        yield session, shown["currentUrl"]


def test_a_service_is_asked_through_the_platform(visitor: Any, api: Any) -> None:
    session, url = visitor
    assert url.startswith(f"{api.platform.url}deployed/")
    found = session.post(f"{url}a%2Fb/c?d=%20&e", data=b"x" * 3_000_000, timeout=60).json()
    assert (found["method"], found["path"], found["query"]) == ("POST", "/a%2Fb/c", "d=%20&e")
    assert found["length"] == 3_000_000
    assert found["headers"]["x-forwarded-prefix"] == url.removeprefix(api.platform.url[:-1]).rstrip("/")
    assert found["headers"]["host"] == found["headers"]["x-forwarded-host"]
    assert found["variables"] == {
        "BASE_PATH": found["headers"]["x-forwarded-prefix"],
        "COLOUR": "blue",
        "LOGIN_USERNAME": "ada",
    }


def test_what_lets_in_goes_no_further(visitor: Any, api: Any) -> None:
    session, url = visitor
    assert "cookie" not in session.get(url, timeout=60).json()["headers"]
    with_key = requests.get(url, auth=(api.platform.api_key, ""), timeout=60).json()
    assert "authorization" not in with_key["headers"]
    # What is not the platform's is the program's.
    found = session.get(url, headers={"Authorization": "Bearer its-own"}, cookies={"own": "1"}, timeout=60)
    assert found.json()["headers"]["authorization"] == "Bearer its-own"
    assert found.json()["headers"]["cookie"] == "own=1"


def test_a_stream_of_chunks_goes_up(visitor: Any) -> None:
    session, url = visitor
    chunks = (b"y" * 1000 for _ in range(50))
    assert session.put(url, data=chunks, timeout=60).json()["length"] == 50_000


def test_redirects_and_cookies_stay_below_the_prefix(visitor: Any) -> None:
    session, url = visitor
    prefix = "/" + url.split("/", 3)[3]
    for given, expected in (
        ("/next?a=1", f"{prefix}next?a=1"),
        ("next", "next"),
        ("https://example.org/x", "https://example.org/x"),
        ("//example.org/x", "//example.org/x"),
    ):
        answer = session.get(f"{url}redirect?{given}", allow_redirects=False, timeout=60)
        assert answer.headers["Location"] == expected
    answer = session.get(f"{url}cookie", timeout=60)
    assert answer.headers["Set-Cookie"] == f"own=1; HttpOnly; Path={prefix}"
    assert session.get(url.rstrip("/"), timeout=60).url == url


def test_a_visitor_who_goes_is_told_to_the_program(visitor: Any, api: Any, service: int) -> None:
    session, url = visitor
    with session.get(f"{url}endless", stream=True, timeout=60) as answer:
        assert next(answer.iter_content(5)) == b"first"
    id = api.get(f"services/{service}")["currentDeployment"]["deploymentId"]
    until(lambda: "the visitor is gone" in messages(api, service, id))


def test_websockets_are_carried(visitor: Any, api: Any, service: int) -> None:
    session, url = visitor
    cookie = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
    address, headers = url.replace("http", "ws", 1), {"Cookie": cookie}
    with connect(
        f"{address}socket?a=1", additional_headers=headers, subprotocols=["one", "two"], max_size=None
    ) as socket_:
        assert socket_.subprotocol == "one"
        for content in ("héllo", b"\x00\x01", "x" * 2_000_000):
            socket_.send(content)
            assert socket_.recv(timeout=60) == content
        socket_.send("end")
        with pytest.raises(ConnectionClosed):
            socket_.recv(timeout=60)
        assert (socket_.close_code, socket_.close_reason) == (4001, "as asked")
    with connect(address, additional_headers=headers) as socket_:
        socket_.close(4002)
    id = api.get(f"services/{service}")["currentDeployment"]["deploymentId"]
    until(lambda: "the visitor left with 4002" in messages(api, service, id))


@pytest.mark.parametrize("kind", ["no cookie", "another origin", "no deployment", "no route"])
def test_websockets_are_refused(visitor: Any, api: Any, kind: str) -> None:
    session, url = visitor
    cookie = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
    headers = {} if kind == "no cookie" else {"Cookie": cookie}
    address = {
        "no deployment": f"{api.platform.url}deployed/999999/",
        "no route": f"{api.platform.url}files",
    }.get(kind, url)
    origin = "http://evil.example" if kind == "another origin" else None
    with (
        pytest.raises(Exception, match="403"),
        connect(address.replace("http", "ws", 1), additional_headers=headers, origin=origin),
    ):
        pass


def test_pages_of_other_origins_only_read(visitor: Any) -> None:
    session, url = visitor
    elsewhere = {"Origin": "https://evil.example"}
    assert session.post(url, headers=elsewhere, timeout=60).status_code == 403
    assert session.get(url, headers=elsewhere, timeout=60).status_code == 200
    own = {"Origin": url.split("/deployed")[0]}
    assert session.post(url, headers=own, timeout=60).status_code == 200


def test_nobody_else_is_let_in(api: Any, other: Any, visitor: Any, service: int) -> None:
    _, url = visitor
    assert requests.get(url, timeout=60).status_code == 401
    page = requests.get(url, headers={"Accept": "text/html"}, timeout=60)
    assert "display URL" in page.text
    assert requests.get(url, auth=("nonsense", ""), timeout=60).status_code == 401
    assert other.session.get(url, timeout=60).status_code == 404
    assert requests.get(f"{url}civis-platform-auth?token=a.b", timeout=60).status_code == 401
    assert requests.get(f"{url}civis-platform-auth", timeout=60).status_code == 401
    assert requests.get(f"{api.platform.url}deployed/999999/", timeout=60).status_code == 404
    assert requests.get(f"{api.platform.url}deployed/x", timeout=60).status_code == 404
    user = other.get("users/me")["id"]
    body = {"userIds": [user], "permissionLevel": "read"}
    api.call("PUT", f"services/{service}/shares/users", 200, body)
    try:
        assert other.session.get(url, timeout=60).status_code == 200
        shown = other.get(f"services/{service}")["currentDeployment"]["displayUrl"]
        with requests.Session() as session:
            assert session.get(shown, timeout=60).ok
            assert session.get(url, timeout=60).ok
            api.call("DELETE", f"services/{service}/shares/users/{user}", 204)
            assert session.get(url, timeout=60).status_code == 404
            assert session.get(shown, timeout=60).status_code == 404
    finally:
        api.session.delete(f"{api.platform.url}services/{service}/shares/users/{user}", timeout=60)


def test_tokens_of_a_service_let_in(api: Any, visitor: Any, service: int) -> None:
    _, url = visitor
    made = api.call("POST", f"services/{service}/tokens", 201, {"name": "t"})
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert "authorization" not in requests.get(url, headers=headers, timeout=60).json()["headers"]
    # It is for the service, not for the API.
    assert requests.get(f"{api.platform.url}users/me", headers=headers, timeout=60).status_code == 401
    another = make_service(api)
    found = deploy(api, another)
    assert (
        requests.get(api.get(f"services/{another}")["currentUrl"], headers=headers, timeout=60).status_code
        == 401
    )
    api.call("DELETE", f"services/{another}/deployments/{found['deploymentId']}", 204)
    api.call("DELETE", f"services/{service}/tokens/{made['id']}", 204)
    assert requests.get(url, headers=headers, timeout=60).status_code == 401


def test_its_key_works_and_dies_with_it(api: Any) -> None:
    id = make_service(api)
    found = deploy(api, id)
    url, me = api.get(f"services/{id}")["currentUrl"], f"{api.platform.url}users/me"
    key = requests.get(url, auth=(api.platform.api_key, ""), timeout=60).json()["key"]
    assert requests.get(me, auth=(key, ""), timeout=60).json()["username"] == "local"
    api.call("DELETE", f"services/{id}/deployments/{found['deploymentId']}", 204)
    assert requests.get(me, auth=(key, ""), timeout=60).status_code == 401
    over = api.get(f"services/{id}/deployments/{found['deploymentId']}")
    assert (over["state"], over["stateMessage"]) == ("terminated", "The deployment was ended.")
    assert over["displayUrl"] is None
    assert over["maxMemoryUsage"] > 0
    assert api.get(f"services/{id}")["currentDeployment"] is None
    page = requests.get(url, auth=(api.platform.api_key, ""), timeout=60)
    assert (page.status_code, page.json()["errorDescription"]) == (503, "The deployment was ended.")


def test_the_log_tells_both_sides(api: Any, service: int) -> None:
    id = api.get(f"services/{service}")["currentDeployment"]["deploymentId"]
    path = f"services/{service}/deployments/{id}/logs"
    found = [(each["source"], each["stream"], each["message"]) for each in api.get(path)]
    assert ("user", "stdout", "begins") in found
    assert ("user", "stderr", "complains") in found
    assert ("system", "stdout", f"Deployment {id} is running.") in found
    assert len(api.get(path, limit=1)) == 1
    assert api.get(path, start_at="2100-01-01T00:00:00Z") == []


ENDS = {
    "by itself": ("leave", "ended with code 3"),
    "in the middle of an answer": ("cut", "ended with code 4"),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_program_that_dies_is_noticed(api: Any, case: str) -> None:
    way, expected = ENDS[case]
    id = make_service(api)
    deploy(api, id)
    url = api.get(f"services/{id}")["currentUrl"]
    with contextlib.suppress(requests.RequestException):
        assert requests.get(f"{url}{way}", auth=(api.platform.api_key, ""), timeout=60).status_code in (
            200,
            502,
        )
    found = until(
        lambda: (each := api.get(f"services/{id}/deployments")[0])["state"] == "terminated" and each
    )
    path = f"services/{id}/deployments/{found['deploymentId']}"
    assert expected in api.get(path)["stateMessage"]


FAILURES = {
    "no command": ({"environmentVariables": {COMMAND: ""}}, "Procfile"),
    "no such program": ({"command": "exec nothing-of-this-name"}, "ended with code 127"),
    "no repository": ({"gitRepoUrl": "file:///nowhere/at-all.git"}, "cannot be fetched"),
    "somebody else's credential": ({"credentials": "other"}, "is not one of the user"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_deployed_says_why(api: Any, other: Any, case: str) -> None:
    fields, expected = FAILURES[case]
    fields = dict(fields)
    if fields.get("credentials") == "other":
        body = {"name": "c", "type": "Custom", "username": "u", "password": "p"}
        fields["credentials"] = [other.call("POST", "credentials", 201, body)["id"]]
    id = make_service(api, **fields)
    found = deploy(api, id)
    assert found["state"] == "terminated"
    assert expected in found["stateMessage"]
    assert expected in messages(api, id, found["deploymentId"])[-1]


def test_a_repository_brings_its_procfile(api: Any, tmp_path: Path) -> None:
    code = tmp_path / "code" / "web"
    code.mkdir(parents=True)
    (code / "Procfile").write_text(f"# how\nweb: exec {sys.executable} {_APP}\n", encoding="utf-8")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(tmp_path / "code")]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "m"]):
        subprocess.run([*git, *words], check=True)
    body = {"name": "r", "gitRepoUrl": f"file://{tmp_path}/code", "gitRepoRef": "main", "memory": 2048}
    id = api.call("POST", "services", 201, {**body, "gitPathDir": "web"})["id"]
    found = deploy(api, id)
    assert found["state"] == "running", found["stateMessage"]
    api.call("DELETE", f"services/{id}/deployments/{found['deploymentId']}", 204)
    for folder in ("nowhere", "../.."):
        api.call("PATCH", f"services/{id}", 200, {"gitPathDir": folder})
        assert "has no folder" in deploy(api, id)["stateMessage"]


def test_a_deployment_takes_the_place_of_the_one_before(api: Any) -> None:
    id = make_service(api)
    first, second = deploy(api, id), deploy(api, id)
    shown = api.get(f"services/{id}/deployments/{first['deploymentId']}")
    assert (shown["state"], shown["stateMessage"]) == (
        "terminated",
        "Another deployment has taken its place.",
    )
    assert api.get(f"services/{id}")["currentDeployment"]["deploymentId"] == second["deploymentId"]
    api.call("DELETE", f"services/{id}/deployments/{second['deploymentId']}", 204)
    api.call("DELETE", f"services/{id}/deployments/{second['deploymentId']}", 204)  # again: it is over


def test_of_two_asked_for_at_once_the_later_stays(api: Any) -> None:
    id, platform = make_service(api), api.platform
    with platform.state.begin() as connection:
        base = objects.fetch(connection, "service", id)
        earlier, later = (
            insert_deployment(
                connection, base, {}, user_id=base.author_id or 0, now=platform.clock.time(), constraints=[]
            )
            for _ in range(2)
        )
    platform.deployments.deploy(later)
    platform.deployments.deploy(earlier)  # its request was committed first, and comes here last
    path = f"services/{id}/deployments"
    ended = until(lambda: (found := api.get(f"{path}/{earlier.id}"))["state"] == "terminated" and found)
    assert ended["stateMessage"] == "Another deployment has taken its place."
    assert until(lambda: api.get(f"{path}/{later.id}")["state"] == "running")


def test_a_restricted_key_is_signed_in_nowhere(api: Any, service: int) -> None:
    def address(**constraint: Any) -> str:
        body = {"name": "some", "expiresIn": 99, "constraints": [constraint]}
        token = api.call("POST", "users/me/api_keys", 200, body)["token"]
        shown = requests.get(f"{api.platform.url}services/{service}", auth=(token, ""), timeout=60).json()
        assert shown["currentUrl"].startswith(f"{api.platform.url}deployed/")
        return str(shown["currentDeployment"]["displayUrl"]).removeprefix(shown["currentUrl"])

    verbs = ("get", "head", "post", "put", "patch", "delete")
    assert address(constraintType="verb", getAllowed=True) == ""
    allowed = {f"{verb}Allowed": True for verb in verbs}
    assert address(constraintType="prefix", constraint="/services", **allowed) == ""
    assert address(constraintType="verb", **allowed).startswith("civis-platform-auth?token=")


def test_studios_say_that_they_are_the_hosted_platform_s(api: Any) -> None:
    id = api.call("POST", "studios", 201, {"name": "s"})["id"]
    found = deploy(api, id, "studios")
    assert found["state"] == "terminated"
    assert "studio" in found["stateMessage"]


def test_the_platform_s_end_is_theirs(make_api: Any, tmp_path: Path) -> None:
    with Platform(tmp_path / "data") as platform:
        api = make_api(platform)
        id = make_service(api)
        found = deploy(api, id)
        port = platform.deployments.find(found["deploymentId"]).port  # type: ignore[union-attr]
        platform.reset()  # which ends them too
        id = make_service(api)
        found = deploy(api, id)
        last = platform.deployments.find(found["deploymentId"]).port  # type: ignore[union-attr]
    for each in (port, last):
        with pytest.raises(OSError, match=r"refused|Errno"), socket.create_connection(("127.0.0.1", each), 5):
            pass
    with Platform(tmp_path / "data") as platform:
        api = make_api(platform)
        shown = api.get(f"services/{id}/deployments/{found['deploymentId']}")
        assert shown["state"] == "terminated"
        assert "platform was stopped" in shown["stateMessage"]
        assert deploy(api, id)["state"] == "running"


def test_signed_addresses_and_cookies_end() -> None:
    clock = FakeClock(start=1_800_000_000.0)
    addresses = Addresses(b"0" * 32, clock)
    link = addresses.sign("link", deployment_id=7, user_id=2)
    cookie = addresses.sign("cookie", deployment_id=7, user_id=2)
    assert addresses.user_of("link", 7, link) == addresses.user_of("cookie", 7, cookie) == 2
    assert addresses.user_of("cookie", 7, link) is None
    assert addresses.user_of("link", 8, link) is None
    assert Addresses(b"1" * 32, clock).user_of("link", 7, link) is None
    assert addresses.user_of("link", 7, link[:-1] + "é") is None
    clock.advance(LINK_SECONDS)
    assert addresses.user_of("link", 7, link) is None
    clock.advance(COOKIE_SECONDS)
    assert addresses.user_of("cookie", 7, cookie) is None


def test_headers_of_a_connection_stay_behind() -> None:
    given = [(b"connection", b"x-one, close"), (b"x-one", b"1"), (b"te", b"a"), (b"cookie", b"c=1; own=2")]
    sent = headers_to(
        [*given, (b"x-forwarded-for", b"a lie"), (b"authorization", b"mine")],
        scheme="http",
        client="10.0.0.1",
        prefix="/deployed/7/",
        own_cookie="own",
        without_authorization=False,
        instead={"authorization": "token t"},
    )
    assert dict(sent) == {
        b"host": b"127.0.0.1",  # there was none
        b"cookie": b"c=1",
        b"x-forwarded-for": b"10.0.0.1",
        b"x-forwarded-host": b"",
        b"x-forwarded-prefix": b"/deployed/7",
        b"x-forwarded-proto": b"http",
        b"authorization": b"token t",
    }
    back = headers_back(
        [
            (b"Location", b"http://127.0.0.1:9/a"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Set-Cookie", b"a=1; path=/x"),
        ],
        prefix="/deployed/7/",
        origins=["http://127.0.0.1:9"],
        strips_prefix=True,
    )
    assert back == [(b"location", b"/deployed/7/a"), (b"set-cookie", b"a=1; Path=/deployed/7/")]
    assert cookie_value("a=1;own=x=y", "own") == "x=y"


#: Requests that no client makes by mistake: headers and body, and the status of the answer.
ODD = {
    "two lengths": ("Content-Length: 5\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n", 400),
    "a length of the connection": ("Connection: content-length\r\nContent-Length: 3", "abc", 200),
    "another protocol": ("Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3", "abc", 400),
    "two hosts": ("Host: other\r\nContent-Length: 3", "abc", 400),
}


def ask_oddly(api: Any, service: int, start: str, rest: str) -> tuple[int, str]:
    """Send a request as it stands; give the status and the whole answer."""
    port = int(api.platform.url.split(":")[2].strip("/"))
    path = api.get(f"services/{service}")["currentUrl"].removeprefix(api.platform.url)
    login = f"Authorization: Bearer {api.platform.api_key}\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", port), 30) as opened, opened.makefile("rb") as answer:
        opened.sendall((start.format(f"/{path}") + login + rest).encode())
        found = answer.read().decode()
    return int(found.split()[1]), found


@pytest.mark.parametrize("case", ODD)
def test_odd_requests_end_in_answers(api: Any, service: int, case: str) -> None:
    headers, body, expected = ODD[case]
    start = "POST {} HTTP/1.1\r\nHost: h\r\n"
    status, answer = ask_oddly(api, service, start, f"{headers}\r\n\r\n{body}")
    assert status == expected, answer
    assert answer.lower().count("\r\ndate:") == 1


def test_a_request_need_not_say_for_whom_it_is(api: Any, service: int) -> None:
    status, answer = ask_oddly(api, service, "GET {} HTTP/1.0\r\n", "\r\n")
    assert status == 200, answer


def test_no_service_worker_sees_all_deployments() -> None:
    given = [(b"Service-Worker-Allowed", b"/"), (b"X-Own", b"1")]
    assert headers_back(given, prefix="/deployed/7/", origins=[], strips_prefix=True) == [(b"x-own", b"1")]


def test_a_procfile_names_the_web_process(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("worker: no\nweb:  run --it  \n", encoding="utf-8")
    assert service_command({}, tmp_path).strip() == "run --it"
    with pytest.raises(JobFailed, match="Procfile"):
        service_command({}, tmp_path / "none")
