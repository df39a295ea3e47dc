# Writes a small SAS file, which no other program here does; what it holds is then printed by pyreadstat:
#   Rscript Tests/Reference/sas_file.R Tests/Goldens/statistical/haven.sas7bdat
#   python3 Tests/Reference/statistical_files.py --print Tests/Goldens/statistical/haven.sas7bdat > .../haven.sas7bdat.json
# haven 2.5.1, pyreadstat 1.3.7.
library(haven)
rows <- 0:39
children <- data.frame(
  id = sprintf("child %d", rows + 1), age = 7 + rows %% 12, escs = round(sin(rows) * 80) / 64,
  town = rep(c("Köln", "Liège", "Dún Laoghaire", "Bari"), 10))
children$escs[c(3, 9)] <- NA
attr(children$age, "label") <- "Age in years"
suppressWarnings(write_sas(children, commandArgs(TRUE)[1]))
