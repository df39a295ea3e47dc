#!/usr/bin/env python3
"""Runs every suite and its peers on the very same files, in turns, and writes RESULTS.md.

    peers.py [--rows N ...] [--suite NAME ...] [--turns N] [--out FILE]

A peer that needs more than two minutes is stopped and reported as such. A peer that crashes, or gives another answer,
is marked in the table, and the exit code is 1.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

from comparator import disagreement
from workers import BENCHMARKS, CACHE, Worker, WorkerFailed, WorkerTimeout, bench, suite_worker

DEBIAN = {"survey": "r-cran-survey", "lme4": "r-cran-lme4", "data.table": "r-cran-data.table"}
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2"}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)


def require(command, what):
    done = run(*command)
    if done.returncode != 0:
        raise WorkerFailed(f"{what}: {(done.stderr or done.stdout).strip().splitlines()[-1:] or 'failed'}")


def install():
    """The peers, where they are not there yet: a virtual environment in the cache, and Debian's packages for R."""
    requirements = BENCHMARKS / "peers/requirements.txt"
    venv = CACHE / "peers-venv"
    stamp = venv / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        print("installing the peers from PyPI", file=sys.stderr)
        require([sys.executable, "-m", "venv", venv], "making a virtual environment")
        require([venv / "bin/pip", "install", "-q", "-r", requirements], "installing the peers from PyPI")
        shutil.copy(requirements, stamp)
    found = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", "r-base-core", *DEBIAN.values()).stdout
    missing = [name for name in ["r-base-core", *DEBIAN.values()] if f"{name} installed" not in found]
    if missing:
        print(f"installing {' '.join(missing)}", file=sys.stderr)
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        require([*as_root, "apt-get", "update", "-qq"], "apt-get update")
        require([*as_root, "apt-get", "install", "-y", "-qq", *missing], f"installing {' '.join(missing)}")
    return venv / "bin/python"


def versions(python):
    found = {}
    for line in (BENCHMARKS / "peers/requirements.txt").read_text().split():
        name, _, version = line.partition("==")
        found[name] = version
    for name in DEBIAN:
        found[name] = run("Rscript", "-e", f"cat(as.character(packageVersion('{name}')))").stdout.strip()
    found["R"] = run("Rscript", "-e", "cat(as.character(getRversion()))").stdout.strip()
    found["Python"] = run(python, "-c", "import platform; print(platform.python_version())").stdout.strip()
    found["Swift"] = run("swift", "--version").stdout.splitlines()[0].strip()
    found["ImmerseStats"] = run("git", "-C", BENCHMARKS, "describe", "--always", "--dirty").stdout.strip()
    return found


def hardware():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {model}, {memory:.0f} GB, {platform.system()} {platform.release()}"


def command(entry, suite, rows, python):
    script = BENCHMARKS / "peers" / entry["script"]
    program = ["Rscript", "--vanilla"] if script.suffix == ".R" else [python]
    return [*program, script, suite, CACHE, rows]


def race(entry, own, suite, rows, python, turns, limit):
    """The peer and ImmerseStats in turns: pairs of their measurements, and the peer's answer."""
    peer = Worker(entry["peer"], command(entry, suite, rows, python), environment=ENVIRONMENT)
    try:
        warm = peer.turn(limit)
        pairs = []
        for _ in range(1 if warm["seconds"] > limit / 4 else turns):
            mine = own.turn(600)
            pairs.append((mine, warm if warm["seconds"] > limit / 4 else peer.turn(limit)))
        return pairs, pairs[-1][1]["answer"]
    finally:
        peer.stop()


def agreement(own, other, tolerances):
    """In words, and whether it is good."""
    worst_share, text = 0.0, ""
    used = set()
    total = 0
    for prefix, tolerance in sorted(tolerances.items(), key=lambda item: -len(item[0])):
        mine = {name: value for name, value in own.items() if name.startswith(prefix) and name not in used}
        used |= set(mine)
        difference, shared, where = disagreement(mine, other)
        total += shared
        if shared and difference / tolerance >= worst_share:
            worst_share, text = difference / tolerance, f"{difference:.1e} ({where or 'all'})"
    if total == 0:
        return "nothing to compare", False
    return f"{total} figures, {text}", worst_share <= 1


def measured_rows(suite, rows, plan, python, turns, failures):
    entries = [entry for entry in plan["peers"] if suite in entry["suites"]]
    own = suite_worker(suite, rows)
    try:
        first = own.turn(600)
        mine = [own.turn(600) for _ in range(turns)]
        table = []
        for entry in entries:
            cells = {"suite": suite, "rows": rows, "peer": entry["peer"]}
            try:
                pairs, answer = race(entry, own, suite, rows, python, turns, plan["seconds_limit"])
                mine += [pair[0] for pair in pairs]
                text, good = agreement(first["answer"], answer, plan["agreement"][suite])
                cells["seconds"] = f"{statistics.median(pair[1]['seconds'] for pair in pairs):.3f}"
                ratio = statistics.median(theirs["seconds"] / ours["seconds"] for ours, theirs in pairs)
                cells["ratio"] = f"{ratio:.1f}" if good else f"({ratio:.1f})"
                cells["agreement"] = text if good else f"**DIFFERS**: {text}"
                if not good:
                    failures.append(f"{entry['peer']} disagrees on {suite} at {rows:,} rows: {text}")
            except WorkerTimeout as error:
                cells |= {"seconds": f"> {plan['seconds_limit']}", "agreement": "stopped"}
                least = plan["seconds_limit"] / statistics.median(turn["seconds"] for turn in mine)
                cells["ratio"] = f"> {least:.0f}"
                print(f"peers: {error}", file=sys.stderr)
            except WorkerFailed as error:
                cells |= {"seconds": "crashed", "ratio": "", "agreement": "crashed"}
                failures.append(str(error))
            table.append(cells)
            print(suite, rows, cells, file=sys.stderr, flush=True)
    finally:
        own.stop()
    seconds = statistics.median(turn["seconds"] for turn in mine)
    reads = statistics.median(turn["seconds"] / turn["readSeconds"] for turn in mine)
    passes = [turn["seconds"] / turn["gramSeconds"] for turn in mine if turn.get("gramSeconds")]
    summary = {
        "suite": suite, "rows": rows, "peer": "ImmerseStats", "seconds": f"{seconds:.4f}", "ratio": "1",
        "agreement": f"{reads:.1f} reads" + (f", {statistics.median(passes):.1f} Gram passes" if passes else "")}
    return [summary, *table], seconds


