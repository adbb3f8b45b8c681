#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images that cannot be written with the layers that were read: refused, with nothing left.
load common
load layered

@test "a blob that lies is refused before it is kept, and nothing is left" {
	need jq
	image busybox.oci
	cp -r "$REPLY" lies.oci
	f=$(blob lies.oci "$(manifest lies.oci | jq -r '.layers[1].digest')")
	printf '\377' | dd of="$f" bs=1 seek=100 conv=notrunc status=none
	for options in --no-init '--no-init --squash'; do
		# shellcheck disable=SC2086 # words
		run "$CBUILD" -q $options lies.oci -o out.oci
		refused cbuild
		has "$output" "layer 2: "
	done
	mkdir upper
	run "$CBUILD" commit lies.oci upper -o out.oci
	refused cbuild
	has "$output" "layer 2: digest is"
	is "$(ls -A)" "$(printf '%s\n' lies.oci upper)"
}

@test "a layer that grows without end is not packed anew, nor committed" {
	need jq xz
	image hello.oci
	cp -r "$REPLY" packed.oci
	pack_anew packed.oci +xz sh -c 'cat >/dev/null; head -c 90000000 /dev/zero | xz'
	mkdir upper
	run "$CBUILD" commit packed.oci upper -o out
	refused cbuild
	has "$output" "--max-ratio allows more"
	run "$CBUILD" commit --max-ratio 0 packed.oci upper -o out
	refused cbuild
	has "$output" "diff ID is"
	is "$(ls -A)" "$(printf '%s\n' packed.oci upper)"
}

@test "killed while it writes any of the layers, nothing is left" {
	require_root
	need strace xz jq
	image busybox.oci
	cp -r "$REPLY" packed.oci
	pack_anew packed.oci +xz xz
	mkdir work
	for from in "$REPLY" packed.oci; do
		for format in oci oci.tar docker; do
			for when in 2 12 40; do
				# The leak checker is a tracer too, and there can be one only.
				ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run strace -f -qq -o /dev/null -e trace=write \
					-e inject=write:signal=KILL:when=$when "$CBUILD" -q --init "$CINIT" "$from" -f $format -o work/out
				if [ "$status" -eq 0 ]; then
					rm -r work/out
				else
					refused cbuild
					has "$output" "signal 9"
				fi
				wait_for 10 no_trace ls -A work
			done
		done
	done
}

@test "a packed layer of an archive without digests is checked against its diff ID" {
	need jq
	image busybox.docker.tar
	mkdir archive
	tar -C archive -xf "$REPLY"
	for name in $(jq -r '.[0].Layers[]' archive/manifest.json); do
		gzip -n <"archive/$name" >"archive/packed-$name"
		rm "archive/$name"
	done
	jq -c '.[0].Layers |= map("packed-" + .)' archive/manifest.json >new
	mv new archive/manifest.json
	mkdir upper
	"$CBUILD" commit -q archive upper -o committed
	is "$(layers committed | jq -r '.[0]' | sort -u)" tar+gzip
	"$CBUILD" -q --no-init archive -o kept.oci
	is "$(layers kept.oci)" "$(layers committed | head -n -1)"
	name=$(jq -r '.[0].Layers[0]' archive/manifest.json)
	{ gzip -dc <"archive/$name" && printf more; } | gzip -n >new
	mv new "archive/$name"
	run "$CBUILD" commit -q archive upper -o lies
	refused cbuild
	has "$output" "layer 1: diff ID is"
}
