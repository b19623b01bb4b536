"""Users, their groups and their keys, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from civis.local import Platform

Send = Callable[..., requests.Response]


@pytest.fixture(autouse=True)
def _empty(platform: Platform) -> None:
    """Every test finds a new platform."""
    platform.reset()


def group_id(api: Send) -> int:
    """Give the ID of the group that a new platform has."""
    return int(api("GET", "groups").json()[0]["id"])


def add_user(api: Send, username: str, **more: Any) -> dict[str, Any]:
    """Add a user."""
    body = {"user": username, "name": f"Ann {username.title()}", "email": f"{username}@example.com"}
    answer = api("POST", "users", json={**body, "primaryGroupId": group_id(api), **more})
    assert answer.status_code == 200, answer.text
    user: dict[str, Any] = answer.json()
    return user


def add_key(api: Send, owner: int | str = "me", **more: Any) -> dict[str, Any]:
    """Make a key."""
    answer = api("POST", f"users/{owner}/api_keys", json={"name": "mine", "expiresIn": 3600, **more})
    assert answer.status_code == 200, answer.text
    key: dict[str, Any] = answer.json()
    return key


def test_a_new_platform_has_one_user_in_one_group(api: Send) -> None:
    me = api("GET", "users/me").json()
    group = api("GET", f"groups/{me['primaryGroupId']}").json()
    assert (me["username"], me["name"], me["initials"]) == ("local", "Local User", "LU")
    assert [each["name"] for each in me["groups"]] == ["Local"]
    assert [each["id"] for each in group["members"]] == [me["id"]]
    assert api("GET", "users").json()[0]["user"] == "local"
    assert [each["id"] for each in api("GET", "users/me/organization_admins").json()] == [me["id"]]


def test_preferences_change_one_by_one(api: Send) -> None:
    api("PATCH", "users/me", json={"preferences": {"queryPreviewRows": 7}})
    changed = api("PATCH", "users/me", json={"preferences": {"my_activity_metrics": True}}).json()
    assert changed["preferences"]["query_preview_rows"] == 7
    assert changed["preferences"]["my_activity_metrics"] is True
    assert changed["preferences"]["default_success_notifications_on"] is True
    assert api("GET", "users/me").json() == changed


def test_a_user_is_added_and_changed(api: Send) -> None:
    user = add_user(api, "ann", title="Analyst", robot=True)
    assert (user["user"], user["title"], user["robot"], user["active"]) == ("ann", "Analyst", True, True)
    assert [each["id"] for each in user["groups"]] == [user["primaryGroupId"]]
    changed = api("PATCH", f"users/{user['id']}", json={"name": "Anna", "active": False}).json()
    assert (changed["name"], changed["active"], changed["title"]) == ("Anna", False, "Analyst")
    assert changed == api("GET", f"users/{user['id']}").json()
    owners = [each["owner"] for each in api("GET", "credentials").json()]
    assert "local" in owners


REFUSED = [
    ("a username twice", {"user": "local"}, 409),
    ("no group", {"primaryGroupId": 999_999}, 404),
    ("an empty name", {"name": " "}, 400),
    ("another group that is none", {"groupIds": [999_999]}, 404),
]


@pytest.mark.parametrize(("wrong", "status"), [pytest.param(*each[1:], id=each[0]) for each in REFUSED])
def test_a_user_that_cannot_be_is_refused_and_leaves_nothing(
    api: Send, wrong: dict[str, Any], status: int
) -> None:
    body = {"user": "new", "name": "New", "email": "n@example.com", "primaryGroupId": group_id(api), **wrong}
    assert api("POST", "users", json=body).status_code == status
    assert [each["user"] for each in api("GET", "users").json()] == ["local"]


def test_users_are_searched_and_paged(api: Send) -> None:
    for name in ("ann", "bob", "cid_"):
        add_user(api, name)
    found = [each["user"] for each in api("GET", "users", params={"query": "ANN B"}).json()]
    assert found == ["bob"]
    assert [each["user"] for each in api("GET", "users?query=_").json()] == ["cid_"]
    page = api("GET", "users?order=user&order_dir=desc&limit=2&page_num=2")
    assert [each["user"] for each in page.json()] == ["bob", "ann"]
    assert page.headers["X-Pagination-Total-Entries"] == "4"
    assert page.headers["X-Pagination-Total-Pages"] == "2"


def test_groups_come_and_go(api: Send) -> None:
    user = add_user(api, "ann")
    group = api("POST", "groups", json={"name": "Friends"}).json()
    assert (group["memberCount"], group["members"], group["roleIds"]) == (0, [], [])
    assert api("POST", "groups", json={"name": "Friends"}).status_code == 409
    grown = api("PUT", f"groups/{group['id']}/members/{user['id']}").json()
    assert [each["username"] for each in grown["members"]] == ["ann"]
    members = api("GET", "users", params={"group_id": group["id"]}).json()
    assert [each["user"] for each in members] == ["ann"]
    mine = api("GET", "groups", params={"user_ids[]": [user["id"]], "query": "fri"}).json()
    assert [(each["name"], each["members"]) for each in mine] == [("Friends", [])]
    changed = api("PATCH", f"groups/{group['id']}", json={"description": "All of them"}).json()
    assert (changed["name"], changed["description"], changed["memberCount"]) == ("Friends", "All of them", 1)
    assert api("PUT", f"groups/{group['id']}", json={"name": "Foes"}).json()["description"] is None
    assert api("DELETE", f"groups/{group['id']}/members/{user['id']}").status_code == 204
    assert api("DELETE", f"groups/{group['id']}").status_code == 204
    assert api("GET", f"groups/{group['id']}").status_code == 404


def test_a_primary_group_stays(api: Send) -> None:
    primary = group_id(api)
    assert api("DELETE", f"groups/{primary}").status_code == 409
    me = api("GET", "users/me").json()["id"]
    assert api("DELETE", f"groups/{primary}/members/{me}").status_code == 422


def test_a_keys_token_is_shown_once_and_opens_the_platform(api: Send, api_as: Any) -> None:
    key = add_key(api)
    other = api_as(key["token"])
    assert other("GET", "users/me").json()["username"] == "local"
    shown = other("GET", f"users/me/api_keys/{key['id']}").json()
    assert "token" not in shown
    assert (shown["useCount"], shown["active"]) == (2, True)
    assert shown["lastUsedAt"] is not None
    assert key["token"] not in api("GET", "users/me/api_keys").text


def test_a_revoked_key_opens_nothing(api: Send, api_as: Any) -> None:
    key = add_key(api)
    revoked = api("DELETE", f"users/me/api_keys/{key['id']}").json()
    assert (revoked["active"], revoked["expired"]) == (False, False)
    assert revoked["revokedAt"] is not None
    assert api_as(key["token"])("GET", "users/me").status_code == 401


def test_the_platforms_own_key_stays(api: Send) -> None:
    own = api("GET", "users/me/api_keys").json()[0]
    assert own["name"] == "civis local"
    assert api("DELETE", f"users/me/api_keys/{own['id']}").status_code == 422


def test_a_restricted_key_opens_only_that(api: Send, api_as: Any) -> None:
    only = [{"constraintType": "prefix", "constraint": "/users", "getAllowed": True}]
    key = add_key(api, constraints=only)
    assert key["constraints"][0]["getAllowed"] is True
    restricted = api_as(key["token"])
    assert restricted("GET", "users/me").status_code == 200
    assert restricted("PATCH", "users/me", json={}).status_code == 403
    assert restricted("GET", "groups").status_code == 403


WRONG_KEYS = [
    ("no time", {"expiresIn": 0}),
    ("beyond all dates", {"expiresIn": 10**15}),
    ("an unknown type", {"constraints": [{"constraintType": "odd", "constraint": "/a", "getAllowed": True}]}),
    ("no verb", {"constraints": [{"constraintType": "exact", "constraint": "/a"}]}),
    (
        "a verb with a path",
        {"constraints": [{"constraintType": "verb", "constraint": "/a", "getAllowed": True}]},
    ),
    ("no path", {"constraints": [{"constraintType": "exact", "getAllowed": True}]}),
    *(
        (word, {"constraints": [{"constraintType": "regex", "constraint": pattern, "getAllowed": True}]})
        for word, pattern in (
            ("no pattern", "("),
            ("a pattern that looks ahead", "^/files(?=/7)"),
            ("a pattern that is too large", "((a{1000}){1000}){1000}"),
            ("a pattern that is too long", "a" * 1001),
        )
    ),
]


@pytest.mark.parametrize("wrong", [pytest.param(each[1], id=each[0]) for each in WRONG_KEYS])
def test_a_key_that_cannot_be_is_refused(api: Send, wrong: dict[str, Any]) -> None:
    answer = api("POST", "users/me/api_keys", json={"name": "k", "expiresIn": 60, **wrong})
    assert answer.status_code == 400


def test_who_is_no_administrator_changes_only_themselves(api: Send, api_as: Any) -> None:
    user = add_user(api, "ann")
    me = api("GET", "users/me").json()["id"]
    ann = api_as(add_key(api, user["id"])["token"])
    assert ann("GET", "users/me").json()["username"] == "ann"
    assert ann("PATCH", f"users/{user['id']}", json={"city": "Chicago"}).json()["city"] == "Chicago"
    refused = [
        ann("POST", "users", json={"user": "x", "name": "x", "email": "x", "primaryGroupId": 1}),
        ann("PATCH", f"users/{me}", json={"name": "x"}),
        ann("PATCH", f"users/{user['id']}", json={"active": False}),
        ann("GET", f"users/{me}/api_keys"),
        ann("POST", "groups", json={"name": "x"}),
    ]
    assert [each.status_code for each in refused] == [403] * len(refused)


@pytest.mark.parametrize(
    "constraint",
    [
        {"constraintType": "verb", "postAllowed": True},
        {"constraintType": "prefix", "constraint": "/users", "postAllowed": True},
        {"constraintType": "exact", "constraint": "/users/me/api_keys", "postAllowed": True},
    ],
    ids=lambda each: str(each["constraintType"]),
)
def test_a_restricted_key_makes_no_keys(api: Send, api_as: Any, constraint: dict[str, Any]) -> None:
    mine = api_as(add_key(api, constraints=[constraint])["token"])
    for more in {}, {"constraints": [constraint]}:
        answer = mine("POST", "users/me/api_keys", json={"name": "more", "expiresIn": 3600, **more})
        assert answer.status_code == 403
        assert "restricted, and so makes no keys" in answer.json()["errorDescription"]
    assert len(api("GET", "users/me/api_keys").json()) == 2
    full = api_as(add_key(api)["token"])
    assert full("POST", "users/me/api_keys", json={"name": "more", "expiresIn": 3600}).status_code == 200


def test_a_deactivated_user_is_locked_out(api: Send, api_as: Any) -> None:
    user = add_user(api, "ann")
    ann = api_as(add_key(api, user["id"])["token"])
    assert ann("GET", "users/me").status_code == 200
    api("PATCH", f"users/{user['id']}", json={"active": False})
    assert ann("GET", "users/me").status_code == 401
    me = api("GET", "users/me").json()["id"]
    assert api("PATCH", f"users/{me}", json={"active": False}).status_code == 422
