# Carries out a request, given under the names that study files use.
run <- function(analysis, settings, data, threads) {
  settings <- settings[!vapply(settings, is.null, logical(1))]
  perform(stats::setNames(list(settings), analysis), data, threads)
}

perform <- function(request, data, threads) {
  carry_out(json_of(request), NULL, list(rows_of(data)), threads)
}

json_of <- function(request) {
  if (is.character(request)) return(enc2utf8(request))
  enc2utf8(as.character(jsonlite::toJSON(request, auto_unbox = TRUE, digits = NA, null = "null")))
}

# On one table, or on those that a study calls by names.
carry_out <- function(text, names, tables, threads) {
  answer <- .Call(C_immerse_run, text, names, tables, as.integer(threads))
  document <- jsonlite::fromJSON(answer[[1]], simplifyVector = FALSE)
  columns <- answer[[3]]
  if (!is.null(columns)) columns <- as.data.frame(columns, optional = TRUE)
  list(document = document, converged = answer[[2]], columns = columns)
}

# A data frame, or a stream of what nanoarrow can read without one, such as Arrow tables and Parquet datasets.
rows_of <- function(data) {
  if (is.data.frame(data) || !requireNamespace("nanoarrow", quietly = TRUE)) return(as.data.frame(data))
  nanoarrow::as_nanoarrow_array_stream(data)
}

result <- function(answer, class = character()) {
  structure(answer[!vapply(answer, is.null, logical(1))], class = c(class, "immerse_result"))
}

#' Any request
#'
#' @param request A list whose one name is the analysis, as the schema of requests describes it, or its JSON.
#' @inheritParams immerse_estimate
#' @return The result; columns that belong to the rows of the data are its element `columns`.
immerse_request <- function(request, data, threads = 0) result(perform(request, data, threads))

# Names in lists, so that one name is a list in JSON too.
listed <- function(x) as.list(unname(x))

#' Estimates under a design
#'
#' @param kind "mean", "total", "ratio", "proportion" ..., as the command knows them.
#' @param x A one-sided formula of variables, or their names; for ratios "numerator/denominator".
#' @param data A data frame.
#' @param design An `immerse_design`, or a `survey.design`, whose data are then used where `data` is missing.
#' @param by Variables whose combinations are estimated apart, as domains of the whole sample.
#' @param where A condition as text; rows outside it stay in the design.
#' @param contrast,average Also differences between the levels of the last `by` variable, and their average.
#' @param na.rm Leave out rows without a value, variable by variable; by default models and tests do.
#' @param level Of the confidence intervals.
#' @param threads 0 for as many as there are processors; results do not depend on it.
#' @param ... Further settings of the request, under the names they have in study files.
#' @return An object with methods for `print`, `as.data.frame`, `coef` and `confint`.
immerse_estimate <- function(kind, x, data = NULL, design = immerse_design(), by = NULL, where = NULL, contrast = FALSE,
                             average = FALSE, na.rm = NULL, level = 0.95, threads = 0, ...) {
  known <- as_immerse_design(design)
  if (!inherits(known, "immerse_design")) {
    if (is.null(data)) data <- known$data
    known <- known$design
  }
  if (is.null(data)) stop("no data: give a data frame", call. = FALSE)
  request <- list(kind = kind, variables = listed(columns(x)), design = design_request(known), by = listed(columns(by)),
    where = where, contrast = contrast, average = average, missing = if (is.null(na.rm)) NULL else if (na.rm) "drop" else "fail", level = level, ...)
  result(run("estimate", request, data, threads), if (kind == "glm") "immerse_model")
}

design_request <- function(design) {
  request <- list(weights = design$weights, strata = listed(design$strata), psu = listed(design$psu),
    fpc = listed(design$fpc), lonely_psu = design$lonely_psu)
  request[!vapply(request, is.null, logical(1))]
}

#' @rdname immerse_estimate
immerse_mean <- function(x, ...) immerse_estimate("mean", x, ...)
#' @rdname immerse_estimate
immerse_total <- function(x, ...) immerse_estimate("total", x, ...)
#' @rdname immerse_estimate
immerse_ratio <- function(x, ...) immerse_estimate("ratio", x, ...)
#' @rdname immerse_estimate
immerse_proportion <- function(x, ...) immerse_estimate("proportion", x, ...)
#' @rdname immerse_estimate
#' @param probs Which quantiles.
immerse_quantile <- function(x, ..., probs = c(0.25, 0.5, 0.75)) {
  immerse_estimate("quantile", x, ..., probs = as.list(probs))
}

