# The multilevel models of Datasets/immerse/study.yaml by direct maximisation of the weighted pseudo-likelihood
# (Rabe-Hesketh and Skrondal 2006), the random intercepts integrated out by completing the square, level by level.
# Run from the repository: Rscript Tests/Reference/immerse_models.R > Tests/Goldens/demo/immerse_models.json
suppressMessages(library(jsonlite))
d <- read.csv(gzfile("Datasets/immerse/children.csv.gz"))
x <- as.matrix(d[paste0("BEL", 1:6)])
x[, c(1, 4, 6)] <- 6 - x[, c(1, 4, 6)]
y <- rowMeans(x, na.rm = TRUE)
y[rowSums(!is.na(x)) < 4] <- NA
d$y <- y
d <- d[!is.na(d$y), ]
X <- model.matrix(~ migrant + country, d)
site <- factor(d$site)
w <- d$weight_child * ave(rep(1, nrow(d)), site, FUN = sum) / ave(d$weight_child, site, FUN = sum)
site_weight <- tapply(d$weight_site, site, `[`, 1)
region <- factor(tapply(d$region, site, `[`, 1))

# The log pseudo-likelihood of every top group at beta, log standard deviations of site (and region) and residual.
contributions <- function(beta, sds, levels) {
  s2 <- exp(2 * sds[length(sds)])
  t2 <- exp(2 * sds[1])
  e <- as.vector(d$y - X %*% beta)
  # Of one site, given a shift v of its children: c + b v - a v^2 / 2, the site's own effect integrated out.
  n <- tapply(w, site, sum); s <- tapply(w * e, site, sum); q <- tapply(w * e^2, site, sum)
  k <- 1 + t2 * n / s2
  c0 <- -n / 2 * log(2 * pi * s2) - q / (2 * s2) + t2 * s^2 / (2 * s2^2 * k) - log(k) / 2
  if (levels == 2) return(site_weight * c0)
  b <- s / s2 - t2 * n * s / (s2^2 * k)
  a <- n / s2 - t2 * n^2 / (s2^2 * k)
  g2 <- exp(2 * sds[2])
  A <- tapply(site_weight * a, region, sum); B <- tapply(site_weight * b, region, sum)
  C <- tapply(site_weight * c0, region, sum)
  C + g2 * B^2 / (2 * (1 + g2 * A)) - log(1 + g2 * A) / 2
}

fit <- function(levels) {
  p <- ncol(X)
  start <- c(coef(lm(d$y ~ X - 1)), rep(log(0.1), levels - 1), log(sd(d$y)))
  value <- function(v) sum(contributions(v[1:p], v[-(1:p)], levels))
  v <- start
  for (round in 1:6) v <- optim(v, function(v) -value(v), method = "BFGS",
    control = list(reltol = 1e-16, maxit = 2000, ndeps = rep(1e-5, length(v)), parscale = rep(0.1, length(v))))$par
  beta <- v[1:p]; sds <- v[-(1:p)]
  # The pseudo-likelihood is quadratic in beta, so central differences are exact up to rounding.
  at <- function(b) contributions(b, sds, levels)
  h <- 1e-2
  unit <- function(i) { e <- numeric(p); e[i] <- h; e }
  scores <- sapply(1:p, function(i) (at(beta + unit(i)) - at(beta - unit(i))) / (2 * h))
  information <- matrix(0, p, p)
  for (i in 1:p) for (j in 1:p) information[i, j] <- -(sum(at(beta + unit(i) + unit(j))) - sum(at(beta + unit(i) - unit(j))) -
    sum(at(beta - unit(i) + unit(j))) + sum(at(beta - unit(i) - unit(j)))) / (4 * h^2)
  # Newton's last step in beta, which the optimiser left to rounding.
  beta <- beta + solve(information, colSums(scores))
  scores <- sapply(1:p, function(i) (at(beta + unit(i)) - at(beta - unit(i))) / (2 * h))
  J <- nrow(scores)
  V <- solve(information) %*% (J / (J - 1) * crossprod(scores)) %*% solve(information)
  list(terms = colnames(X), estimate = unname(beta), std_error = sqrt(diag(V)), n = nrow(d),
    variances = exp(2 * unname(sds)), criterion = -2 * sum(contributions(beta, sds, levels)))
}
cat(toJSON(list(source = paste("R", getRversion(), "optim"), script = "Tests/Reference/immerse_models.R",
  model = "belonging ~ migrant + country, weights scaled to site size; variances from the lowest level up, residual last",
  belonging_two_level = fit(2), belonging_three_level = fit(3)), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
