# Calibration with costs, to estimated totals, within each row's own bounds and in several steps, by numpy alone:
# python3 Tests/Reference/calibration_extras.py > Tests/Goldens/survey/calibration_extras.json
#
# Weights come from the equations of their definition, standard errors from derivatives of the whole chain of steps with
# respect to every starting weight, taken by central differences of two step sizes and Richardson's rule: nothing of the
# closed forms that the project computes them with.
import csv, json
import numpy as np

rows = list(csv.DictReader(open("Datasets/api/apiclus1.csv")))
def column(name): return np.array([float(r[name]) for r in rows])
pw, api00, api99, enroll = (column(c) for c in ("pw", "api00", "api99", "enroll"))
district = np.array([r["dnum"] for r in rows])
fpc = column("fpc")[0]
def dummies(name):
    levels = sorted({r[name] for r in rows})
    return np.array([[1.0 if r[name] == l else 0.0 for l in levels] for r in rows])
stype, wide = dummies("stype"), dummies("sch.wide")

def sinh_g(u):
    p = np.arcsinh(2 * u)
    return (p + np.sqrt(p * p + 4)) / 2
def sinh_slope(u):
    p = np.arcsinh(2 * u)
    return (1 + p / np.sqrt(p * p + 4)) / np.sqrt(1 + 4 * u * u)
F = {
    "linear": (lambda u: 1 + u, lambda u: np.ones_like(u)),
    "raking": (np.exp, np.exp),
    "sinh": (sinh_g, sinh_slope),
}

def calibrate(d, x, t, method="linear", ridge=None, low=None, high=None):
    """Newton's method in extended precision of steps, from eta = 0."""
    f, slope = F[method]
    ridge = np.zeros(len(t)) if ridge is None else ridge
    low = np.full(len(d), -np.inf) if low is None else low
    high = np.full(len(d), np.inf) if high is None else high
    eta = np.zeros(len(t))
    for _ in range(200):
        u = x @ eta
        raw = f(u)
        g = np.clip(raw, low, high)
        inside = (raw > low) & (raw < high)
        gap = t - x.T @ (d * g) - ridge * eta
        h = (x * (d * slope(u) * inside)[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.pinv(h, rcond=1e-13) @ gap
        eta = eta + step
        if np.max(np.abs(gap) / (1 + np.abs(t))) < 1e-14: break
    assert np.max(np.abs(gap) / (1 + np.abs(t))) < 1e-12
    return d * g

def cluster_se(z, extra=0.0):
    totals = np.array([z[district == k].sum() for k in sorted(set(district))])
    n = len(totals)
    v = (1 - n / fpc) * n / (n - 1) * ((totals - totals.mean()) ** 2).sum()
    return float(np.sqrt(v + extra))

def influence(theta, d):
    """d_i times the derivative of theta in d_i."""
    z = np.zeros(len(d))
    for i in range(len(d)):
        def central(h):
            up, down = d.copy(), d.copy()
            up[i] += h; down[i] -= h
            return (theta(up) - theta(down)) / (2 * h)
        h = 1e-2 * d[i]
        a, b, c = central(h), central(h / 2), central(h / 4)
        first, second = (4 * b - a) / 3, (4 * c - b) / 3
        z[i] = d[i] * (16 * second - first) / 15
    return z

mean = lambda w: float(w @ api00 / w.sum())
total = lambda w: float(w @ enroll)
def entry(weights, d=pw, extra=lambda gradient: 0.0):
    w = weights(d)
    out = {"w_first": float(w[0]), "w_last": float(w[-1]), "g_min": float((w / d).min()), "g_max": float((w / d).max())}
    for name, f in (("mean.api00", mean), ("total.enroll", total)):
        theta = lambda d, f=f: f(weights(d))
        out[name] = {"est": f(w), "se": cluster_se(influence(theta, d), extra(f))}
    return out

x1 = np.column_stack([stype, api99])
t1 = np.array([4421.0, 755.0, 1018.0, 3914069.0])
xe = np.column_stack([np.ones(len(pw)), enroll])
te = np.array([6194.0, 3811472.0])
out = {}

# Costs: the counts at 0.02, the sum of scores at 1e-8, and mixed with counts that are exact.
costs = np.array([0.02, 0.02, 0.02, 1e-8])
for method in ("linear", "raking", "sinh"):
    w = calibrate(pw, x1, t1, method, 1 / costs)
    out["cost_" + method] = {"w_first": float(w[0]), "w_last": float(w[-1]), "reached": (x1.T @ w).tolist()}
out["cost_linear"] = {**out["cost_linear"], **entry(lambda d: calibrate(d, x1, t1, "linear", 1 / costs))}
mixed = np.array([0, 0, 0, 1e8])
out["cost_mixed"] = {"reached": (x1.T @ calibrate(pw, x1, t1, "linear", mixed)).tolist(),
                     **entry(lambda d: calibrate(d, x1, t1, "linear", mixed))}

# Estimated totals: independent ones, and ones with a covariance. What they add to the variance is their covariance in
# the derivative of the estimate in the totals.
def added(covariance, x, t):
    def of(f):
        gradient = np.zeros(len(t))
        for k in range(len(t)):
            h = 1e-3 * t[k]
            up, down = t.copy(), t.copy()
            up[k] += h; down[k] -= h
            slope = lambda h: (f(calibrate(pw, x, t + h * np.eye(len(t))[k])) - f(calibrate(pw, x, t - h * np.eye(len(t))[k]))) / (2 * h)
            a, b = slope(h), slope(h / 2)
            gradient[k] = (4 * b - a) / 3
        return float(gradient @ covariance @ gradient)
    return of
errors = np.array([60.0, 25.0, 30.0, 40000.0])
out["estimated_independent"] = entry(lambda d: calibrate(d, x1, t1), extra=added(np.diag(errors ** 2), x1, t1))
covariance = np.array([[250.0 ** 2, 0.6 * 250 * 90000], [0.6 * 250 * 90000, 90000.0 ** 2]])
out["estimated_covariance"] = {"covariance": covariance.tolist(), **entry(lambda d: calibrate(d, xe, te), extra=added(covariance, xe, te))}

# Each row's own bounds of g.
low = np.where(stype[:, 0] == 1, 0.8, 0.5)
high = np.where(stype[:, 0] == 1, 1.1, 2.5)
w = calibrate(pw, x1, t1, "linear", low=low, high=high)
out["unit_bounds_linear"] = {"w": (w / pw).tolist()}
w = calibrate(pw, x1, t1, "raking", low=low, high=high)
out["unit_bounds_raking"] = {"w": (w / pw).tolist()}

# Steps one after the other, all linear, so that the chain rule is exact: to the types, then to enrolment.
first = lambda d: calibrate(d, stype, t1[:3])
out["chain_linear"] = entry(lambda d: calibrate(first(d), xe, te))
# Non-response by class: schools whose number ends in 0, 3 or 7 did not answer.
answered = np.array([0.0 if int(r["snum"]) % 10 in (0, 3, 7) else 1.0 for r in rows])
def respond(d):
    weights = d * answered
    return weights * (wide @ ((wide.T @ d) / (wide.T @ weights)))
out["nonresponse"] = entry(respond)
out["nonresponse_chain"] = entry(lambda d: calibrate(calibrate(respond(d), stype, t1[:3]), xe, te))

print(json.dumps({
    "source": "numpy " + np.__version__ + ", from the definitions",
    "script": "Tests/Reference/calibration_extras.py", "data": "Datasets/api/apiclus1.csv",
    "values": out}, indent=1))
