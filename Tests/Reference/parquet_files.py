#!/usr/bin/env python3
"""Writes the Parquet files of Tests/Goldens/parquet and, beside each table, what is to be read from its files.

Usage: parquet_files.py FOLDER        (pyarrow 26.0.1, polars 2.1.0 and duckdb 2.0.1 made the committed files)

The expected values are those of the table before it is written: pyarrow's `to_pylist`, with days, times and decimals
as `ArrowTests` expects them of the Arrow file of the same table.
"""

import datetime
import decimal
import json
import math
import sys
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

folder = Path(sys.argv[1])


def plain(value):
    return None if isinstance(value, float) and math.isnan(value) else value


def expected(name, table, files):
    columns = {c: [plain(v) for v in table.column(c).to_pylist()] for c in table.column_names}
    text = {
        "source": f"pyarrow {pa.__version__}, polars {pl.__version__}, duckdb {duckdb.__version__}",
        "call": "pyarrow Table.to_pylist", "files": files, "columns": columns,
    }
    (folder / f"{name}.json").write_text(json.dumps(text, indent=None, separators=(",", ":")) + "\n")


def numbers(rows):
    """Numbers and truth values, some of them missing."""
    columns = {}
    for bits in (8, 16, 32, 64):
        top = 2 ** (bits - 1) - 1
        own = min(top, 2**52)
        columns[f"int{bits}"] = pa.array(
            [-own + i * (own // rows) if i % 3 else None for i in range(rows)], pa.from_numpy_dtype(f"int{bits}"))
        columns[f"uint{bits}"] = pa.array(
            [min(2 * top, 2**53) - i % 100 for i in range(rows)], pa.from_numpy_dtype(f"uint{bits}"))
    columns["single"] = pa.array([i / 8 if i % 7 != 4 else None for i in range(rows)], pa.float32())
    columns["double"] = pa.array([i / 16 if i % 4 else None for i in range(rows)], pa.float64())
    columns["whole"] = pa.array([float(i % 37) for i in range(rows)], pa.float64())
    columns["bool"] = pa.array([i % 3 == 1 if i % 11 != 6 else None for i in range(rows)])
    columns["always"] = pa.array([True] * rows)
    columns["runs"] = pa.array([i // 50 for i in range(rows)], pa.int32())
    columns["missing"] = pa.array([None] * rows, pa.float64())
    return columns


def texts(rows):
    words = ["a", "Zürich", None, "", "κέντρο", "a long text of more than twelve bytes", "b", "c"]
    return {
        "words": pa.array([words[(5 * i + i // 9) % 8] for i in range(rows)]),
        "distinct": pa.array([f"text {i % 97}-{i}" for i in range(rows)]),
        "constant": pa.array(["the same"] * rows),
    }


ROWS = 300
table = pa.table(numbers(ROWS) | texts(ROWS))
# Without a schema of Arrow in the footer, as other programs write.
bare = {"store_schema": False}
files = []
for name, options in {
    "default": {},
    "zstd_v2": dict(compression="zstd", data_page_version="2.0", row_group_size=130),
    "gzip_pages": dict(compression="gzip", data_page_size=200, write_batch_size=16, row_group_size=77),
    "lz4_plain": dict(compression="lz4", use_dictionary=False, write_page_checksum=True),
    "uncompressed": dict(compression="none", data_page_version="2.0", dictionary_pagesize_limit=64, **bare),
}.items():
    file = f"pyarrow_{name}.parquet"
    pq.write_table(table, folder / file, **options)
    files.append(file)
delta = {c: "DELTA_BINARY_PACKED" for c in table.column_names if c.startswith(("int", "uint", "runs"))}
split = {c: "BYTE_STREAM_SPLIT" for c in ("single", "double", "whole", "missing")}
for name, text, version in [("lengths", "DELTA_LENGTH_BYTE_ARRAY", "1.0"), ("prefixes", "DELTA_BYTE_ARRAY", "2.0")]:
    file = f"pyarrow_{name}.parquet"
    encoding = delta | split | {c: text for c in ("words", "distinct", "constant")} | {"bool": "RLE", "always": "RLE"}
    pq.write_table(
        table, folder / file, use_dictionary=False, column_encoding=encoding, data_page_version=version,
        data_page_size=900, write_batch_size=32)
    files.append(file)
for name, options in {
    "default": {}, "snappy": dict(compression="snappy", row_group_size=128),
    "plain": dict(compression="uncompressed", data_page_size=500),
}.items():
    file = f"polars_{name}.parquet"
    pl.from_arrow(table).write_parquet(folder / file, **options)
    files.append(file)
connection = duckdb.connect()
connection.register("source", table)
for name, options in {
    "default": "", "v2": ", parquet_version v2, compression zstd", "groups": ", row_group_size 2048, compression lz4_raw",
}.items():
    file = f"duckdb_{name}.parquet"
    connection.execute(f"copy source to '{folder / file}' (format parquet{options})")
    files.append(file)
expected("table", table, files)

moments = [datetime.datetime(1899, 12, 31, 23, 59, 59, 250000), None, datetime.datetime(2024, 2, 29, 1, 2, 3)]
decimals = [decimal.Decimal("12.25"), None, decimal.Decimal("-0.5")]
times = pa.table({
    "date32": pa.array([m and m.date() for m in moments], pa.date32()),
    "ms": pa.array(moments, pa.timestamp("ms")),
    "us": pa.array(moments, pa.timestamp("us", "UTC")),
    "ns": pa.array(moments, pa.timestamp("ns", "Europe/Dublin")),
    "time32": pa.array([m and m.time() for m in moments], pa.time32("ms")),
    "time64": pa.array([m and m.time() for m in moments], pa.time64("us")),
    "decimal": pa.array(decimals, pa.decimal128(12, 2)),
    "wide": pa.array(decimals, pa.decimal128(38, 4)),
    "half": pa.array(np.array([0.25, np.nan, -2], np.float16)),
    "nothing": pa.nulls(3),
})
texts_of_times = pa.table({
    "date32": ["1899-12-31", None, "2024-02-29"],
    "ms": ["1899-12-31T23:59:59.250", None, "2024-02-29T01:02:03"],
    "us": ["1899-12-31T23:59:59.250000Z", None, "2024-02-29T01:02:03Z"],
    "ns": ["1899-12-31T23:59:59.250000000Z", None, "2024-02-29T01:02:03Z"],
    "time32": ["23:59:59.250", None, "01:02:03"],
    "time64": ["23:59:59.250000", None, "01:02:03"],
    "decimal": [12.25, None, -0.5],
    "wide": [12.25, None, -0.5],
    "half": [0.25, None, -2.0],
    "nothing": pa.nulls(3),
})
pq.write_table(times, folder / "times.parquet")
pq.write_table(times, folder / "times_integers.parquet", store_decimal_as_integer=True, use_dictionary=False)
expected("times", texts_of_times, ["times.parquet", "times_integers.parquet"])
spark = pa.table({"at": pa.array(moments, pa.timestamp("ns"))})
pq.write_table(spark, folder / "int96.parquet", use_deprecated_int96_timestamps=True)
expected("int96", pa.table({"at": ["1899-12-31T23:59:59.250000000", None, "2024-02-29T01:02:03"]}), ["int96.parquet"])

levels = pa.array(["low", "mid", "high", "never"])
codes = [[0, 1, None, 2, 1], [2, 2, 0, None, 1]]
ordered = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(c, pa.int8()), levels, ordered=True) for c in codes])
named = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(c, pa.int32()), levels) for c in codes])
field = pa.field("x", pa.int32(), metadata={
    "immerse.label": "An item", "immerse.value.1": "one", "immerse.value.9": "refused", "immerse.missing.1": "9"})
factors = pa.Table.from_arrays(
    [ordered, named, pa.array([1, 9, None, 1, 2, 3, 9, 1, 1, 2], pa.int32()), pa.array([[i] for i in range(10)])],
    schema=pa.schema([pa.field("ordered", ordered.type), pa.field("named", named.type), field, pa.field("list", pa.list_(pa.int64()))]))
pq.write_table(factors, folder / "factors.parquet", row_group_size=4)
expected("factors", factors.select(["ordered", "named", "x"]), ["factors.parquet"])
categorical = pl.DataFrame({
    "ordered": pl.Series(["low", "mid", None, "high"], dtype=pl.Enum(["low", "mid", "high"])),
    "named": pl.Series(["b", None, "a", "b"], dtype=pl.Categorical),
})
categorical.write_parquet(folder / "polars_factors.parquet")
expected("polars_factors", categorical.cast(pl.String).to_arrow(), ["polars_factors.parquet"])

nested = pa.table({
    "x": pa.array([1.5, 2.5]), "list": pa.array([[1, 2], []]), "struct": pa.array([{"a": 1, "b": "p"}, {"a": 2, "b": "q"}]),
    "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())), "y": pa.array(["p", "q"]),
    "raw": pa.array([b"\xff", b"a"]), "fixed": pa.array([b"ab", b"cd"], pa.binary(2)),
})
pq.write_table(nested, folder / "nested.parquet")
pq.write_table(pa.table({"x": pa.array(range(10))}), folder / "brotli.parquet", compression="brotli")
pq.write_table(table.slice(0, 0), folder / "empty.parquet")

# Groups of rows as large as a chunk, each with values of its own: a condition can leave whole groups unread.
GROUP = 65_536
places = [i // GROUP for i in range(4 * GROUP)]
groups = pa.table({
    "wave": pa.array([g + 1 for g in places], pa.int32()),
    "country": pa.array([("BE", "DE", "GR", "IE")[g] for g in places]),
    "score": pa.array([g + (i % GROUP) // 8192 / 8 for i, g in enumerate(places)]),
    "gap": pa.array([None if g == 1 else g for g in places], pa.int32()),
})
pq.write_table(groups, folder / "groups_pyarrow.parquet", row_group_size=GROUP)
pl.from_arrow(groups).write_parquet(folder / "groups_polars.parquet", row_group_size=GROUP, statistics=True)
connection.register("groups", groups)
connection.execute(f"copy groups to '{folder / 'groups_duckdb.parquet'}' (format parquet, row_group_size {GROUP})")

# Schools of the bundled sample, which every verb is given in every format.
schools = pacsv.read_csv(Path(__file__).parents[2] / "Datasets/api/apiclus1.csv")
schools = schools.select(["stype", "snum", "dnum", "api00", "api99", "awards", "meals", "ell", "enroll", "fpc", "pw"])
for level in (500, 600, 700, 800):
    passed = pc.cast(pc.greater(schools["api00"], level), pa.int8())
    schools = schools.append_column(f"item{level}", passed)
pq.write_table(schools, folder / "schools.parquet", compression="zstd")
