"""Who is told that a job or a workflow has ended: web addresses are called, e-mails go to the outbox.

What is to be sent is stored with the end that it tells of: a restart loses nothing. `posting` sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local.jobs.endings import when_over
from civis.local.services.job_views import notifications_of
from civis.local.settings import PlatformError
from civis.local.state import Run, Stored, after_commit, moment_text, objects

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["KIND", "Outcome", "note_outcome", "note_stall"]

KIND = "notice"
"""The kind of the objects that hold what is to be sent."""

_FROM = "Civis Platform"
_WORDS = {"succeeded": "succeeded", "failed": "failed", "running": "is still running"}


@dataclass(frozen=True)
class Outcome:
    """How something ended.

    Attributes
    ----------
    id : int
        The run's, or the execution's.
    state : str
    error : str or None
    started_at, finished_at : datetime or None
    """

    id: int
    state: str
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None


@when_over
def note_run(platform: Platform, connection: Connection, run: Run) -> None:
    """Note what is to be sent of a run that is over."""
    job = objects.find(connection, run.job_id)
    if job is not None:
        outcome = Outcome(run.id, run.state, run.error, run.started_at, run.finished_at)
        note_outcome(platform, connection, job, outcome)


def note_outcome(platform: Platform, connection: Connection, subject: Stored, outcome: Outcome) -> None:
    """Store what is to be sent, as the notifications of a job or a workflow say; of a cancelled one nothing.

    Parameters
    ----------
    platform : Platform
    connection : sqlalchemy.engine.Connection
        The write transaction of the end.
    subject : Stored
    outcome : Outcome
    """
    if not subject.document.get("notifications"):
        return
    wanted = notifications_of(subject.document)
    has_succeeded, has_failed = outcome.state == "succeeded", outcome.state == "failed"
    if not ((has_succeeded and wanted["success_on"]) or (has_failed and wanted["failure_on"])):
        return
    notices: list[dict[str, Any]] = [
        {"url": url, "payload": _payload(subject, outcome)} for url in wanted["urls"] or ()
    ]
    to = wanted["success_email_addresses" if has_succeeded else "failure_email_addresses"]
    if to:
        notices.append({"mail": _mail(subject, outcome, to, wanted)})
    _store(platform, connection, subject, notices)


def note_stall(platform: Platform, connection: Connection, subject: Stored, run: Run, minutes: int) -> None:
    """Store a warning that a run takes longer than some minutes, for those who are told of failures."""
    wanted = notifications_of(subject.document)
    to = wanted["failure_email_addresses"]
    if to:
        outcome = Outcome(run.id, "running", f"It takes longer than {minutes} minutes.", run.started_at, None)
        _store(platform, connection, subject, [{"mail": _mail(subject, outcome, to, {})}])


def _store(
    platform: Platform, connection: Connection, subject: Stored, notices: list[dict[str, Any]]
) -> None:
    """Store what is to be sent, and have it sent after the commit."""
    now = platform.clock.time()
    for document in notices:
        objects.insert(
            connection, KIND, {"attempts": 0, "due": now, **document}, now=now, parent_id=subject.id
        )
    if not notices:
        return

    def wake() -> None:
        try:
            platform.duties.wake_post()
        except PlatformError:
            return  # the platform stops; its next start sends it

    after_commit(connection, wake)


def _payload(subject: Stored, outcome: Outcome) -> dict[str, Any]:
    """Give what a web address is sent."""
    return {
        "object": {"id": subject.id, "name": subject.name, "kind": subject.kind},
        "run": {
            "id": outcome.id,
            "state": outcome.state,
            "error": outcome.error,
            "started_at": _text(outcome.started_at),
            "finished_at": _text(outcome.finished_at),
        },
    }


def _mail(subject: Stored, outcome: Outcome, to: list[str], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Write an e-mail."""
    has_succeeded = outcome.state == "succeeded"
    title = f"{subject.name} {_WORDS[outcome.state]}"
    lines = [f"{title}.", "", f"ID: {subject.id}", f"Run: {outcome.id}"]
    lines += [f"Started: {_text(outcome.started_at)}", f"Finished: {_text(outcome.finished_at)}"]
    if outcome.error:
        lines += ["", outcome.error]
    own = wanted.get("success_email_body") if has_succeeded else None
    return {
        "from": wanted.get("success_email_from_name") or _FROM,
        "reply_to": wanted.get("success_email_reply_to"),
        "to": list(to),
        "subject": (wanted.get("success_email_subject") if has_succeeded else None) or title,
        "body": own or "\n".join(lines),
    }


def _text(moment: datetime | None) -> str | None:
    """Write a moment."""
    return None if moment is None else moment_text(moment)
