"""The methods of resources: made when first touched, bound to a client, with signature and docstring.

To `help`, `inspect` and `unittest.mock` it looks like a bound method; its docstring is written when read.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from civis import _spec
from civis._deprecation import warn_deprecated
from civis._names import suggestion
from civis._spec import Operation, Resource, SpecError
from civis.resources._binding import bind
from civis.resources._calls import Caller, perform, warn_of_keys, warn_of_operation

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self


class OperationMethod:
    """One operation, bound to the resource of a client.

    Parameters
    ----------
    owner : ResourceMethods
        The resource it is called on; None for the one that stands in the class.
    operation : Operation
        What it calls.
    """

    def __init__(self, owner: ResourceMethods | None, operation: Operation) -> None:
        self.__self__ = owner
        self.operation = operation
        self.__name__ = operation.name
        self.__qualname__ = f"{class_name(operation.resource)}.{operation.name}"
        self.__module__ = "civis.resources"
        # What asks for ``method.__call__`` (unittest.mock does) finds the signature there too.
        self.__dict__["__call__"] = self

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the operation."""
        if self.__self__ is None:
            raise TypeError(f"{self.__qualname__}() is called on a client: client.{self.operation.resource}")
        if self.operation.problem:
            called = f"{self.operation.resource}.{self.operation.name}()"
            raise SpecError(f"{called} cannot be called: {self.operation.problem}")
        request = bind(self.operation, args, kwargs)
        warn_of_operation(self.operation)
        warn_of_keys(request)
        return perform(self.__self__._client, request)

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        """Stay bound: makes `inspect.isroutine` and so `help` take this for a method."""
        return self

    @property
    def __doc__(self) -> str:  # type: ignore[override] # written when read
        return _spec.render_docstring(self.operation)

    @cached_property
    def __signature__(self) -> Signature:
        from civis.resources._signatures import signature_of  # noqa: PLC0415 - inspect takes 5 ms to import

        return signature_of(self.operation)

    @property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override] # made when read
        found = {name: each.annotation for name, each in self.__signature__.parameters.items()}
        return {**found, "return": self.__signature__.return_annotation}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OperationMethod)
            and other.__self__ is self.__self__
            and other.operation == self.operation
        )

    def __hash__(self) -> int:
        return hash((id(self.__self__), self.operation.http_method, self.operation.path))

    def __repr__(self) -> str:
        kind = "method" if self.__self__ is None else "bound method"
        return f"<{kind} {self.__qualname__}{self.__signature__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.__self__ is None:
            raise TypeError(f"{self.__qualname__} can be pickled only as a method of a client's resource")
        return getattr, (self.__self__, self.operation.name)


class MethodSlot:
    """The place of a method in a resource's class; reads its operation when touched."""

    def __init__(self, resource: Resource, name: str) -> None:
        self._resource = resource
        self.__name__ = name

    @overload
    def __get__(self, instance: None, owner: type) -> OperationMethod: ...

    @overload
    def __get__(self, instance: ResourceMethods, owner: type) -> OperationMethod: ...

    def __get__(self, instance: ResourceMethods | None, owner: type) -> OperationMethod:
        operation = self._resource.operations[self.__name__]
        method = OperationMethod(instance, operation)
        if instance is not None:
            # Later look-ups find it in the instance, before they come here.
            method = instance.__dict__.setdefault(self.__name__, method)
        return method


class ResourceMethods:
    """The operations of one resource, as methods.

    Parameters
    ----------
    client : object
        What sends the requests.
    """

    _resource: Resource
    _client: Caller

    def __init__(self, client: Caller) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        # Only what the class has no slot for comes here.
        resource = type(self)._resource
        if name.startswith("__"):
            raise AttributeError(name)
        current = resource.older_names.get(name)
        if current is not None:
            return self._older(name, current)
        retired = resource.retired.get(name)
        if retired is not None:
            raise AttributeError(
                f"client.{resource.name}.{name}() is no longer offered: {retired.summary.rstrip('.')}",
                name=name,
                obj=self,
            )
        near = suggestion(name, resource.operations)
        raise AttributeError(
            f"the resource {resource.name!r} has no method {name!r}.{near}", name=name, obj=self
        )

    def _older(self, name: str, current: str) -> OperationMethod:
        """Give the method that replaced an older one, and say so."""
        where = f"client.{type(self)._resource.name}"
        warn_deprecated(f"{where}.{name}()", since="3.0.0", instead=f"{where}.{current}()", stacklevel=3)
        method: OperationMethod = getattr(self, current)
        return method

    def __dir__(self) -> list[str]:
        return sorted({*type(self)._resource.operations, *object.__dir__(self)})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._client, type(self)._resource.name)


def make_class(resource: Resource) -> type[ResourceMethods]:
    """Make the class of a resource; its methods are made when touched."""
    slots: dict[str, Any] = {name: MethodSlot(resource, name) for name in resource.operations}
    slots.update(
        __doc__=f"The methods of ``client.{resource.name}``.",
        __module__="civis.resources",
        _resource=resource,
    )
    return type(class_name(resource.name), (ResourceMethods,), slots)


def class_name(resource_name: str) -> str:
    """Name the class of a resource.

    Examples
    --------
    >>> class_name("scripts"), class_name("match_targets")
    ('Scripts', 'Match_Targets')
    """
    return resource_name.title()
