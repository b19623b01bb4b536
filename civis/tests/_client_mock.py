"""A mock of `civis.APIClient` that knows the API: its resources, their methods, and what these take.

Resources and methods are made when a test touches them; a mock costs what reading the description costs. It
knows nothing of the network.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

from civis._names import suggestion
from civis._spec import Api
from civis.client import APIClient
from civis.resources import API_SPEC_PATH, OperationMethod, ResourceMethods, SpecSource, resource_classes

__all__ = ["create_client_mock"]


def create_client_mock(cache: SpecSource | None = None) -> Any:
    """Make a mock of a client that rejects what the client would reject.

    Every method is a mock with the method's signature: `return_value`, `side_effect` and the assertions of
    `unittest.mock` are there. Nothing is sent anywhere, and no key is needed.

    Parameters
    ----------
    cache : Mapping, str or os.PathLike, optional
        A description of the API, or the path of a JSON file that holds one. By default the one that comes
        with this package.

    Returns
    -------
    unittest.mock.NonCallableMagicMock
        `isinstance` takes it for a `civis.APIClient`. Resources and methods that there are not raise
        `AttributeError`, on reading and on setting; arguments that a method does not take raise `TypeError`.

    Examples
    --------
    >>> from civis.tests import create_client_mock
    >>> client = create_client_mock()
    >>> client.scripts.post_containers_runs.return_value.id = 7
    >>> client.scripts.post_containers_runs(3).id
    7
    >>> client.scripts.post_containers_runs.assert_called_once_with(3)
    >>> client.scripts.post_containers_runs(3, name="x")
    Traceback (most recent call last):
        ...
    TypeError: got an unexpected keyword argument 'name'
    """
    client = APIClient("no-key", local_api_spec=API_SPEC_PATH if cache is None else cache)
    return _ClientMock(client._api)


class _ClientMock(mock.NonCallableMagicMock):
    """The mock itself: its children are made when they are touched."""

    def __init__(self, api: Api | None = None, **kwargs: Any) -> None:
        if api is None:  # `unittest.mock` makes children of this class, for what no test has described
            super().__init__(**kwargs)
            return
        attributes = _own_attributes()
        super().__init__(spec_set=[*api.resources, *attributes, "return_type", "api_version"], name="client")
        object.__setattr__(self, "_civis_api", api)
        object.__setattr__(self, "_civis_attributes", attributes)
        self.return_type = "snake"
        self.api_version = "1.0"

    @property  # type: ignore[misc] # as `unittest.mock` itself does
    def __class__(self) -> Any:
        """What `isinstance` sees."""
        return APIClient if "_civis_api" in self.__dict__ else type(self)

    def _get_child_mock(self, /, **kwargs: Any) -> Any:
        """Make what a test has not described: a plain mock."""
        return mock.MagicMock(**kwargs)

    def __getattr__(self, name: str) -> Any:
        api = self.__dict__.get("_civis_api")
        if api is None or name in self.__dict__["_mock_children"]:
            return super().__getattr__(name)
        if name in api.resources:
            self.attach_mock(_ResourceMock(resource_classes(api)[name]), name)
        elif name in self.__dict__["_civis_attributes"]:
            attribute = getattr(APIClient, name)
            if callable(attribute):
                self.attach_mock(_function_mock(_bound(attribute)), name)
        elif not name.startswith(("_", "assert", "called")):
            known = [*api.resources, *self.__dict__["_civis_attributes"]]
            raise AttributeError(f"the client has no attribute {name!r}.{suggestion(name, known)}")
        return super().__getattr__(name)


class _ResourceMock(mock.NonCallableMagicMock):
    """The mock of one resource."""

    def __init__(self, methods: type[ResourceMethods] | None = None, **kwargs: Any) -> None:
        if methods is None:
            super().__init__(**kwargs)
            return
        resource = methods._resource
        super().__init__(spec_set=[*resource.operations, *resource.older_names])
        object.__setattr__(self, "_civis_methods", methods)

    def _get_child_mock(self, /, **kwargs: Any) -> Any:
        """Make what a test has not described: a plain mock."""
        return mock.MagicMock(**kwargs)

    def __getattr__(self, name: str) -> Any:
        methods = self.__dict__.get("_civis_methods")
        if methods is None or name in self.__dict__["_mock_children"]:
            return super().__getattr__(name)
        operations, older = methods._resource.operations, methods._resource.older_names
        if name in operations:
            self.attach_mock(_method_mock(getattr(methods, name)), name)
        elif name in older:
            return getattr(self, older[name])  # one mock under both names, whichever a test sets
        elif not name.startswith(("_", "assert", "called")):
            near = suggestion(name, operations)
            raise AttributeError(f"the resource {methods._resource.name!r} has no method {name!r}.{near}")
        return super().__getattr__(name)


def _own_attributes() -> list[str]:
    """Name what a client has besides its resources."""
    return [name for name in dir(APIClient) if not name.startswith("_")]


def _method_mock(method: OperationMethod) -> Any:
    """Make the mock of one operation: a function with its signature and docstring."""

    def stand_in(*args: Any, **kwargs: Any) -> None: ...

    stand_in.__name__ = method.__name__
    stand_in.__qualname__ = method.__qualname__
    stand_in.__signature__ = method.__signature__  # type: ignore[attr-defined] # inspect reads it
    made = _function_mock(stand_in)
    made.__doc__ = method.__doc__
    return made


def _function_mock(function: Any) -> Any:
    """Make a mock with a function's signature, that can be reset as a part of something greater."""
    made = mock.create_autospec(function)
    reset = made.reset_mock

    # The one that `unittest.mock` makes for functions does not take what it passes on to children.
    def reset_mock(visited: Any = None, *, return_value: bool = False, side_effect: bool = False) -> None:
        reset()
        if return_value:
            made.return_value = mock.MagicMock()
        if side_effect:
            made.side_effect = None

    made.reset_mock = reset_mock
    return made


def _bound(function: Any) -> Any:
    """Give a method of the class the signature that it has on a client."""
    return function.__get__(object.__new__(APIClient))
