#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers of a size: grow.py many|one FILE COUNT: so many empty files, or one of so many bytes."""
import gzip
import sys
import tarfile

THOUSAND = 1000


def many(path, count):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as t:
        for d in range(count // THOUSAND):
            info = tarfile.TarInfo(f"d{d:03}")
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            t.addfile(info)
            for f in range(THOUSAND):
                t.addfile(tarfile.TarInfo(f"d{d:03}/file{f:04}"))


def one(path, size):
    info = tarfile.TarInfo("file")
    info.size = size
    with gzip.open(path, "w", 1) as z, tarfile.open(fileobj=z, mode="w") as t:
        with open("/dev/zero", "rb") as zeros:
            t.addfile(info, zeros)


{"many": many, "one": one}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
