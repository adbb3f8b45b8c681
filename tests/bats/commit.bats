#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild commit: an overlay's upper directory on top of an image, which stays what it was.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
	export SOURCE_DATE_EPOCH=
}

# Changes a root in an overlay mount and commits them: tree_of what was shown goes to `want`.
commit_changes() { # image, out, options…
	local base=$1 out=$2

	shift 2
	require_root
	image busybox.root.tar
	export -f tree_of
	export TMP
	BASE=$base OUT=$out ROOT=$REPLY timeout 60 unshare -m bash -eu -c '
		mkdir -p mount
		mount -t tmpfs tmpfs mount
		cd mount
		mkdir lower upper work merged
		tar -C lower --xattrs --xattrs-include="*" -xpf "$ROOT"
		mount -t overlay overlay -o "lowerdir=lower,upperdir=upper,workdir=work" merged
		cd merged
		rm -r etc/passwd opt/data
		mkdir opt/data
		echo new >opt/data/new
		chmod 4711 srv/setuid
		setcap cap_chown=ep srv/capable
		ln -s data opt/link
		find opt srv/setuid srv/capable -exec touch -h -d @1000000000.5 {} +
		cd ..
		find upper -type d -exec touch -d @1000000000 {} +
		tree_of merged >"$TMP/want"
		"$CBUILD" commit "$BASE" upper -o "$TMP/$OUT" "$@"
		"$CBUILD" commit -q "$BASE" upper -o "$TMP/again-$OUT" "$@"' commit "$@"
}

blobs() { # layout: digest and size of each layer
	jq -c '.layers[] | [.digest, .size]' <"$1/blobs/sha256/$(jq -r '.manifests[0].digest' <"$1/index.json" | cut -d: -f2)"
}

@test "the layout is the image and the layer, for umoci, skopeo and us" {
	need umoci skopeo jq
	image busybox.oci
	base=$REPLY
	commit_changes "$base" out -m 'what was done' --author Somebody
	umoci unpack --image out:busybox bundle
	tree_of bundle/rootfs >got
	same_text want got
	"$CBUILD" -q --no-init out -o root
	tree_of root >got
	same_text want got
	# The blobs and all that the config says are as they were.
	is "$(blobs out | head -n 3)" "$(blobs "$base")"
	for digest in $(blobs "$base" | jq -r '.[0]' | cut -d: -f2); do
		cmp "$base/blobs/sha256/$digest" "out/blobs/sha256/$digest"
	done
	skopeo inspect --config "oci:$base:busybox" >old
	skopeo inspect --config oci:out:busybox >new
	is "$(jq -cS '[.config, .os, .architecture]' new)" "$(jq -cS '[.config, .os, .architecture]' old)"
	is "$(jq -cS '.rootfs.diff_ids[:-1]' new)" "$(jq -cS .rootfs.diff_ids old)"
	is "$(jq -cS '.history[:-1]' new)" "$(jq -cS .history old)"
	is "$(jq -cS '.history[-1]' new)" \
		'{"author":"Somebody","comment":"what was done","created":"2001-09-09T01:46:40Z","created_by":"cbuild commit"}'
	is "$(jq -r .author new)" Somebody
	# What inspect says of the new layer.
	run -0 "$CBUILD" inspect --layer 4 out
	has "$output" "made by     cbuild commit"
	has "$output" "tar+gzip"
	# Again is the same, byte for byte.
	diff -r out again-out
}

@test "of an archive of docker save an archive, for docker, skopeo and umoci" {
	need skopeo jq
	image busybox.docker.tar
	base=$REPLY
	commit_changes "$base" out.tar -t example.org/changed:v2
	cmp out.tar again-out.tar
	skopeo inspect oci-archive:out.tar >told
	is "$(jq '.Layers | length' told)" 4
	echo '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
	skopeo --policy policy.json --tmpdir "$TMP" copy --quiet oci-archive:out.tar oci:copy:v2
	umoci unpack --image copy:v2 bundle
	tree_of bundle/rootfs >got
	same_text want got
	is "$(tar -xOf out.tar manifest.json | jq -c '.[0].RepoTags')" '["example.org/changed:v2"]'
	skopeo --policy policy.json --tmpdir "$TMP" copy --quiet docker-archive:out.tar:example.org/changed:v2 oci:docker:v2
	umoci unpack --image docker:v2 docker-bundle
	tree_of docker-bundle/rootfs >got
	same_text want got
}

@test "podman loads it and runs what was put on top" {
	require_root
	need podman
	mkdir -p upper/srv
	printf '#!/bin/sh\necho on top of $COLOUR\n' >upper/srv/hello
	chmod 0755 upper/srv/hello
	image busybox.docker.tar
	"$CBUILD" commit -q "$REPLY" upper -t example.org/changed:v2 -o out.tar
	is "$(pod load --input out.tar 2>/dev/null | sed -n 's/^Loaded image: //p')" example.org/changed:v2
	is "$(pod run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
		example.org/changed:v2 /srv/hello)" "on top of green"
	pod rmi --all --force >/dev/null 2>&1
}

@test "the new layer is packed as the one below it" {
	need jq
	image busybox.zstd.oci
	commit_changes "$REPLY" out
	is "$("$CBUILD" inspect --json out | jq -c '[.[0].layers[].media_type] | unique')" \
		'["application/vnd.oci.image.layer.v1.tar+zstd"]'
	skopeo inspect oci:out:busybox >told
	is "$(jq '.Layers | length' told)" 4
}

@test "twice is two layers" {
	mkdir one two
	echo 1 >one/first
	echo 2 >two/second
	image hello.oci
	"$CBUILD" commit -q "$REPLY" one -o once
	"$CBUILD" commit -q once two -o twice.tar
	run -1 "$CBUILD" diff "$REPLY" twice.tar
	has "$output" "A /first"
	has "$output" "A /second"
	lacks "$output" "D /"
}

@test "SOURCE_DATE_EPOCH is the latest time in the layer and of the image" {
	need jq
	mkdir upper
	echo x >upper/x
	image hello.oci
	SOURCE_DATE_EPOCH=86400 "$CBUILD" commit -q "$REPLY" upper -o out
	is "$("$CBUILD" inspect --json out | jq -r '.[0].created')" 1970-01-02T00:00:00Z
	is "$("$CBUILD" inspect --json --files out | jq '.[0].files[] | select(.path == "x").mtime')" 86400
}

@test "what lies, or is no image, is refused, and nothing is left" {
	mkdir upper
	image busybox.oci
	run "$CBUILD" commit upper upper -o out
	refused cbuild
	has "$output" "is a directory, not an image"
	run "$CBUILD" commit "$REPLY" nowhere -o out
	refused cbuild
	image busybox.docker.tar
	mkdir lies
	tar -C lies -xf "$REPLY"
	layer=$(jq -r '.[0].Layers[0]' lies/manifest.json)
	printf X | dd of="lies/$layer" bs=1 seek=300 conv=notrunc status=none
	run "$CBUILD" commit lies upper -o out
	refused cbuild
	has "$output" "layer 1: digest is"
	run "$CBUILD" commit lies upper -o out.tar
	refused cbuild
	run -2 "$CBUILD" commit "$REPLY" upper
	run -2 "$CBUILD" commit "$REPLY" -o out
	is "$(ls -A)" "$(printf '%s\n' lies upper)"
}
