"""What every peer in Python shares: its arguments, and the loop that answers one line with one turn.

A peer is a file that calls `serve(prepare)`: `prepare(files, suite)` loads what is needed and gives the task, a function
without arguments whose result is a dictionary of figures. Loading is not measured.
"""

import csv
import json
import math
import sys
import time
import warnings

ITEMS = (
    [f"BEL{i}" for i in range(1, 7)] + [f"TEA{i}" for i in range(1, 5)] + [f"FRI{i}" for i in range(1, 5)]
    + ["BRI", "LIFE"] + [f"TRU{i}" for i in range(1, 5)] + [f"LAN{i}" for i in range(1, 5)]
    + [f"BUL{i}" for i in range(1, 7)])
IDENTIFIERS = ["country", "region", "site", "stratum"]
MODEL = ["math", "escs", "migrant", "female", "age", "site", "region"]


class Files:
    """The files of one size."""

    def __init__(self, cache, rows):
        self.stem = f"{cache}/survey-{rows}"

    def __getitem__(self, extension):
        return f"{self.stem}.{extension}"

    def margins(self, count):
        """Totals by variable and category."""
        totals = {}
        with open(self[f"margins{count}.csv"], encoding="utf-8") as file:
            for row in csv.DictReader(file):
                totals.setdefault(row["variable"], {})[row["category"]] = float(row["total"])
        return totals


def serve(prepare):
    warnings.simplefilter("ignore")
    suite, cache, rows = sys.argv[1:4]
    task = prepare(Files(cache, rows), suite)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        answer = task()
        seconds = time.perf_counter() - start
        answer = {name: value for name, value in answer.items() if value is not None and math.isfinite(value)}
        print(json.dumps({"seconds": seconds, "answer": answer}), flush=True)
