import polars as pl
import svy

from worker import IDENTIFIERS, ITEMS, serve


def prepare(files, suite):
    if suite == "means-taylor":
        data = pl.read_ipc(files["arrow"], columns=IDENTIFIERS + ["weight"] + ITEMS)
        data = data.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col(IDENTIFIERS).cast(pl.String))
        return lambda: means(data)
    count = int(suite.removeprefix("rake-"))
    margins = files.margins(count)
    data = pl.read_ipc(files["arrow"], columns=["weight", *margins])
    data = data.with_columns(pl.col(list(margins)).cast(pl.Int64).cast(pl.String))
    return lambda: rake(data, margins)


def means(data):
    sample = svy.Sample(data, svy.Design(stratum="stratum", psu="site", wgt="weight"))
    answer = {}
    for estimate in sample.estimation.mean(ITEMS, by=["country", "region"], drop_nulls=True):
        for row in estimate.estimates:
            place = " ".join([row.y, *row.by_level])
            answer[f"mean {place}"] = row.est
            answer[f"se {place}"] = row.se
    return answer


def rake(data, margins):
    sample = svy.Sample(data, svy.Design(wgt="weight"))
    raked = sample.weighting.rake(controls=margins, wgt_name="raked", tol=1e-9, max_iter=1000)
    weights = raked.data["raked"]
    return {"sum of weights": weights.sum(), "sum of squared weights": (weights * weights).sum()}


serve(prepare)
