# SPDX-License-Identifier: Apache-2.0
"""Runs commands in turns and prints the medians: what bench/build.py measures with."""
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Row:
    name: str
    command: str  # of sh; what it makes is $OUT, the directory of it exists
    peer: str = ""  # the row that it is compared with
    target: float = 0  # of its median over the peer's
    undo: str = ""  # what takes back what is not below $OUT; not measured


@dataclass
class Sample:
    seconds: float
    processor: float  # seconds of all processors
    peak: int  # KiB of the largest process, what it shares too; no less than this one has


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def run(command, where, env=None, undo="", sync=False):
    out = f"{where}/out"
    env = dict(os.environ, OUT=out, **(env or {}))
    if sync:
        command += f" && sync -f {where}"
    begun = time.monotonic()
    child = subprocess.Popen(["sh", "-c", command], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - begun
    child.returncode = status
    if undo:
        subprocess.run(["sh", "-c", undo], env=env, check=True, stdout=subprocess.DEVNULL)
    remove(out)
    if status:
        sys.exit(f"failed: {command}\n{said.decode(errors='replace')}")
    return Sample(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def verdict(row, median):
    if not row.peer:
        return ""
    ratio = median[row.name] / median[row.peer]
    reached = "yes" if ratio <= row.target else "no"
    return f"{ratio:.2f} of {row.peer}; target {row.target:g}: {reached}"


def table(title, rows, rounds, where, env=None, sync=False):
    """Medians by name."""
    samples = {row.name: [] for row in rows}
    for _ in range(rounds):
        for row in rows:
            samples[row.name].append(run(row.command, where, env, row.undo, sync))
    median = {name: statistics.median(s.seconds for s in all) for name, all in samples.items()}
    print(f"\n{title}, {rounds} rounds in turns, load {os.getloadavg()[0]:.1f}\n"
          f"{'':28}{'median':>8}{'best':>8}{'cpu':>8}{'MiB':>7}   ratio")
    for row in rows:
        of = samples[row.name]
        print(f"{row.name:28}{median[row.name]:8.2f}{min(s.seconds for s in of):8.2f}"
              f"{statistics.median(s.processor for s in of):8.2f}"
              f"{max(s.peak for s in of) >> 10:7}   {verdict(row, median)}".rstrip())
    sys.stdout.flush()
    return median
