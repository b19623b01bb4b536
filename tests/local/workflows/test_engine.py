"""The engine, in a world that does what a test says and on a clock that a test moves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("yaql")

from civis._mistral import read_definition
from civis.local.workflows.engine import advance, begin, resume, retry
from civis.local.workflows.execution import Execution, Item, TaskRun
from civis.local.workflows.selection import needed, select
from civis.local.workflows.world import Ended, Started


class Script:
    """A world whose jobs end when a test says so; `std` actions are over at once."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.inputs: dict[int, Mapping[str, Any]] = {}
        self.names: dict[int, str] = {}
        self.over: dict[int, Ended] = {}
        self.cancelled: list[int] = []

    def now(self) -> float:
        """Give the time."""
        return self.time

    def start(self, action: str, input: Mapping[str, Any], task: TaskRun) -> Started | Ended:
        """Begin a run under the next number."""
        if action == "std.noop":
            return Ended("success")
        if action == "std.echo":
            return Ended("success", input["output"])
        if action == "std.fail":
            return Ended("error", None, "It fails.")
        if action == "std.async_noop":
            return Started()
        number = len(self.inputs) + 1
        self.inputs[number], self.names[number] = input, task.name
        return Started(job_id=int(input.get("job_id", 0)), run_id=number)

    def ended(self, items: Sequence[Item]) -> dict[int, Ended]:
        """Tell which runs are over."""
        found = {n: self.over[each.run_id] for n, each in enumerate(items) if each.run_id in self.over}
        return {number: ended for number, ended in found.items() if ended is not None}

    def cancel(self, item: Item) -> None:
        """End a run as cancelled."""
        if item.run_id is not None:
            self.cancelled.append(item.run_id)
            self.over.setdefault(item.run_id, Ended("cancelled", None, "Cancelled."))


class Flow:
    """One execution in such a world; it is written down and read again between any two steps."""

    def __init__(self, tasks: str, *, included: Sequence[str] = (), target: str | None = None, **inputs: Any):
        kind = "reverse" if target else "direct"
        text = f"version: '2.0'\nflow:\n  type: {kind}\n{tasks}"
        self.definition = select(read_definition(text), included)
        self.world = Script()
        self.execution = Execution(
            variables={**self.definition.inputs, **inputs, "__env": {"execution_id": 7}}
        )
        if target:
            self.execution.wanted = needed(self.definition, target)
        begin(self.definition, self.execution)
        self.go()

    def go(self) -> Flow:
        """Take it as far as it goes."""
        for _ in range(100):
            has_more = advance(self.definition, self.execution, self.world)
            self.execution = Execution.of_document(json.loads(json.dumps(self.execution.to_document())))
            if not has_more:
                return self
        raise AssertionError("it never rests")

    def end(self, name: str, state: Any = "success", result: Any = None) -> Flow:
        """End all runs of a task that go on."""
        for number, its_name in self.world.names.items():
            if its_name == name:
                info = None if state == "success" else f"{name} went wrong"
                self.world.over.setdefault(number, Ended(state, result, info))
        return self.go()

    def wait(self, seconds: float) -> Flow:
        """Let time pass."""
        self.world.time += seconds
        return self.go()

    @property
    def states(self) -> dict[str, str]:
        """The states of the tasks, in their order."""
        return {task.name: task.state for task in self.execution.tasks}

    @property
    def state(self) -> str:
        """The execution's state."""
        return self.execution.state


JOB = "action: civis.run_job, input: {job_id: 1}"


def test_one_after_the_other() -> None:
    flow = Flow(f"  tasks:\n    a: {{{JOB}, on-success: b}}\n    b: {{{JOB}}}")
    assert flow.states == {"a": "running"}
    assert flow.end("a").states == {"a": "success", "b": "running"}
    assert flow.end("b").state == "success"
    assert flow.execution.task(1).runs == [[1, 1]]


@pytest.mark.parametrize(
    ("a", "b", "join", "states"),
    [
        ("success", "success", "all", {"a": "success", "b": "success", "c": "success"}),
        ("success", "error", "all", {"a": "success", "b": "error", "c": "error"}),
        ("success", "error", "one", {"a": "success", "b": "error", "c": "success"}),
        ("error", "success", 1, {"a": "error", "b": "success", "c": "success"}),
        ("success", "success", 2, {"a": "success", "b": "success", "c": "success"}),
        ("error", "error", "one", {"a": "error", "b": "error"}),
    ],
)
def test_joins(a: str, b: str, join: Any, states: dict[str, str]) -> None:
    flow = Flow(
        f"  tasks:\n    a: {{{JOB}, on-success: c}}\n    b: {{{JOB}, on-success: c}}\n    c: {{join: {join}}}"
    )
    flow.end("a", a)
    if join == "all" and a == "success":
        assert flow.states["c"] == "waiting"
    flow.end("b", b)
    assert flow.states == states
    assert flow.state == ("error" if "error" in (a, b) else "success")


def test_a_join_waits_for_tasks_that_may_still_be_led_to() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{on-success: c}}\n    start: {{{JOB}, on-success: [b: <% $.go %>]}}\n"
        f"    b: {{{JOB}, on-success: c}}\n    c: {{join: all, on-error: noop}}",
        go=True,
    )
    assert flow.states["c"] == "waiting"
    assert flow.end("start").states["c"] == "waiting"
    assert flow.end("b").states["c"] == "success"


def test_a_join_fails_when_a_branch_is_not_taken() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{on-success: c}}\n    start: {{{JOB}, on-success: [b: <% false %>]}}\n"
        "    b: {on-success: c}\n    c: {join: all}"
    )
    assert flow.end("start").states == {"a": "success", "start": "success", "c": "error"}
    assert "did not lead to it: 'b'" in str(flow.execution.info)


def test_conditions_variables_and_output() -> None:
    flow = Flow(
        "  input: [n: 3]\n  output: {text: got <% $.m %>, list: <% $.all %>}\n  tasks:\n"
        "    a: {action: std.echo output=<% $.n + 1 %>, publish: {m: <% task().result %>},\n"
        "        on-success: [b: <% $.m > 3 %>, c: <% $.m <= 3 %>]}\n"
        "    b: {with-items: 'i in <% range($.m) %>', action: std.echo, input: {output: <% $.i * 2 %>},\n"
        "        publish: {all: <% task(b).result %>}}\n"
        "    c: {action: std.fail}"
    )
    assert flow.states == {"a": "success", "b": "success"}
    assert flow.execution.output == {"text": "got 4", "list": [0, 2, 4, 6]}


def test_errors_that_are_handled_and_those_that_are_not() -> None:
    tasks = f"  tasks:\n    a: {{{JOB}, publish-on-error: {{w: <% task().state %>}}, on-error: b}}\n    b:"
    flow = Flow(f"{tasks} {{{JOB}, on-complete: c}}\n    c: {{}}").end("a", "error")
    assert flow.execution.task(2).variables == {"w": "ERROR"}
    assert flow.end("b").state == "success"
    flow = Flow(f"{tasks} {{{JOB}, on-complete: c}}\n    c: {{}}").end("a", "error").end("b", "error")
    assert (flow.states, flow.state) == ({"a": "error", "b": "error", "c": "success"}, "error")
    assert "The task 'b' failed: b went wrong" in str(flow.execution.info)


@pytest.mark.parametrize(
    ("command", "state", "info"),
    [
        ("fail", "error", "command 'fail'"),
        ("fail(msg='no <% $.what %>')", "error", "no rows"),
        ("succeed msg='enough'", "success", "enough"),
        ("noop", "success", None),
    ],
)
def test_commands(command: str, state: str, info: str | None) -> None:
    flow = Flow(f'  tasks:\n    a: {{on-success: ["{command}"]}}', what="rows")
    assert flow.state == state
    assert (info or "") in str(flow.execution.info or "")


def test_what_still_runs_when_a_command_ends_the_workflow_is_seen_to_its_end() -> None:
    flow = Flow(f"  tasks:\n    a: {{on-success: fail}}\n    b: {{{JOB}, on-success: a2}}\n    a2: {{}}")
    assert (flow.state, flow.execution.is_busy()) == ("error", True)
    assert flow.end("b").states == {"a": "success", "b": "success"}
    assert not flow.execution.is_busy()


def test_a_pause_holds_what_follows_until_it_is_resumed() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{on-success: [b, pause, c]}}\n    b: {{{JOB}, on-success: d}}\n"
        "    c: {}\n    d: {}"
    )
    assert (flow.state, flow.states) == ("paused", {"a": "success", "b": "running"})
    assert flow.end("b").states == {"a": "success", "b": "success"}
    resume(flow.execution)
    assert flow.go().states == {"a": "success", "b": "success", "c": "success", "d": "success"}
    assert flow.state == "success"


def test_a_pause_before_a_task() -> None:
    flow = Flow("  tasks:\n    a: {pause-before: true, action: std.echo output=1}")
    assert (flow.state, flow.states) == ("paused", {"a": "idle"})
    assert flow.execution.due() is None
    resume(flow.execution)
    assert flow.go().state == "success"


def test_waits() -> None:
    flow = Flow(f"  tasks:\n    a: {{{JOB}, wait-before: 10, wait-after: 5, on-success: b}}\n    b: {{}}")
    assert (flow.states, flow.execution.due()) == ({"a": "delayed"}, 1010.0)
    assert flow.wait(9.9).states == {"a": "delayed"}
    assert flow.wait(0.1).states == {"a": "running"}
    assert flow.end("a").states == {"a": "delayed"}
    assert flow.wait(5).states == {"a": "success", "b": "success"}


