#!/usr/bin/env python3
"""cases.py PROGRAM: holds the example `request` to the cases that all adapters share."""

import gzip
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[3]


def same(ours, expected):
    """All texts the same, all numbers the same up to rounding."""
    if isinstance(expected, dict):
        return list(ours) == list(expected) and all(k in ("convergence", "message") or same(ours[k], v) for k, v in expected.items())
    if isinstance(expected, list):
        return len(ours) == len(expected) and all(map(same, ours, expected))
    if isinstance(expected, float) or isinstance(ours, float):
        return ours is not None and math.isclose(ours, expected, rel_tol=1e-9, abs_tol=1e-12)
    return ours == expected


def outcome(program, case, folder):
    data = ROOT / case["data"]
    if data.suffix == ".gz":
        rows = folder / "rows.csv"
        rows.write_bytes(gzip.decompress(data.read_bytes()))
        data = rows
    request = folder / "request.json"
    request.write_text(json.dumps(case["request"]))
    printed = subprocess.run([program, request, data], capture_output=True, text=True, check=True).stdout
    result, end = json.JSONDecoder().raw_decode(printed)
    del result["provenance"]
    added = [line.split(" ") for line in printed[end:].strip().splitlines()]
    return result, {name: {"first": float(first), "sum": float(total)} for name, first, total in added}


files = sorted((ROOT / "Tests/Cases/requests").glob("*.json"))
with tempfile.TemporaryDirectory() as folder:
    for file in files:
        case = json.loads(file.read_text())
        result, added = outcome(sys.argv[1], case, pathlib.Path(folder))
        if not (same(result, case["result"]) and same(added, case.get("added", {}))):
            sys.exit(f"{file.name}: the library gives another answer than the command: {result} {added}")
print(f"{len(files)} cases as expected")
