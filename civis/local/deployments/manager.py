"""The deployments of one platform: begun, watched, ended; which of them answers on which port."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from civis.local.deployments.addresses import Addresses
from civis.local.deployments.live import FOLDER_PREFIX, LiveDeployment
from civis.local.deployments.records import DEPLOYMENT, over, run_of, set_state
from civis.local.jobs import transitions
from civis.local.jobs.lifecycle import apply
from civis.local.jobs.run_keys import revoke_key
from civis.local.state import Stored, objects

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Deployments"]

_LOGGER = logging.getLogger(__name__)

#: Seconds that a request waits for a deployment to end; a program that ignores SIGTERM takes 5.
_END_SECONDS = 15.0
_REPLACED = "Another deployment has taken its place."
_STOPPED = "The platform was stopped while this was deployed. Deploy it again."


class Deployments:
    """What is deployed on one platform.

    Parameters
    ----------
    platform : Platform
    addresses : Addresses
        Makes and checks what lets people in.
    """

    def __init__(self, platform: Platform, addresses: Addresses) -> None:
        self._platform = platform
        self.addresses = addresses
        self._live: dict[int, LiveDeployment] = {}
        self._lock = threading.Lock()
        self._is_started = False

    def __repr__(self) -> str:
        return f"Deployments({len(self._live)} live)"

    @property
    def folder(self) -> Path:
        """Where the working folders of deployments lie; unlike those of runs, they outlive a kill."""
        return self._platform.data_dir / "deployments"

    def start(self) -> None:
        """Settle what a platform left that was killed, keep what its programs had changed; then begin."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with self._platform.state.read() as connection:
            left = [each for each in objects.select_objects(connection, DEPLOYMENT) if not over(each)]
        for deployment in left:
            try:
                LiveDeployment(self._platform, deployment, self.folder).rescue()
            except Exception:  # whatever is wrong with one must not keep the platform from starting
                _LOGGER.exception("What deployment %s had changed could not be kept", deployment.id)
            self._settle(deployment, _STOPPED)
        for path in self.folder.glob(f"{FOLDER_PREFIX}*"):
            shutil.rmtree(path, ignore_errors=True)
        with self._lock:
            self._is_started = True

    def stop(self) -> None:
        """End all deployments; their processes and threads have ended when this returns."""
        with self._lock:
            self._is_started = False
            live = list(self._live.values())
        for each in live:
            each.end(_STOPPED, is_stopping=True)
        for each in live:
            each.join()

    def deploy(self, deployment: Stored) -> None:
        """Begin a deployment, when those before of the same object have ended; call it after its commit.

        Parameters
        ----------
        deployment : Stored
            Pending.
        """
        live = LiveDeployment(self._platform, deployment, self.folder, self._forget)
        with self._lock:
            if not self._is_started:  # the next start settles it
                return
            same = [each for each in self._live.values() if each.base_id == live.base_id]
            # Of two that were asked for at once, the later may come here first.
            is_latest = all(each.id < live.id for each in same)
            earlier = [each for each in same if each.id < live.id]
            self._live[deployment.id] = live
        if not is_latest:
            live.end(_REPLACED)
        for each in earlier:
            each.end(_REPLACED)
        for each in earlier:
            each.join(_END_SECONDS)
        live.start()

    def refuse(self, deployment: Stored, message: str) -> None:
        """End a deployment that cannot be served, and say why; call it outside of transactions."""
        self._settle(deployment, message)

    def end(self, deployment: Stored) -> None:
        """End a deployment, and wait until what it changed is stored; call it outside of transactions."""
        with self._lock:
            live = self._live.get(deployment.id)
        if live is None:
            self._settle(deployment, None)
            return
        live.end("The deployment was ended.")
        live.join(_END_SECONDS)

    def find(self, id: int) -> LiveDeployment | None:
        """Give a deployment that is being served, or None."""
        with self._lock:
            return self._live.get(id)

    def _forget(self, live: LiveDeployment) -> None:
        """Let go of a deployment that is over."""
        with self._lock:
            self._live.pop(live.id, None)

    def _settle(self, deployment: Stored, message: str | None) -> None:
        """Store that a deployment is over that no process serves."""
        now = self._platform.clock.time()
        with self._platform.state.begin() as connection:
            run = run_of(connection, deployment.id)
            if run is not None and run.state == "running":
                apply(connection, run, transitions.stop, now)
            if run is not None:
                revoke_key(connection, run, now)
            if objects.select_objects(connection, DEPLOYMENT, id=deployment.id):
                set_state(connection, deployment, "terminated", message, now=now)
