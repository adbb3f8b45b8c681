#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A random root, and whether what is mounted is that root: the model knows all that is in it.

erofs_tree.py make KIND SEED TAR | check KIND SEED DIR; KIND is random, crowd (a directory of 100,000
names), or what a limit of EROFS refuses: value, attributes, device.
"""
import os
import random
import stat
import sys
import tarfile

BLOCK = 4096
LETTERS = "!#%&'()*+,-.0159AZ_az~"


class Entry:
    def __init__(self, path, kind, rng):
        self.path, self.kind = path, kind
        self.mode = rng.choice([0o755, 0o644, 0o4711, 0o2750, 0o1777, 0o600, 0])
        self.owner = rng.choice([(0, 0), (1000, 100), (70000, 5), (3, 4000000000)])
        # Half of them at one time, as an image's are whose times were set.
        self.time = rng.choice([1000000000, 1000000000, rng.randrange(1 << 33), -5])
        self.xattrs, self.size, self.pieces = {}, 0, []
        self.target, self.device = "", (0, 0)


def name(rng):
    length = rng.choice([1, 2, 3, 8, 8, 30, 100, 255])
    word = "".join(rng.choice(LETTERS) for _ in range(length))
    return word if word not in (".", "..") and not word.startswith(".wh.") else "x"


def size(rng):
    """Where the layouts change: at blocks, and at what fits behind an inode of 32 or 64 bytes."""
    edge = rng.choice([0, BLOCK - 64, BLOCK - 32, BLOCK, 2 * BLOCK - 32, 2 * BLOCK, 40 * BLOCK, 300000])
    return max(0, edge + rng.randint(-2, 2)) if rng.random() < 0.6 else rng.randrange(3000)


def fill(entry, rng):
    entry.size = size(rng)
    if rng.random() < 0.8:
        entry.pieces = [(0, rng.randbytes(entry.size))] if entry.size else []
        return
    entry.size, at = rng.choice([50000, 1 << 20, 5 << 30]), rng.choice([0, 0, 20000])
    while at < entry.size and len(entry.pieces) < 12:
        entry.pieces.append((at, rng.randbytes(min(rng.choice([1, 100, BLOCK, 9000]), entry.size - at))))
        at += len(entry.pieces[-1][1]) + rng.choice([1, 5000, 40000, 1 << 21])


def attributes(rng):
    found = {}
    while rng.random() < 0.3:
        value = "v" * rng.choice([0, 1, 3, 4, 100, 5000, 65535])
        found[rng.choice(["user.", "trusted.", "security."]) + name(rng)[:200].replace("=", "-")] = value
    return found


def random_root(rng):
    root = Entry(".", "dir", rng)
    entries, dirs, files, taken = [root], [root], [], set()
    for _ in range(rng.choice([3, 40, 400])):
        top = rng.choice(dirs).path
        path = os.path.join(top, name(rng))
        if path in taken or len(path) > 3000:
            continue
        taken.add(path)
        entry = Entry(path, rng.choice("file file file file dir dir link hard fifo char block".split()), rng)
        if entry.kind == "hard":
            if not files:
                continue
            entry.target = rng.choice(files).path
        elif entry.kind == "link":
            entry.target, entry.mode = "t" * rng.choice([1, 60, 4000, 4095]), 0o777
        elif entry.kind in ("char", "block"):
            entry.device = rng.choice([(1, 3), (259, 70000), (0, 0), (4095, 1048575)])
        elif entry.kind == "file":
            fill(entry, rng)
            files.append(entry)
        elif entry.kind == "dir":
            dirs.append(entry)
        if entry.kind in ("file", "dir"):
            entry.xattrs = attributes(rng)
        entries.append(entry)
    return entries


def crowd(rng):
    entries = [Entry(".", "dir", rng)]
    for i in range(100000):
        entry = Entry(f"./{i:x}-{'n' * (i % 40)}", "file" if i % 1000 else "dir", rng)
        entries.append(entry)
    return entries


def one_file(rng):
    return [Entry(".", "dir", rng), Entry("./it", "file", rng)]


def value(rng):
    entries = one_file(rng)
    entries[1].xattrs = {"user.large": "v" * 65536}
    return entries


def too_many(rng):
    entries = one_file(rng)
    entries[1].xattrs = {f"user.{i}": "v" * 60000 for i in range(5)}
    return entries


def device(rng):
    entries = one_file(rng)
    entries[1].kind, entries[1].device = "char", (4096, 0)
    return entries


KINDS = {"random": random_root, "crowd": crowd, "value": value, "attributes": too_many, "device": device}
TYPES = {"dir": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
         "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE}


def sparse(entry, info):
    """The body of what GNU tar calls the pax format, version 1.0, for files with holes."""
    numbers = [len(entry.pieces)] + [n for at, data in entry.pieces for n in (at, len(data))]
    told = "".join(f"{n}\n" for n in numbers).encode()
    info.pax_headers.update({"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                             "GNU.sparse.realsize": str(entry.size), "GNU.sparse.name": entry.path})
    return told + bytes(-len(told) % 512) + b"".join(data for _, data in entry.pieces)


def make(entries, to):
    import io
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type, info.linkname, info.mode = TYPES[entry.kind], entry.target, entry.mode
            (info.uid, info.gid), info.mtime = entry.owner, entry.time
            info.devmajor, info.devminor = entry.device
            info.pax_headers = {"SCHILY.xattr." + n: v for n, v in entry.xattrs.items()}
            if entry.kind in ("char", "block"):
                info.pax_headers.update({"SCHILY.devmajor": str(entry.device[0]),
                                         "SCHILY.devminor": str(entry.device[1])})
            body = b"".join(data for _, data in entry.pieces)
            if entry.size != len(body):
                body = sparse(entry, info)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))


FORMATS = {"dir": stat.S_IFDIR, "file": stat.S_IFREG, "link": stat.S_IFLNK, "fifo": stat.S_IFIFO,
           "char": stat.S_IFCHR, "block": stat.S_IFBLK}


def same(path, what, got, want):
    if got != want:
        sys.exit(f"{path!r}: {what} is {got!r:.200}, not {want!r:.200}")


def check_bytes(entry, path):
    with open(path, "rb") as f:
        for at, data in entry.pieces:
            f.seek(at)
            same(path, f"what lies at {at}", f.read(len(data)), data)
        if entry.size <= 1 << 21:
            f.seek(0)
            whole = bytearray(entry.size)
            for at, data in entry.pieces:
                whole[at:at + len(data)] = data
            same(path, "all of it", f.read(), bytes(whole))


def check_one(entry, path, links):
    st = os.lstat(path)
    same(path, "its type", stat.S_IFMT(st.st_mode), FORMATS[entry.kind])
    same(path, "its mode", stat.S_IMODE(st.st_mode), entry.mode)
    same(path, "its owner", (st.st_uid, st.st_gid), entry.owner)
    same(path, "its time", st.st_mtime_ns, entry.time * 10**9)
    same(path, "its links", st.st_nlink, links)
    found = {n: os.getxattr(path, n, follow_symlinks=False).decode()
             for n in os.listxattr(path, follow_symlinks=False)}
    same(path, "its attributes", found, entry.xattrs)
    if entry.kind == "link":
        same(path, "its target", os.readlink(path), entry.target)
    if entry.kind in ("char", "block"):
        same(path, "its device", (os.major(st.st_rdev), os.minor(st.st_rdev)), entry.device)
    if entry.kind == "file":
        same(path, "its size", st.st_size, entry.size)
        check_bytes(entry, path)


def check(entries, root):
    by_path = {entry.path: entry for entry in entries}
    links, subdirs, names = {}, {}, {}
    for entry in entries:
        real = entry.target if entry.kind == "hard" else entry.path
        links[real] = links.get(real, 0) + 1
        above, last = os.path.split(entry.path)
        if entry.path != ".":
            names.setdefault(above, set()).add(last)
            subdirs[above] = subdirs.get(above, 0) + (entry.kind == "dir")
    for entry in entries:
        path = os.path.join(root, entry.path)
        if entry.kind == "hard":
            same(path, "the file it shares", os.lstat(path).st_ino,
                 os.lstat(os.path.join(root, entry.target)).st_ino)
            entry = by_path[entry.target]
        count = 2 + subdirs.get(entry.path, 0) if entry.kind == "dir" else links[entry.path]
        check_one(entry, path, count)
        if entry.kind == "dir":
            same(path, "what is in it", set(os.listdir(path)), names.get(entry.path, set()))
    same(root, "a name that it has not", os.path.lexists(os.path.join(root, "not-there")), False)


verb, kind, seed, place = sys.argv[1:]
model = KINDS[kind](random.Random(seed))
make(model, place) if verb == "make" else check(model, place)
