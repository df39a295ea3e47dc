# Inverse response propensities by weighted logistic regression: Tests/Goldens/survey/nonresponse.json.
sample <- data.frame(d = c(1, 2, 3, 4, 1, 1, 2, 2), age = 1:8, answered = c(1, 0, 1, 1, 0, 1, 1, 0))
model <- glm(answered ~ age, family = quasibinomial, weights = d, data = sample, control = glm.control(epsilon = 1e-15))
weights <- sample$d * sample$answered / fitted(model)
cat(sprintf('{
 "source": "%s, stats::glm",
 "data": "eight rows in the script Tests/Reference/nonresponse.R",
 "model": "d * answered / fitted(glm(answered ~ age, quasibinomial, weights = d)), converged to 1e-15",
 "tolerance": "1e-8 relative",
 "values": {
  "inverse_propensity": [%s]
 }
}
', R.version.string, paste(format(weights, digits = 17, trim = TRUE), collapse = ", ")))
