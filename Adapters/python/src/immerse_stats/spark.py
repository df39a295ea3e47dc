"""Analyses of Spark data frames: every partition gathers its part where it lies, and the driver merges them.

The package has to be installed where the executors run. A partition that is computed again after a failure yields the
same part, so that retries and speculation are safe.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ._analyses import Design, names, present
from ._results import FitResult, Result
from .partial import Partial, merged

_SCHEMA = "part int, blob binary"


def run(request: dict[str, Any], frame: Any, columns: Iterable[str]) -> Result | FitResult:
    """Carries out a request, given under the names that study files use, in as many passes over the frame as it takes.

    That is two for most analyses, and one more for each Newton step of a model: cache a frame that is costly to make.

    Parameters
    ----------
    columns : the columns the request reads; others are not sent to Python.
    """
    text = json.dumps(request)
    selected = frame.select(*columns)
    # What cannot be had in parts is refused here, and not by a worker.
    Partial(text)
    finished: bytes | Result | None = None
    while finished is None or isinstance(finished, bytes):
        finished = merged(text, finished, _parts(selected, text, finished))
    return finished


def estimate(
    kind: str, variables: str | Iterable[str], frame: Any, design: Design | None = None, *,
    by: str | Iterable[str] | None = None, columns: Iterable[str] | None = None, **settings: Any,
) -> Result:
    """Estimates as `immerse_stats.estimate` gives them. `columns` is needed where a `where` condition reads more."""
    design = design or Design()
    request = present(
        kind=kind, variables=names(variables), design=design.request(), by=names(by), **settings)
    used = [part for name in names(variables) for part in name.split("/")] + names(by)
    used += names(design.weights) + names(design.strata) + names(design.psu) + names(design.fpc)
    return run({"estimate": request}, frame, dict.fromkeys([*used, *(columns or [])]))


def fit(formula: str, frame: Any, columns: Iterable[str], **settings: Any) -> FitResult:
    """A mixed model as `immerse_stats.fit` gives it, of the named columns."""
    if "weights" in settings:
        settings["weights"] = names(settings["weights"])
    return run({"fit": present(formula=formula, **settings)}, frame, columns)


def glm(
    formula: str, frame: Any, columns: Iterable[str], design: Design | None = None, *, family: str = "gaussian",
    **settings: Any,
) -> Result:
    """A generalised linear model as `immerse_stats.glm` gives it, of the named columns."""
    settings = present(
        kind="glm", variables=[formula], design=(design or Design()).request(), family=family, **settings)
    return run({"estimate": settings}, frame, columns)


def _parts(frame: Any, request: str, profile: bytes | None) -> list[bytes]:
    rows = frame.mapInArrow(_gather(request, profile), _SCHEMA).collect()
    return [bytes(row.blob) for row in sorted(rows, key=lambda row: row.part)]


def _gather(request: str, profile: bytes | None) -> Any:
    # Only text and bytes are captured: the library is loaded in the executor's own process.
    def gather(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow
        from pyspark import TaskContext

        from immerse_stats.partial import Partial

        part = Partial(request, profile)
        for batch in batches:
            if batch.num_rows:
                part.update(pyarrow.Table.from_batches([batch]))
        number = TaskContext.get().partitionId()
        yield pyarrow.RecordBatch.from_pydict(
            {"part": pyarrow.array([number], pyarrow.int32()), "blob": pyarrow.array([part.serialize()], pyarrow.binary())})

    return gather
