# Small-sample inference, tests, marginal means and influence by lmerTest, pbkrtest and emmeans.
# Rscript Tests/Reference/multilevel_inference.R > Tests/Goldens/multilevel/inference.json
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(emmeans)})

control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-13, maxfun = 1e6), calc.derivs = FALSE)
sleep <- sleepstudy
sleep$Group <- factor(ifelse(sleep$Subject %in% c(310, 309, 349, 335), 2, ifelse(sleep$Subject %in% c(330, 352, 337, 369), 3,
  ifelse(sleep$Subject %in% c(331, 332, 334, 372), 4, 1))))
hsb <- read.csv("Tests/Goldens/multilevel/Hsb82.csv", stringsAsFactors = TRUE)
hsb$sector <- relevel(hsb$sector, "Public")
hsb$school <- factor(hsb$school)
exam <- read.csv("Tests/Goldens/multilevel/Exam.csv", stringsAsFactors = TRUE)
exam$schgend <- factor(exam$schgend, c("mixed", "boys", "girls"))
exam$school <- factor(exam$school)
pastes <- read.csv("Tests/Goldens/multilevel/Pastes.csv", stringsAsFactors = TRUE)

fit <- function(formula, data, reml = TRUE) {
  lmer(formula, data, REML = reml, control = control)
}
small <- function(id, formula, data) {
  model <- fit(formula, data)
  s <- coef(summary(model, ddf = "Satterthwaite"))
  k <- coef(summary(model, ddf = "Kenward-Roger"))
  list(id = id, formula = deparse1(formula), terms = rownames(s), satterthwaite = I(unname(s[, "df"])),
    kenward_roger = list(se = I(unname(k[, "Std. Error"])), df = I(unname(k[, "df"]))))
}
joint <- function(id, formula, data, ddf) {
  test <- anova(fit(formula, data), type = 3, ddf = ddf)
  list(id = id, formula = deparse1(formula), terms = rownames(test), f = test[, "F value"], df = test[, "NumDF"],
    ddf = test[, "DenDF"])
}
means <- function(id, formula, data, specs, mode) {
  grid <- emmeans(fit(formula, data), specs, lmer.df = mode, lmerTest.limit = 1e5, pbkrtest.limit = 1e5)
  m <- as.data.frame(grid); p <- as.data.frame(pairs(grid, adjust = "none"))
  list(id = id, formula = deparse1(formula), specs = specs, mode = mode, level = as.character(m[[1]]),
    mean = m$emmean, se = m$SE, df = m$df,
    pairs = list(contrast = as.character(p$contrast), estimate = p$estimate, se = p$SE, df = p$df))
}
comparison <- function(id, small, large, data) {
  a <- fit(small, data, FALSE); b <- fit(large, data, FALSE)
  test <- anova(a, b)
  list(id = id, small = deparse1(small), large = deparse1(large), npar = test$npar, aic = test$AIC, bic = test$BIC,
    deviance = test$deviance, statistic = test$Chisq[2], df = test$Df[2], p = test[["Pr(>Chisq)"]][2])
}
# Every group left out and all refitted; Cook's distance by the covariance of the whole.
deletion <- function(id, formula, data, group) {
  whole <- fit(formula, data)
  names <- levels(factor(data[[group]]))
  parts <- lapply(names, function(g) fit(formula, data[data[[group]] != g, ]))
  moved <- sapply(parts, fixef) - fixef(whole)
  cook <- apply(moved, 2, function(d) sum(d * solve(as.matrix(vcov(whole)), d))) / length(fixef(whole))
  list(id = id, formula = deparse1(formula), group = group, levels = names, moved = moved, cook = cook)
}
results <- list(
  small("sleep.below", Reaction ~ Days + (Days | Subject) + (1 | Group), sleep),
  small("sleep.above", Reaction ~ Days + (1 | Subject) + (1 + Days | Group), sleep),
  small("pastes", strength ~ 1 + (1 | batch / cask), pastes),
  small("exam", normexam ~ standLRT + sex + schgend + schavg + (standLRT | school), exam),
  small("sleep.quadratic.independent", Reaction ~ Days + I(Days^2) + (1 + Days + I(Days^2) || Subject), sleep),
  small("sleep.quadratic.rest", Reaction ~ Days + I(Days^2) + (1 | Subject) + (0 + Days + I(Days^2) | Subject), sleep),
  joint("exam.satterthwaite", normexam ~ standLRT + sex + schgend + schavg + (standLRT | school), exam, "Satterthwaite"),
  joint("exam.kenward-roger", normexam ~ standLRT + sex + schgend + schavg + (standLRT | school), exam, "Kenward-Roger"),
  means("exam.means.satterthwaite", normexam ~ standLRT + sex + schgend + schavg + (standLRT | school), exam, "schgend", "satterthwaite"),
  means("exam.means.kenward-roger", normexam ~ standLRT + sex + schgend + schavg + (standLRT | school), exam, "schgend", "kenward-roger"),
  means("hsb.means", mAch ~ sector * cses + sx + (1 | school), hsb, "sector", "satterthwaite"),
  comparison("exam.slopes", normexam ~ standLRT + (1 | school), normexam ~ standLRT + (standLRT | school), exam),
  comparison("hsb.fixed", mAch ~ cses + (1 | school), mAch ~ cses + meanses + sector + (1 | school), hsb),
  deletion("sleep.influence", Reaction ~ Days + (Days | Subject), sleep, "Subject"))
about <- sprintf("R %s, lme4 %s, lmerTest %s, pbkrtest %s, emmeans %s; bobyqa with rhoend 1e-13", getRversion(),
  packageVersion("lme4"), packageVersion("lmerTest"), packageVersion("pbkrtest"), packageVersion("emmeans"))
cat(jsonlite::toJSON(lapply(results, function(x) c(list(source = about), lapply(x, function(v) if (is.numeric(v)) unname(v) else v))),
  digits = 17, auto_unbox = TRUE, pretty = TRUE), "\n")
