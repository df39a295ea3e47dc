"""The analyses: each makes a request, and the library carries it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _native
from ._data import stream_of
from ._results import FitResult, Result, WeightResult

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


def call(request: dict[str, Any], data: Any, threads: int, progress: Progress | None) -> tuple[str, bool, Any]:
    """Carries out a request, given under the names that study files use."""
    return _native.run(json.dumps(request), stream_of(data), threads, progress)


def estimate(
    kind: str, variables: str | Iterable[str], data: Any, design: Design | None = None, *,
    by: str | Iterable[str] | None = None, where: str | None = None, contrast: bool = False, average: bool = False,
    missing: str = "fail", level: float = 0.95, threads: int = 0, progress: Progress | None = None, **settings: Any,
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
    missing : "fail", or "drop" to leave out rows without a value, variable by variable.
    settings : further settings of the request, under the names they have in study files.
    """
    request = present(
        kind=kind, variables=names(variables), design=(design or Design()).request(), by=names(by), where=where,
        contrast=contrast, average=average, missing=missing, level=level, **settings,
    )
    text, converged, _ = call({"estimate": request}, data, threads, progress)
    return Result(text, converged)


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


def rake(
    data: Any, margins: Mapping[str, Mapping[str, float]] | Iterable[Mapping[str, Any]], *, weights: str | None = None,
    by: str | None = None, output: str = "weight", threads: int = 0, progress: Progress | None = None, **settings: Any,
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
    rows = (
        [{"variable": v, "category": str(c), "total": t} for v, cells in margins.items() for c, t in cells.items()]
        if isinstance(margins, Mapping)
        else [dict(row) for row in margins]
    )
    request = present(weights=weights, margins=rows, by=by, output=output, **settings)
    return WeightResult(*call({"rake": request}, data, threads, progress))


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
    """
    request = present(
        formula=formula, weights=names(weights), weights_are=weights_are, weight_scaling=weight_scaling, method=method,
        standard_errors=standard_errors, level=level, **settings,
    )
    text, converged, _ = call({"fit": request}, data, threads, progress)
    return FitResult(text, converged)


def score(
    framework: Mapping[str, Any] | str, data: Any, *, unit: str | None = None, threads: int = 0,
    progress: Progress | None = None, **settings: Any,
) -> Result:
    """Scores units by a framework of indicators: a mapping as a framework file holds it, or the path of a YAML file."""
    if isinstance(framework, str):
        import yaml

        with open(framework, encoding="utf-8") as file:
            framework = yaml.safe_load(file)
    text, converged, _ = call({"score": present(framework=framework, unit=unit, **settings)}, data, threads, progress)
    return Result(text, converged)
