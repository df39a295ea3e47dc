import duckdb

from worker import IDENTIFIERS, serve


def prepare(files, suite):
    path = files["csv"]
    connection = duckdb.connect()
    connection.execute("SET threads = 2")

    def task():
        connection.execute("DROP TABLE IF EXISTS survey")
        connection.execute(f"CREATE TABLE survey AS SELECT * FROM read_csv('{path}')")
        names = [row[0] for row in connection.execute("DESCRIBE survey").fetchall() if row[0] not in IDENTIFIERS]
        means = ", ".join(f'avg("{name}")' for name in names)
        rows, *values = connection.execute(f"SELECT count(*), {means} FROM survey").fetchone()
        return {"rows": rows} | {f"mean {name}": value for name, value in zip(names, values)}

    return task


serve(prepare)
