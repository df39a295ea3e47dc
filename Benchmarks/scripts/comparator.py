"""The judgement on two programs that alternate: the scheme of DuckDB's regression runner.

Ten pairs, the first of each pair changing from one to the next. Within 2 % of each other, that is all. Otherwise the
judgement rests on thirty further pairs alone, so that the pairs that raised the suspicion cannot also convict.
"""

import dataclasses
import math
import statistics

LIMIT = 1.10
CALM = 0.02
FIRST_PAIRS = 10
CONFIRMATION_PAIRS = 30


@dataclasses.dataclass
class Verdict:
    ratio: float
    pairs: int
    confirmed: bool
    base_range: tuple
    head_range: tuple

    @property
    def is_regression(self):
        return self.confirmed and self.ratio >= LIMIT


def compare(base, head, first=FIRST_PAIRS, confirmation=CONFIRMATION_PAIRS):
    """Compares two functions that each take one turn and give its seconds."""
    times = pairs(base, head, first)
    ratio = median_ratio(times)
    confirmed = abs(math.log(ratio)) > math.log(1 + CALM)
    if confirmed:
        times = pairs(base, head, confirmation)
        ratio = median_ratio(times)
    bases, heads = zip(*times)
    return Verdict(ratio, len(times), confirmed, (min(bases), max(bases)), (min(heads), max(heads)))


def pairs(base, head, count):
    times = []
    for index in range(count):
        if index % 2 == 0:
            b = base()
            h = head()
        else:
            h = head()
            b = base()
        if not (b > 0 and h > 0):
            raise ValueError("a measured time is not positive: the clock is dead")
        times.append((b, h))
    return times


def median_ratio(times):
    return statistics.median(head / base for base, head in times)


def geometric_mean(ratios):
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def count_verdict(count, baseline, tolerance):
    """Of an instruction count: `ok`, `slower`, `faster`, or `dead` where nothing was counted."""
    if count <= 0:
        return "dead"
    change = count / baseline - 1
    if change > tolerance:
        return "slower"
    return "faster" if change < -tolerance else "ok"


def disagreement(own, other, ignored=()):
    """The largest relative difference over the figures both answers hold, how many there are, and which differs most."""
    worst, where, shared = 0.0, "", 0
    for name, value in other.items():
        if name not in own or any(name.startswith(prefix) for prefix in ignored):
            continue
        if not all(isinstance(x, (int, float)) and math.isfinite(x) for x in (value, own[name])):
            return math.inf, shared, name
        shared += 1
        difference = abs(value - own[name]) / max(abs(value), abs(own[name]), 1e-12)
        if difference > worst:
            worst, where = difference, name
    return worst, shared, where
