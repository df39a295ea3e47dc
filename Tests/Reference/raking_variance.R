# The variance of a mean raked to partly joint margins, by calibrate() with the raking distance: rake() stops its
# projections after ten sweeps, which is too soon for margins that are this closely related.
# Run from the repository: Rscript Tests/Reference/raking_variance.R > Tests/Goldens/survey/raking_variance.json
suppressMessages({library(survey); library(jsonlite)})
d <- read.csv("Datasets/api/apiclus1.csv")
design <- svydesign(ids = ~dnum, weights = ~pw, data = d, fpc = ~fpc)
table <- c(E.No = 472, E.Yes = 3949, H.No = 334, H.Yes = 421, M.No = 266, M.Yes = 752)
design <- update(design, cell = factor(paste(stype, sch.wide, sep = ".")))
population <- c("(Intercept)" = 6194, setNames(table[-1], paste0("cell", names(table)[-1])), comp.impYes = 4482)
raked <- calibrate(design, ~cell + comp.imp, population, calfun = "raking", epsilon = 1e-13, maxit = 200)
entry <- function(s) list(est = coef(s)[[1]], se = SE(s)[[1]])
cat(toJSON(list(source = paste("R", getRversion(), "package survey", packageVersion("survey")),
  script = "Tests/Reference/raking_variance.R", data = "Datasets/api/apiclus1.csv",
  values = list(mean.api00 = entry(svymean(~api00, raked)), total.enroll = entry(svytotal(~enroll, raked)))),
  auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
