#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild --explain: what it tells is what it does.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
	mkdir shell
}

explain() { # arguments of cbuild…: what it tells goes to the file `told`
	"$CBUILD" --explain "$@" 2>said_and_told
	sed "/^cbuild: note: /d" said_and_told >told
}

# A shell that does what was told; the output's name is the same, in another folder.
does_the_same() { # output
	(cd shell && sh -eu ../told >sums)
	[ -z "$("$CBUILD" diff --no-times "shell/$1" "$1")" ] || fail "$("$CBUILD" diff "shell/$1" "$1")"
}

@test "a shell that does what is told makes the same, sums included" {
	require_root
	for name in busybox.docker.tar busybox.oci busybox.oci.tar busybox.zstd.oci; do
		image $name
		explain --no-init "$REPLY" -o $name.out.tar
		does_the_same $name.out.tar
		# Each sum is what the comment behind its command says.
		is "$(sed -n 's/ .*//p' shell/sums)" "$(sed -n 's/.*sha256sum.*# is //p' told)"
		has "$(cat told)" "rm -rf ROOT/opt/gone"
		has "$(cat told)" "find ROOT/opt/data/ -mindepth 1 -delete"
		rm -rf shell/ROOT
	done
}

@test "so it does for a root archive with a folder on top, and for what is changed" {
	require_root
	image busybox.root.tar
	mkdir top
	echo new >top/new
	gzip -c "$REPLY" >packed
	explain --no-init "$PWD/packed" "$PWD/top" --exclude 'usr/*' --exclude '*.conf' --owner 7:8 --mtime 2001-01-01 -o d
	(cd shell && sh -eu ../told)
	# The comment behind chown says what a shell cannot do as simply.
	grep -q '^chown -hR 7:8 ROOT.*capabilities stay' told
	run "$CBUILD" diff shell/d d
	is "$output" 'C /srv/capable (security.capability none -> cap_net_bind_service,cap_net_raw=ep)
C /srv/setuid (mode 0755 -> 6755)'
	[ "$(stat -c '%u:%g %Y' shell/d/new)" = '7:8 978307200' ]
}

@test "formats are told by the tools that make them" {
	require_root
	need mke2fs mkfs.erofs tar2sqfs
	image busybox.docker.tar
	for format in tar.gz tar.zst cpio cpio.gz erofs squashfs; do
		explain --no-init "$REPLY" -f $format -o out
		(cd shell && sh -eu ../told >/dev/null)
		[ -s shell/out ]
		rm -rf shell/* out
	done
	explain --no-init "$REPLY" --size 64m -f ext4 -o out
	(cd shell && sh -eu ../told >/dev/null)
	[ "$(stat -c %s shell/out)" -eq "$(stat -c %s out)" ]
}

@test "what is put in is told, and what it runs" {
	image redis.oci
	explain "$REPLY" --dry-run -o out.cpio >said
	has "$(cat said)" "would write "
	has "$(cat told)" " ROOT/sbin/cinit"
	has "$(cat told)" "# the boot record: "
	has "$(cat told)" "redis-server"
	has "$(cat told)" "ln -s sbin/cinit ROOT/init"
	has "$(cat told)" "cpio -o -H newc) > out.cpio"
	[ ! -e out.cpio ]
}

@test "names out of an image cannot drive the terminal, nor the shell that is shown" {
	python3 - <<-'PYTHON'
		import tarfile
		out = tarfile.open("evil.tar", "w")
		for name in ".wh.\x1b[2J", ".wh.$(touch x)", ".wh.a'b", ".wh.-rf", "..wh.", ".wh.caf\u00e9", "sub/.wh..wh..opq":
		    out.addfile(tarfile.TarInfo("./" + name))
		out.close()
	PYTHON
	explain --no-init evil.tar --dry-run -o out
	grep -qxF 'rm -rf $'"'ROOT/\033[2J'	# whiteout" told
	grep -qxF "rm -rf 'ROOT/\$(touch x)'	# whiteout" told
	grep -qxF "rm -rf 'ROOT/a'\\''b'	# whiteout" told
	has "$(cat told)" "find ROOT/sub/ -mindepth 1 -delete"
	lacks "$(cat told)" $'\e'
}

@test "many whiteouts are counted, and --quiet tells no more than the steps" {
	mkdir root
	python3 - <<-'PYTHON'
		import tarfile
		out = tarfile.open("many.tar", "w")
		for i in range(100):
		    out.addfile(tarfile.TarInfo(f"./.wh.file{i}"))
		out.close()
	PYTHON
	explain -q --no-init many.tar --dry-run -o out
	[ "$(grep -c '^rm -rf' told)" -eq 10 ]
	has "$(cat told)" "# … and so on for 90 more whiteouts"
	run grep '^# layer' told
	[ "$status" -eq 1 ]
}
