"""Credentials over HTTP: filters, defaults, passwords that never come out, and remote and storage hosts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.services.credential_secrets import SealBroken, Sealer
from civis.local.services.credentials import credential_password, ensure_default_credential
from civis.local.state import objects

PASSWORD = "correct horse battery staple"


@pytest.fixture
def make(api):
    """Create a credential that is gone after the test."""
    made = []

    def create(**fields):
        body = {"type": "Custom", "username": "ann", "password": PASSWORD, **fields}
        made.append(api.call("POST", "credentials", 201, body))
        return made[-1]

    yield create
    for each in made:
        api.session.delete(f"{api.platform.url}credentials/{each['id']}")


def test_the_default_credential(api):
    (credential,) = api.get("credentials", default="true")
    assert (credential["type"], credential["default"]) == ("Database", True)
    assert credential["remoteHostId"] == api.database_id
    assert credential["remoteHostName"] == "local"
    assert credential["user"]["username"] == credential["owner"] == api.get("users/me")["username"]
    assert api.get(f"credentials/{credential['id']}") == credential


def test_creation_and_changes(api, make):
    credential = make(name="mine", description="d")
    assert (credential["name"], credential["username"], credential["type"]) == ("mine", "ann", "Custom")
    path = f"credentials/{credential['id']}"
    changed = api.call("PATCH", path, 200, {"username": "bob"})
    assert (changed["username"], changed["description"]) == ("bob", "d")
    replaced = api.call("PUT", path, 200, {"type": "Custom", "username": "eve", "password": "p"})
    assert (replaced["username"], replaced["description"], replaced["name"]) == ("eve", None, "mine")
    assert api.call("DELETE", path, 204) is None
    assert str(credential["id"]) in api.refusal("GET", path, 404)
    assert make()["name"] == "ann"


def test_a_password_never_comes_out(api, make):
    credential = make(name="secretive")
    texts = [repr(api.get(f"credentials/{credential['id']}")), repr(api.get("credentials"))]
    with api.platform.state.begin() as connection:
        stored = objects.fetch(connection, "credential", credential["id"])
    texts.append(repr(stored))
    texts += [path.read_bytes().decode("latin-1") for path in api.platform.data_dir.glob("state*")]
    assert not [text for text in texts if PASSWORD in text]
    assert credential_password(api.platform, stored) == PASSWORD
    api.call("PATCH", f"credentials/{credential['id']}", 200, {"password": "new"})
    with api.platform.state.begin() as connection:
        stored = objects.fetch(connection, "credential", credential["id"])
    assert credential_password(api.platform, stored) == "new"


def test_filters_and_pages(api, make):
    made = [
        make(name=f"list {number}", type=type) for number, type in enumerate(["Custom", "Google", "Custom"])
    ]
    ids = [each["id"] for each in made]

    def listed(**query):
        return [each["id"] for each in api.get("credentials", name="LIST", **query)]

    assert listed(order="created_at", order_dir="asc") == ids
    assert listed(order="name") == ids[::-1]
    assert listed(type="Google") == [ids[1]]
    assert sorted(listed(type="Google, Custom")) == ids
    assert listed(order="name", order_dir="asc", limit=2, page_num=2) == [ids[2]]
    assert api.headers["X-Pagination-Total-Entries"] == "3"
    assert listed(remote_host_id=api.database_id) == []
    assert listed(system_credentials="true") == []
    me = api.get("users/me")["id"]
    assert sorted(listed(users=str(me))) == ids
    assert listed(users="999999") == []
    assert "Google" in api.refusal("GET", "credentials", 400, type="Gogle")
    assert "ann" in api.refusal("GET", "credentials", 400, users="ann")
    assert "Database" in api.get("credentials/types")["types"]


def test_one_default_a_host(api, make):
    first = api.credential_id
    other = make(type="Database", remote_host_id=api.database_id, default=True, username="second")
    assert api.credential_id == other["id"]
    assert api.get(f"credentials/{first}")["default"] is False
    api.call("PATCH", f"credentials/{first}", 200, {"default": True})
    assert api.credential_id == first
    assert api.get(f"credentials/{other['id']}")["default"] is False


REFUSALS = {
    "unknown type": ({"type": "Datbase"}, 400, "'Database'"),
    "unknown host": ({"remote_host_id": 999999}, 404, "999999"),
    "no user name": ({"username": ""}, 400, "username"),
    "default of another type": ({"default": True}, 422, "Database"),
    "unknown user": ({"user_id": 999999}, 404, "999999"),
}


@pytest.mark.parametrize(("fields", "status", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(api, fields, status, words):
    body = {"type": "Custom", "username": "ann", "password": PASSWORD, **fields}
    refusal = api.refusal("POST", "credentials", status, body)
    assert words in refusal
    assert PASSWORD not in refusal


def test_other_types_take_only_names(api):
    me = api.get("users/me")["id"]
    id = api.store("credential", {"type": "Github", "username": "x"}, name="git", author_id=me)
    assert api.call("PATCH", f"credentials/{id}", 200, {"name": "hub"})["name"] == "hub"
    assert "Github" in api.refusal("PATCH", f"credentials/{id}", 422, {"username": "y"})


def test_temporary_credentials(api, make):
    credential = make(type="Amazon Web Services S3")
    path = f"credentials/{credential['id']}/temporary"
    one, two = (api.call("POST", path, 200, {"duration": 900}) for _ in range(2))
    assert one["accessKey"] != two["accessKey"]
    assert one["secretAccessKey"] != two["secretAccessKey"]
    with api.platform.state.begin() as connection:
        kept = objects.select_objects(connection, "temporary_credential", parent_id=credential["id"])
    assert len(kept) == 2
    assert one["secretAccessKey"] not in repr(kept)
    assert "899" in api.refusal("POST", path, 400, {"duration": 899})
    assert "'Custom'" in api.refusal("POST", f"credentials/{make()['id']}/temporary", 400, {})


def test_authentication(api, make):
    host = api.call(
        "POST",
        "remote_hosts",
        201,
        {"name": "h", "url": "jdbc:mysql//h/d", "type": "RemoteHostTypes::JDBC"},
    )
    credential = make(type="Database", remote_host_id=host["id"])
    body = {"url": host["url"], "remote_host_type": host["type"], "username": "ann", "password": PASSWORD}
    assert api.call("POST", "credentials/authenticate", 200, body)["id"] == credential["id"]
    wrong = api.call("POST", "credentials/authenticate", 400, {**body, "password": "other"})
    assert wrong == {
        "error": "authentication_error",
        "errorDescription": "Username or password is incorrect.",
        "code": 400,
    }
    path = f"remote_hosts/{host['id']}/authenticate"
    assert api.call("POST", path, 204, {"credential_id": credential["id"]}) is None
    assert api.call("POST", path, 204, {"username": "ann", "password": PASSWORD}) is None
    assert "incorrect" in api.refusal("POST", path, 400, {"username": "ann", "password": "x"})
    assert "either" in api.refusal("POST", path, 400, {})


def test_remote_hosts(api):
    made = api.call(
        "POST",
        "remote_hosts",
        201,
        {"name": "My Remote Host", "url": "jdbc:mysql://address/db", "type": "RemoteHostTypes::JDBC"},
    )
    path = f"remote_hosts/{made['id']}"
    assert (made["description"], made["myPermissionLevel"]) == (None, "manage")
    changed = api.call("PATCH", path, 200, {"description": "New"})
    assert (changed["description"], changed["name"]) == ("New", "My Remote Host")
    listed = {each["id"]: each["type"] for each in api.get("remote_hosts")}
    assert listed[made["id"]] == "RemoteHostTypes::JDBC"
    assert listed[api.database_id] == "RemoteHostTypes::Redshift"
    redshift = [each["id"] for each in api.get("remote_hosts", type="RemoteHostTypes::Redshift")]
    assert redshift == [api.database_id]
    api.sql("create schema if not exists sets; create table if not exists sets.one (id integer)")
    names = [each["name"] for each in api.get(f"remote_hosts/{api.database_id}/data_sets", q="sets.")]
    assert names == ["sets.one"]
    assert "JDBC" in api.refusal("GET", f"{path}/data_sets", 422)
    assert "database" in api.refusal("PATCH", f"remote_hosts/{api.database_id}", 403, {"name": "x"})
    body = {"name": "x", "url": "y", "type": "RemoteHostTypes::JDB"}
    assert "RemoteHostTypes::JDBC" in api.refusal("POST", "remote_hosts", 400, body)


def test_storage_hosts(api):
    made = api.call("POST", "storage_hosts", 201, {"name": "S3", "provider": "s3", "bucket": "b"})
    path = f"storage_hosts/{made['id']}"
    assert made["s3Options"] == {"region": "us-east-1"}
    changed = api.call("PATCH", path, 200, {"s3_options": {"region": "eu-west-1"}})
    assert (changed["s3Options"], changed["bucket"]) == ({"region": "eu-west-1"}, "b")
    assert [each["id"] for each in api.get("storage_hosts")] == [made["id"]]
    assert "gcs" in api.refusal("POST", "storage_hosts", 400, {"name": "x", "provider": "gcs", "bucket": "b"})
    assert api.call("DELETE", path, 204) is None
    assert api.refusal("GET", path, 404)


def test_ensuring_a_default_again_changes_nothing(api):
    me, platform = api.get("users/me"), api.platform
    with platform.state.begin() as connection:
        made = [
            ensure_default_credential(platform, connection, me["id"], me["username"], api_id, platform.now).id
            for api_id in [_first_database(connection)] * 2
        ]
    assert made == [api.credential_id] * 2


def _first_database(connection):
    return objects.select_objects(connection, "database", descending=False)[0].id


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_sealing(tmp_path_factory, text):
    sealer = Sealer(tmp_path_factory.mktemp("sealer"))
    sealed = sealer.seal(text)
    assert sealer.open(sealed) == text
    assert sealer.seal(text) != sealed


def test_sealed_texts_are_guarded(tmp_path: Path):
    sealer = Sealer(tmp_path)
    sealed = sealer.seal("secret")
    assert (tmp_path / "credentials.key").stat().st_mode & 0o077 == 0
    changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    other = tmp_path / "other"
    other.mkdir()
    for broken, by in ((changed, sealer), (sealed, Sealer(other))):
        with pytest.raises(SealBroken, match="set the credential's password again"):
            by.open(broken)


def test_threads_agree_on_the_key(tmp_path: Path):
    start, sealed = threading.Barrier(8), []

    def seal() -> None:
        start.wait()
        sealed.append(Sealer(tmp_path).seal("same"))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {Sealer(tmp_path).open(each) for each in sealed} == {"same"}
    assert [path.name for path in tmp_path.iterdir()] == ["credentials.key"]
