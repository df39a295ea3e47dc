# Francisco and Fuller's intervals of quantiles: every value that a test of F(value) = p does not reject, by trying all of
# them with svymean; beside them what svyquantile(interval.type = "score") finds by uniroot.
# Run from the repository: Rscript Tests/Reference/score_intervals.R > Tests/Goldens/survey/score_intervals.json
suppressMessages({library(survey); library(jsonlite)})
cluster <- read.csv("Datasets/api/apiclus1.csv"); stratified <- read.csv("Datasets/api/apistrat.csv")
designs <- list(cluster = svydesign(ids = ~dnum, weights = ~pw, data = cluster, fpc = ~fpc),
  stratified = svydesign(ids = ~1, strata = ~stype, weights = ~pw, data = stratified, fpc = ~fpc))
interval <- function(design, name, p) {
  x <- design$variables[[name]]
  t <- qt(0.975, degf(design))
  values <- sort(unique(x))
  scores <- sapply(values, function(v) {
    design$variables$below <- as.numeric(x <= v)
    m <- svymean(~below, design)
    (p - coef(m)[[1]]) / SE(m)[[1]]
  })
  low <- values[which(scores <= t)[1]]
  high <- values[which(scores < -t)[1]]
  survey <- suppressWarnings(svyquantile(as.formula(paste0("~", name)), design, p, interval.type = "score"))[[1]]
  list(low = low, high = high, se = (high - low) / (2 * t), survey = as.numeric(survey[1, 2:3]))
}
values <- lapply(designs, function(design) lapply(c(api00 = "api00", enroll = "enroll"), function(name)
  sapply(c("0.1", "0.25", "0.5", "0.75", "0.9"), function(p) interval(design, name, as.numeric(p)), simplify = FALSE)))
cat(toJSON(list(source = paste("R", getRversion(), "package survey", packageVersion("survey")),
  script = "Tests/Reference/score_intervals.R", data = "Datasets/api/apiclus1.csv, apistrat.csv", values = values),
  auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
