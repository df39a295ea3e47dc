# Makes Tests/Goldens/expressions/r.json: what R computes for expressions and intervals that the expression language
# shares with it. Run from the root of the repository: LC_ALL=C Rscript Tests/Reference/expressions.R
invisible(Sys.setlocale("LC_ALL", "C"))

data <- list(
  x = c(3, -2, 0, NA, 7.5, 2.5, -0.5, 1e8, 1.5), y = c(2, 2, NA, -1, 0.5, 3, 3, 7, NA),
  p = c(1, 1, 1, 0, 0, 0, NA, NA, NA), q = c(1, 0, NA, 1, 0, NA, 1, 0, NA),
  g = c("b", "a", NA, "c", "a", "B", "", "ab", "b"))

# Each pair: the text in this project's language, and the same in R.
pairs <- c(
  "-2^2", "-2^2", "2^-1", "2^-1", "2^3^2", "2^3^2", "(2^3)^2", "(2^3)^2", "1 - 2 - 3", "1 - 2 - 3",
  "8 / 4 / 2", "8 / 4 / 2", "2 + 3 * 4", "2 + 3 * 4", "-3 + 5", "-3 + 5", "2 * -3", "2 * -3", "--3", "--3",
  "2 - -3", "2 - -3", "-x^2", "-x^2", "-x * y", "-x * y", "x - y + 1", "x - y + 1", "x * y / 3", "x * y / 3",
  "x + y * x - y^2", "x + y * x - y^2", "x % 3", "x %% 3", "-x % 3", "-x %% 3", "x % -3", "x %% -3",
  "x % 0.75", "x %% 0.75", "x^3", "x^3", "abs(x)^y", "abs(x)^y", "p + q * 2", "p + q * 2",
  "(x > 1) + (y > 1)", "(x > 1) + (y > 1)",
  "x > 1", "x > 1", "x >= y", "x >= y", "x < y", "x < y", "x <= 0", "x <= 0", "x = 3", "x == 3", "x <> 3", "x != 3",
  "x + 1 > y * 2", "x + 1 > y * 2", "not x > 1", "!x > 1", "!x > 1 & y > 1", "!x > 1 & y > 1",
  "not p", "!p", "not not p", "!!p", "p and q", "p & q", "p or q", "p | q", "p & !q", "p & !q", "p | !q", "p | !q",
  "not p and q or p and not q", "!p & q | p & !q", "p or q and not p", "p | q & !p", "(p or q) and not p",
  "(p | q) & !p", "p && q || x > 1", "p & q | x > 1", "x is missing", "is.na(x)", "x is not missing", "!is.na(x)",
  "(p and q) is missing", "is.na(p & q)", "x between -0.5 and 3", "x >= -0.5 & x <= 3",
  "x not between y and 3", "!(x >= y & x <= 3)",
  "g == 'b'", "g == 'b'", "g != \"a\"", "g != 'a'", "g < 'b'", "g < 'b'", "'b' <= g", "'b' <= g", "g > 'a'", "g > 'a'",
  "abs(x)", "abs(x)", "sqrt(abs(x))", "sqrt(abs(x))", "log(abs(y))", "log(abs(y))", "log2(abs(y))", "log2(abs(y))",
  "log10(abs(y))", "log10(abs(y))", "exp(y)", "exp(y)", "round(x)", "round(x)", "floor(x)", "floor(x)",
  "ceiling(x)", "ceiling(x)", "min(x, y)", "pmin(x, y)", "max(x, y, 1)", "pmax(x, y, 1)",
  "if(x > 1, y, -1)", "ifelse(x > 1, y, -1)", "if(p, x, if(q, y, 0))", "ifelse(p, x, ifelse(q, y, 0))",
  "row_mean(x, y, p)", "rowMeans(cbind(x, y, p))",
  "row_sum(x, y; min = 2)", "rowSums(cbind(x, y))", "I2 * 2", "x * 2")
data$I2 <- data$x
pairs <- matrix(pairs, nrow = 2)
values <- lapply(seq_len(ncol(pairs)), function(i) {
  result <- with(data, eval(parse(text = pairs[2, i])))
  list(text = pairs[1, i], r = pairs[2, i], values = as.numeric(rep_len(result, length(data$x))))
})

cuts <- lapply(list(c(TRUE, FALSE), c(TRUE, TRUE), c(FALSE, FALSE), c(FALSE, TRUE)), function(how) {
  breaks <- c(-2, 0, 2.5, 7.5)
  result <- cut(data$x, breaks, right = how[1], include.lowest = how[2])
  list(breaks = breaks, right = how[1], include_lowest = how[2], labels = levels(result),
       intervals = as.character(result))
})

number <- function(x) ifelse(is.na(x), "null", sprintf("%.17g", x))
text <- function(x) ifelse(is.na(x), "null", paste0('"', gsub('"', '\\\\"', x), '"'))
array <- function(x) paste0("[", paste(x, collapse = ", "), "]")

writeLines(c(
  "{",
  sprintf('  "source": "%s", "call": "eval of r; cut(x, breaks, right, include.lowest)",', R.version.string),
  '  "script": "Tests/Reference/expressions.R",',
  '  "data": {',
  paste0(sprintf('    "%s": %s', names(data), vapply(data, function(column)
    array(if (is.numeric(column)) number(column) else text(column)), "")), collapse = ",\n"),
  '  },\n  "values": [',
  paste(vapply(values, function(v) sprintf('    {"text": %s, "r": %s,\n      "values": %s}',
    text(v$text), text(v$r), array(number(v$values))), ""), collapse = ",\n"),
  '  ],\n  "cuts": [',
  paste(vapply(cuts, function(c) sprintf(
    '    {"breaks": %s, "right": %d, "include_lowest": %d,\n      "labels": %s,\n      "intervals": %s}',
    array(number(c$breaks)), c$right, c$include_lowest, array(text(c$labels)), array(text(c$intervals))), ""),
    collapse = ",\n"),
  "  ]\n}"), "Tests/Goldens/expressions/r.json")
