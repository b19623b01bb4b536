"""What the API key of a request is restricted to: for answers that would let who has it do more than that."""

from __future__ import annotations

from civis.local.api import Call
from civis.local.api.authentication import is_allowed
from civis.local.jobs.run_keys import constraints_of

__all__ = ["is_restricted", "key_allows"]


def is_restricted(call: Call) -> bool:
    """Tell whether the request's key may not be used for everything.

    Parameters
    ----------
    call : Call
    """
    return bool(constraints_of(call.connection, call.user.id, call.key_id))


def key_allows(call: Call, method: str, path: str) -> bool:
    """Tell whether the request's key may also be used for another request.

    Parameters
    ----------
    call : Call
    method, path : str
        Of that request, such as ``"PATCH"`` and ``"/notebooks/7"``.
    """
    return is_allowed(constraints_of(call.connection, call.user.id, call.key_id), method, path)
