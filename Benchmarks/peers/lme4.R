source("peers/worker.R")
suppressPackageStartupMessages(library(lme4))

random <- c("fit-2-level" = "(1 | site)", "fit-2-level-slope" = "(1 + migrant | site)",
            "fit-3-level-slope" = "(1 + migrant | site) + (1 | region)")
data <- na.omit(read_columns(c("math", "escs", "migrant", "female", "age", "site", "region")))
formula <- as.formula(paste("math ~ escs + migrant + female + age +", random[[suite]]))

serve(function() {
  fit <- lmer(formula, data, REML = TRUE)
  variances <- as.data.frame(VarCorr(fit))
  terms <- paste(variances$grp, ifelse(is.na(variances$var1), "", variances$var1),
                 ifelse(is.na(variances$var2), "", variances$var2))
  c("criterion" = REMLcrit(fit),
    setNames(fixef(fit), paste("coefficient", names(fixef(fit)))),
    setNames(sqrt(diag(as.matrix(vcov(fit)))), paste("se", names(fixef(fit)))),
    setNames(variances$vcov, paste("variance", trimws(gsub(" +", " ", terms)))))
})
