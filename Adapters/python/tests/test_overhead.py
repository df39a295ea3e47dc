"""What a call costs beside the analysis itself, on 1,000,000 rows of 10 columns."""

import time

import pytest

import immerse_stats as im
from immerse_stats import _native

pa = pytest.importorskip("pyarrow")

ROWS, COLUMNS = 1_000_000, 10


def producers():
    """Tables of the same rows by libraries that keep them as Arrow does; pandas copies its blocks into that form itself."""
    numpy = pytest.importorskip("numpy")
    arrays = {f"x{i}": numpy.arange(ROWS, dtype=float) + i for i in range(COLUMNS)}
    yield "pyarrow", pa.table(arrays)
    try:
        yield "polars", __import__("polars").DataFrame(arrays)
    except ImportError:
        print("skipped: polars is not installed")


def least(calls):
    """The least of several durations, in milliseconds: what the machine does besides only ever adds to them."""
    return 1000 * min(calls)


def test_a_call_costs_less_than_two_milliseconds_beside_its_analysis(monkeypatch):
    inside = []

    def timed(*arguments):
        start = time.perf_counter()
        try:
            return native(*arguments)
        finally:
            inside.append(time.perf_counter() - start)

    native = _native.run
    monkeypatch.setattr(_native, "run", timed)
    variables = [f"x{i}" for i in range(COLUMNS)]
    for name, table in producers():
        around, boundary = [], []
        for _ in range(15):
            start = time.perf_counter()
            im.mean(variables, table)
            around.append(time.perf_counter() - start - inside[-1])
            # A request that is refused once the rows have been handed over: all of the boundary and none of the analysis.
            with pytest.raises(im.DataError, match="no such column"):
                im.mean([*variables, "absent"], table)
            boundary.append(inside[-1])
        cost = least(around) + least(boundary)
        print(f"{name}: {least(around):.3f} ms in Python, {least(boundary):.3f} ms at the boundary")
        assert cost < 2, f"{name}: {cost:.3f} ms"
