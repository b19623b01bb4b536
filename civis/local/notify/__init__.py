"""Notices of what runs do, pushed to clients in the protocol of PubNub, which the hosted platform uses.

It knows messages and who may read them; nothing of jobs, users or state. In use::

    notifier = Notifier(secret=b"…", clock=SYSTEM_CLOCK)
    notifier.offer(user.id)                                  # what `GET /channels/` answers
    notifier.publish(run_message(job_id, run_id, "running"))
    notifier.close()                                         # answers those who wait: a server can stop

The server mounts ``notifier.routes()`` at its root, since PubNub's libraries know no other place. Published
messages are kept in memory only: who subscribes with a time in the past is given what came since.
"""

from __future__ import annotations

from civis.local.notify.messages import run_message
from civis.local.notify.notifier import Notifier

__all__ = ["Notifier", "run_message"]
