"""The analyses: each makes a request, and the library carries it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _files, _native
from ._data import stream_of
from ._results import ColumnsResult, FitResult, ModelResult, Result, WeightResult

Progress = Callable[[int, int], Any]


def names(value: str | Iterable[str] | None) -> list[str]:
    """One name, or several."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def present(**settings: Any) -> dict[str, Any]:
    """The settings that are set."""
    return {name: value for name, value in settings.items() if value is not None}


@dataclass(frozen=True)
class Design:
    """How the sample was drawn.

    Parameters
    ----------
    weights : the column of sampling weights; without it weights follow from `fpc`, else every row weighs 1.
    strata : columns of the first-stage strata.
    psu : columns of the sampling units, first stage first; ids count within their stratum.
    fpc : columns of population sizes or sampling fractions, one a stage.
    lonely_psu : what to do with a stratum of one unit: fail, certainty, remove, adjust or average.
    """

    weights: str | None = None
    strata: str | Iterable[str] | None = None
    psu: str | Iterable[str] | None = None
    fpc: str | Iterable[str] | None = None
    lonely_psu: str = "fail"
    #: Further settings of the design, under the names they have in study files.
    settings: Mapping[str, Any] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        return present(
            weights=self.weights, strata=names(self.strata), psu=names(self.psu), fpc=names(self.fpc),
            lonely_psu=self.lonely_psu,
        ) | dict(self.settings)


def request(
    request: Mapping[str, Any], data: Any, *, threads: int = 0, progress: Progress | None = None,
) -> Any:
    """Carries out a request as it is written down: a mapping whose one key names the analysis; see `schema`.

    Parameters
    ----------
    data : a pandas, polars, pyarrow or duckdb table, or anything else with ``__arrow_c_stream__``.
    threads : 0 for as many as there are processors; results do not depend on it.
    progress : called with the chunks of rows done and all of them; an exception out of it ends the call.
    """
    text, converged, rows = _native.run(json.dumps(request), stream_of(data), threads, progress)
    return result_of(request, text, converged, rows)


def result_of(request: Mapping[str, Any], text: str, converged: bool, rows: Any = None) -> Any:
    """The result under the names that fit the analysis."""
    analysis = next(iter(request), None)
    if analysis == "fit":
        return FitResult(text, converged, rows)
    if analysis == "estimate":
        return (ModelResult if request["estimate"].get("kind") in _MODELS else Result)(text, converged)
    if analysis in _WEIGHTS:
        return WeightResult(text, converged, rows)
    return ColumnsResult(text, converged, rows) if analysis in _COLUMNS else Result(text, converged)


_MODELS = {"glm"}
_WEIGHTS = {"rake", "poststratify", "calibrate_weights", "weight"}
_COLUMNS = {"replicates", "scale", "predict"}


def schema() -> dict[str, Any]:
    """What may stand in a request, as a JSON Schema."""
    return json.loads(_native.schema())


