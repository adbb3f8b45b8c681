#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs cbuild and its peers in turns and prints medians: build.py CBUILD IMAGES [ROUNDS]."""
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

cbuild, images = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
memory = tempfile.mkdtemp(prefix="bench-build-", dir="/dev/shm")
disk = tempfile.mkdtemp(prefix="work-", dir=images)
OURS = f"{cbuild} --quiet --no-init"
TAR = "tar -x --numeric-owner --xattrs --xattrs-include='*' -C $OUT"


def layers(kind):
    with open(f"{images}/{kind}.layers") as f:
        return [f"{images}/{kind}.oci/blobs/sha256/{name.strip()}" for name in f]


def each(files, command):
    return " && ".join(command.replace("$IN", shlex.quote(f)) for f in files)


plain = [f"{images}/plain/{n + 1}.tar" for n in range(len(layers("gzip")))]
bsdtar = "bsdtar -x -p --numeric-owner -f $IN -C $OUT"


def unpackers(where):
    """name, command, what it is compared with (None: it is a peer), the target"""
    made = "mkdir $OUT && "
    rows = [
        ("cbuild gzip", f"{OURS} {images}/gzip.oci -o $OUT", "igzip | tar", 1.0),
        ("cbuild zstd", f"{OURS} {images}/zstd.oci -o $OUT", "zstd | tar", 1.0),
        ("cbuild docker", f"{OURS} {images}/docker.tar -o $OUT", "tar of plain layers", 1.5),
        ("igzip | tar", made + each(layers("gzip"), f"igzip -dc $IN | {TAR}"), None, 0),
        ("zstd | tar", made + each(layers("zstd"), f"zstd -dcq < $IN | {TAR}"), None, 0),
        ("tar of plain layers", made + each(plain, f"{TAR} -f $IN"), None, 0),
        ("umoci gzip", f"umoci unpack --image {images}/gzip.oci:bench $OUT", None, 0),
    ]
    if where == "tmpfs":
        rows += [
            ("gzip | tar", made + each(layers("gzip"), f"gzip -dc < $IN | {TAR}"), None, 0),
            ("bsdtar zstd", made + each(layers("zstd"), bsdtar), None, 0),
            ("cbuild gzip, one core", f"taskset -c 0 {OURS} {images}/gzip.oci -o $OUT", None, 0),
        ]
    return rows


def archives():
    unpacked = each(layers("gzip"), "igzip -dc $IN >>$OUT")
    image = f"{OURS} {images}/gzip.oci"
    rows = [
        ("cbuild to tar", f"{image} -f tar -o $OUT", "igzip to a file", 1.2),
        ("cbuild to cpio", f"{image} -f cpio -o $OUT", "igzip to a file", 1.2),
        ("igzip to a file", unpacked, None, 0),
    ]
    disks = [
        ("ext4", "truncate -s 2G $OUT && mke2fs -q -t ext4 -d $DIR $OUT", "mke2fs -d"),
        ("erofs", "mkfs.erofs --quiet $OUT $DIR", "mkfs.erofs"),
        ("squashfs", "mksquashfs $DIR $OUT -comp zstd -quiet -no-progress", "mksquashfs"),
    ]
    knows = subprocess.run([cbuild, "--help"], capture_output=True, text=True).stdout
    for name, peer, called in disks:
        if name in knows:
            rows.append((f"cbuild dir to {name}", f"{OURS} $DIR -f {name} -o $OUT", called, 1.0))
            rows.append((called, peer + " >/dev/null 2>&1", None, 0))
    return rows


def run(command, where, root=""):
    """Seconds, those of processors, and KiB of the largest process; what it made is removed."""
    out = f"{where}/out"
    env = dict(os.environ, OUT=out, DIR=root)
    sync = f" && sync -f {where}" if where == disk else ""
    begun = time.monotonic()
    child = subprocess.Popen(["sh", "-c", command + sync], env=env,
                             stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - begun
    child.returncode = status
    if status:
        sys.exit(f"failed: {command}")
    shutil.rmtree(out, ignore_errors=True) if os.path.isdir(out) else os.unlink(out)
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def table(title, rows, where, root=""):
    times = {name: [] for name, *_ in rows}
    work = {name: [] for name, *_ in rows}
    peaks = {name: 0 for name, *_ in rows}
    for _ in range(rounds):
        for name, command, *_ in rows:
            took, used, peak = run(command, where, root)
            times[name].append(took)
            work[name].append(used)
            peaks[name] = max(peaks[name], peak)
    median = {name: statistics.median(t) for name, t in times.items()}
    print(f"\n{title}\n{'':24}{'median':>8}{'best':>8}{'cpu':>8}{'MiB':>7}   ratio")
    for name, _, peer, target in rows:
        said = ""
        if peer:
            ratio = median[name] / median[peer]
            said = f"{ratio:.2f} of {peer}, target {target:g}: {'yes' if ratio <= target else 'no'}"
        print(f"{name:24}{median[name]:8.2f}{min(times[name]):8.2f}"
              f"{statistics.median(work[name]):8.2f}{peaks[name] >> 10:7}   {said}")
    sys.stdout.flush()
    return median


def million(path):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as t:
        for d in range(1000):
            info = tarfile.TarInfo(f"d{d:03}")
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            t.addfile(info)
            for f in range(1000):
                t.addfile(tarfile.TarInfo(f"d{d:03}/file{f:04}"))


def small_files():
    path = f"{disk}/million.tar"
    million(path)
    took, _, peak = run(f"{OURS} {path} --dry-run -o $OUT.tar && : >$OUT", memory)
    good = "yes" if peak <= 400 << 10 else "no"
    print(f"\n1,000,000 files in one layer: {took:.1f} s, {peak >> 10} MiB, target 400: {good}")


def main():
    size = sum(os.path.getsize(p) for p in plain)
    print(f"{len(plain)} layers, {size / 1e6:.0f} MB; {rounds} rounds in turns; "
          f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    times = table("to a directory in a tmpfs", unpackers("tmpfs"), memory)
    speedup = times["cbuild gzip, one core"] / times["cbuild gzip"]
    print(f"two cores: {speedup:.2f}x, target 1.6: {'yes' if speedup >= 1.6 else 'no'}")
    table("to a directory on disk, with sync", unpackers("disk"), disk)
    root = f"{memory}/root"
    subprocess.run(f"{OURS} {images}/gzip.oci -o {root}", shell=True, check=True)
    table("to archives and disks in a tmpfs", archives(), memory, root)
    shutil.rmtree(root)
    small_files()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    main()
finally:
    shutil.rmtree(memory, ignore_errors=True)
    shutil.rmtree(disk, ignore_errors=True)
