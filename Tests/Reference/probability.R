# Writes Tests/Goldens/probability/tails.json: distribution functions of R in the body and far into both tails.
# Run from the repository's root: Rscript Tests/Reference/probability.R

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
array <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")

# Further out the quantiles lose digits: near 1e-300 qt() of R 4.2.2, at 1e-100 the F quantile of Boost 1.74.
p <- c(1e-40, 1e-20, 1e-10, 1e-5, 0.001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999)
block <- function(name, cdf, quantile, x, parameters) {
  one <- function(parameter) {
    values <- list(
      x = x, cdf = do.call(cdf, c(list(x), parameter)),
      survival = do.call(cdf, c(list(x), parameter, lower.tail = FALSE)),
      p = p, quantile = do.call(quantile, c(list(p), parameter)),
      upper_quantile = do.call(quantile, c(list(p), parameter, lower.tail = FALSE)))
    fields <- paste0('"', names(values), '": ', vapply(values, array, ""), collapse = ",\n      ")
    sprintf('    {"parameters": %s,\n      %s}', array(unlist(parameter)), fields)
  }
  sprintf('  "%s": [\n%s]', name, paste(vapply(parameters, one, ""), collapse = ",\n"))
}

# qf() of R subtracts 1 from nearly 1 where the quantile is small; both shapes of the beta quantile avoid that.
quantile_f <- function(p, df1, df2, lower.tail = TRUE) {
  df2 / df1 * qbeta(p, df1 / 2, df2 / 2, lower.tail = lower.tail) /
    qbeta(p, df2 / 2, df1 / 2, lower.tail = !lower.tail)
}

t_df <- lapply(c(1, 2, 3.7, 10, 28.4, 75, 1000, 1e6), list)
f_df <- list(list(1, 1), list(1, 30), list(3, 12.5), list(7, 200), list(40, 9), list(2.3, 5000), list(120, 60))
chi_df <- lapply(c(0.5, 1, 2, 4.6, 20, 150), list)
shapes <- list(list(0.5, 0.5), list(2, 3), list(1, 20), list(30, 7.5), list(200, 300))

blocks <- c(
  block("normal", pnorm, qnorm, c(-37, -20, -8, -3, -1, -0.1, 0, 0.5, 1.96, 5, 12, 30), list(list())),
  block("student_t", pt, qt, c(-1e4, -50, -8, -2, -0.3, 0, 0.01, 1, 2.5, 10, 200), t_df),
  block("f", pf, quantile_f, c(1e-8, 1e-3, 0.2, 0.9, 1, 1.5, 4, 20, 300), f_df),
  block("chi_squared", pchisq, qchisq, c(1e-6, 0.01, 0.5, 1, 4, 20, 100, 400), chi_df),
  block("beta", pbeta, qbeta, c(1e-10, 1e-3, 0.1, 0.3, 0.5, 0.75, 0.9, 0.999), shapes))

writeLines(c(
  "{",
  sprintf('  "source": "%s", "call": "pnorm, pt, pf, pchisq, pbeta and their quantiles (F from qbeta), both tails",', R.version.string),
  '  "script": "Tests/Reference/probability.R",',
  paste(blocks, collapse = ",\n"), "}"), "Tests/Goldens/probability/tails.json")
