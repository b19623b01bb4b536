"""The arguments of a job, as the platform gives them in environment variables, as settings of a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from civis.local.civisml.problems import ModelProblem

__all__ = ["Arguments"]


class Arguments:
    """The arguments of a job.

    Parameters
    ----------
    environment : mapping
        The variables; a missing one and an empty one are the same.

    Examples
    --------
    >>> arguments = Arguments({"TARGET_COLUMN": "a b", "PARAMS": '{"C": 2}', "N_JOBS": "4"})
    >>> arguments.words("TARGET_COLUMN"), arguments.mapping("PARAMS"), arguments.number("N_JOBS")
    (['a', 'b'], {'C': 2}, 4)
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str | None:
        """Give an argument, or None."""
        return self._environment.get(name) or None

    def flag(self, name: str) -> bool:
        """Tell whether an argument is set and true."""
        return (self.text(name) or "").strip().lower() in {"1", "t", "true", "y", "yes"}

    def number(self, name: str) -> int | None:
        """Give a whole number, or None where it is not set or 0, as the platform has it for one not set."""
        given = self.text(name)
        if given is None:
            return None
        try:
            return int(float(given)) or None
        except ValueError:
            raise ModelProblem(f"{name} must be a whole number, not {given!r}.") from None

    def words(self, name: str) -> list[str]:
        """Give a list: in JSON, which can hold names with blanks, or words with blanks between."""
        given = (self.text(name) or "").strip()
        if not given.startswith("["):
            return given.split()
        found = self._json(name)
        return [str(each) for each in found]

    def mapping(self, name: str) -> dict[str, Any]:
        """Give what is given as a JSON object; empty where it is not set."""
        found = self._json(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise ModelProblem(f"{name} must be a JSON object, not {found!r}.")
        return found

    def space(self, name: str) -> Any:
        """Give a grid, the word ``"hyperband"``, or None."""
        given = self.text(name)
        if given is not None and given.strip().strip('"') == "hyperband":
            return "hyperband"
        return self.mapping(name) or None

    def _json(self, name: str) -> Any:
        """Read JSON."""
        given = self.text(name)
        if given is None:
            return None
        try:
            return json.loads(given)
        except ValueError as error:
            raise ModelProblem(f"{name} is no JSON ({error}): {given[:200]!r}") from None
