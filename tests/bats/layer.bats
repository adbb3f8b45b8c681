#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild layer: what was done in an overlay mount, as a layer that does the same elsewhere.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

# Runs a script with an overlay mount of its own, beside lower, upper and merged, all on a tmpfs
# that is gone afterwards; $TMP is for what is to stay.
overlay() { # mount options, script
	require_root
	export -f tree_of
	MOUNT_OPTIONS=$1 SCRIPT=$2 TMP=$TMP timeout 60 unshare -m bash -eu -c '
		mkdir -p mount
		mount -t tmpfs tmpfs mount
		cd mount
		mkdir lower upper work merged
		[ ! -e "$TMP/lower.tar" ] || tar -C lower --xattrs --xattrs-include="*" -xpf "$TMP/lower.tar"
		mount -t overlay overlay -o "lowerdir=lower,upperdir=upper,workdir=work$MOUNT_OPTIONS" merged
		eval "$SCRIPT"'
}

make_lower() {
	image busybox.root.tar
	cp "$REPLY" lower.tar
}

# Of every kind: made, changed, deleted, and replaced by another kind.
changes='
	cd merged
	rm etc/passwd srv/fifo srv/null
	rm -r usr
	mkdir usr
	echo new >usr/new
	echo more >>etc/changed
	chmod 4711 srv/setuid
	rm -r opt/data
	echo file >opt/data
	rm srv/becomes-file
	mkdir srv/becomes-file
	ln -s /etc srv/becomes-file/link
	mkdir -p a/b/c
	echo deep >a/b/c/deep
	ln a/b/c/deep a/second
	mkfifo a/fifo
	mknod a/device b 7 1
	cp srv/capable a/capable
	setcap cap_chown=ep a/capable
	setfattr -n user.note -v kept a/second
	chown 70000:3000000 a/b
	rm a/fifo
	cd ..'

@test "cbuild and umoci make of the layer what the overlay showed" {
	need umoci jq
	make_lower
	overlay "" "$changes
		tree_of merged >\"\$TMP/want\"
		\"\$CBUILD\" layer upper -o \"\$TMP/layer.tar.gz\"" 2>log
	has "$(cat log)" "3 whiteouts, 2 opaque directories"
	image busybox.oci
	"$CBUILD" -q --no-init "$REPLY" layer.tar.gz -o out
	tree_of out >got
	same_text want got
	cp -r "$REPLY" oci
	gzip -dc layer.tar.gz >layer.tar
	umoci raw add-layer --image oci:busybox layer.tar
	umoci unpack --image oci:busybox bundle
	tree_of bundle/rootfs >got
	same_text want got
}

@test "the layer is the same bytes each time, in each form" {
	make_lower
	overlay "" "$changes
		for f in tar tar.gz tar.zst; do
			\"\$CBUILD\" layer -q upper -o \"\$TMP/one.\$f\"
			\"\$CBUILD\" layer -q upper -o \"\$TMP/two.\$f\"
		done
		\"\$CBUILD\" layer -q upper -o - >\"\$TMP/stream\""
	for f in tar tar.gz tar.zst; do
		cmp "one.$f" "two.$f"
	done
	cmp one.tar stream
	gzip -dc one.tar.gz | cmp - one.tar
	zstd -dc one.tar.zst | cmp - one.tar
	lacks "$(tar --xattrs --xattrs-include='*' -tvvf one.tar)" overlay
}

@test "a folder renamed by redirect is refused, and why is said" {
	make_lower
	overlay ,redirect_dir=on '
		mv merged/opt/data merged/opt/moved
		"$CBUILD" layer upper -o "$TMP/layer.tar" 2>"$TMP/log" && exit 1
		[ $? -eq 1 ]'
	is "$(wc -l <log)" 1
	has "$(cat log)" "cbuild: 'upper': 'opt/moved': was renamed from 'data'"
	[ ! -e layer.tar ]
}

@test "a file of which only the metadata is there is refused" {
	make_lower
	overlay ,metacopy=on '
		chmod 0600 merged/etc/changed
		"$CBUILD" layer upper -o "$TMP/layer.tar" 2>"$TMP/log" && exit 1
		[ $? -eq 1 ]'
	has "$(cat log)" "'etc/changed': only its metadata is here"
}

@test "whiteouts by attribute, and the marks of user mounts, count as well" {
	require_root
	mkdir -p upper/dir upper/opaque
	touch upper/dir/gone upper/dir/kept
	setfattr -n user.overlay.opaque -v x upper/dir
	setfattr -n user.overlay.whiteout -v y upper/dir/gone
	setfattr -n user.overlay.opaque -v y upper/opaque
	setfattr -n user.colour -v green upper/opaque
	"$CBUILD" layer -q upper -o layer.tar
	is "$(tar -tf layer.tar)" "$(printf '%s\n' ./ dir/ dir/.wh.gone dir/kept opaque/ opaque/.wh..wh..opq)"
	mkdir out
	tar -C out --xattrs --xattrs-include='*' -xpf layer.tar
	is "$(getfattr -Rd -m - out)" "$(printf '%s\n' '# file: out/opaque' 'user.colour="green"')"
}

@test "names that a layer cannot hold are refused" {
	require_root
	mkdir upper
	touch upper/.wh.passwd
	run "$CBUILD" layer upper -o layer.tar
	refused cbuild
	has "$output" "'.wh.passwd'"
	rm upper/.wh.passwd
	mknod "upper/$(printf '%0252d' 0)" c 0 0
	run "$CBUILD" layer upper -o layer.tar
	refused cbuild
	has "$output" "251 bytes"
	[ ! -e layer.tar ]
}

@test "a folder is packed whatever lies in it" {
	image hello.oci
	run -0 "$CBUILD" layer -q "$REPLY" -o layer.tar
	has "$(tar -tf layer.tar)" index.json
}

@test "who cannot see root's marks is told so" {
	require_root
	chmod 0755 .
	mkdir upper
	echo x >upper/x
	run -0 setpriv --reuid 65534 --clear-groups "$CBUILD" layer upper -o - >/dev/null
	has "$(setpriv --reuid 65534 --clear-groups "$CBUILD" layer upper -o - 2>&1 >/dev/null)" "only root sees"
	lacks "$("$CBUILD" layer upper -o - 2>&1 >/dev/null)" "only root sees"
}

@test "what is no upper directory, or no layer, is refused" {
	mkdir upper
	image busybox.root.tar
	run "$CBUILD" layer "$REPLY" -o layer.tar
	refused cbuild
	has "$output" "is not a directory"
	run "$CBUILD" layer nowhere -o layer.tar
	refused cbuild
	run -2 "$CBUILD" layer upper -o layer.cpio
	run -2 "$CBUILD" layer upper -o folder
	run -2 "$CBUILD" layer upper
	run -2 "$CBUILD" layer -o layer.tar
	touch layer.tar
	run "$CBUILD" layer upper -o layer.tar
	refused cbuild
	is "$(ls -A)" "$(printf '%s\n' layer.tar upper)"
}
