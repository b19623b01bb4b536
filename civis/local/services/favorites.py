"""Favorites: objects that a user, or the whole organization, wants at hand, in an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from civis.local.api import Call, Forbidden, NotFound, Page, Routes, page_of
from civis.local.services.lookups import find_object, ordering
from civis.local.state import Stored, objects
from civis.local.state.people import authors

__all__ = ["routes"]

routes = Routes()

_OWN, _SHARED = "favorite", "organization_favorite"


@routes("GET", "/users/me/favorites")
def list_favorites(call: Call) -> Page:
    """List the user's favorites, in the user's order."""
    order, descending = ordering(call, ("position", "created_at"), "position", descending=False)
    found = _own(call)
    if order == "created_at":
        found.sort(key=lambda each: each.id)
    return _page(call, found[::-1] if descending else found)


@routes("POST", "/users/me/favorites")
def add_favorite(call: Call) -> dict[str, Any]:
    """Make an object a favorite, the last in order; one that is a favorite stays where it is."""
    return _add(call, _OWN, _own(call))


@routes("DELETE", "/users/me/favorites/{id}")
def drop_favorite(call: Call) -> None:
    """Drop a favorite."""
    favorite = _one(call, _own(call))
    objects.remove(call.connection, favorite.id)


@routes("PATCH", "/users/me/favorites/{id}/ranking/top")
def move_to_top(call: Call) -> None:
    """Make a favorite the first."""
    _move(call, lambda place, number: 0)


@routes("PATCH", "/users/me/favorites/{id}/ranking/bottom")
def move_to_bottom(call: Call) -> None:
    """Make a favorite the last."""
    _move(call, lambda place, number: number - 1)


@routes("PATCH", "/users/me/favorites/{id}/ranking/higher")
def move_higher(call: Call) -> None:
    """Move a favorite up by one; the first stays."""
    _move(call, lambda place, number: max(place - 1, 0))


@routes("PATCH", "/users/me/favorites/{id}/ranking/lower")
def move_lower(call: Call) -> None:
    """Move a favorite down by one; the last stays."""
    _move(call, lambda place, number: min(place + 1, number - 1))


@routes("GET", "/organizations/favorites")
def list_shared(call: Call) -> Page:
    """List the organization's favorites."""
    orders = ("created_at", "object_type", "object_id")
    order, descending = ordering(call, orders, "created_at", descending=True)
    found = objects.select_objects(call.connection, _SHARED, descending=False)
    if order != "created_at":
        found.sort(key=lambda each: each.document[order])
    return _page(call, found[::-1] if descending else found)


@routes("POST", "/organizations/favorites")
def add_shared(call: Call) -> dict[str, Any]:
    """Make an object a favorite of the organization."""
    _require_admin(call)
    return _add(call, _SHARED, objects.select_objects(call.connection, _SHARED))


@routes("DELETE", "/organizations/favorites/{id}")
def drop_shared(call: Call) -> None:
    """Drop a favorite of the organization."""
    _require_admin(call)
    favorite = _one(call, objects.select_objects(call.connection, _SHARED))
    objects.remove(call.connection, favorite.id)


def _require_admin(call: Call) -> None:
    """Refuse what only an administrator may do."""
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may change the favorites of the organization.")


def _own(call: Call) -> list[Stored]:
    """Read the user's favorites in their order."""
    found = objects.select_objects(call.connection, _OWN, author_id=call.user.id)
    return sorted(found, key=lambda each: (each.document["position"], each.id))


def _one(call: Call, found: Sequence[Stored]) -> Stored:
    """Find the favorite that a path names."""
    for each in found:
        if each.id == call.params["id"]:
            return each
    raise NotFound(f"There is no favorite with ID {call.params['id']}.")


def _add(call: Call, kind: str, known: Sequence[Stored]) -> dict[str, Any]:
    """Store a favorite, unless there is one of the object."""
    object_type = str(call.params["object_type"])
    target = find_object(call.connection, None, call.params["object_id"], object_type)
    for each in known:
        if each.document["object_id"] == target.id:
            return _views(call, [each])[0]
    last = max((each.document["position"] for each in known), default=0)
    document = {"object_id": target.id, "object_type": object_type, "position": last + 1}
    favorite = objects.insert(call.connection, kind, document, now=call.now, author_id=call.user.id)
    return _views(call, [favorite])[0]


def _move(call: Call, to: Any) -> None:
    """Move a favorite to the place that `to` gives for the one it has; all are numbered anew."""
    found = _own(call)
    favorite = _one(call, found)
    place = found.index(favorite)
    found.insert(to(place, len(found)), found.pop(place))
    for position, each in enumerate(found, 1):
        if each.document["position"] != position:
            objects.update(call.connection, each.id, now=call.now, document={"position": position})


def _page(call: Call, found: Sequence[Stored]) -> Page:
    """Show a page of favorites, of an object or of a type if that is asked for."""
    for name in ("object_id", "object_type"):
        wanted = call.params.get(name)
        found = [each for each in found if wanted is None or each.document[name] == wanted]
    return page_of(
        call,
        len(found),
        lambda limit, offset: _views(call, found[offset : offset + limit]),
        default=50,
        maximum=1000,
    )


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show favorites with what they are of."""
    ids = [each.document["object_id"] for each in found]
    targets = {each.id: each for each in objects.select_objects(call.connection, id=ids)} if ids else {}
    people = authors(call.connection, [each.author_id for each in targets.values()])
    answers = []
    for favorite in found:
        target = targets.get(favorite.document["object_id"])
        answers.append(
            {
                **favorite.document,
                "id": favorite.id,
                "object_name": target.name if target else None,
                "created_at": favorite.created_at,
                "object_updated_at": target.updated_at if target else None,
                "object_author": people.get(target.author_id) if target else None,
            }
        )
    return answers
