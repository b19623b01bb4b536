"""`PollableResult` under the name that it has had since the first release; it lives in `civis.futures`."""

from civis.futures import PollableResult

__all__ = ["PollableResult"]
