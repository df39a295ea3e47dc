#!/usr/bin/env python3
"""Prints, as JSON, what pyarrow finds in an Arrow IPC file: types and values of the columns, rows of the batches."""

import json
import sys

import pyarrow as pa

with pa.memory_map(sys.argv[1]) as source:
    reader = pa.ipc.open_file(source)
    table = reader.read_all()
    table.validate(full=True)
    print(
        json.dumps({
            "types": {field.name: str(field.type) for field in table.schema},
            "columns": {name: table.column(name).to_pylist() for name in table.column_names},
            "batches": [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)],
        }))
