"""Creates, lists, finds, changes, shares and archives objects; pages; errors."""

import io

import requests
from _expect import raises

import civis
from civis.base import CivisAPIError


def people(client):
    me = client.users.get_me()
    other = client.users.post(
        name="Grace Hopper", email="grace@example.com", primary_group_id=me.groups[0].id, user="grace"
    )
    return me, other


def make_objects(client):
    """Give each kind's methods, what to make one with, and what changes its name."""
    resources = {"cpu": 100, "memory": 256}
    container = client.scripts.post_containers(
        required_resources=resources, docker_image_name="any", docker_command="true", name="compat container"
    )
    python = client.scripts.post_python3(name="compat python", source="print(1)")
    sql = client.scripts.post_sql(
        name="compat sql",
        sql="SELECT 1",
        remote_host_id=client.get_database_id("local"),
        credential_id=client.default_database_credential_id,
    )
    project = client.projects.post(name="compat project", description="all of it")
    workflow = client.workflows.post(name="compat workflow")
    report = client.reports.post(name="compat report", code_body="<p>1</p>")
    return {
        "scripts.{}_containers": container,
        "scripts.{}_python3": python,
        "scripts.{}_sql": sql,
        "projects.{}": project,
        "workflows.{}": workflow,
        "reports.{}": report,
    }


def method(client, pattern, verb, *rest):
    resource, name = pattern.split(".")
    return getattr(getattr(client, resource), "_".join([name.format(verb), *rest]))


def change_share_archive(client, other, made):
    for pattern, stored in made.items():
        assert method(client, pattern, "get")(stored.id).name == stored.name, pattern
        arguments = {"description": "all of it"} if pattern == "projects.{}" else {}
        if pattern == "projects.{}":
            renamed = client.projects.put(stored.id, name="compat renamed", **arguments)
        else:
            renamed = method(client, pattern, "patch")(stored.id, name="compat renamed")
        assert renamed.name == "compat renamed", pattern

        shares = method(client, pattern, "put", "shares_users")(stored.id, [other.id], "write")
        assert [user.id for user in shares.writers.users] == [other.id], (pattern, shares)
        listed = method(client, pattern, "list", "shares")(stored.id)
        assert [user.name for user in listed.writers.users] == ["Grace Hopper"], (pattern, listed)
        assert method(client, pattern, "delete", "shares_users")(stored.id, other.id) is not None
        assert not method(client, pattern, "list", "shares")(stored.id).writers.users, pattern

        archived = method(client, pattern, "put", "archive")(stored.id, True)
        assert archived.archived is True, pattern


def projects(client):
    project = client.projects.post(name="holds", description="a script and a file")
    script = client.scripts.post_python3(name="held", source="print(1)")
    file_id = civis.io.file_to_civis(io.BytesIO(b"held"), "held.txt")
    client.scripts.put_python3_projects(script.id, project.id)
    client.files.put_projects(file_id, project.id)
    full = client.projects.get(project.id)
    assert [each.id for each in full.scripts] == [script.id], full.scripts
    assert [each.file_name for each in full.files] == ["held.txt"], full.files
    assert [each.id for each in client.scripts.list_python3_projects(script.id)] == [project.id]
    client.scripts.delete_python3_projects(script.id, project.id)
    assert not client.projects.get(project.id).scripts


def credentials(client, me, other):
    made = client.credentials.post(
        type="Custom", username="ada", password="s3cret", name="compat credential", description="a key"
    )
    assert "s3cret" not in str(made.json())
    assert client.credentials.get(made.id).username == "ada"
    named = civis.find_one(client.credentials.list(type="Custom"), name="compat credential")
    assert named.id == made.id
    changed = client.credentials.patch(made.id, username="lovelace")
    assert changed.username == "lovelace"
    client.credentials.put_shares_users(made.id, [other.id], "read")
    assert client.credentials.list_shares(made.id).readers.users[0].id == other.id
    assert "Custom" in client.credentials.list_types().types
    database = client.get_database_id("local")
    assert client.get_database_credential_id(me.username, "local") == client.default_database_credential_id
    assert client.databases.get(database).name == "local"
    client.credentials.delete(made.id)
    with raises(CivisAPIError, "(404)"):
        client.credentials.get(made.id)


def files(client, other):
    file_id = civis.io.file_to_civis(
        io.BytesIO(b"a,b\n1,2\n"), "shared.csv", expires_at=None, description="two"
    )
    file = client.files.get(file_id)
    assert (file.name, file.file_size, file.expires_at) == ("shared.csv", 8, None), file
    assert file.description == "two"
    client.files.put_shares_users(file_id, [other.id], "read")
    assert client.files.list_shares(file_id).readers.users[0].id == other.id
    assert client.files.patch(file_id, name="renamed.csv").name == "renamed.csv"
    assert client.files.patch(file_id, expires_at="2099-01-01T00:00:00Z").expires_at.startswith("2099-01-01")
    with raises(civis.base.CivisAPIError, "(404)"):
        civis.io.civis_to_file(999999, io.BytesIO())


def pages(client):
    made = {client.scripts.post_python3(name=f"page {n}", source="", hidden=True).id for n in range(7)}
    listed = client.scripts.list(type="python3", hidden=True, limit=3, iterator=True)
    assert type(listed).__name__ == "PaginatedResponse"
    found = [each.id for each in listed]
    assert made <= set(found), found
    assert len(found) == len(set(found))
    first = client.scripts.list(type="python3", hidden=True, limit=3)
    assert len(first) == 3
    assert first.headers["X-Pagination-Per-Page"] == "3", first.headers
    second = client.scripts.list(type="python3", hidden=True, limit=3, page_num=2)
    assert not {each.id for each in first} & {each.id for each in second}
    several = civis.find(first, lambda script: script.name.startswith("page"), archived=False)
    assert len(several) == 3, several
    assert civis.find_one(first, name="none such") is None
    assert civis.find(first, archived=False) == list(first)


def errors(client):
    with raises(CivisAPIError, "(404)", "999999"):
        client.scripts.get_containers(999999)
    error = None
    try:
        client.files.get(999999)
    except CivisAPIError as raised:
        error = raised
    assert (error.status_code, bool(error.error_message)) == (404, True)
    with raises(CivisAPIError, "(400)"):
        client.scripts.post_containers(required_resources={"cpu": -1}, docker_command="true")
    with raises(TypeError, "sauce"):
        client.scripts.post_python3(name="typo", sauce="print(1)")
    with raises(ValueError, "nowhere"):
        client.get_database_id("nowhere")
    with raises(requests.HTTPError, "401"):
        civis.APIClient(api_key="wrong")


def answers(client):
    script = client.scripts.post_containers(
        required_resources={"cpu": 100, "memory": 256},
        docker_command="true",
        params=[{"name": "CASE_kept", "type": "string"}],
        arguments={"CASE_kept": "yes"},
    )
    assert script.arguments == {"CASE_kept": "yes"}, script.arguments
    assert script["docker_command"] == script["dockerCommand"] == script.docker_command
    raw = civis.APIClient(return_type="raw").scripts.get_containers(script.id)
    assert raw.status_code == 200
    assert raw.json()["dockerCommand"] == "true"
    assert script.calls_remaining is not None
    assert script.rate_limit is not None


def main():
    client = civis.APIClient()
    me, other = people(client)
    assert client.username == me.username
    made = make_objects(client)
    change_share_archive(client, other, made)
    projects(client)
    credentials(client, me, other)
    files(client, other)
    pages(client)
    answers(client)
    errors(client)


if __name__ == "__main__":
    main()
