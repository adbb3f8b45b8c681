#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# By umoci and skopeo: busybox in three layers.
#   1 umoci's: the programs, and files of every kind
#   2 umoci's difference: a file and a folder deleted, a file changed, a type changed
#   3 umoci's opaque folder: /opt/data as a whole replaced
# busybox.oci (gzip), busybox.oci.tar, busybox.zstd.oci, busybox.docker.tar (no compression),
# busybox.root.tar (the merged root, as `docker export` prints it).
#
# odd.oci and odd.root.tar have what umoci reads and Docker's engine does not:
#   4 umoci's: a folder with a file in it
#   5 umoci's difference: a file in the folder's place, and the deletion of what was in it
#   6 GNU tar's: a hard link to a file of layer 1, a sparse file
set -eu
work=$1 out=$2
image=$work/oci:busybox

umoci init --layout "$work/oci"
umoci new --image "$image"

umoci unpack --image "$image" "$work/one"
root=$work/one/rootfs
mkdir -p "$root/bin" "$root/usr/lib" "$root/etc" "$root/tmp" "$root/opt/data/deep" "$root/opt/gone" "$root/srv" \
	"$root/root" "$root/dev" "$root/proc" "$root/sys" "$root/home/app"
cp "$(command -v busybox)" "$root/bin/busybox"
# Not --install: it asks the busybox of the host where things go.
for applet in $("$root/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
chmod 1777 "$root/tmp"
ln -s usr/lib "$root/lib"
echo "of the library" >"$root/usr/lib/file"
printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1234:1234:app:/home/app:/bin/sh >"$root/etc/passwd"
printf '%s\n' root:x:0: app:x:1234: extra:x:4321:app >"$root/etc/group"
chown 1234:1234 "$root/home/app"
echo lower >"$root/etc/changed"
echo lower >"$root/etc/deleted"
echo lower >"$root/opt/gone/file"
echo lower >"$root/opt/data/lower"
echo lower >"$root/opt/data/deep/lower"
echo lower >"$root/srv/becomes-folder"
mkdir "$root/srv/becomes-file"
echo first >"$root/srv/first"
ln "$root/srv/first" "$root/srv/second"
mkfifo "$root/srv/fifo"
mknod "$root/srv/null" c 1 3
mknod "$root/srv/loop" b 7 200
cp "$root/bin/busybox" "$root/srv/capable"
setcap cap_net_raw,cap_net_bind_service=ep "$root/srv/capable"
chmod 0755 "$root/srv/capable"
echo setuid >"$root/srv/setuid"
chmod 6755 "$root/srv/setuid"
echo big >"$root/srv/big-ids"
chown 70000:3000000 "$root/srv/big-ids"
setfattr -n user.colour -v green "$root/srv/first"
printf 'caf\303\251\n' >"$root/srv/$(printf 'caf\303\251')"
touch -d 2001-02-03T04:05:06.789Z "$root/srv/first"
umoci repack --refresh-bundle --image "$image" "$work/one"

rm -r "$root/etc/deleted" "$root/opt/gone" "$root/srv/becomes-folder" "$root/srv/becomes-file"
echo upper >"$root/etc/changed"
mkdir "$root/srv/becomes-folder"
echo upper >"$root/srv/becomes-folder/inside"
echo upper >"$root/srv/becomes-file"
chmod 0700 "$root/root"
umoci repack --image "$image" "$work/one"

mkdir "$work/data"
echo upper >"$work/data/upper"
umoci insert --opaque --image "$image" "$work/data" /opt/data

umoci config --image "$image" --config.cmd /bin/sh --config.env PATH=/bin --config.env COLOUR=green \
	--config.workingdir /srv --config.label org.example.made-by=umoci

echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
copy() { # options and names of skopeo copy
	skopeo --policy "$work/policy.json" --tmpdir "$work" copy --quiet "$@"
}
umoci gc --layout "$work/oci"
copy "oci:$image" "oci:$out/busybox.oci:busybox"
copy "oci:$image" "oci-archive:$out/busybox.oci.tar:busybox"
copy --dest-compress-format zstd "oci:$image" "oci:$out/busybox.zstd.oci:busybox"
copy "oci:$image" "docker-archive:$out/busybox.docker.tar:example.org/busybox:latest"

merged() { # tar
	umoci unpack --image "$image" "$work/merged"
	tar -C "$work/merged/rootfs" --xattrs --xattrs-include='*' --numeric-owner --format=pax -cf "$1" .
}
merged "$out/busybox.root.tar"

mv "$work/merged" "$work/two"
mkdir "$work/two/rootfs/srv/folder"
echo lower >"$work/two/rootfs/srv/folder/inside"
umoci repack --refresh-bundle --image "$image" "$work/two"
rm -r "$work/two/rootfs/srv/folder"
echo upper >"$work/two/rootfs/srv/folder"
umoci repack --image "$image" "$work/two"

mkdir -p "$work/tar/srv"
cp -p "$root/srv/setuid" "$work/tar/srv/setuid"
ln "$work/tar/srv/setuid" "$work/tar/srv/third"
truncate -s 3M "$work/tar/srv/sparse"
printf middle | dd of="$work/tar/srv/sparse" bs=1 seek=1048576 conv=notrunc status=none
tar -C "$work/tar" --format=pax -cf "$work/layer.tar" srv/setuid srv/third
tar --delete -f "$work/layer.tar" srv/setuid
tar -C "$work/tar" --format=pax --sparse -rf "$work/layer.tar" srv/sparse
umoci raw add-layer --image "$image" "$work/layer.tar"

umoci gc --layout "$work/oci"
merged "$out/odd.root.tar"
mv "$work/oci" "$out/odd.oci"
