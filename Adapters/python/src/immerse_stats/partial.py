"""Analyses of rows that lie in several places: gather a part in each, merge the parts, finish."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from . import _native
from ._analyses import result_of
from ._data import stream_of
from ._results import Result


class Partial:
    """What a request gathers from a part of the rows.

    Without a `profile` it is of the first pass, whose finished bytes are the profile that the next pass, and with it
    every other part, is given, until a pass finishes with the result. A partial cannot be pickled: send `serialize()`.
    """

    def __init__(self, request: str, profile: bytes | None = None, threads: int = 1) -> None:
        self._request = request
        self._handle = _native.partial_new(request, profile, threads)

    def update(self, data: Any) -> None:
        """Takes in rows."""
        _native.partial_update(self._handle, stream_of(data))

    def serialize(self) -> bytes:
        return _native.partial_serialize(self._handle)

    def merge(self, blob: bytes) -> None:
        """Takes in a part gathered elsewhere; merge in a fixed order for a fixed result."""
        _native.partial_merge(self._handle, blob)

    def finish(self) -> bytes | Result:
        """What the next pass is given, or the result."""
        finished = _native.partial_finish(self._handle)
        if isinstance(finished, bytes):
            return finished
        return result_of(json.loads(self._request), *finished)

    def __reduce__(self) -> Any:
        raise TypeError("a partial cannot be pickled; send the bytes of serialize()")


def merged(request: str, profile: bytes | None, blobs: Iterable[bytes]) -> bytes | Result:
    """The finished merge of parts, in their order."""
    whole = Partial(request, profile)
    for blob in blobs:
        whole.merge(blob)
    return whole.finish()
