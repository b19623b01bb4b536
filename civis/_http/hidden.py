"""Strings that must reach a socket but never a log, a repr, a pickle or a traceback's locals."""

from __future__ import annotations

import logging

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


class _QueryFilter(logging.Filter):
    """Takes the query out of the paths that urllib3 logs, since a signature stands there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments; let every record through."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0] if isinstance(argument, str) else argument
                for argument in record.args
            )
        return True


_QUERY_FILTER = _QueryFilter()


def hide_queries_in_urllib3_log() -> None:
    """See to it that urllib3, which logs every path, logs no signature; adding a filter twice adds one."""
    for name in ("connectionpool", "poolmanager", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_QUERY_FILTER)
