import pyreadstat

from worker import IDENTIFIERS, serve


def prepare(files, suite):
    def task():
        frame, _ = pyreadstat.read_sav(files["sav"])
        means = frame.drop(columns=IDENTIFIERS).mean()
        return {"rows": len(frame)} | {f"mean {name}": float(value) for name, value in means.items()}

    return task


serve(prepare)
