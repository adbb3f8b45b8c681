#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random stacks of layers through cbuild, and through an oracle that uses plain tar and rm.

property.py CBUILD [SEED [STACKS]]: TAP. A failure prints the seed that makes it again.
"""
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time

cbuild = sys.argv[1]
first = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time() * 1000) % 1000000000
stacks = int(sys.argv[3]) if len(sys.argv) > 3 else 60
NAMES = "abcd"


def random_path(rng):
    return "/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 3)))


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def fits(taken, path, is_dir):
    """One layer says one thing of a path, and has nothing below what is no directory."""
    if path in taken or any(taken.get(p, True) is False for p in parents(path)):
        return False
    return is_dir or not any(p.startswith(path + "/") for p in taken)


def random_entry(rng, path):
    info = tarfile.TarInfo(path)
    info.mode = rng.choice([0o755, 0o644, 0o4711, 0o1777, 0o600])
    info.uid, info.gid, info.mtime = rng.randrange(3000), rng.randrange(3000), rng.randrange(1 << 30)
    return info


def random_data(rng):
    size = 300000 if rng.random() < 0.03 else rng.randrange(400)
    return rng.randbytes(size)


def random_link(rng, info, made, root, gone):
    """A hard link to a file of this layer, or to one of lower layers that stays as it is."""
    lower = [os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root)
             for f in files if not os.path.islink(os.path.join(d, f))]
    lower = [p for p in sorted(lower) if not any(q in gone for q in [p, *parents(p)])]
    if made or lower:
        info.type, info.linkname = tarfile.LNKTYPE, rng.choice(made + lower)
    return bool(made or lower)


def random_layer(rng, root):
    """(entries, whiteouts, opaque directories) that may stand in one layer."""
    taken, made, entries = {}, [], []
    hidden = {random_path(rng) for _ in range(rng.randrange(4))}
    opaque = {random_path(rng) for _ in range(rng.randrange(2))}
    links = []
    for _ in range(rng.randint(1, 12)):
        path, kind = random_path(rng), rng.choice("dddffffslh")
        if kind == "s":
            path = "/".join(parents(path)[-1:] + ["link" + rng.choice(NAMES)])
        if not fits(taken, path, kind == "d"):
            continue
        taken[path] = kind == "d"
        info, data = random_entry(rng, path), b""
        if kind == "d":
            info.type = tarfile.DIRTYPE
        elif kind == "s":
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, random_path(rng), 0o777
        elif kind == "l":
            info.type = tarfile.FIFOTYPE
        elif kind == "h":
            links.append(info)
            continue
        else:
            data = random_data(rng)
            info.size = len(data)
            made.append(path)
        entries.append((info, data))
    gone = hidden | opaque | {p for p, is_dir in taken.items() if not is_dir}
    gone |= {q for p in taken for q in [p, *parents(p)] if not is_dir(f"{root}/{q}")}
    entries += [(info, b"") for info in links if random_link(rng, info, made, root, gone)]
    return entries, hidden, opaque


def write_tar(entries):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return to.getvalue()


def remove(path):
    subprocess.run(["rm", "-rf", "--", path], check=True)


def is_dir(path):
    return os.path.isdir(path) and not os.path.islink(path)


def reachable(root, path):
    return all(is_dir(f"{root}/{p}") for p in parents(path))


def oracle(root, layer):
    entries, hidden, opaque = layer
    for path in hidden:
        if reachable(root, path):
            remove(f"{root}/{path}")
    for path in opaque:
        if reachable(root, path) and is_dir(f"{root}/{path}"):
            for name in os.listdir(f"{root}/{path}"):
                remove(f"{root}/{path}/{name}")
    for info, _ in entries:
        for p in parents(info.name):
            if os.path.lexists(f"{root}/{p}") and not is_dir(f"{root}/{p}"):
                remove(f"{root}/{p}")
        if not (info.isdir() and is_dir(f"{root}/{info.name}")):
            remove(f"{root}/{info.name}")
    subprocess.run(["tar", "-x", "-p", "--numeric-owner", "-C", root], input=write_tar(entries),
                   check=True)


def with_markers(rng, layer):
    """The layer's entries, the markers anywhere between them: where they stand is no matter."""
    entries, hidden, opaque = layer
    entries = list(entries)
    markers = [os.path.join(os.path.dirname(p), ".wh." + os.path.basename(p)) for p in sorted(hidden)]
    markers += [p + "/.wh..wh..opq" for p in sorted(opaque)]
    for path in markers:
        entries.insert(rng.randint(0, len(entries)), (tarfile.TarInfo(path), b""))
    return write_tar(entries)


