"""Whole studies: weights, estimates, scores and models that one file describes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from html import escape
from typing import Any

from . import _files, _native
from ._analyses import Progress, result_of
from ._data import stream_of
from ._results import Result, WeightResult


class StudyResult(WeightResult):
    """What a study yields: a row for each analysis, and `results` by their names.

    `weights` are the weights the study made, after the columns that identify a row. The report page is the command's:
    ``immerse-stats run study.yaml --out results``.
    """

    def __init__(self, text: str, converged: bool, weights: Any) -> None:
        super().__init__(text, converged, weights)
        #: The results of the analyses by their names, as the functions of this package give them.
        self.results: dict[str, Result] = {name: _result(part) for name, part in self["results"].items()}

    def summary(self) -> str:
        """The results one after the other, under their headings."""
        parts = [f"{row['title']} [{row['name']}]\n{self.results[row['name']].summary()}" for row in self.rows]
        return "\n\n".join([self["title"], *parts, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        parts = [f"<h3>{escape(row['title'])}</h3>{self.results[row['name']]._repr_html_()}" for row in self.rows]
        return "".join([f"<h2>{escape(self['title'])}</h2>", *parts, *(f"<p>{escape(note)}</p>" for note in self.notes)])


def _result(part: Mapping[str, Any]) -> Result:
    kind, _, detail = part["analysis"].partition(".")
    converged = part.get("convergence", {}).get("converged", True)
    return result_of({kind: {"kind": detail}}, json.dumps(part), converged)


def run(
    study: str | os.PathLike[str] | Mapping[str, Any], tables: Mapping[str, Any] | None = None, *,
    folder: str | os.PathLike[str] | None = None, threads: int = 0, progress: Progress | None = None,
) -> StudyResult:
    """Carries out a study.

    Parameters
    ----------
    study : the path of a study file (YAML), or what it would say, as a mapping.
    tables : tables by the names under which the study calls them, in place of files: pandas, polars, pyarrow or duckdb
        tables, or anything else with ``__arrow_c_stream__``. A document, as a framework, may be given as a mapping.
    folder : where the other files lie; by default beside the study file.
    threads : 0 for as many as there are processors; results do not depend on it.
    progress : called with the chunks of rows done and all of them; an exception out of it ends the call.
    """
    if isinstance(study, Mapping):
        text, place = dict(study), folder or "."
    else:
        text, place = _files.document(os.fspath(study)), folder or os.path.dirname(study)
    given = dict(tables or {})
    documents = {name: given.pop(name) for name in list(given) if _files.is_document(name)}
    streams = []
    for name in json.loads(_native.study_inputs(json.dumps({"study": text}))):
        path = os.path.join(place, name)
        if _files.is_document(name):
            if name not in documents:
                documents[name] = _files.document(path)
        else:
            rows = given.pop(name) if name in given else _files.table(path, text.get("dialect") or {})
            streams.append((name, stream_of(rows)))
    if given:
        raise ValueError(f"the study names no {', '.join(given)}")
    request = json.dumps({"study": text, "documents": documents})
    return StudyResult(*_native.run_study(request, streams, threads, progress))
