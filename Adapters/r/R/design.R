# A one-sided formula, or names, as names of columns.
columns <- function(x) {
  if (is.null(x)) return(character())
  if (!inherits(x, "formula")) return(as.character(x))
  if (identical(x[[length(x)]], 1) || identical(x[[length(x)]], 0)) return(character())
  all.vars(x)
}

#' How a sample was drawn
#'
#' Arguments are those of `survey::svydesign`: one-sided formulas, or names of columns. The ids of sampling units count
#' within their stratum.
#'
#' @param ids Sampling units, first stage first; `~1` where the rows are the units.
#' @param strata First-stage strata.
#' @param weights Sampling weights.
#' @param fpc Population sizes or sampling fractions, one column a stage.
#' @param lonely_psu What to do with a stratum of one unit: "fail", "certainty", "remove", "adjust" or "average".
#' @return A design for the other functions.
immerse_design <- function(ids = ~1, strata = NULL, weights = NULL, fpc = NULL, lonely_psu = "fail") {
  weights <- columns(weights)
  if (length(weights) > 1) stop("a design has one column of weights", call. = FALSE)
  structure(
    list(psu = columns(ids), strata = columns(strata), weights = if (length(weights)) weights, fpc = columns(fpc),
      lonely_psu = lonely_psu),
    class = "immerse_design")
}

#' The design of an object of the survey package
#'
#' The design names columns of its data; weights and population sizes that are no columns are added under names that
#' begin with a dot.
#'
#' @param x A `survey.design`.
#' @return A list of the `design` and the `data` it belongs to.
as_immerse_design <- function(x) UseMethod("as_immerse_design")

as_immerse_design.immerse_design <- function(x) x

as_immerse_design.survey.design <- function(x) {
  data <- x$variables
  add <- function(prefix, frame) {
    frame <- as.data.frame(frame)
    names <- paste0(prefix, seq_along(frame))
    for (i in seq_along(frame)) data[[names[i]]] <<- frame[[i]]
    names
  }
  rows_are_units <- length(unique(x$cluster[[1]])) == nrow(x$cluster) && ncol(x$cluster) == 1
  ids <- if (rows_are_units) character() else add(".psu", x$cluster)
  strata <- if (isTRUE(x$has.strata)) add(".stratum", x$strata[1]) else character()
  fpc <- if (is.null(x$fpc$popsize)) character() else add(".fpc", x$fpc$popsize)
  data[[".weight"]] <- 1 / x$prob
  lonely <- getOption("survey.lonely.psu", "fail")
  list(design = immerse_design(ids, strata, ".weight", fpc, lonely), data = data)
}
