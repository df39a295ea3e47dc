"""The wheel as its users meet it: their data frames in, results out, errors of the kind they expect."""

import json
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import threading

import pytest

import immerse_stats as im

pa = pytest.importorskip("pyarrow")
csv = pytest.importorskip("pyarrow.csv")
pytest.importorskip("pyarrow.compute")

ROOT = pathlib.Path(__file__).parents[3]
DESIGN = im.Design(weights="pw", psu="dnum", fpc="fpc")


@pytest.fixture(scope="module")
def schools():
    return csv.read_csv(ROOT / "Datasets/api/apiclus1.csv")


def forms(table):
    """The same rows as every producer there is."""
    yield "pyarrow", table
    yield "chunked", pa.Table.from_batches(table.to_batches(max_chunksize=17))
    yield "sliced", pa.concat_tables([table.slice(0, 50), table.slice(50)])
    yield "mapping", {name: table[name].to_pylist() for name in ("api00", "pw", "dnum", "fpc", "stype")}
    yield "dictionary", table.set_column(
        table.column_names.index("stype"), "stype", table["stype"].dictionary_encode())
    yield "views", table.set_column(
        table.column_names.index("stype"), "stype", table["stype"].cast(pa.string_view()))
    for module, convert in [
        ("pandas", lambda: table.to_pandas()),
        ("polars", lambda: __import__("polars").from_arrow(table)),
        ("duckdb", lambda: __import__("duckdb").from_arrow(table)),
    ]:
        try:
            yield module, convert()
        except ImportError:
            print(f"skipped: {module} is not installed")


def test_every_producer_gives_the_answer_of_r_survey(schools):
    # svymean(~api00, dclus1) of R survey 4.5.
    for name, data in forms(schools):
        row = im.mean("api00", data, DESIGN).rows[0]
        assert row["estimate"] == pytest.approx(644.1693989071, rel=1e-11), name
        assert row["std_error"] == pytest.approx(23.5422407, rel=1e-7), name
        assert im.mean("api00", data, DESIGN, by="stype").to_json() == im.mean(
            "api00", schools, DESIGN, by="stype").to_json(), name


def test_results_are_producers_and_print(schools):
    result = im.mean("api00", schools, DESIGN, by="stype", contrast=True)
    table = pa.table(result)
    assert table.num_rows == 6 and table["stype"].to_pylist()[0] == "E"
    assert result.to_pandas()["estimate"][0] == pytest.approx(648.868, abs=1e-3)
    assert result.to_polars()["n"].to_list()[:3] == [144, 14, 25]
    assert table["deff"].to_pylist()[3] is None
    assert "648.868" in repr(result) and "<td>H - E</td>" in result._repr_html_()
    assert "fewer than 8 degrees" in result.notes[0]
    assert result["design"]["psus"] == 15


def test_raked_weights_meet_their_margins(schools):
    raked = im.rake(schools, {"stype": {"E": 4421, "H": 755, "M": 1018}}, weights="pw")
    weights = pa.table(raked.weights)["weight"]
    assert len(weights) == 183
    assert sum(weights.to_pylist()) == pytest.approx(6194)
    with pytest.raises(ValueError, match="read already"):
        pa.table(raked.weights)


TOTALS = {"stype": {"E": 4421, "H": 755, "M": 1018}}


