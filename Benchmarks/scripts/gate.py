#!/usr/bin/env python3
"""Counts the instructions of small tasks under cachegrind and holds them to committed baselines.

    gate.py             fails where a task needs more than 2 % more instructions than its baseline
    gate.py --update    writes the baselines of this toolchain and processor
    gate.py --kernel N  only this one; may be repeated

Counts do not depend on the machine's load. Of every task the run without the task itself is subtracted. Three canaries
run first: work of known length must be counted, a task slowed by twice the tolerance must fail, and the same task
counted twice must pass.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from comparator import count_verdict
from workers import BENCHMARKS, CACHE, WorkerFailed, bench

THRESHOLDS = BENCHMARKS / "Thresholds/instructions.json"
CANARY = "rake-4"
CANARY_STEPS = 1_000_000
# A hash seed, another kernel of the BLAS or another language of messages would change the count.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell", "SWIFT_DETERMINISTIC_HASHING": "1", "LANG": "C",
    "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TMPDIR": "/tmp",
}


class GateFailed(Exception):
    """Something without which the gate cannot judge."""


def require_valgrind():
    if shutil.which("valgrind"):
        return
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    print("gate: installing valgrind", file=sys.stderr)
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "valgrind"]):
        if subprocess.run(as_root + command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            raise GateFailed("valgrind is missing and cannot be installed: apt-get install valgrind")


def platform_key():
    text = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"Swift version (\S+)", text)
    if not version:
        raise GateFailed("`swift --version` does not name a version")
    return f"swift-{version.group(1)}-{platform.machine()}"


def stripped():
    """The program without debug information, which valgrind 3.19 cannot read where Swift wrote it."""
    CACHE.mkdir(exist_ok=True)
    copy = CACHE / "immerse-bench-stripped"
    run = subprocess.run(["strip", "-o", copy, bench()], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise GateFailed(f"strip failed: {run.stderr.strip()}")
    return copy


def count(program, arguments):
    """Instructions of one run of a kernel."""
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        run = subprocess.run(
            ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, "kernel",
             *map(str, arguments), "--scratch", scratch],
            capture_output=True, text=True, env=ENVIRONMENT, cwd=BENCHMARKS, check=False)
    found = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if run.returncode != 0 or not found:
        tail = " | ".join(run.stderr.strip().splitlines()[-4:])
        raise GateFailed(f"the kernel {' '.join(map(str, arguments))} failed with status {run.returncode}: {tail}")
    return int(found.group(1).replace(",", ""))


def net_count(program, name, rows, burn=0):
    """Instructions of the task alone: the run less the run that only prepares."""
    arguments = [name, "--rows", rows]
    return count(program, arguments + (["--burn", burn] if burn else [])) - count(program, arguments + ["--empty"])


def check_canaries(program, kernels, tolerance):
    """The instrument counts, the tolerance bites, and equal runs are equal."""
    steps = count(program, ["empty", "--burn", CANARY_STEPS]) - count(program, ["empty"])
    print(f"canary: {CANARY_STEPS:,} steps of burning count {steps:,} instructions")
    if not 3 * CANARY_STEPS <= steps <= 30 * CANARY_STEPS:
        raise GateFailed("canary: the count of known work is not what it must be: the instrument is dead")
    rows = kernels[CANARY]["rows"]
    base = net_count(program, CANARY, rows)
    again = net_count(program, CANARY, rows)
    burn = round(2 * tolerance * base / (steps / CANARY_STEPS))
    slowed = net_count(program, CANARY, rows, burn)
    print(f"canary: {CANARY} counts {base:,}, again {again:,}, slowed by {2 * tolerance:.0%} {slowed:,}")
    if count_verdict(again, base, tolerance) != "ok":
        raise GateFailed("canary: two runs of one task differ by more than the tolerance")
    if count_verdict(slowed, base, tolerance) != "slower":
        raise GateFailed("canary: an injected slowdown was not found")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the baselines in place of checking them")
    parser.add_argument("--kernel", action="append", help="only this kernel")
    options = parser.parse_args()
    require_valgrind()
    thresholds = json.loads(THRESHOLDS.read_text())
    kernels, tolerance = thresholds["kernels"], thresholds["tolerance"]
    unknown = [name for name in options.kernel or [] if name not in kernels]
    if unknown:
        raise GateFailed(f"no such kernel: {', '.join(unknown)}; the kernels are {', '.join(kernels)}")
    chosen = options.kernel or list(kernels)
    key = platform_key()
    baselines = thresholds["baselines"].setdefault(key, {})
    if not options.update:
        missing = [name for name in chosen if name not in baselines]
        if missing:
            raise GateFailed(
                f"no baseline for {', '.join(missing)} under {key}; look at the cause, then: make bench-gate UPDATE=1")
    program = stripped()
    check_canaries(program, kernels, tolerance)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        counts = dict(zip(chosen, pool.map(lambda name: net_count(program, name, kernels[name]["rows"]), chosen)))
    failed = []
    print(f"{'kernel':22}{'instructions':>16}{'baseline':>16}{'change':>9}")
    for name in chosen:
        baseline = baselines.get(name)
        verdict = count_verdict(counts[name], baseline or counts[name], tolerance)
        change = f"{counts[name] / baseline - 1:+.2%}" if baseline else "new"
        print(f"{name:22}{counts[name]:>16,}{baseline or 0:>16,}{change:>9}  {verdict}")
        if verdict == "dead" or (verdict == "slower" and not options.update):
            failed.append(name)
    if options.update and not failed:
        baselines.update(counts)
        THRESHOLDS.write_text(json.dumps(thresholds, indent=2) + "\n")
        print(f"wrote the baselines of {key}")
    if failed:
        raise GateFailed(f"{', '.join(failed)}: more than {tolerance:.0%} above the baseline, or not counted at all")


if __name__ == "__main__":
    try:
        main()
    except (GateFailed, WorkerFailed) as error:
        print(f"gate: {error}", file=sys.stderr)
        sys.exit(1)
