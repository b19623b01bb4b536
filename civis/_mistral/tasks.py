"""One task of a definition, from what its YAML holds to the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from civis._mistral.clauses import read_clause, read_names, read_publishing
from civis._mistral.model import CLAUSES, COMMANDS, Retry, Task, WithItems
from civis._mistral.notes import Notes
from civis._mistral.shorthand import read_parameters
from civis._mistral.source import Path
from civis._names import suggestion

__all__ = ["TASK_KEYS", "read_task"]

TASK_KEYS = (
    *("name", "description", "type", "action", "input", "publish", "publish-on-error"),
    *("on-success", "on-error", "on-complete", "join", "requires"),
    *("with-items", "concurrency", "retry", "wait-before", "wait-after", "timeout", "pause-before"),
    *("fail-on", "keep-result", "safe-rerun", "safe-input", "target", "tags"),
)
"""All keys that a task may have."""

LONGEST_NAME = 255
_WITH_ITEMS = re.compile(r"\s*([A-Za-z_]\w*)\s+in\s+(.*)", re.DOTALL | re.ASCII)


def read_task(name: Any, value: Any, defaults: Mapping[str, Any], path: Path, notes: Notes) -> Task:
    """Read one task.

    Parameters
    ----------
    name : object
        Its key.
    value : object
        What the key holds; nothing counts as a task that does nothing.
    defaults : mapping
        Keys of all tasks that do not have them.
    path : tuple
        Where it is.
    notes : Notes
        Takes what is wrong.
    """
    reader = _TaskReader(str(name), path, notes)
    if not isinstance(value, Mapping):
        if value is not None:
            reader.tell(None, f"a task must be a mapping, not {value!r}.")
        value = {}
    return reader.read({str(key): each for key, each in value.items()}, defaults)


class _TaskReader:
    """Reads the keys of one task."""

    def __init__(self, name: str, path: Path, notes: Notes) -> None:
        self._name, self._path, self._notes = name, path, notes

    def tell(self, key: str | None, message: str) -> None:
        """Note what is wrong with a key."""
        path = self._path if key is None else (*self._path, key)
        self._notes.add(path, message, task=self._name, key=key)

    def read(self, given: dict[str, Any], defaults: Mapping[str, Any]) -> Task:
        """Read all keys."""
        self._check_keys(given)
        action, shorthand = self._action(given.get("action"))
        sent = given.get("input")
        # Mistral also takes the whole input from one expression.
        own = {} if isinstance(sent, str) and "<%" in sent else self._mapping(given, "input")
        given = _with_defaults(given, defaults)
        return Task(
            self._name,
            action,
            {**shorthand, **own} if own or not sent else {"": sent},
            {key: self._clause(given, key) for key in CLAUSES if given.get(key) is not None},
            read_publishing(given.get("publish"), self._at("publish"), self._notes, self._name),
            read_publishing(
                given.get("publish-on-error"), self._at("publish-on-error"), self._notes, self._name
            ),
            self._join(given.get("join")),
            self._retry(given.get("retry")),
            self._seconds(given, "wait-before"),
            self._seconds(given, "wait-after"),
            self._seconds(given, "timeout"),
            given.get("pause-before"),
            given.get("fail-on"),
            self._with_items(given.get("with-items")),
            self._notes.count(
                given.get("concurrency"), self._at("concurrency"), "concurrency", self._name, least=1
            ),
            read_names(given.get("requires"), self._at("requires"), self._notes, self._name, "requires"),
            given.get("keep-result", True),
            self._notes.line(self._path),
            {key: line for key in given if (line := self._notes.line(self._at(key))) is not None},
        )

    def _at(self, key: str) -> Path:
        """Give the path of a key."""
        return (*self._path, key)

    def _check_keys(self, given: Mapping[str, Any]) -> None:
        """Refuse keys that there are not, and names that cannot be one."""
        if self._name in COMMANDS:
            self.tell(None, f"a task cannot be called {self._name!r}: that is a command.")
        if len(self._name) > LONGEST_NAME:
            self.tell(None, f"a task's name has {LONGEST_NAME} characters at most, not {len(self._name)}.")
        for key in given:
            if key == "workflow":
                self.tell(key, "another workflow is run by the action 'civis.workflows.execute'.")
            elif key not in TASK_KEYS:
                self.tell(key, f"a task has no such key.{suggestion(key, TASK_KEYS)}")

    def _action(self, value: Any) -> tuple[str, dict[str, Any]]:
        """Read the action, with parameters that stand beside its name."""
        if value is None:
            return "std.noop", {}
        if not isinstance(value, str) or not value.strip():
            self.tell("action", f"the action must be a name, not {value!r}.")
            return "std.noop", {}
        return (value.strip(), {}) if value.strip().startswith("<%") else read_parameters(value)

    def _mapping(self, given: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Read a key whose value must be a mapping."""
        return self._notes.mapping(given.get(key), self._at(key), key, self._name)

    def _seconds(self, given: Mapping[str, Any], key: str) -> Any:
        """Read a key whose value must be a time."""
        return self._notes.seconds(given.get(key), self._at(key), key, self._name)

    def _clause(self, given: Mapping[str, Any], key: str) -> Any:
        """Read what follows."""
        return read_clause(given.get(key), self._at(key), self._notes, self._name, key)

    def _join(self, value: Any) -> int | Literal["all"] | None:
        """Read for how many tasks it waits."""
        if value is None or value == "all":
            return None if value is None else "all"
        if value == "one":
            return 1
        number = self._notes.count(value, self._at("join"), "join", self._name)
        return number if isinstance(number, int) and number > 0 else None

    def _retry(self, value: Any) -> Retry | None:
        """Read how it is tried again; ``count=3 delay=1`` is another way to write it."""
        if value is None:
            return None
        if isinstance(value, str):
            value = read_parameters(f"retry {value}")[1]
        given = self._notes.mapping(value, self._at("retry"), "retry", self._name)
        known = ("count", "delay", "break-on", "continue-on")
        for key in given:
            if key not in known:
                self.tell("retry", f"it has no key {key!r}.{suggestion(key, known)}")
        if "count" not in given:
            self.tell("retry", "'count' is missing: how often the task is tried again.")
        place = self._at("retry")
        return Retry(
            self._notes.count(given.get("count"), (*place, "count"), "retry", self._name) or 0,
            self._notes.seconds(given.get("delay", 0), (*place, "delay"), "retry", self._name) or 0,
            given.get("break-on"),
            given.get("continue-on"),
        )

    def _with_items(self, value: Any) -> WithItems | None:
        """Read ``name in <% list %>``, one or several."""
        if value is None:
            return None
        lists: dict[str, Any] = {}
        for each in value if isinstance(value, list) else [value]:
            match = _WITH_ITEMS.fullmatch(each) if isinstance(each, str) else None
            if match is None:
                self.tell("with-items", f"it must read 'name in <% list %>', not {each!r}.")
                continue
            lists[match[1]] = _literal(match[2].strip())
        return WithItems(lists) if lists else None


def _literal(text: str) -> Any:
    """Read the list of ``x in [1, 2]``; an expression stays text."""
    if "<%" in text:
        return text
    return [_number(each.strip().strip("'\"")) for each in text.strip("[]").split(",") if each.strip()]


def _number(text: str) -> Any:
    """Read a whole number where a text is one."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _with_defaults(given: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Add what all tasks have alike; of a mapping such as `retry`, what the task does not say itself."""
    merged = {**defaults, **given}
    for key, default in defaults.items():
        if key == "retry" and isinstance(default, Mapping) and isinstance(given.get(key), Mapping):
            merged[key] = {**default, **given[key]}
    return merged
