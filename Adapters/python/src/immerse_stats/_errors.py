"""The exceptions that calls raise: subclasses of what Python users expect, with the library's message."""

from __future__ import annotations


class ImmerseError(Exception):
    """Anything the library refuses or cannot do."""


class UsageError(ImmerseError, ValueError):
    """The request cannot be carried out as written."""


class DataError(ImmerseError, ValueError):
    """The data contradict the request or themselves."""


class ComputationError(ImmerseError, RuntimeError):
    """A computation cannot be completed."""


class Cancelled(ImmerseError, RuntimeError):
    """The caller asked to stop."""


class ForkedError(ImmerseError, RuntimeError):
    """This process was forked from one that has used the library; start workers by "spawn"."""


_TYPES = {1: UsageError, 2: DataError, 3: DataError, 4: DataError, 6: Cancelled, 7: ForkedError}


def make(code: int, message: str) -> ImmerseError:
    """The exception of an error code of the C interface."""
    return _TYPES.get(code, ComputationError)(message)
