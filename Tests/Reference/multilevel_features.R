# Offsets, polynomials, contrasts, centring, precision weights, independent effects and residual variances by group.
# Rscript Tests/Reference/multilevel_features.R > Tests/Goldens/multilevel/features.json
suppressMessages({library(lme4); library(nlme)})

folder <- "Tests/Goldens/multilevel/"
hsb <- read.csv(paste0(folder, "Hsb82.csv"))
hsb$school <- factor(hsb$school)
hsb$sector <- factor(hsb$sector, levels = c("Public", "Catholic"))
hsb$band <- cut(hsb$meanses, c(-Inf, -0.4, 0, 0.3, Inf), labels = c("a", "b", "c", "d"))
hsb$w <- 0.5 + ((7 * seq_len(nrow(hsb))) %% 11) / 8
hsb$gses <- hsb$ses - mean(hsb$ses)
hsb$wgses <- hsb$ses - weighted.mean(hsb$ses, hsb$w)
means <- tapply(hsb$ses, hsb$school, mean)
weighted <- sapply(split(hsb, hsb$school), function(d) weighted.mean(d$ses, d$w))
hsb$mses <- means[as.character(hsb$school)]
hsb$wmses <- weighted[as.character(hsb$school)]
hsb$cwcses <- hsb$ses - hsb$mses
hsb$wcwcses <- hsb$ses - hsb$wmses

number <- function(x) ifelse(is.na(x), "null", format(x, digits = 17, trim = TRUE))
numbers <- function(x) paste0("[", paste(number(unname(x)), collapse = ", "), "]")
entry <- function(id, source, call, criterion, beta, se, variances) sprintf(
  '{"id": "%s", "source": "R %s, %s", "data": "Hsb82", "call": "%s",\n  "criterion": %s, "beta": %s, "se": %s,\n  "variances": %s}',
  id, getRversion(), source, call, number(criterion), numbers(beta), numbers(se), numbers(variances))

# lme4's own stop is loose; theta is carried on until nothing moves any more.
mixed <- function(id, call, reml = TRUE) {
  fit <- suppressWarnings(eval(parse(text = call)))
  deviance <- update(fit, devFunOnly = TRUE)
  theta <- getME(fit, "theta")
  for (i in 1:4) theta <- nlminb(theta, deviance, control = list(rel.tol = 1e-15, x.tol = 1e-12))$par
  criterion <- deviance(theta)
  best <- update(fit, start = theta, control = lmerControl(optimizer = NULL, calc.derivs = FALSE))
  components <- as.data.frame(VarCorr(best))
  entry(id, paste("lme4", packageVersion("lme4")), call, criterion, fixef(best), sqrt(diag(as.matrix(vcov(best)))),
    components$vcov[is.na(components$var2)])
}

# -2 log likelihood with all constants and the residual variance of every class, the classes in sorted order.
classes <- function(id, call) {
  fit <- eval(parse(text = call))
  ratios <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  random <- as.numeric(VarCorr(fit)[, "Variance"])
  entry(id, paste("nlme", packageVersion("nlme")), call, -2 * as.numeric(logLik(fit)), fixef(fit),
    sqrt(diag(vcov(fit))),
    c(random[-length(random)], (fit$sigma * ratios[order(names(ratios))])^2))
}

