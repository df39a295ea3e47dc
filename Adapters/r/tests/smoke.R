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

post <- immerse_poststratify(schools, list(stype = c(E = 4421, H = 755, M = 1018)), weights = ~pw)
same(sum(post$weights[schools$stype == "M"]), 1018)
greg <- immerse_calibrate_weights(schools, list(stype = c(E = 4421, H = 755, M = 1018), api99 = 3914069), weights = ~pw,
  method = "logit", bounds = c(0.5, 2))
same(sum(greg$weights * schools$api99), 3914069)
sample <- read.csv(file.path(folder, "apiclus2.csv"))
trimmed <- immerse_trim(sample, "pw", upper = 100)
stopifnot(max(trimmed$weights) <= 100)
same(sum(trimmed$weights), sum(sample$pw))
stopifnot(ncol(immerse_replicates(schools, "jk1", design)$columns) == 15)

fit <- immerse_fit(api00 ~ api99 + (1 | dnum), schools)
stopifnot(nobs(fit) == 182, is.finite(logLik(fit)), identical(rownames(confint(fit)), c("(Intercept)", "api99")))
print(fit)
same(sqrt(diag(vcov(fit))), as.data.frame(fit)$std_error)
effects <- ranef(fit)
stopifnot(nrow(effects) == 15)
line <- coef(fit)[["(Intercept)"]] + coef(fit)[["api99"]] * schools$api99
same(predict(fit, random = FALSE), line)
same(predict(fit, schools)[-3], predict(fit)[-3])
more <- schools[1:5, ]
same(predict(fit, more), line[1:5] + effects$estimate[match(as.character(more$dnum), effects$unit)])
if (requireNamespace("generics", quietly = TRUE)) {
  augmented <- generics::augment(fit, schools)
  same(augmented$.resid[-3], (schools$api00 - augmented$.fitted)[-3])
  stopifnot(generics::glance(fit)$nobs == 182, "std.error" %in% names(generics::tidy(fit)))
}
if (requireNamespace("nlme", quietly = TRUE)) stopifnot(identical(nlme::ranef(fit), effects))
if (requireNamespace("nanoarrow", quietly = TRUE)) {
  same(coef(immerse_mean(~api99, nanoarrow::as_nanoarrow_array_stream(schools), design)),
    coef(immerse_mean(~api99, schools, design)))
}
glm <- immerse_glm(api99 ~ ell + meals, schools, design)
same(sqrt(diag(vcov(glm))), as.data.frame(glm)$std_error)
stopifnot(identical(names(coef(glm)), c("(Intercept)", "ell", "meals")))

if (requireNamespace("survey", quietly = TRUE)) {
  clean <- schools[!is.na(schools$api00), ]
  theirs <- survey::svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = clean)
  ours <- immerse_mean(~api00, design = theirs)
  same(coef(ours), coef(survey::svymean(~api00, theirs)))
  same(as.data.frame(ours)$std_error, as.numeric(survey::SE(survey::svymean(~api00, theirs))))
  model <- survey::svyglm(api00 ~ ell + meals, theirs)
  ours <- immerse_glm(api00 ~ ell + meals, design = theirs)
  same(coef(ours), coef(model), 1e-9)
  same(vcov(ours), unname(vcov(model)), 1e-9)
}
cat("R package: all as expected\n")
