# Rank tests and indices of segregation under replicates, and tests of terms of five imputations by rule D1.
# Run from the repository: Rscript Tests/Reference/replicate_extras.R > Tests/Goldens/survey/replicate_extras.json
suppressMessages({library(survey); library(jsonlite)})
d <- read.csv("Datasets/api/apiclus1.csv")
d$group <- as.numeric(d$comp.imp == "Yes")
design <- svydesign(ids = ~dnum, weights = ~pw, data = d)
jackknife <- as.svrepdesign(design, type = "JK1")

rank <- sapply(c("wilcoxon", "vanderWaerden", "median"), function(test) {
  r <- svyranktest(api00 ~ group, jackknife, test = test)
  list(est = r$estimate[[1]], t = r$statistic[[1]], df = r$parameter[[1]], p = r$p.value[[1]])
}, simplify = FALSE)

indices <- function(w, data) {
  m <- tapply(w * data$group, data$dnum, sum)
  n <- tapply(w * (1 - data$group), data$dnum, sum)
  M <- sum(m); N <- sum(n); p <- ifelse(m + n > 0, m / (m + n), 0)
  c(dissimilarity = sum(abs(m / M - n / N)) / 2, isolation = sum(m / M * p),
    exposure = sum(m / M * (1 - p)), gini = sum(abs(outer(m, n) - outer(n, m))) / (2 * M * N))
}
segregation <- withReplicates(jackknife, indices)
segregation <- sapply(names(coef(segregation)),
  function(name) list(est = coef(segregation)[[name]], se = SE(segregation)[[which(names(coef(segregation)) == name)]]),
  simplify = FALSE)

# Imputations: the index with a wave of its own for each.
M <- 5
d1 <- function(data, ids, noise) {
  fits <- lapply(1:M, function(k) {
    e <- data
    e$y <- e$api00 + noise * sin(k * seq_len(nrow(e)))
    svyglm(y ~ stype + ell, svydesign(ids = ids, weights = ~pw, data = e))
  })
  q <- rowMeans(sapply(fits, coef))
  U <- Reduce(`+`, lapply(fits, vcov)) / M
  B <- cov(t(sapply(fits, coef)))
  total <- U + (1 + 1 / M) * B
  tested <- c("stypeH", "stypeM"); k <- length(tested)
  r <- (1 + 1 / M) * sum(diag(B[tested, tested] %*% solve(U[tested, tested]))) / k
  D <- drop(q[tested] %*% solve(U[tested, tested]) %*% q[tested]) / (k * (1 + r))
  t <- k * (M - 1)
  nu <- if (t > 4) 4 + (t - 4) * (1 + (1 - 2 / t) / r)^2 else t * (1 + 1 / k) * (1 + 1 / r)^2 / 2
  df <- min(nu, degf(svydesign(ids = ids, weights = ~pw, data = data)) + 1 - length(q))
  list(estimates = unname(q), vcov = unname(total), D = D, df1 = k, df2 = df, nu = nu,
    p = pf(D, k, df, lower.tail = FALSE))
}
imputed <- d1(d, ~dnum, 25)
imputed_simple <- d1(read.csv("Datasets/api/apisrs.csv"), ~1, 200)
cat(toJSON(list(source = paste("R", getRversion(), "package survey", packageVersion("survey")),
  script = "Tests/Reference/replicate_extras.R", data = "Datasets/api/apiclus1.csv",
  values = list(rank = rank, segregation = segregation, imputed = imputed, imputed_simple = imputed_simple)), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
