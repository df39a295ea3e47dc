"""The cases that the command shares with all adapters, and the schemas that describe them."""

import json
import math
import pathlib

import pytest

import immerse_stats as im

csv = pytest.importorskip("pyarrow.csv")
pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.compute")

ROOT = pathlib.Path(__file__).parents[3]
CASES = sorted((ROOT / "Tests/Cases/requests").glob("*.json"))


def same(ours, expected):
    """All texts the same, all numbers the same up to rounding."""
    if isinstance(expected, dict):
        return list(ours) == list(expected) and all(
            k in ("convergence", "message") or same(ours[k], v) for k, v in expected.items())
    if isinstance(expected, list):
        return len(ours) == len(expected) and all(map(same, ours, expected))
    if isinstance(expected, float) or isinstance(ours, float):
        return ours is not None and math.isclose(ours, expected, rel_tol=1e-9, abs_tol=1e-12)
    return ours == expected


STUDIES = sorted((ROOT / "Tests/Cases/studies").glob("*.json"))


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_the_study_is_that_of_the_command(file):
    pytest.importorskip("yaml")
    case = json.loads(file.read_text())
    study = im.run(ROOT / case["study"])
    document = json.loads(study.to_json())
    del document["provenance"]
    assert same(document, case["result"])
    weights = pa.table(study.weights)
    for name, expected in case["added"].items():
        assert weights[name][0].as_py() == pytest.approx(expected["first"], rel=1e-9)
        assert pa.compute.sum(weights[name]).as_py() == pytest.approx(expected["sum"], rel=1e-9)
    assert case["result"]["rows"][0]["title"] in study.summary() and "<h3>" in study._repr_html_()
    for row in study.rows:
        assert len(study.results[row["name"]].rows) == row["rows"] > 0


def rows_of(case):
    return csv.read_csv(ROOT / case["data"])


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_answer_is_that_of_the_command(file):
    case = json.loads(file.read_text())
    result = im.request(case["request"], rows_of(case))
    document = json.loads(result.to_json())
    del document["provenance"]
    assert same(document, case["result"])
    if "added" in case:
        columns = pa.table(result.columns)
        assert columns.column_names == list(case["added"])
        for name, expected in case["added"].items():
            assert columns[name][0].as_py() == pytest.approx(expected["first"], rel=1e-9)
            assert pa.compute.sum(columns[name]).as_py() == pytest.approx(expected["sum"], rel=1e-9)


@pytest.fixture(scope="module")
def schemas():
    jsonschema = pytest.importorskip("jsonschema")
    kinds = {}
    for kind in ("request", "result"):
        schema = json.loads((ROOT / f"Documentation/schema/immerse-stats-1-{kind}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        kinds[kind] = jsonschema.Draft202012Validator(schema)
    return kinds


def test_the_library_knows_the_schema_in_the_repository():
    assert im.schema() == json.loads((ROOT / "Documentation/schema/immerse-stats-1-request.json").read_text())


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_cases_meet_the_schemas(schemas, file):
    case = json.loads(file.read_text())
    for kind, validator in schemas.items():
        errors = [f"{kind}: {error.message}" for error in validator.iter_errors(case[kind])]
        assert not errors


def with_unknown(document):
    """The document with a setting that nobody knows, in every place where settings stand."""
    if isinstance(document, dict):
        yield document | {"colour": "red"}
        for key, value in document.items():
            for changed in with_unknown(value):
                yield document | {key: changed}
    if isinstance(document, list):
        for place, value in enumerate(document):
            for changed in with_unknown(value):
                yield document[:place] + [changed] + document[place + 1:]


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_schema_and_library_refuse_the_same_settings(schemas, file):
    case = json.loads(file.read_text())
    rows = rows_of(case).slice(0, 1)
    for wrong in with_unknown(case["request"]):
        assert not schemas["request"].is_valid(wrong)
        with pytest.raises(im.ImmerseError, match="no setting \"colour\"|names no analysis|more than one analysis"):
            im.request(wrong, rows)
