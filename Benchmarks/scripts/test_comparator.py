"""The comparator has to find a slowdown of a fifth, and must not find one between equals."""

import math
import random
import unittest

from comparator import compare, count_verdict, disagreement, geometric_mean


def timer(seconds, noise, seed):
    """Times of a program on a busy machine: sometimes much longer, never shorter than its work."""
    source = random.Random(seed)
    return lambda: seconds * (1 + noise * source.random() + (source.random() < 0.05) * source.random())


class Wall(unittest.TestCase):
    def test_a_planted_slowdown_of_a_fifth_fails(self):
        for seed in range(50):
            verdict = compare(timer(1.0, 0.05, seed), timer(1.2, 0.05, seed + 1000))
            self.assertTrue(verdict.is_regression, verdict)

    def test_equals_pass(self):
        for seed in range(200):
            verdict = compare(timer(1.0, 0.05, seed), timer(1.0, 0.05, seed + 1000))
            self.assertFalse(verdict.is_regression, verdict)

    def test_a_gain_passes(self):
        self.assertFalse(compare(timer(1.0, 0.05, 1), timer(0.5, 0.05, 2)).is_regression)

    def test_only_the_confirmation_convicts(self):
        calls = {"count": 0}

        def bad_start():
            calls["count"] += 1
            return 2.0 if calls["count"] <= 10 else 1.0

        verdict = compare(lambda: 1.0, bad_start)
        self.assertTrue(verdict.confirmed)
        self.assertFalse(verdict.is_regression)

    def test_programs_alternate(self):
        order = []
        compare(lambda: order.append("b") or 1.0, lambda: order.append("h") or 1.0)
        self.assertEqual("".join(order[:8]), "bhhbbhhb")

    def test_a_dead_clock_is_an_error(self):
        with self.assertRaises(ValueError):
            compare(lambda: 0.0, lambda: 1.0)

    def test_geometric_mean(self):
        self.assertAlmostEqual(geometric_mean([0.5, 2.0]), 1.0)


class Counts(unittest.TestCase):
    def test_verdicts(self):
        self.assertEqual(count_verdict(1_000_000, 1_000_000, 0.02), "ok")
        self.assertEqual(count_verdict(1_019_000, 1_000_000, 0.02), "ok")
        self.assertEqual(count_verdict(1_021_000, 1_000_000, 0.02), "slower")
        self.assertEqual(count_verdict(900_000, 1_000_000, 0.02), "faster")
        self.assertEqual(count_verdict(0, 1_000_000, 0.02), "dead")


class Answers(unittest.TestCase):
    def test_the_largest_difference_is_named(self):
        worst, shared, where = disagreement({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.0, "b": 2.2, "d": 9.0})
        self.assertEqual((shared, where), (2, "b"))
        self.assertAlmostEqual(worst, 0.2 / 2.2)

    def test_nothing_in_common_is_not_agreement(self):
        self.assertEqual(disagreement({"a": 1.0}, {"b": 1.0})[1], 0)

    def test_a_figure_that_is_no_number_disagrees(self):
        self.assertEqual(disagreement({"a": 1.0}, {"a": math.nan})[0], math.inf)


if __name__ == "__main__":
    unittest.main()
