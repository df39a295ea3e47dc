# Three-level models with random slopes on sleepstudy in four groups, at fixed theta and at the optimum.
# Rscript Tests/Reference/multilevel_three_levels.R > Tests/Goldens/multilevel/three_levels.json
suppressMessages(library(lme4))

data <- sleepstudy
data$Group <- factor(ifelse(data$Subject %in% c(310, 309, 349, 335), 2, ifelse(data$Subject %in% c(330, 352, 337, 369), 3,
  ifelse(data$Subject %in% c(331, 332, 334, 372), 4, 1))))

number <- function(x) ifelse(is.na(x), "null", format(x, digits = 17, trim = TRUE))
numbers <- function(x) paste0("[", paste(number(unname(x)), collapse = ", "), "]")

entry <- function(id, formula, reml) {
  fit <- lmer(formula, data, REML = reml)
  deviance <- update(fit, devFunOnly = TRUE)
  # lme4's own stop is loose; theta is carried on until nothing moves any more.
  theta <- getME(fit, "theta")
  for (i in 1:20) theta <- optim(theta, deviance, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))$par
  theta <- nlminb(theta, deviance, control = list(rel.tol = 1e-15, x.tol = 1e-12))$par
  criterion <- deviance(theta)
  # One evaluation at the optimum leaves it in the model.
  best <- lmer(formula, data, REML = reml, start = theta, control = lmerControl(optimizer = NULL, calc.derivs = FALSE))
  fixed <- seq(0.3, 1.1, length.out = length(theta))
  modes <- ranef(best, condVar = TRUE)
  factors <- sapply(names(modes), function(g) {
    variances <- attr(modes[[g]], "postVar")
    effects <- sapply(seq_along(modes[[g]]), function(k) sprintf(
      '{"term": "%s", "modes": %s, "sds": %s}', names(modes[[g]])[k], numbers(modes[[g]][[k]]), numbers(sqrt(variances[k, k, ]))))
    sprintf('"%s": {"groups": ["%s"], "effects": [%s]}', g, paste(rownames(modes[[g]]), collapse = '", "'),
      paste(effects, collapse = ",\n      "))
  })
  sprintf(paste(
    '{"id": "%s", "source": "R %s, lme4 %s", "data": "sleepstudy", "model": "%s", "call": "lmer(%s, REML = %s)",',
    '  "fixed_theta": %s, "criterion_at_fixed_theta": %s,',
    '  "criterion": %s, "theta": %s, "beta": %s, "se": %s, "sigma": %s,',
    '  "ranef": {%s}}', sep = "\n"),
    id, getRversion(), packageVersion("lme4"), deparse1(formula), deparse1(formula), reml,
    numbers(fixed), number(deviance(fixed)), number(criterion), numbers(getME(best, "theta")), numbers(fixef(best)),
    numbers(sqrt(diag(as.matrix(vcov(best))))), number(sigma(best)), paste(factors, collapse = ",\n    "))
}

cat("[", paste(
  entry("slopes_below.REML", Reaction ~ Days + (Days | Subject) + (1 | Group), TRUE),
  entry("slopes_below.ML", Reaction ~ Days + (Days | Subject) + (1 | Group), FALSE),
  entry("slopes_above.REML", Reaction ~ Days + (1 | Subject) + (Days | Group), TRUE), sep = ",\n"), "]\n")
