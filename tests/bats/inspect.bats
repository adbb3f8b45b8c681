#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild inspect: what it tells of an image is what other tools find in it.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

inspect() { # image, jq filter, options…
	local image=$1 filter=$2

	shift 2
	"$CBUILD" inspect --json "$@" "$image" | jq -cS "$filter"
}

# Blobs of a layout, by digest.
blob() { # layout, digest
	cat "$1/blobs/sha256/${2#sha256:}"
}

@test "config, digests and sizes are those that skopeo tells" {
	local name

	need skopeo jq
	told() {
		jq -cS ".[0] | $1" told
	}
	for name in busybox.oci redis.oci hello.oci; do
		image "$name"
		skopeo inspect --config "oci:$REPLY" >config
		skopeo inspect --raw "oci:$REPLY" >manifest
		"$CBUILD" inspect --json "$REPLY" >told
		is "$(told '[.os, .architecture, .created]')" "$(jq -c '[.os, .architecture, .created]' config)"
		is "$(told '.config | [.entrypoint, .cmd, .env, .user, .working_dir, .stop_signal, .labels, .ports]')" \
			"$(jq -cS '.config | [.Entrypoint // [], .Cmd // [], .Env // [], .User, .WorkingDir, .StopSignal,
				.Labels // {}, (.ExposedPorts // {} | keys)]' config)"
		is "$(told '[.layers[] | [.digest, .size, .media_type]]')" \
			"$(jq -c '[.layers[] | [.digest, .size, .mediaType]]' manifest)"
		is "$(told '[.layers[].diff_id]')" "$(jq -c .rootfs.diff_ids config)"
		is "$(told .digest)" "\"sha256:$(sha256sum <manifest | cut -d' ' -f1)\""
		is "$(told '[.layers[].created_by]')" \
			"$(jq -c '[.history[] | select(.empty_layer | not) | .created_by]' config)"
	done
}

@test "the unpacked size is that of the layer's tar" {
	local digest

	need jq
	image busybox.oci
	for digest in $(inspect "$REPLY" '.[0].layers[].digest' | tr -d '"'); do
		blob "$REPLY" "$digest" | gzip -dc | wc -c
	done >sizes
	is "$(inspect "$REPLY" '.[0].layers[].unpacked')" "$(cat sizes)"
}

@test "the files are those of the merged root, with mode, owner and size" {
	need jq
	image busybox.root.tar
	tar --numeric-owner -tvf "$REPLY" | awk '{ sub(/^h/, "-", $1); sub(/\/$/, "", $6); sub(/^\.\//, "", $6); print $1, $2, $6 }' |
		sed 's/:/\//' | LC_ALL=C sort >want
	image busybox.oci
	"$CBUILD" inspect --files "$REPLY" | sed '1,/waste$/d' | sed 1d |
		awk '{ sub(/:/, "/", $3); print $1, $3, $5 }' | LC_ALL=C sort >got
	# tar(1) shows what is not ASCII in octal.
	sed -i 's/caf.*/café/' want
	same_text want got
}

@test "each file comes from the layer that set it last" {
	need jq
	image busybox.oci
	layer_of() {
		inspect "$REPLY" ".[0].files[] | select(.path == \"$1\") | .layer" --files
	}
	is "$(layer_of srv/first)" 1
	is "$(layer_of etc/changed)" 2
	is "$(layer_of srv/becomes-file)" 2
	is "$(layer_of root)" 2
	is "$(layer_of opt/data/upper)" 3
	is "$(layer_of etc/deleted)" ""
	is "$(layer_of opt/data/lower)" ""
}

@test "waste is what the layers' files have and the merged ones have not" {
	local layers merged

	need jq
	image busybox.root.tar
	bytes() {
		tar -tv | awk '/^-/ { n += $3 } END { print n + 0 }'
	}
	merged=$(bytes <"$REPLY")
	image busybox.oci
	layers=0
	for digest in $(inspect "$REPLY" '.[0].layers[].digest' | tr -d '"'); do
		layers=$((layers + $(blob "$REPLY" "$digest" | gzip -dc | bytes)))
	done
	[ $layers -gt "$merged" ]
	is "$(inspect "$REPLY" '[.[0].layers[].waste] | add')" $((layers - merged))
	is "$(inspect "$REPLY" '[.[0].layers[].bytes] | add')" $layers
}