def test_weighting_steps_give_their_weights(schools):
    kind = pa.compute.equal(schools["stype"], "H")
    for made in (
        im.poststratify(schools, TOTALS, weights="pw"),
        im.calibrate_weights(schools, TOTALS | {"api99": 3914069}, weights="pw", method="logit", bounds=(0.5, 2)),
    ):
        weights = pa.table(made.weights)["weight"]
        assert pa.compute.sum(weights.filter(kind)).as_py() == pytest.approx(755, rel=1e-10)
    chain = im.weight(schools, [
        {"poststratify": {"weights": "pw", "margins": [
            {"variable": "stype", "category": c, "total": t} for c, t in TOTALS["stype"].items()], "output": "a"}},
        {"trim": {"weights": "a", "upper": 50, "output": "b"}}])
    assert pa.table(chain.weights).column_names == ["a", "b"]
    sample = csv.read_csv(ROOT / "Datasets/api/apiclus2.csv")
    trimmed = pa.table(im.trim(sample, "pw", upper=100).weights)["weight"].to_pylist()
    assert max(trimmed) <= 100 and sum(trimmed) == pytest.approx(sum(sample["pw"].to_pylist()), rel=1e-12)
    replicates = im.replicates(schools, "jk1", DESIGN)
    assert pa.table(replicates.columns).num_columns == 15 == replicates["replicates"]["count"]
    assert im.diagnose(schools, "pw").rows[0]["kish_deff"] == pytest.approx(1, abs=1e-9)


def test_models_predict(schools):
    fit = im.fit("api00 ~ api99 + (1 | dnum)", schools, random_effects=True, predict=True, save=True)
    fitted = pa.table(fit.columns)
    assert len(fit.random_effects) == 15
    again = pa.table(fit.predict(schools))
    assert again["fitted"].to_pylist() == pytest.approx(fitted["fitted"].to_pylist(), rel=1e-9)
    fixed = [fit.params["(Intercept)"] + fit.params["api99"] * x for x in schools["api99"].to_pylist()]
    assert fitted["fitted_fixed"].to_pylist() == pytest.approx(fixed, rel=1e-9)
    variances = [row[i] for i, row in enumerate(fit.cov_params())]
    assert variances == pytest.approx([se**2 for se in fit.bse.values()], rel=1e-12)
    glm = im.glm("api00 ~ ell + meals", schools, DESIGN)
    assert [r[i] for i, r in enumerate(glm.cov_params())] == pytest.approx([s**2 for s in glm.bse.values()], rel=1e-12)
    with pytest.raises(im.ImmerseError, match="saved"):
        im.fit("api00 ~ api99 + (1 | dnum)", schools).predict(schools)


POLICY = str(ROOT / "Datasets/immerse/policy.yaml")


def test_indicators_and_scales(schools):
    pytest.importorskip("yaml")
    countries = csv.read_csv(ROOT / "Datasets/immerse/countries.csv")
    ranks = im.sensitivity(POLICY, countries, plan={"weights": 0.25, "draws": 20, "normalise": [
        {"method": "minmax", "lower": 1, "upper": 100}, {"method": "zscore", "mean": 100, "sd": 10}]})
    assert {row["factor"] for row in ranks.rows} >= {"weights", "normalise"}
    children = csv.read_csv(ROOT / "Datasets/immerse/children.csv.gz")
    items = im.calibrate("belonging", ["BEL2", "BEL3", "BEL6"], children, reversed=["BEL6"], minimum=1, maximum=5,
                         weights="weight", group="country")
    assert items.converged and [row["term"] for row in items.rows] == ["BEL2", "BEL3", "BEL6"]
    scale = {"name": "belonging", "minimum": 1, "items": [
        {"name": r["term"], "slope": r["slope"], "thresholds": [r[f"threshold_{k}"] for k in range(1, 5)],
         "reversed": r["term"] == "BEL6"} for r in items.rows]}
    scored = im.scale(scale, children, weights="weight", by="country")
    scores = pa.table(scored.columns)
    assert scores.column_names == ["belonging", "belonging_se"] and scores.num_rows == children.num_rows


def test_fit_has_the_names_of_statsmodels(schools):
    fit = im.fit("api00 ~ api99 + (1 | dnum)", schools)
    assert set(fit.params) == {"(Intercept)", "api99"} == set(fit.bse) == set(fit.conf_int())
    assert fit.converged and fit.nobs == 183 and fit.llf < 0
    assert fit.variance_components[-1]["group"] == "Residual"


