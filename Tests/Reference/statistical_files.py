"""Writes small SPSS, Stata and SAS files and what pyreadstat reads from them.

    python3 Tests/Reference/statistical_files.py Tests/Goldens/statistical
    python3 Tests/Reference/statistical_files.py --print FILE

pyreadstat 1.3 (ReadStat 1.1.9) with pandas. With --print only the JSON of one file goes to standard output.
"""
import json
import math
import os
import sys

import pandas
import pyreadstat


def read(path, user_missing=True):
    extension = path.rsplit(".", 1)[1]
    reader = {"sav": pyreadstat.read_sav, "zsav": pyreadstat.read_sav, "por": pyreadstat.read_por,
              "dta": pyreadstat.read_dta, "xpt": pyreadstat.read_xport, "sas7bdat": pyreadstat.read_sas7bdat}[extension]
    options = {"disable_datetime_conversion": True}
    if extension in ("sav", "zsav", "dta"):
        options["user_missing"] = user_missing
    frame, meta = reader(path, **options)
    def cell(value):
        if value is None or isinstance(value, float) and math.isnan(value):
            return None
        if isinstance(value, str):
            return value or None
        return float(value)
    columns = {name: [cell(value) for value in frame[name].tolist()] for name in frame.columns}
    return {
        "columns": columns,
        "rows": len(frame),
        "labels": meta.column_names_to_labels,
        "values": {name: {str(code): label for code, label in labels.items()}
                   for name, labels in meta.variable_value_labels.items()},
        "missing": getattr(meta, "missing_ranges", {}) or {},
        "measures": {} if extension in ("dta", "xpt", "sas7bdat") else meta.variable_measure,
    }


def frame(rows):
    return pandas.DataFrame({
        "id": [f"child {i}" if i % 7 else "" for i in range(rows)],
        "age": [float(7 + i % 12) for i in range(rows)],
        "bel1": [[1.0, 2.0, 3.0, 4.0, 97.0, 98.0, 99.0, float("nan")][i % 8] for i in range(rows)],
        "escs": [round(math.sin(i) * 80) / 64 if i % 9 else -999.0 for i in range(rows)],
        "ort": [["Köln", "Αθήνα", "Liège", "Dún Laoghaire"][i % 4] for i in range(rows)],
        "w": [1.0 + i / 16 for i in range(rows)],
    })


LABELS = {"id": "Number of the child", "age": "Age in years", "bel1": "Ich fühle mich zugehörig", "escs": "Status"}
VALUES = {"bel1": {1.0: "strongly agree", 2.0: "agree", 3.0: "disagree", 4.0: "strongly disagree",
                   97.0: "not applicable", 98.0: "invalid", 99.0: "no response"},
          "escs": {-999.0: "not computed"}}
MISSING = {"bel1": [{"lo": 97, "hi": 99}], "escs": [-999]}


def write(folder):
    data = frame(40)
    names = [LABELS.get(name, "") for name in data.columns]
    measures = {"id": "nominal", "age": "scale", "bel1": "ordinal", "escs": "scale"}
    for name, options in (("plain.sav", {}), ("rows.sav", {"row_compress": True}), ("blocks.zsav", {"compress": True})):
        pyreadstat.write_sav(data, os.path.join(folder, name), column_labels=names, variable_value_labels=VALUES,
                             missing_ranges=MISSING, variable_measure=measures, **options)
    long = data.copy()
    long["essay"] = [("long text " * 60 + str(i)) if i % 3 else "short" for i in range(len(long))]
    pyreadstat.write_sav(long, os.path.join(folder, "long.sav"), row_compress=True)
    ascii_only = data.drop(columns=["ort"])
    ascii_only["bel1"] = ascii_only["bel1"].where(ascii_only["bel1"] < 90)
    ascii_only["escs"] = ascii_only["escs"].where(ascii_only["escs"] > -900)
    pyreadstat.write_por(ascii_only.rename(columns=str.upper), os.path.join(folder, "portable.por"))
    pyreadstat.write_xport(ascii_only.drop(columns=["id"]), os.path.join(folder, "transport.xpt"), file_format_version=5)
    stata = data.copy()
    stata["bel1"] = [{97.0: "a", 98.0: "b", 99.0: "c"}.get(value, value) for value in stata["bel1"]]
    stata["grade"] = [i % 5 for i in range(len(stata))]
    pyreadstat.write_dta(stata, os.path.join(folder, "letters.dta"), column_labels=names + ["Grade"],
                         variable_value_labels={"bel1": {1: "strongly agree", 2: "agree", 3: "disagree",
                                                         4: "strongly disagree", "a": "not applicable"}},
                         missing_user_values={"bel1": ["a", "b", "c"]}, version=15)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            with open(os.path.join(folder, name + ".json"), "w") as file:
                json.dump(read(os.path.join(folder, name)), file, ensure_ascii=False, indent=1)


if sys.argv[1] == "--print":
    print(json.dumps(read(sys.argv[2])))
else:
    write(sys.argv[1])
