"""Strings that must reach a socket but never a log, a repr, a pickle or a traceback's locals."""

from __future__ import annotations

from civis._errors import without_query


class HiddenText(str):
    """A string whose repr and pickle do not show it: the value of a header with a credential in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return (str, ("***",))


class SignedUrl(str):
    """A URL whose query is a credential: repr and pickle show it without."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """Scheme, host and path; neither query nor user information."""
        return without_query(self) or "(no URL)"

    def __repr__(self) -> str:
        return repr(self.shown)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return (str, (self.shown,))
