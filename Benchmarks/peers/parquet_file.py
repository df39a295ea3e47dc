"""Writes the survey of one size as a Parquet file, with pyarrow's defaults: parquet_file.py CACHE ROWS."""

import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet

cache, rows = sys.argv[1:3]
source = pathlib.Path(f"{cache}/survey-{rows}.arrow")
target = source.with_suffix(".parquet")
if not target.exists():
    with pa.OSFile(str(source)) as file:
        table = pa.ipc.open_file(file).read_all()
    pa.parquet.write_table(table, target)
