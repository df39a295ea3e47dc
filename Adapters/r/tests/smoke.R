# Rscript smoke.R FOLDER: the package on the school samples in FOLDER.
library(immersestats)
folder <- commandArgs(TRUE)[1]
schools <- read.csv(file.path(folder, "apiclus1.csv"))
same <- function(a, b, tolerance = 1e-10) stopifnot(isTRUE(all.equal(unname(a), unname(b), tolerance = tolerance)))
fails <- function(call, message) {
  said <- tryCatch({ call; "" }, error = conditionMessage)
  if (!grepl(message, said)) stop("expected an error with \"", message, "\", got \"", said, "\"")
}

design <- immerse_design(ids = ~dnum, weights = ~pw, fpc = ~fpc)
mean <- immerse_mean(~api00, schools, design)
same(coef(mean), 644.1693989071)
same(as.data.frame(mean)$std_error, 23.5422407, 1e-7)
schools$stype <- factor(schools$stype, levels = c("M", "H", "E"))
by <- immerse_mean("api00", schools, design, by = ~stype)
stopifnot(identical(names(coef(by)), c("api00:M", "api00:H", "api00:E")))
schools$api00[3] <- NA
fails(immerse_mean(~api00, schools, design), "1 rows have no value")
stopifnot(as.data.frame(immerse_mean(~api00, schools, design, na.rm = TRUE))$n == 182)
fails(immerse_mean(~api0, schools, design), "did you mean")

raked <- immerse_rake(schools, list(stype = c(E = 4421, H = 755, M = 1018)), weights = ~pw)
same(sum(raked$weights), 6194)
same(sum(raked$weights[schools$stype == "H"]), 755)

fit <- immerse_fit(api00 ~ api99 + (1 | dnum), schools)
stopifnot(nobs(fit) == 182, is.finite(logLik(fit)), identical(rownames(confint(fit)), c("(Intercept)", "api99")))
print(fit)

if (requireNamespace("survey", quietly = TRUE)) {
  clean <- schools[!is.na(schools$api00), ]
  theirs <- survey::svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = clean)
  ours <- immerse_mean(~api00, design = theirs)
  same(coef(ours), coef(survey::svymean(~api00, theirs)))
  same(as.data.frame(ours)$std_error, as.numeric(survey::SE(survey::svymean(~api00, theirs))))
}
cat("R package: all as expected\n")