@test "an archive of docker save has the same layers" {
	need jq
	image busybox.oci
	inspect "$REPLY" '[.[0].layers[] | [.diff_id, .added, .changed, .removed, .waste]]' >oci
	image busybox.docker.tar
	inspect "$REPLY" '[.[0].layers[] | [.diff_id, .added, .changed, .removed, .waste]]' >docker
	same_text oci docker
}

@test "a layer by itself has its whiteouts, and nothing of the others" {
	image busybox.oci
	run -0 "$CBUILD" inspect --layer 2 --files "$REPLY"
	has "$output" "layer 2 of 3"
	lacks "$output" "layer 1 of 3"
	lacks "$output" "platform"
	has "$output" "whiteout     2                        etc/deleted"
	has "$output" "whiteout     2                        opt/gone"
	lacks "$output" "srv/first"
	run -0 "$CBUILD" inspect --layer 3 --files "$REPLY"
	has "$output" "opaque       3                        opt/data"
	is "$(inspect "$REPLY" '[.[0].layers[].number]' --layer 3)" '[3]'
}

@test "capabilities are told in getcap's words" {
	require_root
	need getcap jq
	image busybox.root.tar
	mkdir root
	tar -C root --xattrs --xattrs-include='*' -xpf "$REPLY" ./srv/capable
	is "$(inspect "$REPLY" '.[0].files[] | select(.path == "srv/capable") | .xattrs["security.capability"]' --files)" \
		"\"$(getcap root/srv/capable | cut -d' ' -f2)\""
	setcap cap_sys_admin=+i root/srv/capable
	is "$(inspect root '.[0].files[] | select(.path == "srv/capable") | .xattrs["security.capability"]' --files)" \
		"\"$(getcap root/srv/capable | cut -d' ' -f2)\""
	setcap -n 1000 cap_chown=ep root/srv/capable
	run -0 "$CBUILD" inspect --files root
	has "$output" "srv/capable cap_chown=ep \[rootid=1000\]"
}

@test "no name drives the terminal or breaks the JSON" {
	need jq
	mkdir root
	touch "root/$(printf 'clear\033[2J')" "root/$(printf 'bad\377')" "root/$(printf 'turned\342\200\256')" "root/a\\b" root/ünï
	tar -C root -cf root.tar .
	run -0 "$CBUILD" inspect --files root.tar
	lacks "$output" "$(printf '\033')"
	lacks "$output" "$(printf '\342\200\256')"
	has "$output" 'clear\\x1b\[2J'
	has "$output" 'bad\\xff'
	has "$output" 'ünï'
	is "$(inspect root.tar '.[0].files[] | select(.path_hex) | [.path, .path_hex]' --files)" '["bad\\xff","626164ff"]'
	is "$(inspect root.tar '[.[0].files[].path] | contains(["clear\u001b[2J", "a\\b"])' --files)" true
}

@test "several images are told one after the other, and as one array" {
	need jq
	image hello.oci
	mkdir root
	echo x >root/x
	run -0 "$CBUILD" inspect "$REPLY" root
	has "$output" "kind          OCI layout"
	has "$output" "kind          directory"
	is "$("$CBUILD" inspect --json "$REPLY" root | jq -c '[.[].kind]')" '["OCI layout","directory"]'
}

@test "what cannot be told is said in one line" {
	image busybox.oci
	run "$CBUILD" inspect --layer 4 "$REPLY"
	refused cbuild
	has "$output" "has 3 layers"
	run "$CBUILD" inspect nowhere
	refused cbuild
	cp -r "$REPLY" lies
	for f in lies/blobs/sha256/*; do
		if [ "$(head -c 2 "$f" | od -An -tx1)" = ' 1f 8b' ]; then
			printf X | dd of="$f" bs=1 seek=40 conv=notrunc status=none
		fi
	done
	run "$CBUILD" inspect lies
	refused cbuild
	run -2 "$CBUILD" inspect
	run -2 "$CBUILD" inspect --layer 0 "$REPLY"
	run -2 "$CBUILD" inspect --no-such "$REPLY"
	run -0 "$CBUILD" inspect --help
	has "$output" "usage: cbuild inspect"
}
