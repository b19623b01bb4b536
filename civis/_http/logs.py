"""Keeps signatures out of what urllib3 logs."""

from __future__ import annotations

import logging


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
