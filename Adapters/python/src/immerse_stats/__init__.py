"""Survey estimates, weights, multilevel models and composite indicators, computed by libimmerse_stats.

>>> import immerse_stats as im
>>> design = im.Design(weights="pw", psu="dnum", fpc="fpc")
>>> im.mean("api00", schools, design, by="stype")
>>> im.fit("math ~ escs + (1 | school)", pupils, weights=["w_pupil", "w_school"], weights_are="conditional")
"""

from ._analyses import (
    Design, calibrate, calibrate_weights, diagnose, estimate, fit, glm, mean, nonresponse, poststratify, proportion,
    quantile, rake, ratio, replicates, request, scale, schema, score, sensitivity, total, trim, weight,
)
from ._errors import Cancelled, ComputationError, DataError, ForkedError, ImmerseError, UsageError
from ._native import version as _version
from ._results import ColumnsResult, FitResult, ModelResult, Result, WeightResult
from .partial import Partial
from .study import StudyResult, run

__version__ = _version()

__all__ = [
    "Cancelled", "ColumnsResult", "ComputationError", "DataError", "Design", "FitResult", "ForkedError", "ImmerseError",
    "ModelResult", "Partial", "Result", "StudyResult", "UsageError", "WeightResult", "calibrate", "calibrate_weights", "diagnose",
    "estimate", "fit", "glm", "mean", "nonresponse", "poststratify", "proportion", "quantile", "rake", "ratio",
    "replicates", "request", "run", "scale", "schema", "score", "sensitivity", "total", "trim", "weight",
]