def write_image(rng, path, layers):
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + hashlib.sha256(data).hexdigest() for data in layers]}}
    names = [f"{n}.tar" for n in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": None, "Layers": names}]
    members = [(name, gzip.compress(data, 1) if rng.random() < 0.5 else data)
               for name, data in zip(names, layers)]
    members += [("config.json", json.dumps(config).encode()),
                ("manifest.json", json.dumps(manifest).encode())]
    with tarfile.open(path, "w") as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))


def describe(root):
    """A line a name. A directory's time is left out: tar changes it by what it puts inside."""
    lines, same = [], {}
    for dirpath, dirs, files in os.walk(root):
        for name in dirs + files:
            full = os.path.join(dirpath, name)
            st, path = os.lstat(full), os.path.relpath(full, root)
            line = f"{stat.filemode(st.st_mode)} {st.st_uid}:{st.st_gid}"
            if not stat.S_ISDIR(st.st_mode):
                line += f" {int(st.st_mtime)} {st.st_size}"
                same.setdefault(st.st_ino, []).append(path)
            if stat.S_ISLNK(st.st_mode):
                line += " -> " + os.readlink(full)
            if stat.S_ISREG(st.st_mode):
                with open(full, "rb") as f:
                    line += " " + hashlib.sha256(f.read()).hexdigest()[:12]
            lines.append(f"{path} {line}")
    return sorted(lines) + sorted("same: " + " ".join(sorted(p)) for p in same.values() if len(p) > 1)


def read_layout(layout):
    """The unpacked layers of an OCI layout, bottom first."""
    def blob(descriptor):
        with open(f"{layout}/blobs/sha256/{descriptor['digest'][7:]}", "rb") as f:
            return f.read()

    with open(f"{layout}/index.json") as f:
        manifest = json.loads(blob(json.load(f)["manifests"][0]))
    return [gzip.decompress(blob(descriptor)) for descriptor in manifest["layers"]]


def without_markers(data):
    """A layer out of a tar, as random_layer has it."""
    entries, hidden, opaque = [], set(), set()
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        for info in t:
            folder, name = os.path.split(info.name)
            if name == ".wh..wh..opq":
                opaque.add(folder)
            elif name.startswith(".wh."):
                hidden.add(os.path.join(folder, name[4:]))
            elif info.name != ".":
                entries.append((info, t.extractfile(info).read() if info.isreg() else b""))
    return entries, hidden, opaque


def compare(what, want, got):
    a, b = describe(want), describe(got)
    return [f"only tar and rm: {x}" for x in a if x not in b] + \
        [f"only {what}: {x}" for x in b if x not in a]


def differs_as_layers(work, layers):
    """Each layer as an input of its own: the layers that are written, by tar and rm alone."""
    root, layout = f"{work}/root", f"{work}/layout"
    inputs = [f"{work}/{n}.tar" for n in range(len(layers))]
    for path, data in zip(inputs, layers):
        with open(path, "wb") as f:
            f.write(data)
    run = subprocess.run([cbuild, "--quiet", "--no-init", *inputs, "-f", "oci", "-o", layout],
                         capture_output=True, text=True, timeout=60)
    if run.returncode:
        return [f"exit status {run.returncode}: {run.stderr.strip()}"]
    written = read_layout(layout)
    os.mkdir(root)
    for data in written:
        oracle(root, without_markers(data))
    wrong = [] if len(written) == len(layers) else [f"{len(layers)} inputs, {len(written)} layers"]
    return wrong + compare("the layers of cbuild", f"{work}/want", root)


def differs(seed, work):
    rng = random.Random(seed)
    want, got, image = f"{work}/want", f"{work}/got", f"{work}/image.tar"
    os.mkdir(want)
    layers = []
    for _ in range(rng.randint(1, 6)):
        layer = random_layer(rng, want)
        layers.append(with_markers(rng, layer))
        oracle(want, layer)
    write_image(rng, image, layers)
    run = subprocess.run([cbuild, "--quiet", "--no-init", image, "-o", got],
                         capture_output=True, text=True, timeout=60)
    if run.returncode:
        return [f"exit status {run.returncode}: {run.stderr.strip()}"]
    return compare("cbuild", want, got) + differs_as_layers(work, layers)


def main():
    os.umask(0o022)
    failed = 0
    for seed in range(first, first + stacks):
        work = tempfile.mkdtemp(prefix="property-")
        complaints = differs(seed, work)
        shutil.rmtree(work)
        for line in complaints:
            print(f"# seed {seed}: {line}")
        failed += bool(complaints)
    print(f"# seeds {first} to {first + stacks - 1}")
    print("not " * bool(failed) + f"ok 1 - {stacks} random stacks are what tar and rm make of them")
    print("1..1")
    return failed != 0


sys.exit(main())
