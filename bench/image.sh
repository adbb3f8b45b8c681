#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The image that bench/build.sh measures with: the tests' Debian with redis, and upon it languages,
# compilers and what is deleted again, each layer the difference that umoci found. Into $1:
# gzip.oci, zstd.oci, docker.tar, plain/N.tar (the layers unpacked). $2 is a folder to work in.
set -eu
out=$(realpath "$1") work=$(realpath "$2")
: "${IMAGES:=$PWD/build/images}"

mkdir -p "$work/apt/partial" "$work/tmp" "$out/plain"
export TMPDIR="$work/tmp"
cp -r "$IMAGES/redis.oci" "$work/oci"
image=$work/oci:redis
umoci unpack --image "$image" "$work/bundle"
root=$work/bundle/rootfs

# The packages are fetched by the host's apt for the root's dpkg: the root needs no network.
fetch() { # packages
	apt-get -qq -o Dir::State::status="$root/var/lib/dpkg/status" -o Dir::Cache::archives="$work/apt" \
		-o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Retries=3 \
		install --no-install-recommends --yes --download-only "$@"
}
layer() { # packages
	rm -f "$work/apt"/*.deb
	fetch "$@" || { apt-get update -qq && fetch "$@"; }
	mkdir "$root/packages"
	cp "$work/apt"/*.deb "$root/packages/"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 0755 "$root/usr/sbin/policy-rc.d"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		chroot "$root" sh -c 'dpkg --install --force-depends --force-unsafe-io /packages/*.deb'
	rm -r "$root/packages" "$root/usr/sbin/policy-rc.d"
	umoci repack --refresh-bundle --image "$image" "$work/bundle"
}
layer python3 python3-pip perl git
layer g++ make
layer ruby nodejs python3-numpy

# Whiteouts: what an image's last step deletes of the steps before.
rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" \
	"$root/usr/lib/python3/dist-packages/pip"
mkdir "$root/usr/share/doc"
echo "nothing" >"$root/usr/share/doc/README"
umoci repack --image "$image" "$work/bundle"
umoci gc --layout "$work/oci"

echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
copy() { # options and names of skopeo copy
	skopeo --policy "$work/policy.json" --tmpdir "$work/tmp" copy --quiet "$@"
}
copy "oci:$image" "oci:$out/gzip.oci:bench"
copy --dest-compress-format zstd "oci:$image" "oci:$out/zstd.oci:bench"
copy "oci:$image" "docker-archive:$out/docker.tar:example.org/bench:latest"

blobs() { # OCI layout: its layers' digests, bottom first
	manifest=$(jq -r '.manifests[0].digest' "$1/index.json")
	jq -r '.layers[].digest' "$1/blobs/sha256/${manifest#sha256:}"
}
for kind in gzip zstd; do
	blobs "$out/$kind.oci" | sed 's/^sha256://' >"$out/$kind.layers"
done
n=0
while read -r blob; do
	n=$((n + 1))
	gzip -dc "$out/gzip.oci/blobs/sha256/$blob" >"$out/plain/$n.tar"
done <"$out/gzip.layers"
