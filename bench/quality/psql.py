"""Talks to the server named by PGHOST, PGPORT, PGUSER, PGDATABASE through psql alone."""
import subprocess


def run(sql, stdin=None):
    """Runs SQL; returns what psql prints (unaligned, tuples only). `stdin` feeds COPY FROM STDIN."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    if stdin is None:
        result = subprocess.run(command + ["-f", "-"], input=sql, text=True, capture_output=True)
    else:
        result = subprocess.run(command + ["-c", sql], input=stdin, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout


def copy_in(target, rows):
    """COPY target FROM STDIN in text format; None is NULL."""
    def field(value):
        if value is None:
            return "\\N"
        return (str(value).replace("\\", "\\\\").replace("\t", "\\t")
                .replace("\n", "\\n").replace("\r", "\\r"))
    data = "".join("\t".join(field(value) for value in row) + "\n" for row in rows)
    run(f"COPY {target} FROM STDIN", stdin=data)


def copy_out(query):
    """Rows of a query as lists of strings."""
    text = run(f"COPY ({query}) TO STDOUT")
    return [line.split("\t") for line in text.splitlines()]
