#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images that other tools made, read by cbuild, and compared with what those tools make of them.
load common

unpacked() { # image of tests/images, directory: what the tool that made it says it holds
	image "$1"
	mkdir "$2"
	tar -C "$2" --xattrs --xattrs-include='*' --numeric-owner -xpf "$REPLY"
}

bare() { # image, directory
	image "$1"
	"$CBUILD" "$REPLY" --no-init -f dir -o "$2" --quiet
}

@test "a directory is what umoci unpacks: owners, modes, times, links, devices, xattrs" {
	require_root
	unpacked busybox.root.tar "$BATS_TEST_TMPDIR/theirs"
	bare busybox.oci "$BATS_TEST_TMPDIR/ours"
	tree_of "$BATS_TEST_TMPDIR/theirs" >"$BATS_TEST_TMPDIR/1"
	tree_of "$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/2"
	same_text "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	has "$(getcap "$BATS_TEST_TMPDIR/ours/srv/capable")" cap_net_raw
}

@test "a file in a folder's place, a hard link to a lower layer, a sparse file" {
	require_root
	unpacked odd.root.tar "$BATS_TEST_TMPDIR/theirs"
	bare odd.oci "$BATS_TEST_TMPDIR/ours"
	tree_of "$BATS_TEST_TMPDIR/theirs" >"$BATS_TEST_TMPDIR/1"
	tree_of "$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/2"
	same_text "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	[ "$(stat -c %b "$BATS_TEST_TMPDIR/ours/srv/sparse")" -lt 100 ] || fail "the hole is filled"
}

@test "a directory is what docker exports" {
	require_root
	unpacked redis.export.tar "$BATS_TEST_TMPDIR/theirs"
	bare redis.engine.tar "$BATS_TEST_TMPDIR/ours"
	# What the engine puts in when it makes a container.
	rm -r "$BATS_TEST_TMPDIR/theirs/.dockerenv"
	for name in dev etc/hosts etc/hostname etc/resolv.conf etc/mtab proc sys; do
		rm -rf "$BATS_TEST_TMPDIR/theirs/${name:?}" "$BATS_TEST_TMPDIR/ours/$name"
	done
	# Its exports have whole seconds.
	tree_of "$BATS_TEST_TMPDIR/theirs" | sed -E 's/ [0-9]{10}[0-9]{9} / /' >"$BATS_TEST_TMPDIR/1"
	tree_of "$BATS_TEST_TMPDIR/ours" | sed -E 's/ [0-9]{10}[0-9]{9} / /' >"$BATS_TEST_TMPDIR/2"
	same_text "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
}

@test "every form of an image gives the same bytes" {
	image busybox.engine.tar # or a skip
	for name in busybox.oci busybox.oci.tar busybox.zstd.oci busybox.docker.tar busybox.engine.tar; do
		for format in tar cpio; do
			"$CBUILD" "$IMAGES/$name" -f $format -o "$BATS_TEST_TMPDIR/$name.$format" --quiet
			cmp "$BATS_TEST_TMPDIR/busybox.oci.$format" "$BATS_TEST_TMPDIR/$name.$format"
		done
	done
	for name in redis.oci redis.docker.tar redis.engine.tar redis.zstd.oci.tar; do
		"$CBUILD" "$IMAGES/$name" -f tar -o "$BATS_TEST_TMPDIR/$name.tar" --quiet
		cmp "$BATS_TEST_TMPDIR/redis.oci.tar" "$BATS_TEST_TMPDIR/$name.tar"
	done
}

@test "the archives hold what the directory holds" {
	require_root
	image busybox.oci
	"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/dir" --quiet
	"$CBUILD" "$REPLY" -f tar -o "$BATS_TEST_TMPDIR/tar" --quiet
	"$CBUILD" "$REPLY" -f cpio -o "$BATS_TEST_TMPDIR/cpio" --quiet
	mkdir "$BATS_TEST_TMPDIR/from-tar" "$BATS_TEST_TMPDIR/from-cpio"
	tar -C "$BATS_TEST_TMPDIR/from-tar" --xattrs --xattrs-include='*' --numeric-owner -xpf "$BATS_TEST_TMPDIR/tar"
	(cd "$BATS_TEST_TMPDIR/from-cpio" && cpio --quiet -idm <"$BATS_TEST_TMPDIR/cpio")
	tree_of "$BATS_TEST_TMPDIR/dir" >"$BATS_TEST_TMPDIR/1"
	tree_of "$BATS_TEST_TMPDIR/from-tar" >"$BATS_TEST_TMPDIR/2"
	same_text "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	# newc has whole seconds and no xattrs, and /init, the name that the kernel looks for; cpio
	# sets no time of a symbolic link.
	newc='s/ ([0-9]+)[0-9]{9} ([0-9]+ links)/ \1 \2/; s/ (user|security)\.[^ ]*//g; s/^(.* l[rwx]+ [0-9]+:[0-9]+) [0-9]+/\1/'
	sed -E "$newc" "$BATS_TEST_TMPDIR/1" >"$BATS_TEST_TMPDIR/3"
	tree_of "$BATS_TEST_TMPDIR/from-cpio" | sed -E "$newc; /^'init' /d" >"$BATS_TEST_TMPDIR/4"
	same_text "$BATS_TEST_TMPDIR/3" "$BATS_TEST_TMPDIR/4"
	is "$(readlink "$BATS_TEST_TMPDIR/from-cpio/init")" sbin/cinit
}

