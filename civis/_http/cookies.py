"""A session whose sign-in is a cookie: fetched when first needed, and again after a 401."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit
from urllib.request import Request

from civis._errors import api_error
from civis._http.addresses import origin
from civis._http.answer import Answer
from civis._http.encoding import Query
from civis._http.hidden import HiddenText, SignedUrl
from civis._http.session import Session
from civis._http.timeouts import TimeoutArgument
from civis._http.turns import Turn
from civis._http.wire import MOST_REDIRECTS


class _Received:
    """The headers of an answer in the form that `http.cookiejar` reads."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._message = Message()
        every = getattr(headers, "getlist", None)
        for value in every("Set-Cookie") if every else ():
            self._message["Set-Cookie"] = value

    def info(self) -> Message:
        """Give the headers."""
        return self._message


class CookieSession:
    """Sends requests to a service that knows its users by a cookie; many threads may use it at once.

    Parameters
    ----------
    find_sign_in : callable
        Gives the URL whose answer sets the cookie; it is a credential and asked for at each sign-in.
    base_url : str
        Where paths begin; ends in ``/``.
    **options
        As `Session` takes them; no key is ever sent to the service.
    """

    def __init__(self, find_sign_in: Callable[[], str], base_url: str, **options: Any) -> None:
        self._find_sign_in = find_sign_in
        self._options = options
        self._session = Session(base_url, None, **options)
        self.base_url = self._session.base_url
        self._jar: CookieJar | None = None
        self._turn: Turn[CookieJar] = Turn()

    def __repr__(self) -> str:
        return f"<CookieSession {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A session holds connections and a cookie and is not pickled: make a new client there."
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: TimeoutArgument = None,
    ) -> Answer:
        """Send a request as `Session.request` does, signed in; after a 401 sign in again and repeat it once.

        A server that says 401 has not done anything yet, so this holds for every verb.
        """
        jar = self._signed_in(None)
        url = self.base_url + path.lstrip("/")
        options: dict[str, Any] = {"query": query, "body": body, "timeout": timeout}
        answer = self._session.request(method, path, headers=_with_cookies(headers, jar, url), **options)
        if answer.status == 401:
            jar = self._signed_in(jar)
            answer = self._session.request(method, path, headers=_with_cookies(headers, jar, url), **options)
        return answer

    def close(self) -> None:
        """Close the connections and forget the cookie."""
        self._jar = None
        self._session.close()

    def _signed_in(self, stale: CookieJar | None) -> CookieJar:
        """Give a cookie other than one that the service refused; of many threads one signs in for all."""
        return self._turn.take(lambda: None if self._jar is stale else self._jar, self._sign_in)

    def _sign_in(self) -> CookieJar:
        """Ask for the cookie; redirects on the way may set some too."""
        jar = CookieJar()
        url = SignedUrl(self._find_sign_in())
        for _ in range(MOST_REDIRECTS):
            answer = self._visit(url, jar)
            asked = Request(url)  # noqa: S310 - not opened, only looked at by the jar
            jar.extract_cookies(_Received(answer.headers), asked)  # type: ignore[arg-type]
            if not (300 <= answer.status < 400 and "location" in answer.headers):
                break
            url = SignedUrl(urljoin(url, answer.headers["location"]))
        # Some services have no page at their root and answer 404 there, but with the cookie all the same.
        if answer.status >= 400 and not len(jar):
            raise api_error(answer)
        self._jar = jar
        return jar

    def _visit(self, url: SignedUrl, jar: CookieJar) -> Answer:
        """Fetch one page of the sign-in without following its redirect."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = _with_cookies({"Accept": "*/*"}, jar, url)
        if origin(url) == origin(self.base_url):
            return self._session.request("GET", target, headers=headers, is_absolute=True, follow=False)
        other = Session(origin(url), None, **self._options)
        try:
            return other.request("GET", target, headers=headers, is_absolute=True, follow=False)
        finally:
            other.close()


def _with_cookies(headers: Mapping[str, str] | None, jar: CookieJar, url: str) -> dict[str, str]:
    """Add the cookies that belong to a URL."""
    asked = Request(url)  # noqa: S310 - not opened, only looked at by the jar
    jar.add_cookie_header(asked)
    found = asked.get_header("Cookie")
    given = (headers or {}).get("Cookie")  # an argument of the operation called
    every = "; ".join(each for each in (found, given) if each)
    return {**(headers or {}), **({"Cookie": HiddenText(every)} if every else {})}
