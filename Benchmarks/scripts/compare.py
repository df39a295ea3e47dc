#!/usr/bin/env python3
"""Compares this source folder with another revision: `compare.py --base REVISION`.

Both programs are built with this folder's benchmarks, load their data, and then take turns suite by suite. Fails where
a suite, or the geometric mean of all, is slower by a tenth after confirmation. A canary with an injected slowdown of a
fifth must fail, and the same program against itself must pass, or nothing is judged.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

from comparator import LIMIT, compare, geometric_mean
from workers import BENCHMARKS, CACHE, WorkerFailed, bench, suite_worker

ROOT = BENCHMARKS.parent
CANARY = "rake-4"
BATCH, BATCH_SECONDS = 5, 0.5


def git(*arguments):
    run = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise WorkerFailed(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout.strip()


def build_base(revision):
    """A checkout of the revision with this folder's benchmarks in it, built."""
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}")
    folder = CACHE / f"base-{commit[:12]}"
    if not folder.exists():
        git("worktree", "prune")
        git("worktree", "add", "--detach", folder, commit)
    benchmarks = folder / "Benchmarks"
    for part in ("Sources", "Package.swift"):
        target = benchmarks / part
        if target.is_dir():
            shutil.rmtree(target)
        benchmarks.mkdir(exist_ok=True)
        source = BENCHMARKS / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    run = subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", benchmarks], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        lines = [line for line in (run.stdout + run.stderr).splitlines() if "error" in line][:5]
        raise WorkerFailed(f"the benchmarks do not build at {revision}: " + " | ".join(lines))
    return commit, benchmarks


def batch(worker, size):
    return min(worker.turn()["seconds"] for _ in range(size))


def judge(suite, rows, base_program, slowdown=0):
    base = suite_worker(suite, rows, base_program, "base")
    head = suite_worker(suite, rows, bench(), "head", slowdown)
    try:
        # The least of some short turns is the time least disturbed by the machine.
        size = max(1, min(BATCH, int(BATCH_SECONDS / max(base.turn()["seconds"], head.turn()["seconds"]))))
        return compare(lambda: batch(base, size), lambda: batch(head, size))
    finally:
        base.stop()
        head.stop()


def check_canaries(rows):
    slowed = judge(CANARY, rows, bench(), slowdown=0.2)
    print(f"canary: a slowdown of a fifth reads {slowed.ratio:.3f} after {slowed.pairs} pairs")
    if not slowed.is_regression:
        raise WorkerFailed("canary: an injected slowdown of a fifth was not found")
    equal = judge(CANARY, rows, bench())
    print(f"canary: the same program against itself reads {equal.ratio:.3f}")
    if equal.is_regression:
        raise WorkerFailed("canary: one program was found slower than itself; the machine is too busy to judge")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="the revision to compare with")
    parser.add_argument("--suite", action="append", help="only this suite; may be repeated")
    parser.add_argument("--rows", type=int, default=73_600)
    options = parser.parse_args()
    listed = subprocess.run([bench(), "list"], capture_output=True, text=True, check=True).stdout
    known = [line.split()[0] for line in listed.splitlines()]
    unknown = [name for name in options.suite or [] if name not in known]
    if unknown:
        raise WorkerFailed(f"no such suite: {', '.join(unknown)}; the suites are {', '.join(known)}")
    commit, base = build_base(options.base)
    check_canaries(options.rows)
    print(f"base {commit[:12]}, {options.rows:,} rows; ratios of head to base")
    print(f"{'suite':22}{'ratio':>8}{'pairs':>7}   base seconds          head seconds")
    verdicts = {}
    for suite in options.suite or known:
        verdict = verdicts[suite] = judge(suite, options.rows, bench(base))
        mark = "SLOWER" if verdict.is_regression else ""
        print(
            f"{suite:22}{verdict.ratio:8.3f}{verdict.pairs:7}   {verdict.base_range[0]:.4f} to {verdict.base_range[1]:.4f}"
            f"      {verdict.head_range[0]:.4f} to {verdict.head_range[1]:.4f}  {mark}", flush=True)
    mean = geometric_mean([verdict.ratio for verdict in verdicts.values()])
    print(f"{'geometric mean':22}{mean:8.3f}")
    slower = [suite for suite, verdict in verdicts.items() if verdict.is_regression]
    if slower or mean >= LIMIT:
        raise WorkerFailed(f"slower by a tenth or more: {', '.join(slower) or 'all suites together'}")


if __name__ == "__main__":
    try:
        main()
    except WorkerFailed as error:
        print(f"compare: {error}", file=sys.stderr)
        sys.exit(1)
