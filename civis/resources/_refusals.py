"""The error for a key that the platform refuses before there is a client.

A module of its own because it needs `requests`, whose import takes longer than making a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from civis._errors import CivisAPIKeyError

if TYPE_CHECKING:
    from civis._http import Answer

__all__ = ["DescriptionRefusedError"]


class DescriptionRefusedError(CivisAPIKeyError, requests.HTTPError):
    """401 or 403 to the request for the API's description.

    It is a `requests.HTTPError`, as older scripts catch it, and this package's error for keys.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.response = answer.to_requests()
        self.request = self.response.request

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the answer behind, as all errors do."""
        rebuild, (kind, state) = super().__reduce__()
        return rebuild, (kind, {**state, "response": None, "request": None})