# The same by direct maximisation over schools, from nlme's stop, for random intercepts and slopes.
direct <- function(id, call, fixed, random, class) {
  fit <- eval(parse(text = call))
  parts <- lapply(split(hsb, hsb$school), function(d) list(X = model.matrix(fixed, d), Z = model.matrix(random, d),
    y = d$mAch, k = as.integer(d[[class]])))
  pieces <- function(par) {
    q <- ncol(parts[[1]]$Z)
    L <- matrix(0, q, q); L[lower.tri(L, TRUE)] <- par[seq_len(q * (q + 1) / 2)]
    s <- exp(par[-seq_len(q * (q + 1) / 2)])
    sums <- lapply(parts, function(d) {
      R <- chol(d$Z %*% L %*% t(d$Z %*% L) + diag(s[d$k]^2, length(d$y)))
      A <- backsolve(R, cbind(d$X, d$y), transpose = TRUE)
      list(2 * sum(log(diag(R))), crossprod(A))
    })
    list(logs = sum(sapply(sums, `[[`, 1)), A = Reduce(`+`, lapply(sums, `[[`, 2)), psi = L %*% t(L), s = s)
  }
  solved <- function(e) { p <- ncol(e$A) - 1; K <- e$A[1:p, 1:p]; list(K = K, beta = solve(K, e$A[1:p, p + 1])) }
  criterion <- function(par) {
    e <- pieces(par); v <- solved(e); p <- length(v$beta)
    e$logs + (nrow(hsb) - p) * log(2 * pi) + as.numeric(determinant(v$K)$modulus) +
      e$A[p + 1, p + 1] - sum(v$beta * e$A[1:p, p + 1])
  }
  ratios <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  L <- t(chol(as.matrix(getVarCov(fit))))
  par <- c(L[lower.tri(L, TRUE)], log(fit$sigma * ratios[levels(hsb[[class]])]))
  for (i in 1:4) par <- nlminb(par, criterion, control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 500, eval.max = 2000))$par
  e <- pieces(par); v <- solved(e)
  entry(id, paste("direct maximisation from nlme", packageVersion("nlme")), call, criterion(par), v$beta,
    sqrt(diag(solve(v$K))), c(diag(e$psi), e$s^2))
}

control <- "control = lmeControl(tolerance = 1e-12, msTol = 1e-14, opt = 'nlminb', msMaxIter = 500, maxIter = 500)"
cat("[", paste(
  mixed("offset", "lmer(mAch ~ sector + offset(2 * cses) + (1 | school), hsb)"),
  mixed("poly", "lmer(mAch ~ poly(ses, 3) + (1 | school), hsb)"),
  mixed("poly.raw", "lmer(mAch ~ poly(ses, 2, raw = TRUE) + (1 | school), hsb)"),
  mixed("sum", "lmer(mAch ~ C(band, sum) * cses + (1 | school), hsb)"),
  mixed("helmert", "lmer(mAch ~ C(band, helmert) + cses + (1 | school), hsb)"),
  mixed("levels", "lmer(mAch ~ factor(band, levels = c('c', 'a', 'd', 'b')) + (1 | school), hsb)"),
  mixed("relevel", "lmer(mAch ~ relevel(band, ref = 'b') + (1 | school), hsb)"),
  mixed("gmc", "lmer(mAch ~ gses + (gses | school), hsb)"),
  mixed("gmc.weighted", "lmer(mAch ~ wgses + (wgses | school), hsb)"),
  mixed("cwc", "lmer(mAch ~ cwcses + mses + (cwcses | school), hsb)"),
  mixed("cwc.weighted", "lmer(mAch ~ wcwcses + wmses + (wcwcses | school), hsb)"),
  mixed("several", "lmer(mAch ~ cses + sx + (1 | school) + (0 + cses | school) + (0 + dummy(sx, 'Male') | school), hsb)"),
  mixed("precision", "lmer(mAch ~ cses + (cses | school), hsb, weights = w)"),
  mixed("precision.ML", "lmer(mAch ~ cses + (1 | school), hsb, weights = w, REML = FALSE)"),
  classes("classes.ML", paste0("lme(mAch ~ cses + sector, hsb, random = ~ 1 | school, weights = varIdent(form = ~ 1 | sx), method = 'ML', ", control, ")")),
  classes("classes.REML", paste0("lme(mAch ~ cses + sector, hsb, random = ~ 1 | school, weights = varIdent(form = ~ 1 | sx), method = 'REML', ", control, ")")),
  direct("classes.between", paste0("lme(mAch ~ cses, hsb, random = ~ cses | school, weights = varIdent(form = ~ 1 | band), method = 'REML', ", control, ")"),
    ~ cses, ~ cses, "band"),
  sep = ",\n"), "]\n")
