"""Results: the rows of an analysis and what belongs to it as a whole."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from . import _native
from ._data import Rows, stream_of
from ._errors import UsageError


class Result:
    """The result of an analysis.

    `rows` holds a mapping an estimate, under the names that R's broom gives them; other parts, such as `design` or
    `variance_components`, are items of the result: `result["design"]["psus"]`. A result is a producer of an Arrow
    stream, so that `polars.DataFrame(result)` or `pyarrow.table(result)` gives its rows.
    """

    def __init__(self, text: str, converged: bool = True) -> None:
        self._text = text
        self._document: dict[str, Any] = json.loads(text)
        #: False where an iteration stopped before its goal: not to be taken for a finished result.
        self.converged = converged

    @property
    def analysis(self) -> str:
        return self._document["analysis"]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self._document["rows"]

    @property
    def notes(self) -> list[str]:
        return [note["message"] for note in self._document["notes"]]

    def __getitem__(self, part: str) -> Any:
        return self._document[part]

    def to_json(self) -> str:
        return self._text

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return _native.result_rows(self._text)

    def to_arrow(self) -> Any:
        """The rows as a `pyarrow.Table`."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """The rows as a `polars.DataFrame`."""
        import polars

        return polars.DataFrame(self)

    # How it prints

    def _table(self) -> tuple[list[str], list[list[str]]]:
        flat = [_flatten(row) for row in self.rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        return names, [[_shown(row.get(name)) for name in names] for row in flat]

    def summary(self) -> str:
        """The rows as a table of text, and the notes."""
        names, rows = self._table()
        widths = [max(len(row[i]) for row in [names, *rows]) for i in range(len(names))]
        isnumber = [all(not isinstance(_flatten(r).get(n), str) for r in self.rows) for n in names]
        lines = [
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, isnumber)).rstrip()
            for row in [names, *rows]
        ]
        if not self.converged:
            lines.append("NOT CONVERGED: not to be taken for a finished result")
        return "\n".join(lines + [f"note: {note}" for note in self.notes])

    def __repr__(self) -> str:
        return f"<{self.analysis}: {len(self.rows)} rows>\n{self.summary()}"

    def _repr_html_(self) -> str:
        names, rows = self._table()
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<table><caption>{escape(self.analysis)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


class ColumnsResult(Result):
    """A result with columns that belong to the rows of the data, in their order.

    `columns` is a producer of an Arrow stream that can be read once: ``polars.DataFrame(result.columns)``.
    """

    def __init__(self, text: str, converged: bool, columns: Any) -> None:
        super().__init__(text, converged)
        self.columns = Rows(columns)


class WeightResult(ColumnsResult):
    """What weighting did, and the weights themselves, with those of replicates and of earlier steps where there are any."""

    @property
    def weights(self) -> Rows:
        return self.columns


class ModelResult(Result):
    """A fitted model, with the names statsmodels gives its parts."""

    def _column(self, name: str) -> dict[str, float]:
        return {row["term"]: row[name] for row in self.rows}

    @property
    def params(self) -> dict[str, float]:
        return self._column("estimate")

    @property
    def bse(self) -> dict[str, float]:
        return self._column("std_error")

    @property
    def tvalues(self) -> dict[str, float]:
        return self._column("statistic")

    @property
    def pvalues(self) -> dict[str, float]:
        return self._column("p_value")

    def conf_int(self) -> dict[str, tuple[float, float]]:
        return {row["term"]: (row["conf_low"], row["conf_high"]) for row in self.rows}

    def cov_params(self) -> list[list[float]]:
        """The covariance of the coefficients, in the order of `params`."""
        return [[row[term] for term in self.params] for row in self["vcov"]]

    @property
    def nobs(self) -> int:
        return self["n"] if "n" in self._document else self["design"]["n"]


class FitResult(ModelResult, ColumnsResult):
    """A fitted multilevel model.

    `columns` are the fitted values, with random effects and without, where `predict=True` was asked for.
    """

    @property
    def llf(self) -> float:
        """The log-likelihood, restricted or pseudo, as `criterion` names it."""
        return -self["criterion"]["value"] / 2

    @property
    def variance_components(self) -> list[dict[str, Any]]:
        return self["variance_components"]

    @property
    def random_effects(self) -> list[dict[str, Any]]:
        """The groups' random effects, where `random_effects=True` was asked for."""
        return self["random_effects"]

    def predict(self, data: Any, threads: int = 0) -> Rows:
        """Fitted values of other rows, with random effects and without; the fit needs `save=True`."""
        if "saved" not in self._document:
            raise UsageError("this fit was not saved: ask for save=True")
        request = json.dumps({"predict": {"model": self["saved"]}})
        return Rows(_native.run(request, stream_of(data), threads, None)[2])


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat.update(value) if isinstance(value, dict) else flat.update({name: value})
    return flat


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
