# Weights from principal components and values imputed by regression and by maximum likelihood under a normal
# distribution, in base R. Run from the root: Rscript Tests/Reference/composite_weights.R
set.seed(7)
number <- function(x) paste(format(x, digits = 17, trim = TRUE, scientific = FALSE), collapse = ", ")
numbers <- function(x) paste0("[", number(x), "]")
matrixText <- function(x) paste0("[", paste(apply(x, 1, numbers), collapse = ",\n  "), "]")

n <- 30
f <- matrix(rnorm(2 * n), n)
x <- round(cbind(f[, 1] + rnorm(n, 0, .5), f[, 1] + rnorm(n, 0, .7), f[, 1] * .8 + rnorm(n, 0, .6),
                 f[, 2] + rnorm(n, 0, .5), f[, 2] + rnorm(n, 0, .9), f[, 2] * .7 + f[, 1] * .3 + rnorm(n, 0, .6)), 3)
positive <- x[, 1:3]
first <- abs(prcomp(positive, scale. = TRUE)$rotation[, 1])
e <- eigen(cor(x))
kept <- sum(e$values > 1)
loadings <- e$vectors[, 1:kept] %*% diag(sqrt(e$values[1:kept]))
rotated <- unclass(varimax(loadings, normalize = TRUE, eps = 1e-15)$loadings)
squares <- rotated^2
scaled <- sweep(squares, 2, colSums(squares), "/")
share <- colSums(squares) / sum(squares)
best <- apply(squares, 1, which.max)
weights <- scaled[cbind(seq_along(best), best)] * share[best]

# Maximum likelihood by direct maximisation of the observed-data likelihood, from several starts.
y <- round(cbind(x[, 1], x[, 2] + 5, 2 * x[, 3]), 3)
y[c(3, 9, 20), 2] <- NA; y[c(5, 9, 11, 28), 3] <- NA; y[c(14, 20), 1] <- NA
negative <- function(p) tryCatch({
  L <- matrix(0, 3, 3); L[lower.tri(L, TRUE)] <- p[4:9]; diag(L) <- exp(diag(L)); S <- L %*% t(L)
  sum(apply(y, 1, function(row) {
    o <- !is.na(row); d <- row[o] - p[1:3][o]; C <- S[o, o, drop = FALSE]
    as.numeric(determinant(C)$modulus) + sum(d * solve(C, d))
  }))
}, error = function(e) 1e10)
p <- c(colMeans(y, na.rm = TRUE), 0, 0, 0, 0, 0, 0)
for (round in 1:30) p <- optim(p, negative, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
L <- matrix(0, 3, 3); L[lower.tri(L, TRUE)] <- p[4:9]; diag(L) <- exp(diag(L)); S <- L %*% t(L)

d <- data.frame(y)
predicted <- predict(lm(X3 ~ X1 + X2, d), d)
null <- function(x) gsub("NA", "null", x)
cat("{\n \"source\": \"", R.version.string, ", base and stats; data made up by the script with set.seed(7)\",\n",
  " \"script\": \"Tests/Reference/composite_weights.R\",\n",
  " \"x\": ", matrixText(x), ",\n \"positive\": ", matrixText(positive), ",\n",
  " \"first_component\": ", numbers(first / sum(first)), ",\n \"rotated\": ", numbers(weights / sum(weights)), ",\n",
  " \"incomplete\": ", null(matrixText(y)), ",\n \"mean\": ", numbers(p[1:3]), ",\n \"covariance\": ", numbers(S), ",\n",
  " \"half_deviance\": ", number(negative(p)), ",\n",
  " \"predicted_third\": ", null(numbers(predicted)), "\n}\n", sep = "",
  file = "Tests/Goldens/indicators/component_weights.json")
