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

vcov.immerse_fit <- function(object, ...) {
  covariance <- object$document$covariance
  if (is.null(covariance)) stop("this result holds standard errors only", call. = FALSE)
  terms <- vapply(object$document$rows, `[[`, "", "term")
  matrix(unlist(covariance), length(terms), dimnames = list(terms, terms))
}

logLik.immerse_fit <- function(object, ...) {
  parameters <- length(object$document$rows) + length(object$document$variance_components)
  structure(-object$document$criterion$value / 2, df = parameters, nobs = nobs(object), class = "logLik")
}

nobs.immerse_fit <- function(object, ...) object$document$n

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
