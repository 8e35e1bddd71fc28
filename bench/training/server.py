"""Talks to the server named by PGHOST, PGPORT and PGUSER through psql and pgbench."""
import os
import re
import statistics
import subprocess
import time


def psql(sql, database="postgres"):
    """Runs statements; returns what psql prints (unaligned, tuples only)."""
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
                          input=sql, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()


def settings(**values):
    """ALTER SYSTEM of settings of knowhow's, until reset_settings()."""
    psql("".join(f"ALTER SYSTEM SET knowhow.{name} = '{value}';" for name, value in values.items())
         + "SELECT pg_reload_conf()")
    time.sleep(.2)


def reset_settings():
    psql("ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()")
    time.sleep(.2)


def pgbench(database, seconds, *options):
    """Transactions a second. Without -n it first vacuums what earlier transactions left behind."""
    done = subprocess.run(["pgbench", "-T", str(seconds), *options, database],
                          capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return float(re.search(r"^tps = ([0-9.]+)", done.stdout, re.M).group(1))


def share(others, plain):
    """The median of the ratios within each round, and the least and the largest of them."""
    ratios = [one / other for one, other in zip(others, plain)]
    return (f"{100 * statistics.median(ratios):.1f} % "
            f"({100 * min(ratios):.1f} to {100 * max(ratios):.1f})")


def load():
    """Who else uses the machine, for the reader of the figures."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
