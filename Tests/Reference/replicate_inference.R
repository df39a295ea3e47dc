# Makes Tests/Goldens/survey/replicate_inference.json: tests and models under replicate weights by R's survey package.
#
#   Rscript Tests/Reference/replicate_inference.R > Tests/Goldens/survey/replicate_inference.json

suppressPackageStartupMessages(library(survey))
apiclus1 <- read.csv("Datasets/api/apiclus1.csv", stringsAsFactors = TRUE)
jk1 <- as.svrepdesign(svydesign(id = ~dnum, weights = ~pw, data = apiclus1, fpc = ~fpc))

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
json <- function(x) {
  if (is.list(x)) {
    paste0("{", paste0("\"", names(x), "\": ", vapply(x, json, ""), collapse = ",\n "), "}")
  } else if (is.character(x)) {
    paste0("\"", gsub("\"", "\\\\\"", x), "\"")
  } else if (length(x) == 1) number(x) else paste0("[", paste0(number(x), collapse = ", "), "]")
}
test <- function(statistic) {
  found <- svychisq(~sch.wide + stype, jk1, statistic = statistic)
  list(call = sprintf("svychisq(~sch.wide + stype, as.svrepdesign(dclus1), statistic = \"%s\")", statistic),
    statistic = unname(found$statistic), parameter = unname(found$parameter), p = unname(found$p.value))
}
model <- function(formula, family = gaussian()) {
  fit <- svyglm(formula, jk1, family = family, control = glm.control(epsilon = 1e-14, maxit = 100))
  list(call = paste("svyglm", deparse(formula), family$family), est = unname(coef(fit)), se = unname(SE(fit)),
    df = fit$df.residual)
}
ttest <- svyttest(enroll ~ comp.imp, jk1)
values <- list(
  F = test("F"), Wald = test("Wald"), adjWald = test("adjWald"), Chisq = test("Chisq"),
  gaussian = model(api00 ~ ell + meals), binomial = model(I(sch.wide == "Yes") ~ ell + meals, quasibinomial()),
  poisson = model(api.stu ~ ell + stype, quasipoisson()),
  ttest = list(call = "svyttest(enroll ~ comp.imp, as.svrepdesign(dclus1))", statistic = unname(ttest$statistic),
    df = unname(ttest$parameter), p = unname(ttest$p.value), est = unname(ttest$estimate)))
cat(json(list(
  source = paste("R", getRversion(), "survey", packageVersion("survey")),
  script = "Tests/Reference/replicate_inference.R", values = values)), "\n")
