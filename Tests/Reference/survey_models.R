# Regressions and tests under a design, driven to their optima; makes Tests/Goldens/survey/models.json.
# Run from the repository's root: Rscript Tests/Reference/survey_models.R
suppressMessages({library(survey); library(clubSandwich); library(numDeriv)})

strat <- read.csv("Datasets/api/apistrat.csv", stringsAsFactors = TRUE)
clus1 <- read.csv("Datasets/api/apiclus1.csv", stringsAsFactors = TRUE)
design <- function(data, stratified = FALSE) {
  if (stratified) svydesign(id = ~1, strata = ~stype, weights = ~pw, data = data, fpc = ~fpc)
  else svydesign(id = ~dnum, weights = ~pw, data = data, fpc = ~fpc)
}
dstrat <- design(strat, TRUE)
dclus1 <- design(clus1)

# Ordinal logit: the log-likelihood maximised by Newton steps, the Hessian by Richardson extrapolation
# of the scores.
clus1$mealcat <- cut(clus1$meals, c(0, 25, 50, 75, 100))
used <- clus1[complete.cases(clus1[c("mealcat", "avg.ed", "mobility", "stype")]), ]
x <- model.matrix(~avg.ed + mobility + stype, used)[, -1]
y <- as.integer(used$mealcat)
w <- used$pw / mean(used$pw)
cuts <- function(theta) c(-Inf, theta[5:7], Inf)
deviance <- function(theta) {
  eta <- as.vector(x %*% theta[1:4])
  -2 * sum(w * log(plogis(cuts(theta)[y + 1] - eta) - plogis(cuts(theta)[y] - eta)))
}
row_scores <- function(theta) {
  eta <- as.vector(x %*% theta[1:4])
  a <- cuts(theta)[y + 1] - eta
  b <- cuts(theta)[y] - eta
  p <- plogis(a) - plogis(b)
  upper <- dlogis(a) / p
  lower <- -dlogis(b) / p
  cbind(-(upper + lower) * x, sapply(1:3, function(k) (y == k) * upper + (y == k + 1) * lower))
}
score <- function(theta) colSums(w * row_scores(theta))
theta <- coef(svyolr(mealcat ~ avg.ed + mobility + stype, design(clus1)))
reference <- theta
for (i in 1:8) theta <- theta - solve(jacobian(score, theta), score(theta))
influence <- matrix(0, nrow(clus1), 7)
influence[as.integer(rownames(used)), ] <- (w * row_scores(theta)) %*% solve(-jacobian(score, theta))
v <- survey:::svyrecvar(influence, dclus1$cluster, dclus1$strata, dclus1$fpc)
olr <- list(
  call = "svyolr(mealcat ~ avg.ed + mobility + stype), at the maximum", coef = unname(theta), se = sqrt(diag(v)),
  deviance = deviance(theta), deviance_where_svyolr_stops = deviance(reference))

# The term test by likelihood ratio with a tight stop.
tight <- glm.control(epsilon = 1e-14, maxit = 100)
gs <- svyglm(sch.wide ~ ell + meals + mobility, dstrat, family = quasibinomial(), control = tight)
lrt <- regTermTest(gs, ~ell + mobility, method = "LRT")

# survey's ranks of tied rows depend on their order where weights differ.
rank_of <- function(data) {
  t <- svyranktest(ell ~ comp.imp, design(data, TRUE))
  list(est = unname(t$estimate), statistic = unname(t$statistic))
}
ranks <- list(as_is = rank_of(strat), reversed = rank_of(strat[nrow(strat):1, ]))

# Functions of totals by svycontrast.
totals <- svytotal(~api00 + api99 + enroll + I(sch.wide == "Yes"), dclus1, na.rm = TRUE)
names(totals) <- c("a", "b", "e", "no", "yes")
attr(totals, "var") <- structure(attr(totals, "var"), dimnames = list(names(totals), names(totals)))
contrast <- function(q) { k <- svycontrast(totals, q); list(est = unname(coef(k)), se = as.vector(SE(k))) }
functions <- list(
  log_ratio = contrast(quote(log(a / b))), log_odds = contrast(quote(log(yes / no))),
  root = contrast(quote(sqrt(a * b) / e)))

# CR2 and its degrees of freedom, with clusters and with weights (identity working covariance).
cr2 <- function(formula, data, weighted) {
  data$w <- if (weighted) data$pw * (1 + data$meals / 100) else 1
  m <- lm(formula, data, weights = w)
  cluster <- data$dnum[as.integer(names(residuals(m)))]
  s <- coef_test(m, vcov = "CR2", cluster = cluster, target = rep(1, nobs(m)), inverse_var = FALSE, test = "Satterthwaite")
  list(coef = unname(coef(m)), se = s$SE, df = if (is.null(s$df_Satt)) s$df else s$df_Satt)
}
clubs <- list(
  plain = cr2(api00 ~ ell + meals + stype, clus1, FALSE), weighted = cr2(api00 ~ ell + meals + stype, clus1, TRUE),
  mean = cr2(api00 ~ 1, clus1, TRUE))

out <- list(
  source = paste(R.version.string, "survey", packageVersion("survey"), "clubSandwich", packageVersion("clubSandwich"),
    "numDeriv", packageVersion("numDeriv")),
  data = "apiclus1.csv, apistrat.csv", made_by = "Tests/Reference/survey_models.R",
  values = list(olr = olr, lrt = list(chisq = as.vector(lrt$chisq), lambda = lrt$lambda, p = as.vector(lrt$p), ddf = lrt$ddf),
    ranks = ranks, functions = functions, cr2 = clubs))
writeLines(jsonlite::toJSON(out, auto_unbox = TRUE, digits = I(17), pretty = TRUE), "Tests/Goldens/survey/models.json")
