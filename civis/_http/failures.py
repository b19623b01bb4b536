"""What can go wrong on the wire, and which of our errors says so. Decides nothing about retries."""

from __future__ import annotations

import ssl

from urllib3 import exceptions

from civis._errors import CivisConnectionError, CivisTimeoutError, without_query
from civis._http.retries import Failure

__all__ = ["WIRE_ERRORS", "Failure", "classify", "connection_error", "reason_of"]


#: The errors by which an attempt ends without an answer.
WIRE_ERRORS = (exceptions.HTTPError, OSError)

_CONNECT = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError)
_FINAL = (
    exceptions.SSLError,
    ssl.SSLCertVerificationError,
    exceptions.LocationValueError,
    exceptions.URLSchemeUnknown,
)


def classify(error: BaseException) -> Failure:
    """Tell which kind of failure an error of urllib3 or of the socket stands for."""
    if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        return classify(error.reason)
    if isinstance(error, exceptions.ProxyError) and isinstance(error.original_error, _FINAL):
        return Failure.FINAL
    if isinstance(error, _CONNECT):
        return Failure.CONNECT
    if isinstance(error, _FINAL):
        return Failure.FINAL
    if isinstance(error, (exceptions.TimeoutError, TimeoutError)):
        return Failure.TIMEOUT
    return Failure.BROKEN


_ADVICE = {
    Failure.CONNECT: "No connection could be made; check the address, the network and the proxy settings",
    Failure.BROKEN: "The connection broke before the answer was complete",
    Failure.TIMEOUT: "No answer came in time; give a longer timeout= if it is known to be slow",
    Failure.FINAL: "No trusted connection can be made; name your bundle by verify= or REQUESTS_CA_BUNDLE",
}


def connection_error(
    error: BaseException, method: str, url: str, attempts: int
) -> CivisConnectionError | CivisTimeoutError:
    """Make the error that a user sees, without the query of the URL and without the library's own error."""
    kind = classify(error)
    tries = "" if attempts == 1 else f" after {attempts} attempts"
    unknown = ""
    if kind in (Failure.BROKEN, Failure.TIMEOUT) and method in ("POST", "PATCH"):
        unknown = (
            " It is not known whether the platform carried the request out: look before sending it again."
        )
    text = f"{method} {without_query(url)} failed{tries}: {_ADVICE[kind]} ({reason_of(error)}).{unknown}"
    if kind is Failure.TIMEOUT or _is_slow_connection(error):
        return CivisTimeoutError(text)
    return CivisConnectionError(text)


def _is_slow_connection(error: BaseException) -> bool:
    """Tell a connection that took too long; urllib3 counts refused ones and unknown hosts as such, too."""
    if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    is_slow = isinstance(error, exceptions.ConnectTimeoutError)
    return is_slow and not isinstance(error, exceptions.NewConnectionError)


def reason_of(error: BaseException) -> str:
    """Name the innermost error, whose text holds no URL."""
    inner: BaseException = error
    if isinstance(inner, exceptions.MaxRetryError) and inner.reason is not None:
        inner = inner.reason
    while True:
        further = [argument for argument in inner.args if isinstance(argument, BaseException)]
        if not further:
            break
        inner = further[0]
    if isinstance(inner, exceptions.NewConnectionError) and isinstance(inner.__cause__, OSError):
        return inner.__cause__.strerror or type(inner).__name__
    if isinstance(inner, exceptions.PoolError | exceptions.HTTPError) and not isinstance(
        inner, exceptions.SSLError
    ):
        return type(inner).__name__
    text = str(inner)
    return f"{type(inner).__name__}: {text}" if text and "?" not in text else type(inner).__name__
