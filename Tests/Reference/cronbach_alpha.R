# Cronbach's alpha by base R on made-up answers to four items, one of them reversed, with missing answers and weights.
# Rscript Tests/Reference/cronbach_alpha.R > Tests/Goldens/indicators/cronbach_alpha.json
set.seed(11)
n <- 60
trait <- rnorm(n)
answer <- function(load) pmin(5, pmax(1, round(3 + load * trait + rnorm(n))))
items <- data.frame(q1 = answer(1), q2 = answer(0.8), q3 = answer(-0.9), q4 = answer(0.6))
for (item in names(items)) items[[item]][sample(n, 7)] <- NA
w <- round(runif(n, 0.5, 3), 2)

# Divisor n - 1, weights rescaled to a mean of 1 over the rows of the pair.
covariance <- function(x, w, complete) {
  k <- ncol(x)
  c <- matrix(0, k, k)
  all <- complete.cases(x)
  for (a in 1:k) for (b in 1:k) {
    use <- if (complete) all else !is.na(x[[a]]) & !is.na(x[[b]])
    p <- w[use] / sum(w[use])
    u <- x[[a]][use]
    v <- x[[b]][use]
    c[a, b] <- sum(p * (u - sum(p * u)) * (v - sum(p * v))) * sum(use) / (sum(use) - 1)
  }
  c
}
alpha <- function(c) { k <- ncol(c); k / (k - 1) * (1 - sum(diag(c)) / sum(c)) }

turned <- transform(items, q3 = 6 - q3)
# The unweighted covariance is R's own.
stopifnot(
  all.equal(covariance(turned, rep(1, n), FALSE), unname(cov(turned, use = "pairwise.complete.obs"))),
  all.equal(covariance(turned, rep(1, n), TRUE), unname(cov(turned, use = "complete.obs"))))

# The shortest text that reads back to the same double.
number <- Vectorize(function(x) {
  if (is.na(x)) return("null")
  for (digits in 15:17) if (as.numeric(text <- format(x, digits = digits)) == x) return(text)
})
list_of <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
result <- function(name, w, complete) {
  c <- covariance(turned, w, complete)
  k <- ncol(c)
  counted <- if (complete) sum(complete.cases(turned)) else sum(rowSums(!is.na(turned)) > 0)
  sprintf(
    '  "%s": {"alpha": %s, "standardised_alpha": %s, "alpha_if_dropped": %s, "n": %d}', name, number(alpha(c)),
    number(alpha(cov2cor(c))), list_of(sapply(1:k, function(i) alpha(c[-i, -i]))), counted)
}
cat("{\n")
cat(sprintf(' "source": "%s, base and stats; data made up by the script with set.seed(11)",\n', R.version.string))
cat(' "script": "Tests/Reference/cronbach_alpha.R",\n')
cat(' "data": {\n')
columns <- c(items, list(w = w))
cat(paste(sprintf('  "%s": %s', names(columns), sapply(columns, list_of)), collapse = ",\n"))
cat('\n },\n "values": {\n')
cat(paste(
  c(result("pairwise", rep(1, n), FALSE), result("complete", rep(1, n), TRUE),
    result("pairwise_weighted", w, FALSE), result("complete_weighted", w, TRUE)), collapse = ",\n"))
cat("\n }\n}\n")
