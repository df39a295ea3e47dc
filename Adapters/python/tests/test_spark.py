"""Spark with real worker processes: the answer of one process, whatever the partitions, failures and environments."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

import immerse_stats as im
from immerse_stats.partial import merged

pa = pytest.importorskip("pyarrow")
pyspark = pytest.importorskip("pyspark")
if shutil.which("java") is None:
    pytest.skip("java is not installed", allow_module_level=True)

from immerse_stats import spark as ims  # noqa: E402
from pyarrow import csv  # noqa: E402

ROOT = pathlib.Path(__file__).parents[3]
DESIGN = im.Design(weights="pw", psu="dnum")


def cluster():
    builder = pyspark.sql.SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.executor.memory", "512m")
    # Executors of a local cluster take their Python from here.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    return builder.getOrCreate()


@pytest.fixture(scope="module")
def session():
    session = cluster()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def schools():
    table = csv.read_csv(ROOT / "Datasets/api/apiclus1.csv")
    return table.select(["api00", "api99", "stype", "dnum", "pw"])


def frame_of(session, table):
    return session.createDataFrame(table.to_pylist())


def same(ours, theirs):
    assert len(ours.rows) == len(theirs.rows)
    for a, b in zip(ours.rows, theirs.rows):
        for name, value in b.items():
            assert a[name] == (pytest.approx(value, rel=1e-12, abs=1e-300) if isinstance(value, float) else value), name


@pytest.mark.parametrize("partitions", [1, 2, 7, 64])
def test_means_are_those_of_one_process(session, schools, partitions):
    # Shuffled rows, more partitions than some levels have rows, districts split over all of them.
    frame = frame_of(session, schools).repartition(partitions)
    ours = ims.estimate("mean", "api00", frame, DESIGN, by="stype", contrast=True)
    same(ours, im.mean("api00", schools, DESIGN, by="stype", contrast=True))


MARGINS = [{"variable": "stype", "category": c, "total": t} for c, t in [("E", 4421), ("H", 755), ("M", 1018)]]


@pytest.mark.parametrize("request_", [
    {"estimate": {"kind": kind, "variables": variables, "design": DESIGN.request(), "by": ["stype"]}}
    for kind, variables in [
        ("total", ["api00"]), ("ratio", ["api00/api99"]), ("variance", ["api00"]), ("sd", ["api00"]),
        ("covariance", ["api00", "api99"]), ("correlation", ["api00", "api99"])]
] + [
    {"estimate": {"kind": "proportion", "variables": ["stype"], "design": DESIGN.request()}},
    {"estimate": {"kind": "ecdf", "variables": ["api00"], "at": [600, 700], "design": DESIGN.request()}},
    {"rake": {"weights": "pw", "margins": MARGINS}},
    {"poststratify": {"weights": "pw", "margins": MARGINS}},
    {"calibrate_weights": {"weights": "pw", "margins": MARGINS + [{"variable": "api99", "total": 3914069}]}},
    {"estimate": {"kind": "glm", "variables": ["api00 ~ api99 + stype"], "design": DESIGN.request()}},
    {"estimate": {"kind": "glm", "variables": ["I(api00 > 650) ~ stype"], "family": "binomial", "design": DESIGN.request()}},
    {"estimate": {"kind": "ttest", "variables": ["api00 ~ I(stype == \"E\")"], "design": DESIGN.request()}},
    {"diagnose": {"weights": "pw", "variables": ["api00"], "by": ["stype"]}},
], ids=lambda r: next(iter(r)) + "-" + next(iter(r.values())).get("kind", ""))
def test_every_partial_gives_the_answer_of_one_process(session, schools, request_):
    frame = frame_of(session, schools).repartition(5)
    same(ims.run(request_, frame, schools.column_names), im.request(request_, schools))


@pytest.mark.parametrize("request_", [
    {"estimate": {"kind": "quantile", "variables": ["api00"]}}, {"score": {"framework": {"indicators": [
        {"code": "api00", "parent": "i"}], "aggregates": [{"code": "i"}]}}},
])
def test_what_has_no_partial_says_so(session, schools, request_):
    with pytest.raises(im.UsageError, match="in parts"):
        ims.run(request_, frame_of(session, schools), ["api00", "api99"])


def test_models_are_those_of_one_process(session, schools):
    frame = frame_of(session, schools).repartition(5)
    ours = ims.fit("api00 ~ api99 + stype + (1 | dnum)", frame, ["api00", "api99", "stype", "dnum"])
    theirs = im.fit("api00 ~ api99 + stype + (1 | dnum)", schools)
    assert ours["criterion"]["value"] == pytest.approx(theirs["criterion"]["value"], rel=1e-12)
    for a, b in zip(ours.rows, theirs.rows):
        assert a["estimate"] == pytest.approx(b["estimate"], rel=1e-8)


def test_empty_partitions_are_parts_too(session, schools):
    frame = frame_of(session, schools).where("dnum = 637").repartition(6)
    same(ims.estimate("mean", "api00", frame, im.Design(weights="pw")),
         im.mean("api00", schools.filter(pa.compute.equal(schools["dnum"], 637)), im.Design(weights="pw")))
    with pytest.raises(im.DataError, match="no rows"):
        ims.estimate("mean", "api00", frame_of(session, schools).where("dnum = -1"), DESIGN)


def test_a_killed_worker_changes_nothing(session, schools, tmp_path):
    frame = frame_of(session, schools).repartition(4)
    text = json.dumps({"estimate": {"kind": "mean", "variables": ["api00"], "design": DESIGN.request()}})
    mark = str(tmp_path / "killed")

    def kill_once(gather):
        def run(batches):
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                yield from gather(batches)
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return run

    def parts(profile):
        rows = frame.mapInArrow(kill_once(ims._gather(text, profile)), ims._SCHEMA).collect()
        return [bytes(row.blob) for row in sorted(rows, key=lambda row: row.part)]

    profile = merged(text, None, parts(None))
    assert os.path.exists(mark)
    same(merged(text, profile, parts(profile)), im.mean("api00", schools, DESIGN))


def test_parts_of_another_version_or_request_are_refused(schools):
    request = json.dumps({"estimate": {"kind": "mean", "variables": ["api00"]}})
    part = im.Partial(request)
    part.update(schools)
    blob = bytearray(part.serialize())
    blob[8] += 1
    with pytest.raises(im.DataError, match="format version"):
        merged(request, None, [bytes(blob)])
    other = json.dumps({"estimate": {"kind": "mean", "variables": ["api99"]}})
    with pytest.raises(im.DataError, match="another request"):
        merged(other, None, [part.serialize()])


def test_an_executor_without_the_package_says_so(tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", bare], check=True)
    script = tmp_path / "job.py"
    # The environment has Spark and pyarrow, and lacks this package.
    packages = pathlib.Path(pyspark.__file__).parents[1]
    link = next((bare / "lib").glob("python*")) / "site-packages"
    for entry in packages.iterdir():
        if not entry.name.startswith(("immerse_stats", "pip", "setuptools")):
            target = link / entry.name
            if not target.exists():
                target.symlink_to(entry)
    script.write_text(
        "import pyspark\n"
        "import immerse_stats as im\nfrom immerse_stats import spark as ims\n"
        "s = (pyspark.sql.SparkSession.builder.master('local-cluster[1,1,1024]').config('spark.ui.enabled', 'false')\n"
        "  .config('spark.driver.host', '127.0.0.1').config('spark.executor.memory', '512m')\n"
        "  .config('spark.task.maxFailures', '1').getOrCreate())\n"
        "ims.estimate('mean', 'y', s.createDataFrame([(1.0,), (2.0,)], ['y']))\n")
    environment = os.environ | {"PYSPARK_PYTHON": f"{bare}/bin/python", "PYSPARK_DRIVER_PYTHON": sys.executable}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, timeout=180)
    assert done.returncode != 0 and "No module named 'immerse_stats'" in done.stderr