@test "large files keep their place in an archive, whatever the layers are packed with" {
	require_root
	image redis.oci
	"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/dir" --quiet
	"$CBUILD" "$REPLY" -f tar -o "$BATS_TEST_TMPDIR/tar" --quiet
	"$CBUILD" "$REPLY" -f cpio -o "$BATS_TEST_TMPDIR/cpio" --quiet
	mkdir "$BATS_TEST_TMPDIR/from-tar"
	tar -C "$BATS_TEST_TMPDIR/from-tar" --xattrs --xattrs-include='*' --numeric-owner -xpf "$BATS_TEST_TMPDIR/tar"
	tree_of "$BATS_TEST_TMPDIR/dir" >"$BATS_TEST_TMPDIR/1"
	tree_of "$BATS_TEST_TMPDIR/from-tar" >"$BATS_TEST_TMPDIR/2"
	same_text "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	is "$(cpio --quiet -t <"$BATS_TEST_TMPDIR/cpio" | wc -l)" "$(($(wc -l <"$BATS_TEST_TMPDIR/1") + 2 - $(grep -c '^one file' "$BATS_TEST_TMPDIR/1" || true)))"
}

@test "one static program is enough of an image" {
	require_root
	image hello.docker.tar
	"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/root" --quiet

	run unshare -fmuipn --mount-proc chroot "$BATS_TEST_TMPDIR/root" /sbin/cinit
	is "$status/$output" "0/hello from process 2, user 0, 0 arguments"
}

# Each damage to a copy of a good image; $1 is the copy.
damage_text_file() { echo "no image at all" >"$1"; }
damage_empty_file() { : >"$1"; }
damage_half() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
damage_last_kilobytes() { truncate -s $(($(stat -c %s "$1") - 20480)) "$1"; }
damage_first_kilobyte() { truncate -s 1024 "$1"; }
damage_bytes_in_the_middle() {
	printf rubbish | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
}
damage_gzip_of_half() { half=$(($(stat -c %s "$1") / 2)) && head -c $half "$1" | gzip -1 >"$1.gz" && mv "$1.gz" "$1"; }
damage_half_of_gzip() { gzip -1 "$1" && truncate -s $(($(stat -c %s "$1.gz") / 2)) "$1.gz" && mv "$1.gz" "$1"; }

refused_whole() { # image
	local format

	remember
	for format in dir tar cpio; do
		run "$CBUILD" "$1" -f $format -o "$BATS_TEST_TMPDIR/out" --quiet
		refused cbuild
		has "$output" "${1##*/}"
		nothing_left
	done
}

@test "a damaged archive gets one line that names it, and leaves nothing" {
	for name in busybox.oci.tar busybox.docker.tar; do
		for damage in $(compgen -A function damage_); do
			image $name
			cp "$REPLY" "$BATS_TEST_TMPDIR/$damage.$name"
			$damage "$BATS_TEST_TMPDIR/$damage.$name"
			refused_whole "$BATS_TEST_TMPDIR/$damage.$name"
		done
	done
}

