# One-factor omega and polychoric correlations of the answers of cronbach_alpha.R, complete cases.
# R 4.2.2, stats (factanal) and mvtnorm. Rscript Tests/Reference/scale_reliability.R > Tests/Goldens/indicators/scale_reliability.json
suppressMessages(library(mvtnorm))
set.seed(11)
n <- 60
trait <- rnorm(n)
answer <- function(load) pmin(5, pmax(1, round(3 + load * trait + rnorm(n))))
items <- data.frame(q1 = answer(1), q2 = answer(0.8), q3 = answer(-0.9), q4 = answer(0.6))
for (item in names(items)) items[[item]][sample(n, 7)] <- NA
turned <- transform(items, q3 = 6 - q3)
complete <- turned[complete.cases(turned), ]

# The one-factor model by maximum likelihood on the covariance matrix: the discrepancy over log variances, minimised to the end.
S <- cov(complete)
k <- ncol(S)
discrepancy <- function(p) {
  lambda <- p[1:k]
  sigma <- lambda %o% lambda + diag(exp(p[k + 1:k]))
  as.numeric(determinant(sigma)$modulus + sum(diag(S %*% solve(sigma))))
}
fa <- factanal(complete, 1, control = list(opt = list(factr = 1)))
sds <- sqrt(diag(S))
start <- c(fa$loadings[, 1] * sds, log(fa$uniquenesses * sds^2))
gradient <- function(p) {
  lambda <- p[1:k]
  psi <- exp(p[k + 1:k])
  sigma <- lambda %o% lambda + diag(psi)
  m <- solve(sigma, t(solve(sigma, sigma - S)))
  c(2 * m %*% lambda, diag(m) * psi)
}
p <- optim(start, discrepancy, gradient, method = "BFGS", control = list(reltol = 1e-15, maxit = 10000))$par
for (step in 1:20) {
  jacobian <- sapply(1:(2 * k), function(i) {
    h <- replace(numeric(2 * k), i, 1e-5)
    (gradient(p + h) - gradient(p - h)) / 2e-5
  })
  p <- p - solve(jacobian, gradient(p))
}
stopifnot(max(abs(gradient(p))) < 1e-12)
fit <- list(estimate = p)
lambda <- fit$estimate[1:k] * sign(sum(fit$estimate[1:k]))
theta <- exp(fit$estimate[k + 1:k])
omega <- sum(lambda)^2 / (sum(lambda)^2 + sum(theta))

# Two-step polychoric correlations: thresholds from the margins of the rows that have both.
polychoric <- function(x, y) {
  use <- !is.na(x) & !is.na(y)
  counts <- table(factor(x[use], 1:5), factor(y[use], 1:5))
  a <- qnorm(c(0, cumsum(rowSums(counts)) / sum(counts)))
  b <- qnorm(c(0, cumsum(colSums(counts)) / sum(counts)))
  below <- function(h, k, r) {
    if (h == -Inf || k == -Inf) return(0)
    if (h == Inf) return(pnorm(k))
    if (k == Inf) return(pnorm(h))
    pmvnorm(upper = c(h, k), corr = matrix(c(1, r, r, 1), 2), algorithm = TVPACK(1e-15))[1]
  }
  loglik <- function(r) {
    total <- 0
    for (i in 1:5) for (j in 1:5) if (counts[i, j] > 0)
      total <- total + counts[i, j] * log(
        below(a[i + 1], b[j + 1], r) - below(a[i], b[j + 1], r) - below(a[i + 1], b[j], r) + below(a[i], b[j], r))
    total
  }
  # The likelihood is flat at its top, so that the root of its central difference is taken.
  slope <- function(r) loglik(r + 1e-4) - loglik(r - 1e-4)
  r <- optimise(loglik, c(-0.99, 0.99), maximum = TRUE)$maximum
  uniroot(slope, c(r - 0.01, r + 0.01), tol = 1e-12)$root
}
R <- diag(k)
for (a in 2:k) for (b in 1:(a - 1)) R[a, b] <- R[b, a] <- polychoric(turned[[a]], turned[[b]])
alpha <- k / (k - 1) * (1 - k / sum(R))
number <- function(x) formatC(x, digits = 15, format = "g")
cat("{\n")
cat(sprintf(' "source": "%s, stats and mvtnorm %s",\n', R.version.string, packageVersion("mvtnorm")))
cat(' "script": "Tests/Reference/scale_reliability.R",\n "values": {\n')
cat(sprintf('  "omega": %s,\n  "loadings": [%s],\n', number(omega), paste(number(lambda), collapse = ", ")))
cat(sprintf('  "polychoric": [%s],\n  "ordinal_alpha": %s\n }\n}\n', paste(number(R), collapse = ", "), number(alpha)))
