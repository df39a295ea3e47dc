# A list of rows as a data frame; levels of groups become columns.
frame_of <- function(rows) {
  flat <- lapply(rows, function(row) {
    do.call(c, unname(Map(function(name, value) if (is.list(value)) value else stats::setNames(list(value), name),
      names(row), row)))
  })
  names <- unique(unlist(lapply(flat, names)))
  columns <- lapply(names, function(name) {
    values <- lapply(flat, `[[`, name)
    values[vapply(values, is.null, logical(1))] <- NA
    unlist(values)
  })
  as.data.frame(stats::setNames(columns, names), check.names = FALSE, stringsAsFactors = FALSE)
}

as.data.frame.immerse_result <- function(x, ...) frame_of(x$document$rows)

print.immerse_result <- function(x, digits = 4, ...) {
  cat(x$document$analysis, "\n\n", sep = "")
  print(as.data.frame(x), digits = digits, row.names = FALSE, ...)
  if (!is.null(x$document$variance_components)) {
    cat("\nVariance components\n")
    print(frame_of(x$document$variance_components), digits = digits, row.names = FALSE)
  }
  if (!x$converged) cat("\nNOT CONVERGED: not to be taken for a finished result\n")
  for (note in x$document$notes) cat("note: ", note$message, "\n", sep = "")
  invisible(x)
}

summary.immerse_result <- function(object, ...) as.data.frame(object)

# Terms, with the levels of their groups where there are any.
labels_of <- function(frame) {
  groups <- setdiff(names(frame), c("term", names(frame)[vapply(frame, is.numeric, logical(1))]))
  groups <- groups[vapply(groups, function(g) is.character(frame[[g]]), logical(1))]
  do.call(paste, c(frame[c("term", groups)], sep = ":"))
}

coef.immerse_result <- function(object, ...) {
  frame <- as.data.frame(object)
  stats::setNames(frame$estimate, labels_of(frame))
}

confint.immerse_result <- function(object, parm, level, ...) {
  if (!missing(level)) stop("the level is that of the request: give it there", call. = FALSE)
  frame <- as.data.frame(object)
  limits <- as.matrix(frame[c("conf_low", "conf_high")])
  rownames(limits) <- labels_of(frame)
  if (missing(parm)) limits else limits[parm, , drop = FALSE]
}

vcov.immerse_model <- function(object, ...) {
  rows <- object$document$vcov
  if (is.null(rows)) stop("this result comes from several fits and holds standard errors only", call. = FALSE)
  terms <- vapply(rows, `[[`, "", "term")
  values <- unlist(lapply(rows, function(row) unlist(row[terms])))
  matrix(values, length(terms), byrow = TRUE, dimnames = list(terms, terms))
}

logLik.immerse_fit <- function(object, ...) {
  parameters <- length(object$document$rows) + length(object$document$variance_components)
  structure(-object$document$criterion$value / 2, df = parameters, nobs = nobs(object), class = "logLik")
}

nobs.immerse_model <- function(object, ...) {
  if (is.null(object$document$n)) object$document$design$n else object$document$n
}

#' Random effects of the groups
#'
#' @param object A fit of `immerse_fit`.
#' @param ... Not used.
#' @return A data frame: one row for each group and effect, with its standard error, rank and intervals.
ranef <- function(object, ...) UseMethod("ranef")

ranef.immerse_fit <- function(object, ...) frame_of(object$again(random_effects = TRUE)$document$random_effects)

predict.immerse_fit <- function(object, newdata = NULL, random = TRUE, ...) {
  fitted <- if (is.null(newdata)) object$again(predict = TRUE)$columns else {
    saved <- object$again(save = TRUE)$document$saved
    run("predict", list(model = saved), newdata, 0)$columns
  }
  fitted[[if (random) "fitted" else "fitted_fixed"]]
}

fitted.immerse_fit <- function(object, ...) predict.immerse_fit(object)

augment.immerse_fit <- function(x, data = NULL, ...) {
  if (is.null(data)) stop("give the data of the fit, or other rows", call. = FALSE)
  columns <- run("predict", list(model = x$again(save = TRUE)$document$saved), data, 0)$columns
  data$.fitted <- columns$fitted
  data$.fixed <- columns$fitted_fixed
  response <- str2lang(sub("~.*", "", x$formula))
  data$.resid <- eval(response, data) - data$.fitted
  data
}

tidy.immerse_result <- function(x, ...) {
  frame <- as.data.frame(x)
  names(frame) <- sub("^std_error$", "std.error", sub("^p_value$", "p.value", names(frame)))
  names(frame) <- sub("^conf_low$", "conf.low", sub("^conf_high$", "conf.high", names(frame)))
  frame
}

glance.immerse_result <- function(x, ...) {
  if (inherits(x, "immerse_fit")) {
    return(data.frame(nobs = nobs(x), logLik = as.numeric(logLik(x)), converged = x$converged))
  }
  as.data.frame(x$document$design)
}
