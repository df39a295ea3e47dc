# What every peer in R shares: the loop that answers one line with one turn.

arguments <- commandArgs(trailingOnly = TRUE)
suite <- arguments[1]
stem <- paste0(arguments[2], "/survey-", arguments[3])
items <- c(paste0("BEL", 1:6), paste0("TEA", 1:4), paste0("FRI", 1:4), "BRI", "LIFE", paste0("TRU", 1:4),
           paste0("LAN", 1:4), paste0("BUL", 1:6))

read_columns <- function(columns) data.table::fread(paste0(stem, ".csv"), select = columns, data.table = FALSE)

# `task` gives a named vector of figures.
serve <- function(task) {
  options(digits = 17)
  input <- file("stdin", "r")
  cat("ready\n")
  flush(stdout())
  while (length(readLines(input, 1)) == 1) {
    seconds <- system.time(answer <- suppressWarnings(task()))[["elapsed"]]
    answer <- answer[is.finite(answer)]
    figures <- paste(sprintf("\"%s\": %.17g", names(answer), answer), collapse = ", ")
    cat(sprintf("{\"seconds\": %.6f, \"answer\": {%s}}\n", max(seconds, 1e-4), figures))
    flush(stdout())
  }
}
