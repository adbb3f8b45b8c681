#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild diff: all that differs, nothing else, and a status that scripts can use.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

# Two equal folders, a and b, to change b.
twins() {
	mkdir -p a/dir/sub
	echo one >a/file
	echo two >a/dir/two
	echo three >a/dir/sub/three
	ln -s file a/link
	find a -exec touch -h -d '2001-02-03 04:05:06.789Z' {} +
	cp -a a b
}

differ() { # lines…
	run -1 "$CBUILD" diff a b
	is "$output" "$(printf '%s\n' "$@")"
}

@test "one image in every form is the same" {
	local name one

	image busybox.oci
	one=$REPLY
	for name in busybox.oci.tar busybox.zstd.oci busybox.docker.tar busybox.root.tar; do
		image "$name"
		run -0 "$CBUILD" diff "$one" "$REPLY"
		is "$output" ""
	done
}

@test "what umoci and cbuild unpack is the image" {
	require_root
	need umoci
	image odd.oci
	umoci unpack --image "$REPLY:busybox" bundle
	run -0 "$CBUILD" diff "$REPLY" bundle/rootfs
	"$CBUILD" -q --no-init "$REPLY" -o root
	run -0 "$CBUILD" diff root "$REPLY"
}

@test "what cbuild puts in is added, and nothing is deleted" {
	require_root
	image busybox.oci
	"$CBUILD" -q "$REPLY" -o root
	run -1 "$CBUILD" diff "$REPLY" root
	has "$output" "A /sbin/cinit"
	has "$output" "A /etc/cinit/boot"
	lacks "$output" "D /"
	lacks "$output" "C /"
}

@test "added, changed and deleted are told as docker diff tells them" {
	twins
	run -0 "$CBUILD" diff a b
	is "$output" ""
	mkdir -p b/new/below
	echo x >b/new/below/x
	rm -r b/dir/sub
	printf 'longer\n' >b/file
	touch -d '2001-02-03 04:05:06.789Z' b/file
	differ 'D /dir/sub' 'C /file (size 4 -> 7)' 'A /new' 'A /new/below' 'A /new/below/x'
}

@test "bytes are compared, not sizes and times alone" {
	twins
	printf 'oNe\n' >b/file
	touch -r a/file b/file
	differ 'C /file (content)'
	truncate -s 5M a/file b/file
	printf x | dd of=b/file bs=1 seek=4000000 conv=notrunc status=none
	printf 'one\n' | dd of=b/file conv=notrunc status=none
	touch -r a/file b/file
	differ 'C /file (content)'
	printf '\0' | dd of=b/file bs=1 seek=4000000 conv=notrunc status=none
	touch -r a/file b/file
	run -0 "$CBUILD" diff a b
}

@test "modes, types, targets, links and times are told with both values" {
	twins
	chmod 4750 b/file
	differ 'C /file (mode 0644 -> 4750)'
	chmod 0644 b/file
	touch -d @5 b/file
	differ 'C /file (time 981173106.789000000 -> 5.000000000)'
	run -0 "$CBUILD" diff --no-times a b
	touch -r a/file b/file
	ln b/file b/other
	differ 'C /file (links 1 -> 2)' 'A /other'
	rm b/other
	ln -snf elsewhere b/link
	touch -h -r a/link b/link
	differ 'C /link (target file -> elsewhere)'
	rm -r b/link b/dir
	mkdir b/link
	echo x >b/link/x
	echo x >b/dir
	chmod 0644 b/dir
	run -1 "$CBUILD" diff a b
	is "$output" "$(printf '%s\n' 'C /dir (type directory -> file; mode 0755 -> 0644)' \
		'C /link (type symlink -> directory)' 'A /link/x')"
}

@test "owners, devices, capabilities and attributes are told with both values" {
	require_root
	twins
	mknod a/device c 1 3
	mknod b/device c 1 5
	touch -r a/file a/device b/device
	differ 'C /device (device 1,3 -> 1,5)'
	rm [ab]/device
	chown 7:4000000000 b/file
	differ 'C /file (owner 0:0 -> 7:4000000000)'
	chown 0:0 b/file
	setcap cap_net_raw=ep b/file
	setfattr -n user.colour -v red a/file
	setfattr -n user.colour -v green b/file
	differ 'C /file (security.capability none -> cap_net_raw=ep; user.colour "red" -> "green")'
}

@test "JSON has the same" {
	need jq
	twins
	chmod 0600 b/file
	rm b/link
	touch "b/$(printf 'bad\377')"
	run -1 "$CBUILD" diff --json a b
	is "$(jq -c '.[]' <<<"$output")" "$(printf '%s\n' \
		'{"change":"added","path":"/bad\\xff","path_hex":"2f626164ff"}' \
		'{"change":"changed","path":"/file","differences":[{"what":"mode","from":"0644","to":"0600"}]}' \
		'{"change":"deleted","path":"/link"}')"
	is "$("$CBUILD" diff --json a a)" "[]"
}

@test "two images of one archive are compared by their names" {
	image both.engine.tar
	run "$CBUILD" diff "$REPLY" "$REPLY"
	is "$status" 2
	has "$output" "choose one with --ref"
	names=$(tar -xOf "$REPLY" manifest.json | jq -r '.[].RepoTags[0]')
	# shellcheck disable=SC2086 # two words
	set -- $names
	run -0 "$CBUILD" diff --ref "$1" "$REPLY" "$REPLY"
	run -1 "$CBUILD" diff --ref "$1" --other-ref "$2" "$REPLY" "$REPLY"
	has "$output" "A /"
}

@test "trouble is status 2, as for diff" {
	twins
	run -2 "$CBUILD" diff a nowhere
	is "${#lines[@]}" 1
	run -2 "$CBUILD" diff a
	run -2 "$CBUILD" diff a b c
	run -2 "$CBUILD" diff --files a b
	run -0 "$CBUILD" diff --help
}
