# Calibration by the sinh distance, which survey has but does not document: g by row, and a mean with its standard error.
# Run from the repository: Rscript Tests/Reference/calibration_sinh.R > Tests/Goldens/survey/calibration_sinh.json
suppressMessages({library(survey); library(jsonlite)})
d <- read.csv("Datasets/api/apiclus1.csv")
design <- svydesign(ids = ~dnum, weights = ~pw, data = d, fpc = ~fpc)
population <- c(stypeE = 4421, stypeH = 755, stypeM = 1018, api99 = 3914069)
entry <- function(bounds) {
  calibrated <- calibrate(design, ~ stype + api99 - 1, population, calfun = survey:::cal.sinh, bounds = bounds,
    epsilon = 1e-13, maxit = 500)
  mean <- svymean(~api00, calibrated)
  list(g = as.numeric(weights(calibrated) / weights(design)), est = coef(mean)[[1]], se = SE(mean)[[1]])
}
cat(toJSON(list(source = paste("R", getRversion(), "package survey", packageVersion("survey")),
  script = "Tests/Reference/calibration_sinh.R", data = "Datasets/api/apiclus1.csv",
  values = list(sinh_stype_api99 = entry(c(-1e6, 1e6)), sinh_bounded = entry(c(0.6, 1.6)))),
  auto_unbox = TRUE, digits = NA), "\n")
