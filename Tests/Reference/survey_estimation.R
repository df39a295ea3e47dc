# Makes Tests/Goldens/survey/estimation.json: figures of R's survey package, and of its definitions carried out to full
# precision where the package stops early.
#
#   Rscript Tests/Reference/survey_estimation.R > Tests/Goldens/survey/estimation.json

suppressPackageStartupMessages(library(survey))
read <- function(name) read.csv(file.path("Datasets/api", paste0(name, ".csv")), stringsAsFactors = TRUE)
apiclus1 <- read("apiclus1"); apistrat <- read("apistrat")
dclus1 <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1, fpc = ~fpc)
dstrat <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat, fpc = ~fpc)

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
json <- function(x) {
  if (is.list(x)) {
    paste0("{", paste0("\"", names(x), "\": ", vapply(x, json, ""), collapse = ",\n "), "}")
  } else if (is.character(x)) {
    if (length(x) == 1) paste0("\"", x, "\"") else paste0("[", paste0("\"", x, "\"", collapse = ", "), "]")
  } else if (length(x) == 1) number(x) else paste0("[", paste0(number(x), collapse = ", "), "]")
}
values <- list()

# The profile interval of a proportion as svyciprop(method = "likelihood") defines it, with the root found to the last
# digit: survey interpolates the profile by a spline, which moves the limits by up to 1 in 1,000.
profile <- function(formula, design) {
  fit <- svyglm(formula, design, family = quasibinomial, control = glm.control(epsilon = 1e-14, maxit = 100))
  lambda <- vcov(fit)[1, 1] / fit$naive.cov[1, 1]
  dispersion <- summary(fit)$dispersion[1]
  y <- fit$y; w <- fit$prior.weights; p <- expit(coef(fit))[[1]]
  deviance <- function(m) 2 * sum(w * (y * log(p / m) + (1 - y) * log((1 - p) / (1 - m))))
  df <- degf(design)
  gap <- function(m) deviance(m) / lambda / (sum(w * (y - p)^2 / (p * (1 - p))) / (length(y) - 1)) - qt(0.975, df)^2
  list(est = p, lower = uniroot(gap, c(1e-9, p), tol = 1e-15)$root, upper = uniroot(gap, c(p, 1 - 1e-9), tol = 1e-15)$root)
}
expit <- function(x) 1 / (1 + exp(-x))
values$clus1.ell0.likelihood <- profile(I(ell == 0) ~ 1, dclus1)
values$strat.schwide.likelihood <- profile(I(sch.wide == "Yes") ~ 1, dstrat)

cat(json(list(
  source = paste("R", getRversion(), "survey", packageVersion("survey")),
  script = "Tests/Reference/survey_estimation.R", values = values)), "\n")