def frozen_rows(plan, floor, own_seconds):
    """Recorded seconds, scaled to this machine; compared by seconds a row with our run of the nearest size."""
    recorded = plan["frozen"]["floor"]
    scale = 1.0
    for name, value in recorded.items():
        scale *= value / floor[name]
    scale **= 1 / len(recorded)
    table = []
    for entry in plan["frozen"]["results"]:
        sizes = [rows for suite, rows in own_seconds if suite == entry["suite"]]
        if not sizes:
            continue
        nearest = min(sizes, key=lambda rows: abs(rows - entry["rows"]))
        seconds = entry["seconds"] * scale
        ratio = (seconds / entry["rows"]) / (own_seconds[entry["suite"], nearest] / nearest)
        table.append(
            {"suite": entry["suite"], "rows": entry["rows"], "peer": f"{entry['peer']}, frozen",
             "seconds": f"{seconds:.1f}", "ratio": f"{ratio:.0f} a row", "agreement": f"not run: {entry['task']}"})
    return table, scale


def markdown(table, facts):
    names = ["suite", "rows", "peer", "seconds", "ratio", "agreement"]
    heads = ["suite", "rows", "program", "seconds", "times ours", "agreement (largest relative difference)"]
    lines = ["| " + " | ".join(heads) + " |", "|---|---:|---|---:|---:|---|"]
    for cells in table:
        cells = {**cells, "rows": f"{cells['rows']:,}"}
        lines.append("| " + " | ".join(str(cells.get(name, "")) for name in names) + " |")
    return "\n".join(["# Results", "", *facts, "", *lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append", help="default: 24420, 73600 and 612004")
    parser.add_argument("--suite", action="append")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=BENCHMARKS / "RESULTS.md")
    options = parser.parse_args()
    plan = json.loads((BENCHMARKS / "peers/peers.json").read_text())
    known = [line.split()[0] for line in run(bench(), "list").stdout.splitlines()]
    mentioned = {suite for entry in plan["peers"] for suite in entry["suites"]}
    mentioned |= {entry["suite"] for entry in plan["frozen"]["results"]}
    for suite in [*(options.suite or []), *sorted(mentioned)]:
        if suite not in known:
            raise WorkerFailed(f"there is no suite {suite}; the suites are {', '.join(known)}")
    without = [suite for entry in plan["peers"] for suite in entry["suites"] if suite not in plan["agreement"]]
    if without:
        raise WorkerFailed(f"peers.json says of {', '.join(sorted(set(without)))} no tolerance of agreement")
    python = install()
    load = os.getloadavg()[1]
    floor = json.loads(run(bench(), "read").stdout)
    failures, table, own_seconds = [], [], {}
    for rows in options.rows or [24_420, 73_600, 612_004]:
        require([bench(), "generate", "--rows", rows, "--cache", CACHE], f"generating {rows:,} rows")
        require([python, BENCHMARKS / "peers/parquet_file.py", CACHE, rows], "writing Parquet")
        for suite in options.suite or known:
            part, own_seconds[suite, rows] = measured_rows(suite, rows, plan, python, options.turns, failures)
            table += part
    frozen, scale = frozen_rows(plan, floor, own_seconds)
    facts = [
        f"Written by `make bench-peers` on {datetime.date.today().isoformat()}.", "",
        f"- Machine: {hardware()}; read {floor['readGigabytesPerSecond']:.1f} GB/s on two threads, "
        f"DGEMM {floor['gigaflopsPerSecond']:.1f} GFLOP/s on one; load {load:.1f} before, {os.getloadavg()[1]:.1f} after.",
        "- Versions: " + ", ".join(f"{name} {version}" for name, version in sorted(versions(python).items())) + ".",
        "- Programs take turns on the same files; a ratio is the median over pairs of turns. A ratio in brackets belongs to "
        "another answer and is no result. In our own rows the last column gives the multiple of a read.",
        f"- \"Frozen\" seconds were measured on {plan['frozen']['machine']} and are multiplied by {scale:.2f}, the geometric mean "
        "of the ratios of read and DGEMM; their ratio compares seconds a row with our run of the nearest size.",
    ]
    options.out.write_text(markdown(table + frozen, facts))
    print(f"wrote {options.out}")
    if failures:
        raise WorkerFailed("; ".join(failures))


if __name__ == "__main__":
    try:
        main()
    except WorkerFailed as error:
        print(f"peers: {error}", file=sys.stderr)
        sys.exit(1)
