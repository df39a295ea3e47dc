source("peers/worker.R")
suppressPackageStartupMessages(library(survey))

means <- function() {
  data <- read_columns(c("country", "region", "site", "stratum", "weight", items))
  function() {
    design <- svydesign(ids = ~site, strata = ~stratum, weights = ~weight, data = data, nest = TRUE)
    answer <- list()
    for (item in items) {
      table <- svyby(reformulate(item), ~ country + region, design, svymean, na.rm = TRUE)
      place <- paste(item, table$country, table$region)
      answer[[item]] <- c(setNames(table[[item]], paste("mean", place)), setNames(table$se, paste("se", place)))
    }
    unlist(unname(answer))
  }
}

raking <- function(count) {
  margins <- read.csv(paste0(stem, ".margins", count, ".csv"))
  names <- unique(margins$variable)
  data <- read_columns(c("weight", names))
  totals <- lapply(names, function(name) {
    part <- margins[margins$variable == name, ]
    setNames(data.frame(part$category, part$total), c(name, "Freq"))
  })
  function() {
    design <- svydesign(ids = ~1, weights = ~weight, data = data)
    raked <- rake(design, lapply(names, reformulate), totals, control = list(maxit = 1000, epsilon = 1e-9))
    w <- weights(raked)
    c("sum of weights" = sum(w), "sum of squared weights" = sum(w^2))
  }
}

serve(if (suite == "means-taylor") means() else raking(as.integer(sub("rake-", "", suite))))
