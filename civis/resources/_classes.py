"""The classes of an API's resources: one set for each description, whichever clients use it."""

from __future__ import annotations

from collections.abc import Mapping

from civis._names import suggestion
from civis._spec import Api, LazyMapping, lazily
from civis.resources._calls import Caller
from civis.resources._methods import ResourceMethods, make_class


def resource_classes(api: Api) -> Mapping[str, type[ResourceMethods]]:
    """Give the class of each resource, made when it is asked for.

    Parameters
    ----------
    api : Api
        The description.

    Returns
    -------
    Mapping
        From the names of the resources to their classes.
    """
    found = api.made.get("classes")
    if found is None:
        makers = {name: lazily(_make, api, name) for name in api.resources}
        found = api.made.setdefault("classes", LazyMapping(makers))
    assert isinstance(found, LazyMapping)
    return found


def _make(api: Api, name: str) -> type[ResourceMethods]:
    """Make one class."""
    return make_class(api.resources[name])


def resource_of_client(client: Caller, api: Api, name: str, attributes: list[str]) -> ResourceMethods:
    """Make the object that stands for a resource in a client.

    Parameters
    ----------
    client : Caller
        The client.
    api : Api
        Its description.
    name : str
        The attribute asked for.
    attributes : list of str
        The client's other attributes, for a hint.

    Raises
    ------
    AttributeError
        If there is no such resource, naming those that are near.
    """
    known = name
    if name not in api.resources and name.endswith("_"):
        known = name[:-1]  # a resource named as a keyword or as something that every client has
    if known in api.resources:
        return resource_classes(api)[known](client)
    near = suggestion(name, [*api.resources, *attributes])
    raise AttributeError(f"the API has no resource {name!r}.{near}", name=name, obj=client)
