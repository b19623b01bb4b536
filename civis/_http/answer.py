"""What one request brought back: status, headers, body. Knows no retries, no errors, no shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


class Answer:
    """The platform's answer to one request.

    Parameters
    ----------
    status : int
        HTTP status code.
    headers : Mapping[str, str]
        Headers of the answer; looked up without regard to case.
    content : bytes
        The whole body, decompressed.
    method, url : str
        What was asked for; the URL holds its query.
    attempts : int, default 1
        How many requests were made, the retries included.
    reason : str, default ""
        The text beside the status.
    elapsed : float, default 0.0
        Seconds that the last attempt took.

    Examples
    --------
    >>> answer = Answer(200, {}, b'{"id": 3}', "GET", "https://api.civisanalytics.com/users/me")
    >>> answer.json()
    {'id': 3}
    """

    __slots__ = ("attempts", "content", "elapsed", "headers", "method", "reason", "status", "url")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        method: str,
        url: str,
        attempts: int = 1,
        reason: str = "",
        elapsed: float = 0.0,
    ) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.method = method
        self.url = url
        self.attempts = attempts
        self.reason = reason
        self.elapsed = elapsed

    def __repr__(self) -> str:
        path = self.url.partition("?")[0]
        return f"<Answer {self.status} {self.method} {path}: {len(self.content)} bytes>"

    def json(self) -> Any:
        """Decode the body.

        Raises
        ------
        ValueError
            The body is not JSON.
        """
        return json.loads(self.content)

    def to_requests(self) -> requests.Response:
        """Give the answer as ``return_type="raw"`` promises it: a `requests.Response` with its body read.

        Its ``request`` carries no credentials.
        """
        from datetime import timedelta  # noqa: PLC0415 - only this needs it
        from io import BytesIO  # noqa: PLC0415 - as above

        import requests  # noqa: PLC0415 - takes 60 ms to import and only this needs it

        response = requests.Response()
        response.status_code = self.status
        response.headers = requests.structures.CaseInsensitiveDict(self.headers)
        response.reason = self.reason
        response.url = self.url
        response.elapsed = timedelta(seconds=self.elapsed)
        response.raw = BytesIO(self.content)
        response._content = self.content
        response._content_consumed = True  # type: ignore[attr-defined]
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.request = requests.Request(self.method, self.url).prepare()
        return response
