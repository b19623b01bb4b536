"""The programs that a run executes: what is common to them, and which there are.

``python -m civis.local.civisml training`` reads its arguments from the environment, as any script does.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civis.local.civisml.access import Access
from civis.local.civisml.dependencies import git_variables, install
from civis.local.civisml.metadata import failed_info
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.settings import Arguments

__all__ = ["MODEL_INFO", "Work", "database_of", "run", "selection"]

MODEL_INFO = "model_info.json"
logger = logging.getLogger("civisml")


@dataclass(frozen=True)
class Work:
    """What a program is given.

    Parameters
    ----------
    arguments : Arguments
    access : Access
    folder : pathlib.Path
        An empty directory of its own.
    tell : callable
        Writes a line to the run's log.
    """

    arguments: Arguments
    access: Access
    folder: Path
    tell: Callable[[str], None]

    @property
    def configuration(self) -> dict[str, Any]:
        """What the metadata says that the job was to do."""
        names = ("TABLE_NAME", "CIVIS_FILE_ID", "MANIFEST", "WHERESQL", "LIMITSQL")
        found = {name: self.arguments.text(name) for name in names}
        kinds = {"TABLE_NAME": "table", "CIVIS_FILE_ID": "file", "MANIFEST": "manifest"}
        return {
            "data": {
                "primary_key": self.arguments.text("PRIMARY_KEY"),
                "location": next((kind for name, kind in kinds.items() if found[name]), None),
                "table_name": found["TABLE_NAME"],
                "file_id": found["CIVIS_FILE_ID"],
                "sql_where": found["WHERESQL"],
                "sql_limit": found["LIMITSQL"],
            },
            "model": self.arguments.text("MODEL"),
        }

    def put_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Put JSON out as a file."""
        path = self.folder / name
        path.write_text(json.dumps(value, default=_plain), encoding="utf-8")
        self.access.put_out(path)


def _plain(value: Any) -> Any:
    """Give a value of numpy as one that JSON can hold."""
    return value.item() if hasattr(value, "item") else str(value)


def database_of(arguments: Arguments, *names: str) -> int | str:
    """Give the database of the first argument that names one.

    Raises
    ------
    ModelProblem
        If none does.
    """
    for name in names:
        for variable in (f"{name}_ID", name):
            given = arguments.text(variable)
            if given is not None and given != "0":
                return int(given) if given.isdigit() else given
    raise ModelProblem(f"A table needs a database; {names[0]} is not set.")


def selection(arguments: Arguments) -> str:
    """Write the query for the rows of the table that the arguments name."""
    where, limit = arguments.text("WHERESQL"), arguments.number("LIMITSQL")
    sql = f"SELECT * FROM {arguments.text('TABLE_NAME')}"  # noqa: S608 - the user's own table, by the user's key
    return sql + (f" WHERE {where}" if where else "") + (f" LIMIT {limit}" if limit else "")


def run(program: Callable[[Work], None]) -> int:
    """Run a program in this process, which is the platform's run.

    Parameters
    ----------
    program : callable

    Returns
    -------
    int
        The exit status. A failure is told in the log, and with its traceback in the metadata.
    """
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    arguments = Arguments(dict(os.environ))
    logger.setLevel(logging.DEBUG if arguments.flag("DEBUG") else logging.INFO)
    access = Access()
    with tempfile.TemporaryDirectory(prefix="civisml-") as name:
        work = Work(arguments, access, Path(name), logger.info)
        try:
            packages = arguments.words("DEPENDENCIES")
            if packages:
                work.tell(f"Installing {', '.join(packages)}.")
                token = arguments.text("GIT_CRED_PASSWORD")
                install(packages, work.folder / "packages", git_variables(packages, token))
            program(work)
        except Exception as error:  # whatever a user's model raises ends up in the metadata
            message = str(error) if isinstance(error, ModelProblem) else f"{type(error).__name__}: {error}"
            work.put_json(MODEL_INFO, failed_info(traceback.format_exc(), message, work.configuration))
            logger.error("%s", message)
            return 1
    return 0
