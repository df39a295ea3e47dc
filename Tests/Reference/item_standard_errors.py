"""Standard errors of item parameters: sandwich of a marginal likelihood, by numeric derivatives of log-likelihoods.

Two-parameter logistic model on section 7 of the LSAT (Bock and Lieberman, 1970), 61 points on [-6, 6]: one group with unit
weights; one group with weights of persons 1 and 3 in turn by pattern; two groups, the second with half the counts of the
patterns, rounded down, and twelve more, in coordinates that keep the metric (mean 0 and variance 1 over the groups).

NumPy 2.4.6, SciPy 1.17.1, Python 3.11. Writes Tests/Goldens/indicators/item_standard_errors.json to standard output.
"""
import json
import numpy as np
from scipy.optimize import minimize, root

counts = np.array([12, 19, 1, 7, 3, 19, 3, 17, 10, 5, 3, 7, 7, 23, 8, 28, 7, 39, 11, 34, 14, 51, 15, 90, 6, 25, 7, 35, 18,
                   136, 32, 308], float)
answers = np.array([[p >> (4 - i) & 1 for i in range(5)] for p in range(32)], float)
nodes = np.linspace(-6, 6, 61)


def log_likelihoods(x, mean=0.0, sd=1.0):
    """Of every pattern."""
    slope, intercept = x[:5], x[5:10]
    density = np.exp(-((nodes - mean) / sd) ** 2 / 2)
    density /= density.sum()
    eta = slope[:, None] * nodes + intercept[:, None]
    log_one, log_zero = -np.logaddexp(0, -eta), -np.logaddexp(0, eta)
    log_p = answers @ log_one + (1 - answers) @ log_zero
    top = log_p.max(axis=1, keepdims=True)
    return (np.log((np.exp(log_p - top) * density).sum(axis=1, keepdims=True)) + top)[:, 0]


def jacobian(f, x, step=1e-4):
    """Five-point differences of f, column by column."""
    columns = []
    for j in range(len(x)):
        h = np.zeros(len(x))
        h[j] = step
        columns.append((8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * step))
    return np.array(columns).T


def sandwich(parts, start):
    """parts: (log-likelihood function of the coordinates, weights, sums of squared weights), group by group."""
    total = lambda x: -sum(w @ f(x) for f, w, _ in parts)
    gradient = lambda x: -sum(w @ jacobian(f, x) for f, w, _ in parts)
    x = minimize(total, start, jac=gradient, method="BFGS", options={"gtol": 1e-6}).x
    x = root(gradient, x, tol=1e-13).x
    information = jacobian(gradient, x, 1e-3)
    information = (information + information.T) / 2
    meat = 0
    for f, _, squares in parts:
        s = jacobian(f, x)
        meat = meat + (s * squares[:, None]).T @ s
    bread = np.linalg.inv(information)
    return x, bread @ meat @ bread


def report(x, v):
    g = jacobian(lambda y: -y[5:10] / y[:5], x)
    return {
        "slopes": list(x[:5]), "slope_errors": list(np.sqrt(np.diag(v))[:5]),
        "thresholds": list(-x[5:10] / x[:5]), "threshold_errors": list(np.sqrt(np.diag(g @ v @ g.T))),
    }


start = np.r_[np.ones(5), np.log(answers.T @ counts / (counts.sum() - answers.T @ counts))]
one = sandwich([(log_likelihoods, counts, counts)], start)

w = np.where(np.arange(32) % 2 == 0, 1.0, 3.0)
scale = counts.sum() / (w @ counts)
weighted = sandwich([(log_likelihoods, w * counts * scale, w * w * counts * scale * scale)], start)


def of_group(sign):
    def f(x):
        mean, balance = np.tanh(x[10]), np.tanh(x[11])
        return log_likelihoods(x, sign * mean, np.sqrt((1 - mean ** 2) * (1 + sign * balance)))
    return f


second = counts // 2 + 12
# Groups count equally: the larger sum of weights is scaled down and the smaller up.
scales = [(counts.sum() + second.sum()) / 2 / c.sum() for c in (counts, second)]
two = sandwich([(of_group(s), c * k, c * k * k) for s, c, k in ((1, counts, scales[0]), (-1, second, scales[1]))],
               np.r_[start, 0.1, 0.0])
print(json.dumps({"one": report(*one), "weighted": report(*weighted), "two": report(*two)}, indent=1))
