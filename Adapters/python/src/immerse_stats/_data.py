"""Rows on their way in: any producer of an Arrow stream, or a mapping of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stream_of(data: Any) -> Any:
    """A capsule with an Arrow stream of the rows, without a copy where the producer needs none.

    Pandas, polars, pyarrow and duckdb objects are producers; a mapping of names to columns goes through pyarrow.
    """
    # Once only: the streams of some producers can be had a single time.
    if hasattr(data, "__arrow_c_stream__"):
        return data.__arrow_c_stream__()
    if isinstance(data, Mapping):
        try:
            import pyarrow
        except ImportError as error:
            raise TypeError("a mapping of columns needs pyarrow; hand over a data frame, or install pyarrow") from error
        return pyarrow.table(dict(data)).__arrow_c_stream__()
    raise TypeError(
        f"{type(data).__name__} is no producer of an Arrow stream (__arrow_c_stream__): "
        "hand over a pandas, polars, pyarrow or duckdb table"
    )


class Rows:
    """Columns that an analysis adds to its rows, such as weights, as a producer of an Arrow stream that can be read once."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        capsule, self._capsule = self._capsule, None
        if capsule is None:
            raise ValueError("these rows have been read already, or there are none; keep what was made of them")
        return capsule