def test_scores(schools):
    framework = {"indicators": [{"code": "api00", "parent": "i"}, {"code": "api99", "parent": "i"}],
                 "aggregates": [{"code": "i"}]}
    rows = im.score(framework, schools, unit="snum").rows
    best = max((r for r in rows if r["term"] == "i"), key=lambda r: r["estimate"])
    assert best["rank"] == 1


@pytest.mark.parametrize("call, kind, message", [
    (lambda d: im.mean("api0", d, DESIGN), im.DataError, 'did you mean "api00"'),
    (lambda d: im.mean("stype", d, DESIGN), im.DataError, "holds text"),
    (lambda d: im.mean("api00", d, DESIGN, level=2.0), im.UsageError, "between 0 and 1"),
    (lambda d: im.estimate("mean", "api00", d, colour="red"), im.DataError, "no setting"),
    (lambda d: im.fit("api00 ~", d), im.UsageError, "formula"),
    (lambda d: im.mean("api00", 3), TypeError, "__arrow_c_stream__"),
])
def test_errors_are_of_the_kind_users_expect(schools, call, kind, message):
    with pytest.raises(kind, match=message):
        call(schools)


def test_progress_and_exceptions_out_of_it(schools):
    seen = []
    im.mean("api00", schools, DESIGN, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1, 1)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        im.mean("api00", schools, DESIGN, progress=stop)


def test_threads_do_not_disturb_each_other(schools):
    expected = im.mean("api00", schools, DESIGN).to_json()
    answers = []
    workers = [threading.Thread(target=lambda: answers.extend(
        im.mean("api00", schools, DESIGN).to_json() for _ in range(20))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert answers == [expected] * 80


def _in_worker(path):
    return im.mean("api00", csv.read_csv(path), DESIGN).rows[0]["estimate"]


def test_spawned_workers_compute_and_forked_ones_say_why_not(schools):
    im.mean("api00", schools, DESIGN)
    path = str(ROOT / "Datasets/api/apiclus1.csv")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_in_worker, [path] * 2) == [pytest.approx(644.1693989071)] * 2
    pid = os.fork()
    if pid == 0:
        try:
            im.mean("api00", schools, DESIGN)
            os._exit(1)
        except im.ForkedError as error:
            os._exit(0 if "spawn" in str(error) else 2)
        except BaseException:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_partials_give_the_answer_of_the_whole(schools):
    for request, whole in [
        ({"estimate": {"kind": "mean", "variables": ["api00"], "by": ["stype"], "design": {
            "weights": "pw", "psu": ["dnum"], "fpc": ["fpc"]}}}, im.mean("api00", schools, DESIGN, by="stype")),
        ({"fit": {"formula": "api00 ~ api99 + stype + (1 | dnum)"}},
         im.fit("api00 ~ api99 + stype + (1 | dnum)", schools)),
    ]:
        text, finished = json.dumps(request), None
        for _ in range(2):
            parts = []
            for start in (0, 60, 120):
                part = im.Partial(text, finished)
                part.update(schools.slice(start, 63 if start == 120 else 60))
                parts.append(part.serialize())
            first = im.Partial(text, finished)
            for blob in parts:
                first.merge(blob)
            finished = first.finish()
        for row, expected in zip(finished.rows, whole.rows, strict=True):
            assert row["estimate"] == pytest.approx(expected["estimate"], rel=1e-9)
            assert row["std_error"] == pytest.approx(expected["std_error"], rel=1e-7)
    with pytest.raises(TypeError, match="serialize"):
        pickle.dumps(part)
    with pytest.raises(im.DataError):
        first.merge(b"nonsense")


def test_an_interrupt_ends_the_call():
    """Ctrl-C during a long call reaches Python within a chunk of rows."""
    code = """
import immerse_stats as im, pyarrow as pa, signal, os, threading, time
n = 3_000_000
t = pa.table({"y": pa.array(range(n), pa.float64()), "g": pa.array([str(i % 5000) for i in range(n)])})
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        im.mean("y", t, im.Design(psu="g"), by="g")
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr
