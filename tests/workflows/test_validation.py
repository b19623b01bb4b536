"""Definitions are checked, and what is wrong is said with its line, task and key."""

from __future__ import annotations

import pickle
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import civis.workflows
from civis._mistral import DefinitionError, find_problems, read_definition
from civis.workflows import WorkflowValidationError, validate_workflow_yaml

GOOD = """\
version: "2.0"
workflow:
  tasks:
    loading:
      action: civis.scripts.container
      input:
        required_resources: {cpu: 256, memory: 512, disk_space: 2}
        docker_image_name: example/loader
        docker_command: ./load --all
      on-success:
        - report: <% $.n > 1 %>
        - fail(msg="none")
    report:
      action: std.echo output="hi"
"""

GOOD_ONES = {
    "the example": GOOD,
    "numbers as the version": "{version: 2, w: {tasks: {a: {action: civis.run_job, input: {job_id: 1}}}}}",
    "a task that is only a name": "{version: '2.0', w: {tasks: {a: }}}",
    "blocks that aliases refer to": """
version: '2.0'
workflow:
  database: &database 32
  block: &block
    action: civis.scripts.sql
    input: {remote_host_id: *database, credential_id: 1, sql: select 1}
  tasks:
    a: {<<: *block, on-success: b}
    b: {<<: *block, retry: {count: 2, delay: 5}}
""",
    "all that a task can have": """
version: '2.0'
workflow:
  description: All
  type: direct
  input: [n, m: 3]
  vars: {k: <% $.n %>}
  output: {k: <% $.k %>}
  task-defaults: {retry: {count: 1, delay: 5}, timeout: 60, on-error: [mail]}
  tasks:
    a:
      description: A
      with-items: [x in <% $.list %>, "y in [1, 2]"]
      concurrency: 2
      action: std.echo
      input: {output: <% $.x %>}
      publish: {p: <% task(a).result %>}
      publish-on-error: {p: null}
      retry: count=3 delay=1 break-on=<% true %>
      wait-before: 1
      wait-after: <% $.m %>
      pause-before: false
      fail-on: <% false %>
      keep-result: true
      on-complete:
        publish: {branch: {q: 1}, global: {r: 2}}
        next: [b, noop]
    b: {join: all}
    mail: {on-error: [noop]}
""",
    "a reverse workflow": "{version: '2.0', w: {type: reverse, tasks: {a: , b: {requires: [a]}}}}",
    "older names of actions": "{version: 2, w: {tasks: {a: {action: civis.r_script, input: {source: x}}}}}",
    "inputs in camelCase": "{version: '2.0', w: {tasks: {a: {action: civis.run_job, input: {jobId: 1}}}}}",
    "an input by an expression": "{version: '2.0', w: {tasks: {a: {action: std.echo, input: <% $.x %>}}}}",
}

BAD: list[tuple[str, str, str, str]] = [
    ("no version", 'version: "2.0"', "", "'version' is missing"),
    (
        "another version",
        'version: "2.0"',
        'version: "1.0"',
        "line 1, key 'version': the version must be '2.0'",
    ),
    ("no tasks", "  tasks:", "  jobs:", "has no tasks"),
    ("an unknown action", "scripts.container", "scripts.contaner", "line 5, task 'loading', key 'action'"),
    ("an unknown key", "      action: civis", "      colour: red\n      action: civis", "key 'colour'"),
    ("a misspelled key", "on-success", "on-sucess", "Did you mean 'on-success'"),
    (
        "a task after itself",
        "- report:",
        "- loading:",
        "line 11, task 'loading', key 'on-success': a task cannot",
    ),
    ("a task that is not there", "- report:", "- reports:", "there is no task 'reports'. Did you mean"),
    ("an input that is missing", "required_resources", "params", "needs the input 'required_resources'"),
    (
        "an input that there is not",
        "docker_command",
        "docker_comand",
        "no input 'docker_comand'. Did you mean",
    ),
    ("letters beyond ASCII", "--all", "--\u00e4ll", "line 9: the character '\u00e4' in column"),
    ("an expression without an end", "<% $.n > 1 %>", "<% $.n > 1", "no end"),
    ("no YAML", "  tasks:", "  tasks: {", "not YAML"),
    ("a key twice", "report:\n      action", "loading:\n      action", "'loading' is given twice"),
    ("a join of too many", "report:\n", "report:\n      join: 3\n", "line 14, task 'report', key 'join'"),
    ("a time that is none", "report:\n", "report:\n      timeout: soon\n", "must be a number of seconds"),
    ("a retry without a count", "report:\n", "report:\n      retry: {delay: 1}\n", "'count' is missing"),
    ("a bad list", "report:\n", "report:\n      with-items: x\n", "must read 'name in <% list %>'"),
    ("a number that is too small", "report:\n", "report:\n      concurrency: 0\n", "1 or more, not 0"),
    (
        "a result of no task",
        "<% $.n > 1 %>",
        "<% task(reprt).result %>",
        "result of 'reprt', which is no task",
    ),
    ("another workflow", "report:\n", "report:\n      workflow: x\n", "civis.workflows.execute"),
    (
        "a requirement",
        "report:\n",
        "report:\n      requires: loading\n",
        "only the tasks of a reverse workflow",
    ),
    ("a task that is a list", '\n      action: std.echo output="hi"', " [1]", "a task must be a mapping"),
    ("a task called like a command", "    report:", "    noop:", "cannot be called 'noop'"),
    ("an input that is a list", "report:\n", "report:\n      input: [1]\n", "must be a mapping"),
]


@pytest.mark.parametrize("text", GOOD_ONES.values(), ids=GOOD_ONES)
def test_what_is_right_passes(text: str) -> None:
    validate_workflow_yaml(text)


@pytest.mark.parametrize(("old", "new", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(WorkflowValidationError) as caught:
        validate_workflow_yaml(GOOD.replace(old, new))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("version: '2.0'", "there is no workflow"),
        ("{version: '2.0', a: {tasks: {x: }}, b: {tasks: {x: }}}", "one workflow, not 2"),
        ("{version: '2.0', a: {tasks: {x: {on-success: y}, y: {on-success: x}}}}", "none could begin"),
        ("{version: '2.0', a: {type: both, tasks: {x: }}}", "must be 'direct' or 'reverse'"),
        ("{version: '2.0', a: {type: reverse, tasks: {x: {on-success: y}, y: }}}", "'requires'"),
        (
            "{version: '2.0', a: {type: reverse, tasks: {x: {requires: y}, y: {requires: x}}}}",
            "requires itself",
        ),
        ("{version: '2.0', a: {input: x, tasks: {x: }}}", "list of names"),
        (
            "{version: '2.0', a: {task-defaults: {retri: 1}, tasks: {x: }}}",
            "no such default. Did you mean 'retry'",
        ),
        ("a: &a [*a]", "part of what it stands for"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n" * 1, "version"),
        ("[" * 1200, "nested too deeply"),
        ("x" * 1_000_001, "longer than"),
    ],
)
def test_whole_definitions(text: str, said: str) -> None:
    with pytest.raises(WorkflowValidationError) as caught:
        validate_workflow_yaml(text)
    assert said in str(caught.value)


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(WorkflowValidationError, match="unfold"):
        validate_workflow_yaml("\n".join(lines))


def test_all_problems_are_listed_in_their_order() -> None:
    text = "version: '2.0'\nw:\n  tasks:\n    a: {on-success: x}\n    b:\n      action: nope\n"
    problems = find_problems(text)
    assert [(each.line, each.task, each.key) for each in problems] == [
        (4, "a", "on-success"),
        (6, "b", "action"),
    ]


def test_the_error_survives_pickling() -> None:
    with pytest.raises(WorkflowValidationError) as caught:
        civis.workflows.validate_workflow_yaml("{}")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.problems) == (str(caught.value), caught.value.problems)
    assert isinstance(copy, ValueError)


def test_only_text_is_checked() -> None:
    with pytest.raises(TypeError, match="not bytes"):
        validate_workflow_yaml(b"version: '2.0'")  # type: ignore[arg-type]


def test_the_engine_leaves_inputs_to_the_tasks() -> None:
    text = "{version: '2.0', w: {tasks: {a: {action: civis.run_job, input: {jb: 1}}}}}"
    assert list(read_definition(text).tasks) == ["a"]
    assert {each.is_about_input for each in find_problems(text)} == {True}
    with pytest.raises(DefinitionError, match="no action 'x'"):
        read_definition(text.replace("civis.run_job", "x"))


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "b", "tasks", "on-success", "join", "retry", "input", "with-items", "action"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_whatever_is_written_is_answered_with_problems_or_none(tasks: Any) -> None:
    text = yaml.safe_dump({"version": "2.0", "w": {"tasks": {"a": tasks, "b": tasks}}})
    problems = find_problems(text)
    assert all(str(each) for each in problems)
    if not problems:
        assert set(read_definition(text).tasks) == {"a", "b"}