def estimate(
    kind: str, variables: str | Iterable[str], data: Any, design: Design | None = None, *,
    by: str | Iterable[str] | None = None, where: str | None = None, contrast: bool = False, average: bool = False,
    missing: str | None = None, level: float = 0.95, threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> Result:
    """Estimates of a kind, with the standard errors of the design.

    Parameters
    ----------
    kind : mean, total, ratio, proportion ..., as the command knows them.
    variables : columns; for ratios ``"numerator/denominator"``.
    data : a pandas, polars, pyarrow or duckdb table, or anything else with ``__arrow_c_stream__``.
    by : columns whose combinations are estimated apart, as domains of the whole sample.
    where : a condition; rows outside it stay in the design.
    contrast, average : also differences between the levels of the last `by` column, and their average.
    missing : "fail", or "drop" to leave out rows without a value, variable by variable, as models and tests do.
    settings : further settings of the request, under the names they have in study files.
    """
    settings = present(
        kind=kind, variables=names(variables), design=(design or Design()).request(), by=names(by), where=where,
        contrast=contrast, average=average, missing=missing, level=level, **settings,
    )
    return request({"estimate": settings}, data, threads=threads, progress=progress)


def mean(variables: str | Iterable[str], data: Any, design: Design | None = None, **settings: Any) -> Result:
    """Means; see `estimate`."""
    return estimate("mean", variables, data, design, **settings)


def total(variables: str | Iterable[str], data: Any, design: Design | None = None, **settings: Any) -> Result:
    """Totals; see `estimate`."""
    return estimate("total", variables, data, design, **settings)


def ratio(variables: str | Iterable[str], data: Any, design: Design | None = None, **settings: Any) -> Result:
    """Ratios, written ``"numerator/denominator"``; see `estimate`."""
    return estimate("ratio", variables, data, design, **settings)


def proportion(variables: str | Iterable[str], data: Any, design: Design | None = None, **settings: Any) -> Result:
    """Shares of the levels of variables; see `estimate`."""
    return estimate("proportion", variables, data, design, **settings)


def quantile(
    variables: str | Iterable[str], data: Any, design: Design | None = None, *, probs: Iterable[float] = (0.25, 0.5, 0.75),
    **settings: Any,
) -> Result:
    """Quantiles with Woodruff's intervals; see `estimate`."""
    return estimate("quantile", variables, data, design, probs=list(probs), **settings)


def glm(formula: str, data: Any, design: Design | None = None, *, family: str = "gaussian", **settings: Any) -> ModelResult:
    """A generalised linear model under the design, ``"passed ~ escs + migrant"``; see `estimate`."""
    return estimate("glm", formula, data, design, family=family, **settings)


Margins = Mapping[str, Mapping[str, float] | float] | Iterable[Mapping[str, Any]]


def margin_rows(margins: Margins) -> list[dict[str, Any]]:
    """Population totals as rows: of categories from a mapping in a mapping, of numbers from a number."""
    if not isinstance(margins, Mapping):
        return [dict(row) for row in margins]
    rows: list[dict[str, Any]] = []
    for variable, totals in margins.items():
        if isinstance(totals, Mapping):
            rows += [{"variable": variable, "category": str(c), "total": t} for c, t in totals.items()]
        else:
            rows.append({"variable": variable, "total": totals})
    return rows


def rake(
    data: Any, margins: Margins, *, weights: str | None = None, by: str | None = None, output: str = "weight",
    threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> WeightResult:
    """Rakes weights to known totals.

    Parameters
    ----------
    margins : ``{"sex": {"f": 520, "m": 480}, ...}``, or rows with `variable`, `category`, `total` and, with `by`,
        `domain`; a joint margin joins its variables and its categories with colons.
    weights : the column of weights to start from; without it every row starts at 1.
    by : the column whose values the margins' domains are.
    output : the name of the new column.
    """
    settings = present(weights=weights, margins=margin_rows(margins), by=by, output=output, **settings)
    return request({"rake": settings}, data, threads=threads, progress=progress)


def poststratify(
    data: Any, margins: Margins, *, weights: str | None = None, by: str | None = None, output: str = "weight",
    threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> WeightResult:
    """Weights that meet the totals of one variable, or of one combination of variables; see `rake`."""
    settings = present(weights=weights, margins=margin_rows(margins), by=by, output=output, **settings)
    return request({"poststratify": settings}, data, threads=threads, progress=progress)


def calibrate_weights(
    data: Any, margins: Margins, *, weights: str | None = None, method: str = "linear",
    bounds: tuple[float, float] | None = None, by: str | None = None, output: str = "weight", threads: int = 0,
    progress: Progress | None = None, **settings: Any,
) -> WeightResult:
    """Calibrates weights to totals of categories and of numbers, ``{"sex": {"f": 520, "m": 480}, "age": 12_400}``.

    Parameters
    ----------
    method : the distance: linear, raking, logit or truncated.
    bounds : the smallest and the largest g.
    """
    settings = present(
        weights=weights, margins=margin_rows(margins), method=method, bounds=bounds and list(bounds), by=by, output=output,
        **settings)
    return request({"calibrate_weights": settings}, data, threads=threads, progress=progress)


def weight(
    data: Any, steps: Iterable[Mapping[str, Any]], *, replicates: str | Iterable[str] | None = None, threads: int = 0,
    progress: Progress | None = None,
) -> WeightResult:
    """Weights made in steps, each from the weights of the one before, with the replicates taken through all of them.

    Parameters
    ----------
    steps : ``{"nonresponse": {...}}``, ``{"rake": {...}}``, ``{"poststratify": {...}}``, ``{"calibrate": {...}}`` or
        ``{"trim": {...}}``, with their settings under the names they have in study files.
    replicates : columns of replicates of the weights the first step starts at, also as ranges, ``"rw1-rw80"``.
    """
    settings = {"steps": list(steps), "replicates": names(replicates)}
    return request({"weight": settings}, data, threads=threads, progress=progress)


def nonresponse(
    data: Any, respondents: str, *, classes: str | Iterable[str] | None = None,
    covariates: str | Iterable[str] | None = None, weights: str | None = None, output: str = "weight", threads: int = 0,
    progress: Progress | None = None, **settings: Any,
) -> WeightResult:
    """Moves the weight of non-respondents to respondents, within classes or by a model of response.

    Parameters
    ----------
    respondents : the column that is 1 for respondents and 0 for others.
    classes : columns whose combinations are the classes.
    covariates : of the model of response.
    """
    settings = present(
        weights=weights, respondents=respondents, classes=names(classes), covariates=names(covariates), output=output,
        **settings)
    return weight(data, [{"nonresponse": settings}], threads=threads, progress=progress)


def trim(
    data: Any, weights: str, *, lower: float | None = None, upper: float | None = None, strict: bool = False,
    output: str = "weight", threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> WeightResult:
    """Bounds weights and spreads what is cut off over the others."""
    settings = present(weights=weights, lower=lower, upper=upper, strict=strict, output=output, **settings)
    return weight(data, [{"trim": settings}], threads=threads, progress=progress)


def replicates(
    data: Any, method: str, design: Design | None = None, *, count: int | None = None, seed: int = 1, prefix: str = "rw",
    threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> ColumnsResult:
    """Replicate weights of a sample: brr, fay=COEFFICIENT, jk1, jkn, jk2, bootstrap ..., as columns."""
    settings = present(
        method=method, design=(design or Design()).request(), count=count, seed=seed, prefix=prefix, **settings)
    return request({"replicates": settings}, data, threads=threads, progress=progress)


def diagnose(
    data: Any, weights: str, *, base: str | None = None, variables: str | Iterable[str] | None = None,
    by: str | Iterable[str] | None = None, threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> Result:
    """What weights look like, what their spread costs, and the balance of variables before and after."""
    settings = present(weights=weights, base=base, variables=names(variables), by=names(by), **settings)
    return request({"diagnose": settings}, data, threads=threads, progress=progress)


def fit(
    formula: str, data: Any, *, weights: str | Iterable[str] | None = None, weights_are: str | None = None,
    weight_scaling: str | None = None, method: str | None = None, standard_errors: str | None = None,
    level: float = 0.95, threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> FitResult:
    """Fits a linear mixed model, ``"math ~ escs + (1 | school)"``.

    Parameters
    ----------
    weights : sampling weights from the rows to the top level.
    weights_are : "conditional" or "unconditional"; needed with more than one.
    weight_scaling : none, size, effective or gk.
    method : "reml" or "ml"; by default REML without weights and pseudo-ML with them.
    standard_errors : "model" or "sandwich"; by default the sandwich with weights.
    settings : further settings, under the names they have in study files, as `random_effects`, `predict`, `save`
        and `compare`.
    """
    settings = present(
        formula=formula, weights=names(weights), weights_are=weights_are, weight_scaling=weight_scaling, method=method,
        standard_errors=standard_errors, level=level, **settings,
    )
    return request({"fit": settings}, data, threads=threads, progress=progress)


def document(value: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """A mapping as a file of settings holds it, or what is in the YAML file of that path."""
    return _files.document(value) if isinstance(value, str) else value


def score(
    framework: Mapping[str, Any] | str, data: Any, *, unit: str | None = None, threads: int = 0,
    progress: Progress | None = None, **settings: Any,
) -> Result:
    """Scores units by a framework of indicators: a mapping as a framework file holds it, or the path of a YAML file."""
    settings = present(framework=document(framework), unit=unit, **settings)
    return request({"score": settings}, data, threads=threads, progress=progress)


def sensitivity(
    framework: Mapping[str, Any] | str, data: Any, *, unit: str | None = None, plan: Mapping[str, Any] | None = None,
    seed: int = 1, threads: int = 0, progress: Progress | None = None, **settings: Any,
) -> Result:
    """How ranks depend on choices and on sampling error.

    Parameters
    ----------
    plan : what is varied, ``{"normalise": ["minmax", "zscore"], "weights": 0.25}``; by default what the framework says.
    """
    settings = present(framework=document(framework), unit=unit, sensitivity=plan, seed=seed, **settings)
    return request({"sensitivity": settings}, data, threads=threads, progress=progress)


def scale(
    scale: Mapping[str, Any] | str, data: Any, *, weights: str | None = None, by: str | None = None,
    standardise: bool = False, threads: int = 0, progress: Progress | None = None,
) -> ColumnsResult:
    """Scores rows on a scale of items with known parameters; `columns` are the scores and their standard errors."""
    settings = present(scale=document(scale), weights=weights, by=by, standardise=standardise)
    return request({"scale": settings}, data, threads=threads, progress=progress)


def calibrate(
    name: str, items: Iterable[str], data: Any, *, maximum: int, minimum: int = 0, model: str = "gpcm",
    weights: str | None = None, group: str | None = None, threads: int = 0, progress: Progress | None = None,
    **settings: Any,
) -> Result:
    """Estimates the parameters of items, whose categories run from `minimum` to `maximum`."""
    settings = present(
        name=name, items=list(items), minimum=minimum, maximum=maximum, model=model, weights=weights, group=group,
        **settings)
    return request({"calibrate": settings}, data, threads=threads, progress=progress)
