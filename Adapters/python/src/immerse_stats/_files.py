"""Files that studies and frameworks are made of: YAML as the command reads it, and tables through pyarrow."""

from __future__ import annotations

import base64
import os
import re
from typing import Any


def document(path: str) -> Any:
    """What a YAML or JSON file says, or a saved fit as a text in base 64.

    Scalars remain texts as they stand in the file, so that a category called ``No`` is no truth value: the library
    takes numbers and truth values from texts where it wants them. A key that stands twice is an error.
    """
    if path.endswith(".immerse"):
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode("ascii")
    import yaml

    class Texts(yaml.BaseLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
            keys = [self.construct_object(key) for key, _ in node.value]
            for key, (place, _) in zip(keys, node.value):
                if keys.count(key) > 1:
                    line = place.start_mark.line + 1
                    raise ValueError(f'{path}:{line}: the key "{key}" stands twice')
            return super().construct_mapping(node, deep)

    Texts.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    Texts.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Texts)


def is_document(name: str) -> bool:
    return os.path.splitext(name)[1] in (".yaml", ".yml", ".json", ".immerse")


def table(path: str, dialect: dict[str, Any]) -> Any:
    """The rows of a CSV, Arrow or Parquet file, as a `pyarrow.Table`."""
    try:
        import pyarrow.feather
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(f"reading {path} needs pyarrow; hand the table over in `tables`, or install pyarrow") from error
    kind = os.path.splitext(re.sub(r"\.(gz|zst)$", "", path))[1]
    if kind in (".csv", ".tsv", ".txt"):
        return _csv(path, {"separator": "\t"} | dialect if kind == ".tsv" else dialect)
    if kind in (".arrow", ".feather", ".ipc"):
        return pyarrow.feather.read_table(path)
    if kind == ".parquet":
        return pyarrow.parquet.read_table(path)
    raise ValueError(
        f"{path}: only CSV, Arrow and Parquet files are read here; hand the table over in `tables`, as a pandas or polars "
        "data frame")


def _csv(path: str, dialect: dict[str, Any]) -> Any:
    """A text table by the command's rules: a column whose cells that are not empty all read as numbers is numeric."""
    from pyarrow import csv, string

    read = csv.ReadOptions(encoding="windows-1252" if dialect.get("encoding") == "latin-1" else "utf8")
    quote = dialect.get("quote", '"')
    parse = csv.ParseOptions(
        delimiter=dialect.get("separator") or _separator(path), quote_char=False if quote == "none" else quote,
        newlines_in_values=True)
    with csv.open_csv(path, read_options=read, parse_options=parse) as reader:
        names = reader.schema.names
    missing = dialect.get("missing_codes") or []
    convert = csv.ConvertOptions(
        column_types={name: string() for name in names}, strings_can_be_null=True,
        null_values=["", *([missing] if isinstance(missing, str) else missing)])
    rows = csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    for place, name in enumerate(names):
        rows = rows.set_column(place, name, _typed(rows[name], dialect.get("decimal", ".")))
    return rows


def _separator(path: str) -> str:
    """The most frequent of comma, semicolon and tab in the header."""
    import pyarrow

    with pyarrow.input_stream(path, compression="detect") as file:
        header = file.read(1 << 16).split(b"\n")[0].decode("latin-1")
    return max(",;\t", key=header.count)


def _typed(texts: Any, decimal: str) -> Any:
    import pyarrow
    from pyarrow import compute

    numbers = compute.replace_substring(texts, decimal, ".") if decimal != "." else texts
    for kind in (pyarrow.int64(), pyarrow.float64()):
        try:
            return numbers.cast(kind)
        except pyarrow.ArrowInvalid:
            continue
    return texts
