# Carries out a request, given under the names that study files use.
run <- function(analysis, settings, data, threads) {
  data <- as.data.frame(data)
  settings <- settings[!vapply(settings, is.null, logical(1))]
  request <- jsonlite::toJSON(stats::setNames(list(settings), analysis), auto_unbox = TRUE, digits = NA, null = "null")
  answer <- .Call(C_immerse_run, enc2utf8(as.character(request)), data, as.integer(threads))
  document <- jsonlite::fromJSON(answer[[1]], simplifyVector = FALSE)
  list(document = document, converged = answer[[2]], added = answer[[3]])
}

result <- function(answer, class = character()) {
  structure(c(answer["document"], answer["converged"]), class = c(class, "immerse_result"))
}

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
#' @param na.rm Leave out rows without a value, variable by variable.
#' @param level Of the confidence intervals.
#' @param threads 0 for as many as there are processors; results do not depend on it.
#' @param ... Further settings of the request, under the names they have in study files.
#' @return An object with methods for `print`, `as.data.frame`, `coef` and `confint`.
immerse_estimate <- function(kind, x, data = NULL, design = immerse_design(), by = NULL, where = NULL, contrast = FALSE,
                             average = FALSE, na.rm = FALSE, level = 0.95, threads = 0, ...) {
  known <- as_immerse_design(design)
  if (!inherits(known, "immerse_design")) {
    if (is.null(data)) data <- known$data
    known <- known$design
  }
  if (is.null(data)) stop("no data: give a data frame", call. = FALSE)
  request <- list(kind = kind, variables = listed(columns(x)), design = design_request(known), by = listed(columns(by)),
    where = where, contrast = contrast, average = average, missing = if (na.rm) "drop" else "fail", level = level, ...)
  result(run("estimate", request, data, threads))
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

#' Weights raked to known totals
#'
#' @param margins A named list of named totals, `list(sex = c(f = 520, m = 480))`, or a data frame with `variable`,
#'   `category`, `total` and, with `by`, `domain`.
#' @param weights The column of weights to start from; without it every row starts at 1.
#' @param by The column whose values the margins' domains are.
#' @inheritParams immerse_estimate
#' @return The result by margin, with the weights, in the order of the rows, as its element `weights`.
immerse_rake <- function(data, margins, weights = NULL, by = NULL, threads = 0, ...) {
  if (!is.data.frame(margins)) {
    margins <- do.call(rbind, lapply(names(margins), function(v) {
      data.frame(variable = v, category = names(margins[[v]]), total = as.numeric(margins[[v]]))
    }))
  }
  rows <- lapply(seq_len(nrow(margins)), function(i) as.list(margins[i, , drop = FALSE]))
  starting <- columns(weights)
  answer <- run("rake",
    list(weights = if (length(starting)) starting, margins = rows, by = if (length(columns(by))) columns(by), ...), data,
    threads)
  raked <- result(answer)
  raked$weights <- answer$added
  raked
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
#' @return An object with methods for `print`, `summary`, `coef`, `confint`, `vcov`, `logLik` and `nobs`.
immerse_fit <- function(formula, data, weights = NULL, weights_are = NULL, weight_scaling = NULL, REML = NULL,
                        standard_errors = NULL, level = 0.95, threads = 0, ...) {
  text <- if (inherits(formula, "formula")) paste(deparse(formula, width.cutoff = 500L), collapse = " ") else formula
  answer <- run("fit",
    list(formula = text, weights = listed(columns(weights)), weights_are = weights_are, weight_scaling = weight_scaling,
      method = if (!is.null(REML)) if (REML) "reml" else "ml", standard_errors = standard_errors, level = level, ...),
    data, threads)
  result(answer, "immerse_fit")
}

#' Scores of units by a framework of indicators
#'
#' @param framework A list as a framework file holds it.
#' @param unit The column that names the units.
#' @inheritParams immerse_estimate
immerse_score <- function(framework, data, unit = NULL, threads = 0, ...) {
  result(run("score", list(framework = framework, unit = unit, ...), data, threads))
}

#' The version of the library
immerse_version <- function() .Call(C_immerse_version)