def test_retries() -> None:
    flow = Flow(f"  tasks:\n    a: {{{JOB}, retry: {{count: 2, delay: 60}}}}")
    for tries in (1, 2):
        assert flow.end("a", "error").states == {"a": "delayed"}
        assert flow.wait(60).states == {"a": "running"}
        assert len(flow.execution.task(1).runs) == tries + 1
    assert flow.end("a", "error").state == "error"
    flow = Flow(f"  tasks:\n    a: {{{JOB}, retry: {{count: 2, delay: 0}}}}").end("a", "error")
    assert flow.end("a").state == "success"


@pytest.mark.parametrize(
    ("option", "ends", "runs"),
    [
        ("break-on: <% task().result = 3 %>", ["error"], 1),
        ("break-on: <% task().result = 4 %>", ["error", "error", "error"], 3),
        ("continue-on: <% task().result < 3 %>", ["success"], 1),
        ("continue-on: <% task().result = 3 %>", ["success", "success", "success"], 3),
    ],
)
def test_retries_end_by_a_condition(option: str, ends: list[str], runs: int) -> None:
    flow = Flow(f"  tasks:\n    a: {{{JOB}, retry: {{count: 2, delay: 0, {option}}}}}")
    for end in ends:
        assert flow.state == "running"
        flow.end("a", end, 3)
    assert flow.state == ends[-1]
    assert len(flow.execution.task(1).runs) == runs


def test_a_timeout_ends_the_run() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{{JOB}, timeout: 30, on-error: b}}\n    b: {{action: std.async_noop, timeout: 5}}"
    )
    assert flow.execution.due() == 1030.0
    assert flow.wait(30).states == {"a": "error", "b": "running"}
    assert flow.world.cancelled == [1]
    assert "after 30 seconds" in str(flow.execution.task(1).info)
    assert flow.wait(5).states["b"] == "error"


def test_fail_on_and_keep_result() -> None:
    flow = Flow(
        "  tasks:\n    a: {action: std.echo output=1, fail-on: <% task().result = 1 %>, on-error: b}\n"
        "    b: {action: std.echo output=2, keep-result: false}"
    )
    assert flow.states == {"a": "error", "b": "success"}
    assert flow.execution.task(2).result is None


def test_items_so_many_at_once() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{with-items: 'i in [5, 6, 7]', concurrency: 2, {JOB.replace('1', '<% $.i %>')}}}"
    )
    assert [each["job_id"] for each in flow.world.inputs.values()] == [5, 6]
    flow.world.over[2] = Ended("error", "two", "no")
    assert len(flow.go().world.inputs) == 3
    flow.end("a", "success", "good")
    assert (flow.state, flow.execution.task(1).result) == ("error", ["good", "two", "good"])
    assert retry(flow.definition, flow.execution)
    assert flow.go().world.inputs[4]["job_id"] == 6  # only what went wrong is done again
    assert flow.end("a", "success", "now").state == "success"
    assert flow.execution.task(1).result == ["good", "now", "good"]


@pytest.mark.parametrize(
    ("lists", "info"),
    [
        ("'x in <% 5 %>'", "must go through a list, not 5"),
        ("['x in [1, 2]', 'y in [1]']", "equally long: x has 2, y has 1"),
        ("'x in <% $.nothing %>'", "cannot be worked out: there is no 'nothing'"),
    ],
)
def test_lists_that_are_none(lists: str, info: str) -> None:
    flow = Flow(f"  tasks:\n    a: {{with-items: {lists}, action: std.noop}}")
    assert flow.state == "error"
    assert info in str(flow.execution.info)


def test_an_empty_list_is_done() -> None:
    flow = Flow("  tasks:\n    a: {with-items: 'x in <% [] %>', action: std.fail, on-success: b}\n    b: {}")
    assert (flow.state, flow.execution.task(1).result) == ("success", [])


def test_a_circle_ends_by_its_condition() -> None:
    flow = Flow(
        "  tasks:\n    start: {publish: {n: 0}, on-success: a}\n"
        "    a: {action: std.noop, publish: {n: <% $.n + 1 %>}, on-success: [b: <% $.n < 5 %>]}\n"
        "    b: {on-success: a}"
    )
    assert flow.state == "success"
    assert [task.published.get("n") for task in flow.execution.tasks if task.name == "a"] == [1, 2, 3, 4, 5]


def test_global_variables_reach_other_branches() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{on-success: {{publish: {{global: {{g: 5}}}}, next: noop}}}}\n"
        f"    b: {{{JOB}, on-success: [c]}}\n"
        f"    c: {{action: std.echo, input: {{output: <% $.g + global(g) %>}}}}"
    )
    assert flow.end("b").execution.task(3).result == 10