#' A generalised linear model under a design
#'
#' @param formula The model, `passed ~ escs + migrant`.
#' @param family "gaussian", "binomial", "poisson" or "ordinal".
#' @param ... Further arguments of `immerse_estimate`.
#' @return An object with methods for `print`, `coef`, `confint`, `vcov` and `nobs`.
immerse_glm <- function(formula, ..., family = "gaussian") {
  immerse_estimate("glm", formula_text(formula), ..., family = family)
}

formula_text <- function(formula) {
  if (inherits(formula, "formula")) paste(deparse(formula, width.cutoff = 500L), collapse = " ") else formula
}

#' Weights that meet known totals
#'
#' `immerse_rake` meets counts of categories of several variables, `immerse_poststratify` those of one, and
#' `immerse_calibrate_weights` totals of numbers too.
#'
#' @param margins A named list of named totals, `list(sex = c(f = 520, m = 480))`, in which a number alone is the total of a
#'   numeric variable; or a data frame with `variable`, `category`, `total` and, with `by`, `domain`.
#' @param weights The column of weights to start from; without it every row starts at 1.
#' @param by The column whose values the margins' domains are.
#' @param method "linear", "raking", "logit" or "truncated".
#' @param bounds The smallest and the largest factor.
#' @inheritParams immerse_estimate
#' @return The result by margin, with the weights, in the order of the rows, as its element `weights`.
immerse_rake <- function(data, margins, weights = NULL, by = NULL, threads = 0, ...) {
  weigh("rake", totals_request(margins, weights, by, ...), data, threads)
}

#' @rdname immerse_rake
immerse_poststratify <- function(data, margins, weights = NULL, by = NULL, threads = 0, ...) {
  weigh("poststratify", totals_request(margins, weights, by, ...), data, threads)
}

#' @rdname immerse_rake
immerse_calibrate_weights <- function(data, margins, weights = NULL, by = NULL, method = "linear", bounds = NULL,
                                      threads = 0, ...) {
  settings <- totals_request(margins, weights, by, method = method, bounds = if (!is.null(bounds)) as.list(bounds), ...)
  weigh("calibrate_weights", settings, data, threads)
}

#' Weights made in steps
#'
#' @param steps A list of steps, each a list whose one name is "nonresponse", "rake", "poststratify", "calibrate" or
#'   "trim"; each starts from the weights of the one before.
#' @param replicates Columns of replicates of the weights the first step starts at, also as ranges.
#' @param respondents The column that is 1 for respondents and 0 for others.
#' @param classes,covariates Columns whose combinations are the classes, and those of the model of response.
#' @param lower,upper The smallest and the largest weight.
#' @param strict No weight may end outside the bounds.
#' @inheritParams immerse_rake
#' @return The result, with the last step's weights as its element `weights` and all of them as `columns`.
immerse_weight <- function(data, steps, replicates = NULL, threads = 0) {
  weigh("weight", list(steps = steps, replicates = listed(columns(replicates))), data, threads)
}

#' @rdname immerse_weight
immerse_nonresponse <- function(data, respondents, classes = NULL, covariates = NULL, weights = NULL, threads = 0, ...) {
  settings <- list(weights = one(weights), respondents = columns(respondents), classes = listed(columns(classes)),
    covariates = listed(columns(covariates)), ...)
  immerse_weight(data, list(list(nonresponse = given(settings))), threads = threads)
}

#' @rdname immerse_weight
immerse_trim <- function(data, weights, lower = NULL, upper = NULL, strict = FALSE, threads = 0, ...) {
  settings <- list(weights = columns(weights), lower = lower, upper = upper, strict = strict, ...)
  immerse_weight(data, list(list(trim = given(settings))), threads = threads)
}

#' Replicate weights, and what weights look like
#'
#' @param method "brr", "fay=COEFFICIENT", "jk1", "jkn", "jk2", "bootstrap" ..., as the command knows them.
#' @param base The weights that the weights were made from.
#' @param variables Columns whose balance is compared.
#' @inheritParams immerse_estimate
#' @param weights The column of weights.
#' @return The result; replicate weights are its element `columns`.
immerse_replicates <- function(data, method, design = immerse_design(), threads = 0, ...) {
  result(run("replicates", list(method = method, design = design_request(design), ...), data, threads))
}

#' @rdname immerse_replicates
immerse_diagnose <- function(data, weights, base = NULL, variables = NULL, by = NULL, threads = 0, ...) {
  settings <- list(weights = columns(weights), base = one(base), variables = listed(columns(variables)),
    by = listed(columns(by)), ...)
  result(run("diagnose", settings, data, threads))
}

