#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the demo's image: one static busybox, its applets as links, and what to run by default.
# An OCI layout, by umoci: sh demo/image.sh FOLDER
set -eu
out=$1
[ ! -e "$out" ] || exit 0
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT

umoci init --layout "$work/image"
umoci new --image "$work/image:latest"
umoci unpack --rootless --image "$work/image:latest" "$work/bundle"
root=$work/bundle/rootfs
mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/tmp"
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
	[ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
umoci repack --image "$work/image:latest" "$work/bundle" >/dev/null
umoci config --image "$work/image:latest" --config.cmd /bin/sh --config.env PATH=/bin \
	--config.workingdir /root
mv -T "$work/image" "$out"