layout() { # name: a copy of busybox.oci to break; sets BLOB to a layer's file
	image busybox.oci
	cp -r "$REPLY" "$BATS_TEST_TMPDIR/$1"
	manifest=$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/$1/index.json")
	MANIFEST=$BATS_TEST_TMPDIR/$1/blobs/sha256/${manifest#sha256:}
	layer=$(jq -r '.layers[1].digest' "$MANIFEST")
	BLOB=$BATS_TEST_TMPDIR/$1/blobs/sha256/${layer#sha256:}
}

@test "a layout with a blob gone, changed, longer, or under another's name is refused" {
	layout blob-gone
	rm "$BLOB"
	refused_whole "$BATS_TEST_TMPDIR/blob-gone"

	layout blob-changed
	printf x | dd of="$BLOB" bs=1 seek=40 conv=notrunc status=none
	refused_whole "$BATS_TEST_TMPDIR/blob-changed"

	layout blob-longer
	echo >>"$BLOB"
	refused_whole "$BATS_TEST_TMPDIR/blob-longer"

	layout blob-of-another
	cp "$(find "$BATS_TEST_TMPDIR/blob-of-another/blobs" -type f -size +100k | head -n 1)" "$BLOB"
	refused_whole "$BATS_TEST_TMPDIR/blob-of-another"

	layout manifest-changed
	sed -i 's/"size":/"size" :/' "$MANIFEST"
	refused_whole "$BATS_TEST_TMPDIR/manifest-changed"

	layout index-gone
	rm "$BATS_TEST_TMPDIR/index-gone/index.json"
	run "$CBUILD" "oci:$BATS_TEST_TMPDIR/index-gone" -o "$BATS_TEST_TMPDIR/out.tar"
	refused cbuild
}

@test "a layer that is labelled as another kind is read as what it is or refused, never misread" {
	layout label
	sed -i 's/tar+gzip/tar+zstd/g' "$MANIFEST"
	digest=$(sha256sum "$MANIFEST")
	mv "$MANIFEST" "$BATS_TEST_TMPDIR/label/blobs/sha256/${digest%% *}"
	sed -i "s/$manifest/sha256:${digest%% *}/" "$BATS_TEST_TMPDIR/label/index.json"
	run "$CBUILD" "$BATS_TEST_TMPDIR/label" -o "$BATS_TEST_TMPDIR/out.tar" --quiet
	if [ "$status" -eq 0 ]; then
		"$CBUILD" "$IMAGES/busybox.oci" -o "$BATS_TEST_TMPDIR/good.tar" --quiet
		cmp "$BATS_TEST_TMPDIR/good.tar" "$BATS_TEST_TMPDIR/out.tar"
	else
		refused cbuild
	fi
}

@test "what is there already is not overwritten without --force" {
	image hello.docker.tar
	echo mine >"$BATS_TEST_TMPDIR/out.tar"
	run "$CBUILD" "$REPLY" -o "$BATS_TEST_TMPDIR/out.tar"
	refused cbuild
	has "$output" --force
	is "$(cat "$BATS_TEST_TMPDIR/out.tar")" mine
	"$CBUILD" "$REPLY" -o "$BATS_TEST_TMPDIR/out.tar" --force --quiet
	has "$(tar -tf "$BATS_TEST_TMPDIR/out.tar")" hello
}

@test "killed at any moment, cbuild leaves the whole output or nothing" {
	require_root
	image redis.docker.tar
	remember
	for format in dir tar; do
		for milliseconds in 2 11 30 70 130 220 350 600; do
			rm -rf "$BATS_TEST_TMPDIR/out"
			"$CBUILD" "$REPLY" -f $format -o "$BATS_TEST_TMPDIR/out" --quiet 3>&- &
			pid=$!
			sleep "$(printf 0.%03d $milliseconds)"
			kill -KILL $pid 2>/dev/null || true
			wait $pid 2>/dev/null || true
			nothing_left out 'out/*'
			if [ $format = dir ] && [ -e "$BATS_TEST_TMPDIR/out" ]; then
				[ -x "$BATS_TEST_TMPDIR/out/usr/bin/redis-server" ] || fail "half a directory"
				[ -e "$BATS_TEST_TMPDIR/out/etc/cinit/boot" ] || fail "half a directory"
			elif [ -e "$BATS_TEST_TMPDIR/out" ]; then
				tar -tf "$BATS_TEST_TMPDIR/out" | grep -q etc/cinit/boot || fail "half an archive"
			fi
		done
	done
}

@test "redis as docker export prints it differs from its layers only in what the engine puts in" {
	image redis.export.tar
	exported=$REPLY
	image redis.oci
	"$CBUILD" diff --no-times "$REPLY" "$exported" >"$BATS_TEST_TMPDIR/diff" || [ $? -eq 1 ]
	is "$(awk '{print $1, $2}' "$BATS_TEST_TMPDIR/diff")" "$(printf '%s\n' 'A /.dockerenv' 'C /dev/console' \
		'C /etc/hostname' 'A /etc/hosts' 'A /etc/mtab' 'C /etc/resolv.conf')"
}
