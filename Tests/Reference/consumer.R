# The constants that Tests/Consumer compares with, from R survey and lme4 on the same 24 children.
# Rscript Tests/Reference/consumer.R
suppressMessages({
  library(survey)
  library(lme4)
})

children <- data.frame(
  school = rep(c("a", "b", "c", "d", "e", "f"), each = 4),
  region = rep(c("north", "south"), each = 12),
  sex = c(
    "girl", "boy", "boy", "girl", "girl", "girl", "girl", "boy", "girl", "boy", "boy", "girl",
    "girl", "boy", "girl", "boy", "girl", "boy", "boy", "girl", "girl", "boy", "girl", "boy"),
  escs = c(
    -1.1, -0.3, -1, -0.3, -0.7, -2, -0.1, -0.5, 0.6, 0.6, 1.1, 0.5,
    0.7, -0.2, 1.2, 1.3, 0, -0.2, 0.7, 1.4, 1.5, 0.7, 0.9, 0.4),
  math = c(
    406, 390, 378, 464, 576, 443, 529, 595, 468, 509, 466, 465,
    494, 493, 596, 548, 584, 513, 559, 548, 560, 501, 509, 506),
  weight = c(20, 21, 22, 20, 24, 25, 26, 24, 18, 19, 20, 18, 35, 36, 37, 35, 30, 31, 32, 30, 40, 41, 42, 40))

show <- function(name, ...) cat(name, format(c(...), digits = 17), "\n")
cat("R", format(getRversion()), "survey", format(packageVersion("survey")), "lme4", format(packageVersion("lme4")), "\n")

design <- svydesign(id = ~school, strata = ~region, weights = ~weight, data = children, nest = TRUE)
mean <- svymean(~math, design)
show("mean", coef(mean), SE(mean), confint(mean, df = degf(design)), degf(design))
missing <- subset(design, seq_len(24) != 5)
show("mean without the fifth child", coef(svymean(~math, missing)), SE(svymean(~math, missing)))

jackknife <- as.svrepdesign(design, type = "JKn")
show("jackknife of schools", coef(svymean(~math, jackknife)), SE(svymean(~math, jackknife)))

margins <- list(
  data.frame(region = c("north", "south"), Freq = c(300, 400)), data.frame(sex = c("boy", "girl"), Freq = c(340, 360)))
raked <- rake(design, list(~region, ~sex), margins, control = list(maxit = 1000, epsilon = 1e-12))
show("raked weights of the first three children", weights(raked)[1:3])
show("raked mean", coef(svymean(~math, raked)))
# The residuals of Deville and Sarndal: calibrate fits them with the starting weights, rake without any weights.
calibrated <- calibrate(
  design, ~region + sex, population = c("(Intercept)" = 700, regionsouth = 400, sexgirl = 360), calfun = "raking",
  epsilon = 1e-14, maxit = 500)
show("its standard error by calibrate, by rake", SE(svymean(~math, calibrated)), SE(svymean(~math, raked)))

# lme4's own stop is loose; theta is carried on until nothing moves any more.
model <- lmer(math ~ escs + (1 | school), children)
deviance <- update(model, devFunOnly = TRUE)
theta <- optimize(deviance, c(0.1, 10), tol = 1e-12)$minimum
best <- lmer(
  math ~ escs + (1 | school), children, start = theta,
  control = lmerControl(optimizer = NULL, calc.derivs = FALSE))
show("fixed effects", fixef(best))
show("standard errors", sqrt(diag(as.matrix(vcov(best)))))
show("variances", as.data.frame(VarCorr(best))$vcov)
show("REML criterion", deviance(theta))

# An index of three indicators of four countries, in base R.
enrolment <- c(92, 97, 88, 95)
belonging <- c(61, NA, 70, 64)
bullying <- c(18, 25, 12, 30)
scaled <- function(x) (x - min(x, na.rm = TRUE)) / diff(range(x, na.rm = TRUE)) * 100
wellbeing <- rowMeans(cbind(scaled(belonging), scaled(-bullying)), na.rm = TRUE)
show("well-being", wellbeing)
show("index", (scaled(enrolment) + 2 * wellbeing) / 3)
