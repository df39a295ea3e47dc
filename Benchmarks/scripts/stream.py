#!/usr/bin/env python3
"""Estimates and fits on a file larger than the memory they may use, with the anonymous memory they take at most.

    stream.py [--rows 50000000] [--schools 400000] [--scattered] [--limit-mb 1000] [--command FILE] [--keep]

The file (12 columns, some 4 GB at 50,000,000 rows) is made by pyarrow in the cache and removed afterwards. Schools lie one
after the other, or, with --scattered, anywhere. The command runs with its default settings; RssAnon of its process is read
every 20 ms. A run that takes more than the limit, does not find the truth the rows were made with, or does not stop
on an interrupt with 130 and without an output, ends with exit code 1.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from peers import install
from workers import BENCHMARKS, CACHE

TRUTH = {"escs": 18, "migrant": -20, "female": -8, "age": 3}
DESIGN = ["--weights", "weight", "--strata", "stratum", "--psu", "school"]
FIXED = "math ~ escs + migrant + female + age"
WEIGHTS = ["--weights", "weight_child,weight_school", "--weights-are", "conditional", "--weight-scaling", "size"]
RUNS = {
    "estimate mean by country": ["estimate", "mean", "math", *DESIGN, "--by", "country"],
    "fit, two levels, slope": ["fit", f"{FIXED} + (1 + migrant | school)"],
    "fit, three levels, slope": ["fit", f"{FIXED} + (1 + migrant | school) + (1 | region)"],
    "fit, two levels, slope, weights": ["fit", f"{FIXED} + (1 + migrant | school)", *WEIGHTS],
}


def generate(rows, schools, is_scattered, path):
    """Written by another program than the one that is measured."""
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(1)
    intercepts, slopes = 30 * random.normal(size=schools), 12 * random.normal(size=schools)
    regions = 10 * random.normal(size=670)
    countries = pa.array(["BE", "DE", "ES", "GR", "IE", "IT"])
    numbers = ["age", "female", "migrant", "escs", "weight_school", "weight_child", "weight", "math"]
    schema = pa.schema(
        [("country", pa.dictionary(pa.int32(), pa.string()))]
        + [(name, pa.int32()) for name in ["region", "stratum", "school"]]
        + [(name, pa.float64()) for name in numbers]
    )
    with pa.ipc.new_file(path, schema) as writer:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            school = random.integers(0, schools, count) if is_scattered else (start + np.arange(count)) * schools // rows
            region = school * 670 // schools
            age, female = 6 + 12 * random.random(count), (random.random(count) < 0.5) * 1.0
            migrant, escs = (random.random(count) < 0.3) * 1.0, random.normal(size=count)
            math = 500 + sum(TRUTH[name] * column for name, column in
                             {"escs": escs, "migrant": migrant, "female": female, "age": age}.items())
            math += intercepts[school] + slopes[school] * migrant + regions[region] + 70 * random.normal(size=count)
            weights = (1 + 0.5 * (school % 7), 1 + random.random(count))
            codes = [school * 6 // schools, region, school // 4, school]
            columns = [pa.array(column.astype(np.int32)) for column in codes]
            columns[0] = pa.DictionaryArray.from_arrays(columns[0], countries)
            columns += [pa.array(c) for c in [age, female, migrant, escs, *weights, weights[0] * weights[1], math]]
            writer.write(pa.record_batch(columns, schema=schema))


def anonymous(process):
    """Megabytes of anonymous memory; mapped files are not counted."""
    try:
        for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1000
    except OSError:
        pass
    return 0


def measure(command):
    start, peak = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while process.poll() is None:
        peak = max(peak, anonymous(process))
        time.sleep(0.02)
    output = process.stdout.read()
    return process.returncode, peak, time.monotonic() - start, output


def finds_truth(output):
    """Whether the slopes stand where they were put, within six standard errors; the mean of each country is there."""
    result = json.loads(output)
    rows = {row["term"]: row for row in result["rows"]}
    if result["analysis"].startswith("estimate"):
        return len(result["rows"]) == 6 and all(row["std_error"] > 0 for row in result["rows"])
    return all(abs(rows[name]["estimate"] - value) < 6 * rows[name]["std_error"] for name, value in TRUTH.items())


def stops(command, seconds):
    """Whether an interrupt ends a command with 130, and no file is left."""
    folder = CACHE / "interrupted"
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([*command, str(folder / "copy.csv")], stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    code = process.wait()
    left = os.listdir(folder)
    for name in left:
        (folder / name).unlink()
    folder.rmdir()
    print(f"interrupted after {seconds} s: exit {code}, {time.monotonic() - asked:.2f} s later, files left: {len(left)}")
    return code == 130 and not left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--schools", type=int, default=400_000)
    parser.add_argument("--scattered", action="store_true")
    parser.add_argument("--limit-mb", type=float, default=1000)
    parser.add_argument("--command", default=str(BENCHMARKS.parent / ".build/release/immerse-stats"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()

    CACHE.mkdir(exist_ok=True)
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        os.execv(python := install(), [str(python), *sys.argv])
    kind = "-scattered" if options.scattered else ""
    path = CACHE / f"stream-{options.rows}-{options.schools}{kind}.arrow"
    try:
        if not path.exists():
            generate(options.rows, options.schools, options.scattered, str(path))
        print(f"{options.rows:,} rows in {options.schools:,} schools, {path.stat().st_size / 1e9:.1f} GB")
        is_good = True
        for name, arguments in RUNS.items():
            command = [options.command, *arguments, "--data", str(path), "--format", "json"]
            code, peak, seconds, output = measure(command)
            verdict = "ok" if code == 0 and peak <= options.limit_mb and finds_truth(output) else "FAILED"
            is_good &= verdict == "ok"
            print(f"{name:34} {peak:7.0f} MB  {seconds:7.1f} s  exit {code}  {verdict}", flush=True)
        is_good &= stops([options.command, "convert", str(path)], 1.5)
    finally:
        if not options.keep:
            path.unlink(missing_ok=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
