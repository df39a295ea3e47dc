# Rscript cases.R ROOT: holds the package to the cases that all adapters share.
library(immersestats)
root <- commandArgs(TRUE)[1]

# All texts the same, all numbers the same up to rounding.
same <- function(ours, expected) {
  if (is.list(expected)) {
    if (!is.list(ours) || !identical(names(ours), names(expected)) || length(ours) != length(expected)) return(FALSE)
    keys <- if (is.null(names(expected))) rep("", length(expected)) else names(expected)
    return(all(mapply(function(a, b, key) key %in% c("convergence", "message") || same(a, b), ours, expected, keys)))
  }
  if (is.numeric(expected) && is.numeric(ours)) return(abs(ours - expected) <= 1e-9 * abs(expected) + 1e-12)
  identical(ours, expected)
}

# The request as it stands in the file: R would make vectors of its lists.
files <- list.files(file.path(root, "Tests/Cases/requests"), "\\.json$", full.names = TRUE)
for (file in files) {
  case <- jsonlite::fromJSON(file, simplifyVector = FALSE)
  request <- jsonlite::toJSON(case$request, auto_unbox = TRUE, digits = NA, null = "null")
  data <- read.csv(file.path(root, case$data), check.names = FALSE, na.strings = "")
  result <- immerse_request(request, data)
  document <- result$document[names(result$document) != "provenance"]
  if (!same(document, case$result)) stop(basename(file), ": the package gives another answer than the command")
  for (name in names(case$added)) {
    column <- result$columns[[name]]
    ours <- list(first = column[1], sum = sum(column, na.rm = TRUE))
    if (!same(ours, case$added[[name]])) stop(basename(file), ": the column ", name, " differs")
  }
}
studies <- list.files(file.path(root, "Tests/Cases/studies"), "\\.json$", full.names = TRUE)
if (!requireNamespace("yaml", quietly = TRUE)) studies <- character()
for (file in studies) {
  case <- jsonlite::fromJSON(file, simplifyVector = FALSE)
  study <- immerse_run(file.path(root, case$study))
  document <- study$document[names(study$document) != "provenance"]
  if (!same(document, case$result)) stop(basename(file), ": the package gives another answer than the command")
  for (name in names(case$added)) {
    ours <- list(first = study$weights[[name]][1], sum = sum(study$weights[[name]], na.rm = TRUE))
    if (!same(ours, case$added[[name]])) stop(basename(file), ": the column ", name, " differs")
  }
}
cat(length(files), "cases and", length(studies), "studies as expected\n")
