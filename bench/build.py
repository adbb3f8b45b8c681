#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cbuild and its peers, on an image of bench/image.sh: build.py CBUILD IMAGES [ROUNDS]."""
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from engine import Engine
from measure import Row, remove, run, table

cbuild, images = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
OURS = f"{cbuild} --quiet --no-init"
GZIP, ZSTD, DOCKER = (f"{OURS} {images}/{name}" for name in ("gzip.oci", "zstd.oci", "docker.tar"))
TAR = "tar -x --numeric-owner --xattrs --xattrs-include='*' -C $OUT"
BSDTAR = "bsdtar -x -p --numeric-owner -f $IN -C $OUT"
GROW = f"{os.path.dirname(os.path.abspath(__file__))}/grow.py"
PODMAN = ("unshare -m podman --root $OUT/root --runroot $OUT/run --tmpdir $OUT/tmp "
          "--storage-driver overlay --events-backend none")


def layers(kind):
    with open(f"{images}/{kind}.layers") as f:
        return [f"{images}/{kind}.oci/blobs/sha256/{name.strip()}" for name in f]


def each(files, command):
    return " && ".join(command.replace("$IN", shlex.quote(f)) for f in files)


plain = [f"{images}/plain/{n + 1}.tar" for n in range(len(layers("gzip")))]


def unpackers():
    made = "mkdir $OUT && "
    return [
        Row("cbuild gzip", f"{GZIP} -o $OUT", "igzip | tar", 1.0),
        Row("igzip | tar", made + each(layers("gzip"), f"igzip -dc $IN | {TAR}")),
        Row("cbuild zstd", f"{ZSTD} -o $OUT", "zstd | tar", 1.0),
        Row("zstd | tar", made + each(layers("zstd"), f"zstd -dcq < $IN | {TAR}")),
        Row("cbuild docker", f"{DOCKER} -o $OUT", "tar of plain layers", 1.5),
        Row("tar of plain layers", made + each(plain, f"{TAR} -f $IN")),
        Row("umoci gzip", f"umoci unpack --image {images}/gzip.oci:bench $OUT"),
    ]


def more_unpackers(engine):
    made = "mkdir $OUT && "
    rows = [
        Row("cbuild gzip, one core", f"taskset -c 0 {GZIP} -o $OUT"),
        Row("gzip | tar", made + each(layers("gzip"), f"gzip -dc < $IN | {TAR}")),
        Row("bsdtar zstd", made + each(layers("zstd"), BSDTAR)),
        Row("podman load", f"{made}{PODMAN} load --quiet --input {images}/docker.tar"),
    ]
    if engine:
        rows.append(Row("docker load", f"{engine.client} load --quiet --input {images}/docker.tar",
                        undo=f"{engine.client} image rm --force example.org/bench:latest"))
    return rows


def archives():
    return [
        Row("cbuild gzip to tar", f"{GZIP} -f tar -o $OUT", "igzip to a file", 1.2),
        Row("cbuild gzip to cpio", f"{GZIP} -f cpio -o $OUT", "igzip to a file", 1.2),
        Row("igzip to a file", each(layers("gzip"), "igzip -dc $IN >>$OUT")),
        Row("cbuild zstd to tar", f"{ZSTD} -f tar -o $OUT", "zstd to a file", 1.2),
        Row("zstd to a file", each(layers("zstd"), "zstd -dcq < $IN >>$OUT")),
        Row("cbuild docker to tar", f"{DOCKER} -f tar -o $OUT", "cat", 1.2),
        Row("cat", f"cat {' '.join(plain)} >$OUT"),
    ]


def disks():
    squash = "mksquashfs $DIR $OUT -quiet -no-progress -comp"
    return [
        Row("cbuild dir to ext4", f"{OURS} $DIR -f ext4 -o $OUT", "mke2fs -d", 1.0),
        Row("mke2fs -d", "truncate -s 2G $OUT && mke2fs -q -t ext4 -d $DIR $OUT"),
        Row("cbuild dir to erofs", f"{OURS} $DIR -f erofs -o $OUT", "mkfs.erofs", 1.0),
        Row("mkfs.erofs", "mkfs.erofs --quiet $OUT $DIR"),
        Row("cbuild dir to squashfs", f"{OURS} $DIR -f squashfs -o $OUT", "mksquashfs zstd", 1.0),
        Row("mksquashfs zstd", f"{squash} zstd -Xcompression-level 3"),
        Row("mksquashfs lz4", f"{squash} lz4"),
        Row("cbuild gzip to ext4", f"{GZIP} -f ext4 -o $OUT"),
        Row("cbuild gzip to erofs", f"{GZIP} -f erofs -o $OUT"),
    ]


def growth(disk, memory):
    print("\nas an image grows")
    per_entry = {}
    for count in (100_000, 1_000_000):
        made = f"{disk}/many.tar"
        subprocess.run([GROW, "many", made, str(count)], check=True)
        s = run(f"{OURS} {made} -f tar -o $OUT", memory)
        per_entry[count] = s.seconds / count
        print(f"{count:9} files in a layer: {s.seconds:5.2f} s, {s.seconds / count * 1e6:.2f} us a "
              f"file, {s.peak >> 10} MiB; target 400: {'yes' if s.peak <= 400 << 10 else 'no'}")
    for size in (64 << 20, 1 << 30):
        made = f"{disk}/one.{size}.tar.gz"
        subprocess.run([GROW, "one", made, str(size)], check=True)
        peaks = [run(f"{OURS} {made} -f {kind} -o $OUT", memory).peak >> 10
                 for kind in ("dir", "tar", "ext4")]
        print(f"a file of {size >> 20:5} MiB to dir, tar, ext4: {peaks} MiB")


def main(stack):
    memory = tempfile.mkdtemp(prefix="bench-build-", dir="/dev/shm")
    stack.callback(remove, memory)
    disk = tempfile.mkdtemp(prefix="work-", dir=images)
    stack.callback(remove, disk)
    size = sum(os.path.getsize(p) for p in plain)
    print(f"{len(plain)} layers, {size / 1e6:.0f} MB, {os.cpu_count()} processors")
    with Engine(memory) as engine:
        if not engine:
            print("docker load is left out: no engine can be started here")
        times = table("to a directory in a tmpfs", unpackers() + more_unpackers(engine), rounds,
                      memory)
    speedup = times["cbuild gzip, one core"] / times["cbuild gzip"]
    print(f"two cores over one: {speedup:.2f}; target 1.6: {'yes' if speedup >= 1.6 else 'no'}")
    table("to archives in a tmpfs", archives(), rounds, memory)
    root = f"{memory}/root"
    subprocess.run(f"{GZIP} -o {root}", shell=True, check=True)
    table("to disks in a tmpfs", disks(), rounds, memory, {"DIR": root})
    shutil.rmtree(root)
    table("to a directory on disk, and synced", unpackers(), min(rounds, 3), disk, sync=True)
    growth(disk, memory)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with contextlib.ExitStack() as everything:
    main(everything)