def test_a_cancel_ends_everything() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{{JOB}, on-complete: b}}\n    b: {{}}\n"
        "    c: {wait-before: 9}\n    d: {action: std.async_noop}"
    )
    flow.execution.is_cancel_requested = True
    assert flow.go().state == "cancelled"
    assert flow.go().states == {"a": "cancelled", "c": "cancelled", "d": "cancelled"}
    assert not flow.execution.is_busy()
    assert retry(flow.definition, flow.execution) == []


def test_a_run_that_somebody_cancels_cancels_the_workflow() -> None:
    flow = Flow(f"  tasks:\n    a: {{{JOB}, on-complete: b}}\n    b: {{}}").end("a", "cancelled")
    assert (flow.state, flow.states) == ("cancelled", {"a": "cancelled"})


def test_failed_tasks_are_done_again() -> None:
    flow = Flow(
        f"  tasks:\n    a: {{{JOB}, on-success: c}}\n    b: {{{JOB}, on-success: c}}\n    c: {{join: all}}"
    )
    flow.end("a", "error").end("b")
    assert (flow.state, flow.states["c"]) == ("error", "error")
    assert [task.name for task in retry(flow.definition, flow.execution, "a")] == ["a"]
    assert flow.go().states == {"a": "running", "b": "success", "c": "waiting"}
    assert flow.end("a").state == "success"
    assert retry(flow.definition, flow.execution, "b") == []


def test_only_some_tasks() -> None:
    tasks = (
        f"  tasks:\n    a: {{{JOB}, on-success: [b: <% task(a).result.x %>]}}\n"
        f"    b: {{{JOB}, on-error: c}}\n    c: {{{JOB}}}\n    d: {{{JOB}}}"
    )
    flow = Flow(tasks, included=["a", "c"])
    assert set(flow.world.names.values()) == {"a"}
    assert flow.end("a", "success", {"x": 1}).world.names[2] == "c"
    assert flow.end("c").state == "success"
    assert set(Flow(tasks, included=["c"]).world.names.values()) == {"c"}


def test_a_reverse_workflow_does_what_its_target_requires() -> None:
    tasks = (
        f"  tasks:\n    a: {{{JOB}}}\n    b: {{{JOB}, requires: a}}\n"
        f"    c: {{{JOB}, requires: [a, b]}}\n    d: {{{JOB}}}"
    )
    flow = Flow(tasks, target="c")
    assert flow.states == {"a": "running"}
    assert flow.end("a").end("b").states == {"a": "success", "b": "success", "c": "running"}
    assert flow.end("c").state == "success"
    flow = Flow(tasks, target="c").end("a", "error")
    assert (flow.state, flow.states) == ("error", {"a": "error"})


def test_what_cannot_be_worked_out_fails_its_task() -> None:
    flow = Flow("  tasks:\n    a: {on-success: [b: <% $.x.y.z %>]}\n    b: {}")
    assert (flow.state, flow.states) == ("error", {"a": "error"})
    assert "<% $.x.y.z %>" in str(flow.execution.info)


_ENDS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["success", "error", "cancelled", "wait"])),
    max_size=12,
)
_GRAPHS = st.dictionaries(
    st.sampled_from("bcdef"),
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["on-success", "on-error", "on-complete"])),
        min_size=1,
        max_size=2,
    ),
)


@given(_GRAPHS, st.dictionaries(st.sampled_from("bcdef"), st.sampled_from(["all", "one"])), _ENDS)
@settings(max_examples=25, deadline=None)
def test_every_execution_ends_once_all_its_runs_have(
    graph: dict[str, list[tuple[str, str]]], joins: dict[str, str], ends: list[tuple[str, str]]
) -> None:
    tasks: dict[str, dict[str, Any]] = {
        name: {"action": "civis.run_job", "input": {"job_id": 1}, "retry": {"count": 1, "delay": 5}}
        for name in "abcdef"
    }
    for name, before in graph.items():
        for parent, clause in before:
            if parent < name:  # no circles
                tasks[parent].setdefault(clause, []).append(name)
        if name in joins and any(parent < name for parent, _ in before):
            tasks[name]["join"] = joins[name]
    flow = Flow(f"  tasks: {json.dumps(tasks)}")
    for name, end in ends:
        flow.wait(5) if end == "wait" else flow.end(name, end)
        before_again = json.loads(json.dumps(flow.execution.to_document()))
        assert flow.go().execution.to_document() == before_again  # nothing new, nothing changes
    for _ in range(40):
        if flow.execution.is_over:
            break
        for name in set(flow.world.names.values()):
            flow.end(name)
        flow.wait(5)
    assert flow.execution.is_over
    assert all(task.is_over for task in flow.execution.tasks)
