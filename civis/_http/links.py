"""A signed URL that several threads use, and that is replaced once for all of them when it has expired."""

from __future__ import annotations

from collections.abc import Callable

from civis._http.hidden import SignedUrl
from civis._http.turns import Turn

__all__ = ["Link"]


class Link:
    """Where a content lies, now.

    Parameters
    ----------
    url : str
        The first signed URL.
    refresh : callable, optional
        Gives another one when it has expired.
    """

    def __init__(self, url: str, refresh: Callable[[], str] | None = None) -> None:
        self.current = SignedUrl(url)
        self._refresh = refresh
        self._may_renew = refresh is not None
        self._turn: Turn[SignedUrl] = Turn()

    @property
    def shown(self) -> str:
        """The URL as messages show it."""
        return self.current.shown

    def worked(self) -> None:
        """Note that content came by it: the next refusal may again mean that it has expired."""
        self._may_renew = self._refresh is not None

    def renew(self, refused: SignedUrl) -> bool:
        """Replace a URL that was refused, unless another thread just did; False where that cannot help."""

        def known() -> SignedUrl | None:
            return None if self.current is refused else self.current

        def make() -> SignedUrl:
            if self._refresh is None or not self._may_renew:
                return refused
            self._may_renew = False
            self.current = SignedUrl(self._refresh())
            return self.current

        return self._turn.take(known, make) is not refused
