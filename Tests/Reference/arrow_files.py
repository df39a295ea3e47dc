#!/usr/bin/env python3
"""Writes the Arrow files of Tests/Goldens/arrow and, beside them, what pyarrow reads back from them.

Usage: arrow_files.py FOLDER        (pyarrow 26.0.1 and polars 2.1.0 made the committed files)
"""

import datetime
import decimal
import json
import math
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

folder = Path(sys.argv[1])


def plain(value):
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def expected(name, table, call):
    columns = {c: [plain(v) for v in table.column(c).to_pylist()] for c in table.column_names}
    text = {"source": f"pyarrow {pa.__version__}", "call": call, "file": name, "columns": columns}
    (folder / f"{name}.json").write_text(json.dumps(text, indent=1) + "\n")


def write_file(name, table, chunk=None, options=None):
    with pa.ipc.new_file(str(folder / name), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=chunk)


def write_stream(name, batches):
    with pa.ipc.new_stream(str(folder / name), batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def types():
    n = 11
    columns = {}
    for bits in (8, 16, 32, 64):
        top = 2 ** (bits - 1) - 1
        columns[f"int{bits}"] = pa.array([-top + i if i % 3 else None for i in range(n)], pa.from_numpy_dtype(f"int{bits}"))
        columns[f"uint{bits}"] = pa.array([min(2 * top, 2**53) - i for i in range(n)], pa.from_numpy_dtype(f"uint{bits}"))
    columns["half"] = pa.array(np.array([i / 4 for i in range(n)], np.float16))
    columns["single"] = pa.array([i / 8 if i != 4 else None for i in range(n)], pa.float32())
    columns["double"] = pa.array([i / 10 if i % 4 else None for i in range(n)], pa.float64())
    columns["whole"] = pa.array([float(i) for i in range(n)], pa.float64())
    columns["bool"] = pa.array([i % 3 == 1 if i != 6 else None for i in range(n)])
    words = ["a", "Zürich", None, "", "κέντρο", "a long text of more than twelve bytes", "b", "c", "d", None, "e"]
    columns["utf8"] = pa.array(words)
    columns["large"] = pa.array(words, pa.large_utf8())
    columns["view"] = pa.array(words, pa.string_view())
    columns["codes8"] = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, None, 2, 1, 0, 0, 2, 2, 1, 0], pa.int8()), pa.array(["low", "mid", "high"]))
    columns["codes32"] = pa.DictionaryArray.from_arrays(
        pa.array([2, 1, 0, 2, 1, 0, 0, 2, 2, 1, 0], pa.int32()), pa.array(["x", None, "z"], pa.large_utf8()))
    columns["codes64"] = pa.DictionaryArray.from_arrays(
        pa.array([1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0], pa.uint64()), pa.array(["x", "x"]))
    columns["nothing"] = pa.nulls(n)
    return pa.table(columns)


table = types()
write_file("types.arrow", table)
expected("types.arrow", table, "ipc.new_file, one batch of every type")
write_file("batches.arrow", table, chunk=4)
expected("batches.arrow", table, "ipc.new_file, max_chunksize=4")
write_file("sliced.arrow", table.slice(3, 5))
expected("sliced.arrow", table.slice(3, 5), "ipc.new_file of table.slice(3, 5)")
write_file("empty.arrow", table.slice(0, 0))
expected("empty.arrow", table.slice(0, 0), "ipc.new_file of no rows")

dictionaries = [["a", "b"], ["a", "b", "c"], ["c", "a"]]
codes = [[0, 1, None], [2, 0, 1], [0, 1, 1]]
batches = [
    pa.record_batch({"x": pa.DictionaryArray.from_arrays(pa.array(c, pa.int16()), pa.array(d)), "y": pa.array(range(3))})
    for c, d in zip(codes, dictionaries)
]
write_stream("replaced.arrow", batches)
expected("replaced.arrow", pa.Table.from_batches(batches), "ipc.new_stream, a dictionary replaced between batches")
with pa.ipc.new_stream(
    str(folder / "delta.arrow"), batches[0].schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
) as writer:
    for batch in batches[:2]:
        writer.write_batch(batch)
expected("delta.arrow", pa.Table.from_batches(batches[:2]), "ipc.new_stream, emit_dictionary_deltas=True")

other = pa.table({
    "x": pa.array([1.5, 2.5]),
    "day": pa.array([1, 2], pa.date32()),
    "at": pa.array([1, 2], pa.timestamp("ms")),
    "raw": pa.array([b"a", b"b"]),
    "coded": pa.array([7, 8]).dictionary_encode(),
    "y": pa.array(["p", "q"]),
})
write_file("other_types.arrow", other)
write_file("nested.arrow", pa.table({"x": pa.array([1]), "list": pa.array([[1, 2]])}))
write_file("lz4.arrow", pa.table({"x": pa.array(range(100))}), options=pa.ipc.IpcWriteOptions(compression="lz4"))
write_file("zstd.arrow", pa.table({"x": pa.array(range(100))}), options=pa.ipc.IpcWriteOptions(compression="zstd"))
for codec in ["lz4", "zstd"]:
    write_file(f"types_{codec}.arrow", table, options=pa.ipc.IpcWriteOptions(compression=codec))
    expected(f"types_{codec}.arrow", table, f"ipc.new_file, compression {codec}")

moments = [datetime.datetime(1899, 12, 31, 23, 59, 59, 250000), None, datetime.datetime(2024, 2, 29, 1, 2, 3)]
times = pa.table({
    "date32": pa.array([m and m.date() for m in moments], pa.date32()),
    "date64": pa.array([m and m.date() for m in moments], pa.date64()),
    "ms": pa.array(moments, pa.timestamp("ms")),
    "ns": pa.array(moments, pa.timestamp("ns", "Europe/Dublin")),
    "time": pa.array([m and m.time() for m in moments], pa.time64("us")),
    "decimal": pa.array([decimal.Decimal("12.25"), None, decimal.Decimal("-0.5")], pa.decimal128(12, 2)),
})
write_file("times.arrow", times)
expected("times.arrow", pa.table({
    "date32": ["1899-12-31", None, "2024-02-29"],
    "date64": ["1899-12-31T00:00:00", None, "2024-02-29T00:00:00"],
    "ms": ["1899-12-31T23:59:59.250", None, "2024-02-29T01:02:03"],
    "ns": ["1899-12-31T23:59:59.250000000Z", None, "2024-02-29T01:02:03Z"],
    "time": ["23:59:59.250000", None, "01:02:03"],
    "decimal": [12.25, None, -0.5],
}), "days, times and decimals, with the texts that are to be read")

# As polars writes, compressed, with its categories and views of text: the first rows of ../parquet/schools.parquet.
schools = pl.read_parquet(Path(__file__).parents[1] / "Goldens/parquet/schools.parquet").head(40)
schools = schools.with_columns(pl.col("stype").cast(pl.Categorical))
for codec in ["lz4", "zstd"]:
    schools.write_ipc(folder / f"polars_{codec}.arrow", compression=codec)
    schools.write_ipc_stream(folder / f"polars_{codec}.arrows", compression=codec)
