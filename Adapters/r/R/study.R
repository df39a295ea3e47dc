#' A whole study
#'
#' Carries out the weights, estimates, scores and models that a study file describes. The report page is the command's.
#'
#' @param study The path of a study file, or a list as it would hold; files need the yaml package.
#' @param tables Data frames by the names under which the study calls its tables, in place of CSV files. A document, as a
#'   framework, may be given as a list.
#' @param folder Where the other files lie; by default beside the study file.
#' @inheritParams immerse_estimate
#' @return A list: `results` by the names of the analyses, `weights` where the study makes some, with what identifies a
#'   row, and the `document` as a whole.
immerse_run <- function(study, tables = list(), folder = NULL, threads = 0) {
  if (is.character(study)) {
    if (is.null(folder)) folder <- dirname(study)
    study <- document_of(study)
  }
  if (is.null(folder)) folder <- "."
  inputs <- jsonlite::fromJSON(.Call(C_immerse_study_inputs, json_of(list(study = study))))
  unknown <- setdiff(names(tables), inputs)
  if (length(unknown)) stop("the study names no ", paste(unknown, collapse = ", "), call. = FALSE)
  is_document <- grepl("\\.(ya?ml|json|immerse)$", inputs)
  input <- function(name, read) if (is.null(tables[[name]])) read(file.path(folder, name)) else tables[[name]]
  documents <- sapply(inputs[is_document], input, document_of, simplify = FALSE)
  data <- sapply(inputs[!is_document], input, function(file) table_of(file, study$dialect), simplify = FALSE)
  text <- json_of(c(list(study = study), if (length(documents)) list(documents = documents)))
  answer <- carry_out(text, names(data), lapply(unname(data), rows_of), threads)
  document <- answer$document
  results <- lapply(document$results, function(part) {
    class <- c(if (part$analysis == "fit") "immerse_fit", if (part$analysis %in% c("fit", "estimate.glm")) "immerse_model")
    again <- function(...) stop("a fit of a study is not carried out again: fit the model by itself", call. = FALSE)
    result(list(document = part, converged = !identical(part$convergence$converged, FALSE), again = again), class)
  })
  structure(list(results = results, weights = answer$columns, document = document, converged = answer$converged),
    class = "immerse_study")
}

print.immerse_study <- function(x, ...) {
  cat(x$document$title, "\n", sep = "")
  for (row in x$document$rows) {
    cat("\n", row$title, " [", row$name, "]\n", sep = "")
    print(x$results[[row$name]], ...)
  }
  for (note in x$document$notes) cat("note: ", note$message, "\n", sep = "")
  invisible(x)
}

# What a YAML file says, texts as they stand in it: a category called No is no truth value. Of a saved fit, its bytes as a
# text in base 64.
document_of <- function(file) {
  if (grepl("\\.immerse$", file)) return(gsub("\\s", "", jsonlite::base64_enc(readBin(file, "raw", file.size(file)))))
  if (!requireNamespace("yaml", quietly = TRUE)) stop("reading ", file, " needs the yaml package", call. = FALSE)
  kinds <- c("int", "int#hex", "int#oct", "int#base60", "float", "float#fix", "float#exp", "float#inf", "float#nan",
    "float#neginf", "float#base60", "bool#yes", "bool#no", "timestamp", "timestamp#iso8601", "timestamp#spaced",
    "timestamp#ymd")
  handlers <- stats::setNames(rep(list(function(text) text), length(kinds)), kinds)
  yaml::read_yaml(file, handlers = c(handlers, list(seq = function(items) as.list(items))))
}

# A text table by the command's rules: a column whose cells that are not empty all read as numbers is numeric.
table_of <- function(file, dialect) {
  if (!grepl("\\.(csv|tsv|txt)(\\.gz)?$", file)) {
    stop(file, ": only text tables are read here; hand the table over in `tables`", call. = FALSE)
  }
  first <- readLines(file, 1)
  counts <- vapply(c(",", ";", "\t"), function(s) lengths(regmatches(first, gregexpr(s, first, fixed = TRUE))), 0L)
  or <- function(value, standard) if (is.null(value)) standard else value
  quote <- or(dialect$quote, "\"")
  rows <- utils::read.table(file, header = TRUE, sep = or(dialect$separator, names(which.max(counts))),
    quote = if (quote == "none") "" else quote, colClasses = "character", check.names = FALSE, comment.char = "",
    na.strings = c("", unlist(dialect$missing_codes)), fill = FALSE,
    fileEncoding = if (identical(dialect$encoding, "latin-1")) "CP1252" else "UTF-8")
  decimal <- or(dialect$decimal, ".")
  rows[] <- lapply(rows, function(texts) {
    numbers <- suppressWarnings(as.numeric(if (decimal == ".") texts else sub(decimal, ".", texts, fixed = TRUE)))
    if (anyNA(numbers[!is.na(texts)])) texts else numbers
  })
  rows
}
