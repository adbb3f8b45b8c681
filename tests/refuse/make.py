#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the hostile archives of this folder into the folder that is named: one file a reason."""
import hashlib
import io
import json
import sys
import tarfile

out = sys.argv[1]


def member(name, type=tarfile.REGTYPE, link="", data=b"", pax=None, **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = type, link, len(data)
    info.mode = 0o755 if type == tarfile.DIRTYPE else 0o644
    info.pax_headers = pax or {}
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(*members):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as t:
        for info, data in members:
            t.addfile(info, io.BytesIO(data))
    return to.getvalue()


def save(reason, data):
    with open(f"{out}/{reason}.tar", "wb") as f:
        f.write(data)


def root(reason, *members):
    save(reason, tar(*members))


DIR, LINK, HARD = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

root("name-leads-out", member("../x"))
root("name-leads-out-late", member("a/b/../../../x"))
root("name-too-long", member("n" * 256))
root("path-too-long", member("d/" * 2100 + "x"))
root("root-is-a-link", member(".", LINK, "/etc"))
root("root-is-a-file", member("./"), member("."))
root("whiteout-of-no-name", member(".wh."))
root("whiteout-of-dot", member("a/.wh.."))
root("whiteout-of-parent", member("a/.wh..."))
root("below-a-whiteout", member(".wh.a", DIR), member(".wh.a/b"))
root("hard-link-leads-out", member("x", HARD, "../../etc/shadow"))
root("hard-link-to-nothing", member("x", HARD, "y"))
root("hard-link-to-a-directory", member("d", DIR), member("x", HARD, "d"))
root("links-in-a-loop", member("a", LINK, "b"), member("b", LINK, "a"), member("a/x"))
root("file-as-parent", member("f"), member("f/x"))
root("uid-of-2-to-32", member("x", uid=4294967296, mode=0o4755))
root("gid-minus-one", member("x", gid=4294967295))
root("time-of-2-to-63", member("x", pax={"mtime": "-9223372036854775808"}))
root("sparse-giant", member("x", pax={
    "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x",
    "GNU.sparse.realsize": str(1 << 60)}, data=b"1\n0\n1\n".ljust(512, b"\0") + b"z"))
root("acl-for-a-name", member("x", pax={
    "SCHILY.acl.access": "user::rw-,user:lisa:rw-,group::r--,mask::rw-,other::---"}))
save("cut-in-a-file", tar(member("x", data=b"z" * 2000))[:1500])
save("not-an-archive", b"This is no archive.\n" * 100)
save("gzip-cut", __import__("gzip").compress(tar(member("x", data=b"z" * 2000)), mtime=0)[:60])
save("gzip-rubbish-behind", __import__("gzip").compress(tar(member("x")), mtime=0) + b"\0rubbish")


def docker(reason, manifest, *members):
    save(reason, tar(*members, member("manifest.json", data=manifest)))


config = json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode()
docker("manifest-leads-out", b'[{"Config":"../../../etc/passwd","Layers":[]}]')
docker("manifest-nested-deep", b"[" * 100000)
docker("manifest-duplicate-key", b'[{"Config":"a","Config":"b","Layers":[]}]')
docker("manifest-wrong-type", b'[{"Config":"c","Layers":[7]}]', member("c", data=config))
docker("layer-is-a-link-out", b'[{"Config":"c","Layers":["l"]}]', member("c", data=config),
       member("l", LINK, "../../etc/passwd"))
docker("layer-is-a-loop", b'[{"Config":"c","Layers":["l"]}]', member("c", data=config),
       member("l", LINK, "l"))
docker("layer-is-a-fifo", b'[{"Config":"c","Layers":["l"]}]', member("c", data=config),
       member("l", tarfile.FIFOTYPE))
docker("diff-id-lies", b'[{"Config":"c","Layers":["l"]}]', member("c", data=config),
       member("l", data=tar(member("x"))))
docker("diff-ids-missing", b'[{"Config":"c","Layers":["l"]}]', member("c", data=b"{}"),
       member("l", data=tar(member("x"))))


def oci(reason, change=None, layer_type="application/vnd.oci.image.layer.v1.tar"):
    layer = tar(member("x"))
    digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
    blobs = {}

    def put(data, type):
        blobs[digest(data)] = data
        return {"mediaType": type, "digest": digest(data), "size": len(data)}

    described = put(layer, layer_type)
    made = {"schemaVersion": 2, "layers": [described],
            "config": put(json.dumps({"rootfs": {"diff_ids": [digest(layer)]}}).encode(),
                          "application/vnd.oci.image.config.v1+json")}
    index = {"schemaVersion": 2, "manifests": [None]}
    if change:
        change(made, index)
    index["manifests"][0] = put(json.dumps(made).encode(),
                                "application/vnd.oci.image.manifest.v1+json")
    save(reason, tar(member("oci-layout", data=b'{"imageLayoutVersion":"1.0.0"}'),
                     member("index.json", data=json.dumps(index).encode()),
                     *(member("blobs/sha256/" + d[7:], data=b) for d, b in blobs.items())))


def layer_field(key, value):
    return lambda made, index: made["layers"][0].update({key: value})


oci("layer-size-lies", layer_field("size", 1))
oci("layer-digest-leads-out", layer_field("digest", "sha256:../../../../etc/passwd"))
oci("layer-digest-unknown", layer_field("digest", "md5:" + "0" * 32))
oci("layer-missing", layer_field("digest", "sha256:" + "1" * 64))
oci("layer-foreign", layer_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
oci("layer-is-no-layer", layer_type="application/x-sandwich")
oci("manifest-and-index", lambda made, index: made.update({"manifests": []}))
oci("config-is-no-config", lambda made, index: made["config"].update({"mediaType": "text/plain"}))
