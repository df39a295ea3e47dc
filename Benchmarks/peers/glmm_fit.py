import glmm
import polars as pl

from worker import MODEL, serve

RANDOM = {
    "fit-2-level": "(1 | site)", "fit-2-level-slope": "(1 + migrant | site)",
    "fit-3-level-slope": "(1 + migrant | site) + (1 | region)",
}


def prepare(files, suite):
    data = pl.read_ipc(files["arrow"], columns=MODEL)
    data = data.with_columns(pl.col(pl.Float64).fill_nan(None)).drop_nulls()
    data = data.with_columns(pl.col("site", "region").cast(pl.String)).to_pandas()
    formula = "math ~ escs + migrant + female + age + " + RANDOM[suite]

    def task():
        # Without the degrees of freedom that nobody compares: they would only cost the peer time.
        fit = glmm.fit(data, formula, reml=True, satterthwaite=False)
        answer = {"criterion": -2 * fit.loglik, "variance Residual": fit.dispersion}
        for name, estimate, error in zip(fit.names, fit.beta, fit.se):
            answer[f"coefficient {name}"] = estimate
            answer[f"se {name}"] = error
        return answer

    return task


serve(prepare)
