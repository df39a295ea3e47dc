# The survey estimates of Datasets/immerse/study.yaml by R's survey package.
# Run from the repository: Rscript Tests/Reference/immerse_survey.R > Tests/Goldens/demo/immerse_survey.json
suppressMessages({library(survey); library(jsonlite)})
d <- read.csv(gzfile("Datasets/immerse/children.csv.gz"))
row_mean <- function(columns, least, reversed = character()) {
  x <- as.matrix(d[columns])
  x[, columns %in% reversed] <- 6 - x[, columns %in% reversed]
  m <- rowMeans(x, na.rm = TRUE)
  m[rowSums(!is.na(x)) < least] <- NA
  m
}
bel <- paste0("BEL", 1:6)
d$belonging <- row_mean(bel, 4, c("BEL1", "BEL4", "BEL6"))
d$teacher_support <- row_mean(paste0("TEA", 1:4), 3)
d$life_satisfaction <- d$LIFE
d$bullied <- as.numeric(row_mean(paste0("BUL", 1:6), 4) >= 1.5)
design <- svydesign(ids = ~site, strata = ~stratum, weights = ~weight, data = d, nest = TRUE)
margins <- read.csv("Datasets/immerse/margins.csv")
design <- update(design, m1 = factor(paste(country, migrant)), m2 = factor(paste(country, questionnaire)))
totals <- function(column, variable) {
  m <- margins[margins$variable == variable, ]
  setNames(m$total, paste0(column, m$domain, " ", m$category))
}
population <- c("(Intercept)" = sum(margins$total[margins$variable == "migrant"]),
  totals("m1", "migrant"), totals("m2", "questionnaire"))
columns <- colnames(model.matrix(~m1 + m2, model.frame(design)))
# Not rake(): its variances take unweighted means in the margins' cells, which is right only for equal base weights.
raked <- calibrate(design, ~m1 + m2, population[columns], calfun = "raking", epsilon = 1e-12, maxit = 200)
variables <- c("belonging", "teacher_support", "life_satisfaction", "bullied")
row <- function(term, by, estimate, se) list(term = term, by = by, estimate = estimate, std_error = se)
# svyby cannot give covariances of means of a calibrated design with missing values, so combinations of group means are
# expressions of totals, linearised by svycontrast.
combination <- function(v, group, weights) {
  present <- !is.na(d[[v]])
  filled <- ifelse(present, d[[v]], 0)
  columns <- list()
  for (g in names(weights)) {
    columns[[paste0("y", g)]] <- filled * (d[[group]] == g)
    columns[[paste0("n", g)]] <- present * (d[[group]] == g)
  }
  with_columns <- do.call(update, c(list(raked), columns))
  totals <- svytotal(as.formula(paste0("~", paste(names(columns), collapse = "+"))), with_columns)
  terms <- sprintf("%.17g * y%s / n%s", weights, names(weights), names(weights))
  svycontrast(totals, str2lang(paste(terms, collapse = " + ")))
}
results <- list()
for (v in variables) {
  f <- as.formula(paste0("~", v))
  m <- svymean(f, raked, na.rm = TRUE)
  results$european <- c(results$european, list(row(v, setNames(list(), character()), coef(m)[[1]], SE(m)[[1]])))
  by <- svyby(f, ~migrant, raked, svymean, na.rm = TRUE)
  for (i in 1:2) results$european_by_migrant <- c(results$european_by_migrant,
    list(row(v, list(migrant = as.character(by$migrant[i])), coef(by)[[i]], SE(by)[[i]])))
  difference <- combination(v, "migrant", c("0" = -1, "1" = 1))
  results$european_by_migrant <- c(results$european_by_migrant,
    list(row(v, list(migrant = "1 - 0"), coef(difference)[[1]], SE(difference)[[1]])))
  by <- svyby(f, ~country, raked, svymean, na.rm = TRUE)
  for (i in 1:6) results$national <- c(results$national,
    list(row(v, list(country = by$country[i]), coef(by)[[i]], SE(by)[[i]])))
  average <- combination(v, "country", setNames(rep(1 / 6, 6), by$country))
  results$national <- c(results$national,
    list(row(v, list(country = "average"), coef(average)[[1]], SE(average)[[1]])))
}
by <- svyby(~belonging, ~region, raked, svymean, na.rm = TRUE)
for (i in seq_len(nrow(by))) results$regional <- c(results$regional,
  list(row("belonging", list(country = d$country[match(by$region[i], d$region)], region = by$region[i]),
    coef(by)[[i]], SE(by)[[i]])))
cat(toJSON(list(
  source = paste("R", getRversion(), "package survey", packageVersion("survey")),
  script = "Tests/Reference/immerse_survey.R",
  data = "Datasets/immerse", tolerance = "1e-8 relative",
  values = results), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