given <- function(settings) settings[!vapply(settings, is.null, logical(1))]

# A name, or NULL.
one <- function(x) if (length(columns(x))) columns(x)

totals_request <- function(margins, weights, by, ...) {
  if (!is.data.frame(margins)) {
    margins <- do.call(rbind, lapply(names(margins), function(v) {
      categories <- names(margins[[v]])
      data.frame(variable = v, category = if (is.null(categories)) "" else categories, total = as.numeric(margins[[v]]))
    }))
  }
  rows <- lapply(seq_len(nrow(margins)), function(i) as.list(margins[i, , drop = FALSE]))
  list(weights = one(weights), margins = rows, by = one(by), ...)
}

weigh <- function(step, settings, data, threads) {
  made <- result(run(step, settings, data, threads))
  made$weights <- made$columns[[ncol(made$columns)]]
  made
}

#' A linear mixed model
#'
#' @param formula As lme4 writes it, `math ~ escs + (1 | school)`; also as text.
#' @param weights Sampling weights from the rows to the top level: a formula or names.
#' @param weights_are "conditional" or "unconditional"; needed with more than one weight.
#' @param weight_scaling "none", "size", "effective" or "gk".
#' @param REML By default TRUE without weights.
#' @param standard_errors "model" or "sandwich"; by default the sandwich with weights.
#' @inheritParams immerse_estimate
#' @return An object with methods for `print`, `summary`, `coef`, `confint`, `vcov`, `logLik`, `nobs`, `ranef`, `predict`,
#'   `tidy`, `glance` and `augment`.
immerse_fit <- function(formula, data, weights = NULL, weights_are = NULL, weight_scaling = NULL, REML = NULL,
                        standard_errors = NULL, level = 0.95, threads = 0, ...) {
  settings <- list(formula = formula_text(formula), weights = listed(columns(weights)), weights_are = weights_are,
    weight_scaling = weight_scaling, method = if (!is.null(REML)) if (REML) "reml" else "ml",
    standard_errors = standard_errors, level = level, ...)
  fitted <- result(run("fit", settings, data, threads), c("immerse_fit", "immerse_model"))
  fitted$formula <- settings$formula
  # For what is asked of the fit later.
  fitted$again <- function(...) run("fit", c(settings, list(...)), data, threads)
  fitted
}

#' Scores of units by a framework of indicators
#'
#' @param framework A list as a framework file holds it.
#' @param unit The column that names the units.
#' @param plan For `immerse_sensitivity`, what is varied: `list(normalise = list("minmax", "zscore"), weights = 0.25)`.
#' @param seed Of what is drawn at random.
#' @inheritParams immerse_estimate
#' @return The result: scores and ranks, or how ranks depend on choices.
immerse_score <- function(framework, data, unit = NULL, threads = 0, ...) {
  result(run("score", list(framework = framework, unit = unit, ...), data, threads))
}

#' @rdname immerse_score
immerse_sensitivity <- function(framework, data, unit = NULL, plan = NULL, seed = 1, threads = 0, ...) {
  settings <- list(framework = framework, unit = unit, sensitivity = plan, seed = seed, ...)
  result(run("sensitivity", settings, data, threads))
}

#' Scales of items
#'
#' `immerse_calibrate` estimates the parameters of items, `immerse_scale` scores rows on a scale of known parameters.
#'
#' @param scale A list as a file of a scale holds it: `name` and `items` with `slope` and `thresholds`.
#' @param weights The column of weights.
#' @param by,group The column of groups.
#' @param standardise Scores of mean 0 and standard deviation 1 over the groups.
#' @param name The name of the scale.
#' @param items Names of columns.
#' @param minimum,maximum The lowest and the highest category.
#' @param model "gpcm" or "pcm".
#' @inheritParams immerse_estimate
#' @return The result; scores and their standard errors are its element `columns`.
immerse_scale <- function(scale, data, weights = NULL, by = NULL, standardise = FALSE, threads = 0) {
  settings <- list(scale = scale, weights = one(weights), by = one(by), standardise = standardise)
  result(run("scale", settings, data, threads))
}

#' @rdname immerse_scale
immerse_calibrate <- function(name, items, data, maximum, minimum = 0, model = "gpcm", weights = NULL, group = NULL,
                              threads = 0, ...) {
  settings <- list(name = name, items = listed(columns(items)), minimum = minimum, maximum = maximum, model = model,
    weights = one(weights), group = one(group), ...)
  result(run("calibrate", settings, data, threads))
}

#' The version of the library
immerse_version <- function() .Call(C_immerse_version)
