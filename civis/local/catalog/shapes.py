"""The named shapes of the catalogue, built when first asked for; it must not know operations."""

from __future__ import annotations

from collections.abc import Mapping

from civis.local.catalog.errors import CatalogError
from civis.local.catalog.files import read_file
from civis.local.catalog.model import Type
from civis.local.catalog.notation import is_field_list, parse_fields, parse_type


class ShapeTable:
    """The shapes that one file names, on top of those of another table.

    Parameters
    ----------
    texts
        Each shape's text in the notation, by its name.
    scope
        The resource whose shapes these are, or None for those that all share.
    shared
        Where to look for names that `texts` does not have.
    """

    def __init__(
        self, texts: Mapping[str, str], scope: str | None = None, shared: ShapeTable | None = None
    ) -> None:
        self._texts = texts
        self._scope = scope
        self._shared = shared
        self._built: dict[str, Type] = {}
        self._without: dict[int, tuple[Type, Type]] = shared._without if shared else {}

    def __call__(self, name: str) -> Type:
        """Answer a shape, built once so that all who use it hold the same object.

        A name with a question mark behind it is the shape with no field required, at any depth.

        Raises
        ------
        CatalogError
            When neither this table nor the shared one has the name.
        """
        built = self._built.get(name)
        if built is not None:
            return built
        if name.endswith("?"):
            return self._without_required(self(name[:-1]))
        text = self._texts.get(name)
        if text is None:
            if self._shared is None:
                raise CatalogError(f"The catalogue names a shape that it does not have: {name!r}.")
            return self._shared(name)
        if not is_field_list(text):
            built = self._built[name] = parse_type(text, self)
            return built
        # Kept before its fields are read, since a shape may hold itself.
        built = self._built[name] = Type("object", name=name, scope=self._scope)
        parse_fields(text, built, self)
        return built

    def _without_required(self, type_: Type) -> Type:
        """Copy a type without its required fields; parts that have none are left as they are."""
        if not _requires(type_, set()):
            return type_
        known = self._without.get(id(type_))
        if known is not None:
            return known[1]
        if type_.items is not None:
            return Type("array", items=self._without_required(type_.items))
        if type_.values is not None:
            return Type("object", values=self._without_required(type_.values))
        copy = Type("object", name=f"{type_.name}Patch" if type_.name else None, scope=type_.scope)
        # The original is kept too, since its identity would be given away again were it forgotten.
        self._without[id(type_)] = (type_, copy)
        copy.fields.update((name, self._without_required(each)) for name, each in type_.fields.items())
        return copy


def _requires(type_: Type, seen: set[int]) -> bool:
    """Tell whether a type has a required field, at any depth."""
    if id(type_) in seen:
        return False
    seen.add(id(type_))
    parts = [part for part in (type_.items, type_.values, *type_.fields.values()) if part is not None]
    return bool(type_.required) or any(_requires(part, seen) for part in parts)


def shared_shapes() -> ShapeTable:
    """Make a table of the shapes in ``shapes.yaml``."""
    return ShapeTable(read_file("shapes.yaml"))
