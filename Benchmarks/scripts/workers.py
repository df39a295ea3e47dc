"""Programs that take one turn of a task for every line they are sent, so that several of them can alternate."""

import json
import os
import pathlib
import queue
import subprocess
import threading
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
CACHE = BENCHMARKS / "cache"


class WorkerFailed(Exception):
    """A worker that crashed, said nothing in time, or answered with something else than a turn."""


class WorkerTimeout(WorkerFailed):
    """A worker that was stopped because its turn lasted too long."""


class Worker:
    """One long-lived process; `turn()` gives what it measured."""

    def __init__(self, name, command, load_seconds=600, environment=None):
        self.name = name
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=BENCHMARKS, env={**os.environ, **(environment or {})})
        self.lines = queue.Queue()
        self.errors = []
        threading.Thread(target=self._pump_output, daemon=True).start()
        threading.Thread(target=self._pump_errors, daemon=True).start()
        self.facts = self._expect("ready", load_seconds)

    def _pump_output(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _pump_errors(self):
        for line in self.process.stderr:
            self.errors = (self.errors + [line.rstrip("\n")])[-8:]

    def _line(self, seconds):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            raise WorkerTimeout(f"{self.name}: stopped after {seconds:g} s") from None
        if line is None:
            time.sleep(0.1)
            status = self.process.wait()
            raise WorkerFailed(f"{self.name}: ended with status {status}: {' | '.join(self.errors) or 'no message'}")
        return line

    def _expect(self, word, seconds):
        """Skips what a library prints by itself, up to the word; gives the rest of its line."""
        deadline = time.monotonic() + seconds
        while True:
            line = self._line(max(0.1, deadline - time.monotonic()))
            if line.split(" ")[0] == word:
                return line[len(word):].strip()

    def turn(self, seconds=120):
        """One turn: a dictionary with at least `seconds` and `answer`."""
        try:
            self.process.stdin.write("turn\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError):
            pass
        deadline = time.monotonic() + seconds
        while True:
            line = self._line(max(0.1, deadline - time.monotonic()))
            if not line.startswith("{"):
                continue
            try:
                turn = json.loads(line)
            except json.JSONDecodeError as error:
                raise WorkerFailed(f"{self.name}: an answer that cannot be read: {error}") from None
            if not isinstance(turn.get("seconds"), (int, float)) or not turn["seconds"] > 0:
                raise WorkerFailed(f"{self.name}: a turn without a positive time")
            return turn

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def bench(package=BENCHMARKS):
    """The benchmark program of a source folder; it has to be built."""
    path = pathlib.Path(package) / ".build/release/immerse-bench"
    if not path.exists():
        raise WorkerFailed(f"{path} is not there: build it with `swift build -c release --package-path {package}`")
    return path


def suite_worker(suite, rows, program=None, name="ImmerseStats", slowdown=0):
    command = [program or bench(), "sample", "--suite", suite, "--rows", rows, "--cache", CACHE]
    if slowdown:
        command += ["--slowdown", slowdown]
    return Worker(name, command)
