"""What the platform does by itself, without being asked: schedules, workflows, notices.

Two threads in all: one for what is due, one for what is sent and may have to wait for others.
"""

from __future__ import annotations

import shutil
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from civis.local.api import Routes
from civis.local.duties.outbox import outbox_dir, read_outbox
from civis.local.duties.posting import Post
from civis.local.duties.scheduling import Scheduling
from civis.local.jobs.agenda import Agenda
from civis.local.workflows.operations import Operations
from civis.local.workflows.runner import Runner

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Duties"]


class Duties:
    """Schedules, workflows and notices of one platform.

    Parameters
    ----------
    platform : Platform
    routes : Routes
        The handlers of all services: what is scheduled is done as if it had been asked for.

    Attributes
    ----------
    workflows : Runner
    """

    def __init__(self, platform: Platform, routes: Routes) -> None:
        self._platform, self._operations = platform, Operations(platform, routes)
        self._post = Agenda([Post(platform)], platform.clock, "post")
        self._make_agenda()

    def clear(self) -> None:
        """Forget everything, and empty the outbox; only while it does not work."""
        self._make_agenda()
        shutil.rmtree(self._outbox, ignore_errors=True)

    def _make_agenda(self) -> None:
        """Make those who look after what is due."""
        scheduling = Scheduling(self._platform, self._operations)
        self.workflows = Runner(self._platform, self._operations, self.wake)
        self._agenda = Agenda([scheduling, self.workflows], self._platform.clock, "agenda")

    def start(self) -> None:
        """Begin to work."""
        self._agenda.start()
        self._post.start()

    def stop(self) -> None:
        """End both threads; what is due now is done at the next start."""
        self._agenda.stop()
        self._post.stop()

    def wake(self) -> None:
        """Have what is due looked for now: the time has moved on, or something has changed."""
        self._agenda.wake()

    def wake_post(self) -> None:
        """Have what is to be sent looked for now."""
        self._post.wake()

    def outbox(self) -> list[EmailMessage]:
        """Read the e-mails that were written, the oldest first."""
        return read_outbox(self._outbox)

    @property
    def _outbox(self) -> Path:
        """The directory of the e-mails."""
        return outbox_dir(self._platform.settings)
