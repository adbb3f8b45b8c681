#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild --rootless: a directory by a plain user, which is the whole image when it is read again.
load common

USER_ID=4242

# A user without any right, who can reach the programs wherever they were built.
setup() {
	TMP=$BATS_TEST_TMPDIR
	PROGRAMS=$TMP/programs/build/release
	mkdir -p "$PROGRAMS" "$TMP/home"
	cp "$CBUILD" "$CBOX" "$CINIT" "$PROGRAMS"
	cp -r "$TOP/rootfs-skel" "$TMP/programs/"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$TMP"
	chmod -R a+rX "$TMP/programs"
	chown $USER_ID "$TMP/home" 2>/dev/null || true
	cd "$TMP/home" || exit 1
}

as_user() { # command…
	setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups --inh-caps=-all --no-new-privs "$@"
}

user_builds() { # arguments of cbuild…
	as_user "$PROGRAMS/cbuild" "$@"
}

# An image that a user can read.
borrow() { # name
	image "$1"
	cp -r "$REPLY" .
	chmod -R a+rX "./$1"
}

# One of everything that a user cannot make, or not open once it is made.
make_root() { # directory
	mkdir -p "$1"/{sub/deep,closed/in,dev,links}
	echo data >"$1/sub/file"
	ln "$1/sub/file" "$1/a-link"
	ln "$1/sub/file" "$1/closed/in/zz-link"
	echo suid >"$1/sub/suid"
	chown 101:4000000000 "$1/sub/suid"
	chmod 6711 "$1/sub/suid"
	echo secret >"$1/sub/secret"
	chmod 0 "$1/sub/secret"
	echo caps >"$1/sub/caps"
	setcap cap_net_raw,cap_chown=ep "$1/sub/caps"
	setfattr -n user.note -v 'any thing' "$1/sub/caps"
	setfattr -n trusted.note -v 'any thing' "$1/sub/caps"
	setfattr -n system.posix_acl_access -v \
		0x0200000001000600ffffffff020004000700000004000400ffffffff10000600ffffffff20000000ffffffff \
		"$1/sub/file"
	setfattr -n system.posix_acl_default -v \
		0x0200000001000700ffffffff020007000700000004000500ffffffff10000700ffffffff20000500ffffffff \
		"$1/sub/deep"
	mkfifo -m 640 "$1/sub/fifo"
	mknod -m 666 "$1/dev/null" c 1 3
	ln "$1/dev/null" "$1/dev/zz-null"
	mknod -m 660 "$1/dev/disk" b 259 70000
	setfattr -n trusted.of -v device "$1/dev/disk"
	for i in 1 2 3 4; do
		ln -s "../to/$i" "$1/links/of 7 $i"
		chown -h 7:8 "$1/links/of 7 $i"
	done
	ln -s x "$1/links/of-root"
	ln -s x "$1/links/of-9"
	chown -h 9:9 "$1/links/of-9"
	ln "$1/links/of-9" "$1/sub/also-of-9"
	ln -s x "$1/sub/of-root"
	chmod 1777 "$1/sub"
	chmod 2555 "$1/dev"
	chmod 0 "$1/closed/in"
	chmod 555 "$1/closed"
	chown 7:8 "$1/closed"
	chmod 750 "$1"
	chown 5:6 "$1"
	find "$1" -exec touch -h -d '2001-02-03 04:05:06.123456789Z' {} +
}

root_tar() { # directory, archive
	tar --xattrs --xattrs-include='*' --format=posix -C "$1" -cf "$2" .
}

# What a directory gives that a user has made of the image, and what the image gives.
same_through_directory() { # image
	user_builds -q "$1" --rootless -o d
	user_builds -q --no-init d -o through.tar
	"$CBUILD" -q "$1" -o direct.tar
	cmp through.tar direct.tar
}

@test "a user's directory of a Debian image is the image when it is read again" {
	require_root
	borrow redis.oci
	same_through_directory redis.oci
	[ "$(find d ! -user $USER_ID | wc -l)" -eq 0 ]
	[ -z "$("$CBUILD" diff direct.tar d)" ]
	as_user rm -r d
}

@test "so are directories of other images" {
	require_root
	borrow busybox.docker.tar
	same_through_directory busybox.docker.tar
	rm -r d through.tar direct.tar
	borrow odd.oci
	same_through_directory odd.oci
}

@test "devices, setuid, closed modes, capabilities, ACLs, hard links, owners of links are kept" {
	require_root
	make_root ../root
	root_tar ../root root.tar
	run user_builds --no-init root.tar --rootless -o d
	[ "$status" -eq 0 ]
	has "$output" "cbuild: note: all files belong to $USER_ID:$USER_ID; kept in user.cinit.* attributes: "
	has "$output" "5 attributes, owners of 6 symbolic links, and 4 devices, FIFOs and sockets as empty files"
	user_builds -q --no-init d -o through.tar
	"$CBUILD" -q --no-init root.tar -o direct.tar
	cmp through.tar direct.tar
	is "$(getfattr --only-values -n user.cinit.stat d/dev/disk)" 0:0:660:block:259:70000
	is "$(getfattr --only-values -n user.cinit.stat d/sub/suid)" 101:4000000000:6711
	is "$(getfattr --only-values -n user.cinit.links d/links)" '7:8:777//0:0:777/of-root//9:9:777/of-9'
	# Nobody else may write anything, and the owner can remove all of it.
	[ -z "$(find d ! -type l -perm /6022)" ]
	as_user rm -r d
}

@test "root makes the same of it with --rootless" {
	require_root
	make_root ../root
	root_tar ../root root.tar
	"$CBUILD" -q --no-init root.tar --rootless -o d
	[ -z "$(find d ! -user 0)" ]
	"$CBUILD" -q --no-init d -o through.tar
	"$CBUILD" -q --no-init root.tar -o direct.tar
	cmp through.tar direct.tar
}

@test "a directory made with --rootless can be copied, and added to" {
	require_root
	make_root ../root
	root_tar ../root root.tar
	user_builds -q --no-init root.tar --rootless -o d
	as_user cp -a d copy
	as_user sh -c 'echo new >copy/sub/new; chmod 4755 copy/sub/new; ln -s x copy/links/new; ln -s x copy/sub/new-link'
	user_builds -q --no-init copy -o copy.tar
	"$CBUILD" -q --no-init root.tar -o direct.tar
	run "$CBUILD" diff direct.tar copy.tar
	is "$output" "A /links/new
A /sub/new
A /sub/new-link"
	tar --numeric-owner -tvf copy.tar >listed
	grep -q '^-rwsr-xr-x 0/0 .* sub/new$' listed
	grep -q '^lrwxrwxrwx 7/8 .* links/new -> x$' listed
	grep -q '^lrwxrwxrwx 0/0 .* sub/new-link -> x$' listed
}

@test "owners of links that no attribute has room for are counted" {
	require_root
	mkdir -p ../root/many
	python3 - ../root/many <<-'PYTHON'
		import os, sys
		for i in range(3000):
		    path = f"{sys.argv[1]}/a-link-with-a-name-that-takes-room-{i}"
		    os.symlink("x", path)
		    os.lchown(path, 1 + i % 2, 1)
	PYTHON
	root_tar ../root root.tar
	run user_builds --no-init root.tar --rootless -o d
	[ "$status" -eq 0 ]
	has "$output" "note: the owners of 3000 symbolic links were left out, which have no room in an attribute"
	user_builds -q --no-init d -o through.tar
	[ "$(tar --numeric-owner -tvf through.tar | grep -c '^lrwxrwxrwx 0/0 ')" -eq 3000 ]
}

@test "a bundle can be rootless too" {
	require_root
	borrow busybox.oci
	user_builds -q busybox.oci --rootless -f bundle -o b
	user_builds -q --no-init b/rootfs -o through.tar
	"$CBUILD" -q busybox.oci -o direct.tar
	cmp through.tar direct.tar
}

@test "runc starts a rootless bundle for the user who has made it" {
	require_root
	need runc
	borrow busybox.oci
	user_builds -q busybox.oci --cmd '["/bin/sh", "-c", "id -u; cat /proc/1/comm; exit 7"]' --rootless -f bundle -o b
	as_user mkdir state
	run as_user env XDG_RUNTIME_DIR="$PWD/state" runc --root "$PWD/state/runc" run -b b "rootless-$$" </dev/null
	is "$output" "0
cinit"
	[ "$status" -eq 7 ]
}

@test "a file system without such attributes is told before anything is written" {
	require_root
	borrow busybox.docker.tar
	mkdir ram
	run unshare -m sh -c 'mount -t ramfs ramfs ram && chmod 777 ram &&
		setpriv --reuid=4242 --regid=4242 --clear-groups --inh-caps=-all "$0" busybox.docker.tar --rootless -o ram/d
		echo "status $?, left: $(ls -A ram)"' "$PROGRAMS/cbuild"
	[ "${#lines[@]}" -eq 2 ]
	has "${lines[0]}" "cbuild: the file system of the output cannot keep owners in attributes: "
	has "${lines[0]}" "--rootless needs one with user attributes"
	is "${lines[1]}" "status 1, left: "
}

@test "without root, what fails names --rootless as the way out" {
	require_root
	make_root ../root
	root_tar ../root root.tar
	run user_builds --no-init -q root.tar -o d
	refused cbuild
	has "$output" "let --rootless keep them"
	[ ! -e d ]
}

@test "--rootless is for directories" {
	mkdir empty
	for f in tar cpio ext4 squashfs oci; do
		run "$CBUILD" empty --rootless -f $f -o out
		[ "$status" -eq 2 ]
		has "$output" "--rootless is for a directory or a bundle"
	done
}

# An archive with such attributes, by python: no name of a file system is needed for it.
tar_with_attributes() { # archive
	python3 - "$1" <<-'PYTHON'
		import io, sys, tarfile
		out = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
		def add(name, type, stat, data=b""):
		    t = tarfile.TarInfo(name)
		    t.type, t.size, t.mode = type, len(data), 0o755
		    t.uid = t.gid = 4242
		    t.pax_headers = {"SCHILY.xattr.user.cinit.stat": stat, "SCHILY.xattr.user.cinit.xattr.security.capability": "x",
		        "SCHILY.xattr.user.cinit.links": "0:0:777", "SCHILY.xattr.user.own": "kept"}
		    out.addfile(t, io.BytesIO(data))
		add("./", tarfile.DIRTYPE, "0:0:4755")
		add("./evil", tarfile.REGTYPE, "0:0:4755", b"payload")
		add("./disk", tarfile.REGTYPE, "0:0:666:block:8:0")
		out.close()
	PYTHON
}

@test "an archive cannot say in such attributes what its headers do not" {
	require_root
	tar_with_attributes evil.tar
	run "$CBUILD" --no-init evil.tar -o d
	[ "$status" -eq 0 ]
	has "$output" "cbuild: note: 'evil.tar': 9 user.cinit.* attributes say nothing"
	[ -z "$(getfattr -R -d -m '^user.cinit' d)" ]
	is "$(getfattr --only-values -n user.own d/evil)" kept
	run "$CBUILD" --no-init d -o through.tar
	lacks "$output" note
	tar --numeric-owner -tvf through.tar >listed
	[ "$(grep -c ' 4242/4242 ' listed)" -eq 3 ]
	run grep '^b\|^-..s' listed
	[ "$status" -eq 1 ]
	user_builds -q --no-init evil.tar --rootless -o e
	user_builds -q --no-init e -o through2.tar
	cmp through.tar through2.tar
}

@test "attributes in a directory that --rootless has not made say nothing" {
	require_root
	mkdir d
	touch d/file
	chown 9:9 d/file
	setfattr -n user.cinit.stat -v 0:0:4755 d/file
	run "$CBUILD" --no-init d -o out.tar
	[ "$status" -eq 0 ]
	has "$output" "note: 'd': 1 user.cinit.* attributes say nothing"
	tar --numeric-owner -tvf out.tar | grep -q '^-rw-r--r-- 9/9 .*file'
	tar -xOf out.tar >/dev/null
	lacks "$(strings out.tar)" user.cinit
}

@test "they are believed of files that the directory's owner alone can have written" {
	require_root
	mkdir d
	setfattr -n user.cinit.stat -v 0:0:755 d
	touch d/theirs
	setfattr -n user.cinit.stat -v 0:0:4755 d/theirs
	chown 4242:4242 d/theirs
	run "$CBUILD" --no-init d -o out.tar
	[ "$status" -eq 0 ]
	has "$output" "1 user.cinit.* attributes say nothing"
	tar --numeric-owner -tvf out.tar | grep -q '^-rw-r--r-- 4242/4242 .*theirs'
	chown 0:0 d/theirs
	chmod 666 d/theirs
	run "$CBUILD" --no-init d -o out2.tar
	refused cbuild
	is "$output" "cbuild: 'd': 'theirs': others may write it, and so what is kept of it; type: chmod -R go-w"
	chmod 644 d/theirs
	setfattr -n user.cinit.stat -v 0:0:666:char:1:3 d/theirs
	echo more >d/theirs
	run "$CBUILD" --no-init d -o out2.tar
	refused cbuild
	has "$output" "'theirs': is kept as something else than a file, but is no empty file any more"
	setfattr -n user.cinit.stat -v 0:0:nonsense d/theirs
	run "$CBUILD" --no-init d -o out2.tar
	refused cbuild
	has "$output" "'theirs': has an attribute 'user.cinit.stat' that makes no sense"
	[ ! -e out2.tar ]
}

@test "cbox runs it: for root with the image's owners, for a user with root's" {
	require_root
	tiny_root ../root
	mknod -m 600 ../root/device c 1 3
	root_tar ../root root.tar
	user_builds -q root.tar --cmd '["/bin/sh", "-c", "stat -c \"%u:%g %F\" /etc /home/app /device; id -u"]' --rootless -o d
	run --separate-stderr "$CBOX" run d
	[ "$status" -eq 0 ]
	is "$output" "0:0 directory
1234:1234 directory
0:0 character special file
0"
	# shellcheck disable=SC2154 # a variable of bats
	is "$stderr" "cbox: note: 'd' was made with --rootless: it runs from a copy in memory, which has the image's owners"
	run --separate-stderr as_user "$PROGRAMS/cbox" run d
	[ "$status" -eq 0 ]
	is "$output" "0:0 directory
0:0 directory
0:0 regular empty file
0"
	has "$stderr" "cbox: note: 'd' was made with --rootless: all files in it belong to root here"
	run --separate-stderr "$CBOX" run --writable d
	has "$stderr" "all files in it belong to one user here"
	has "$output" "4242:4242 directory"
}

@test "what a user may not read is named, with its owner and what to do" {
	require_root
	borrow busybox.oci
	cp busybox.oci/index.json closed.tar
	chmod 600 closed.tar
	run user_builds closed.tar -o out
	refused cbuild
	is "$output" "cbuild: cannot open 'closed.tar': Permission denied; it belongs to user 0: become that user, or let them type 'chmod a+r' for it"
	mkdir -m 700 folder
	cp closed.tar folder/in.tar
	run user_builds folder/in.tar -o out
	refused cbuild
	is "$output" "cbuild: cannot open 'folder/in.tar': Permission denied; a folder above it is closed to you: become its owner, or let its owner type 'chmod a+x' for it"
	run user_builds folder -o out
	refused cbuild
	has "$output" "cannot open 'folder': Permission denied; it belongs to user 0: become that user, or let them type 'chmod a+rx' for it"
	mkdir -p root/sub
	echo x >root/sub/secret
	chmod 640 root/sub/secret
	run user_builds --no-init root -o out.tar
	refused cbuild
	has "$output" "'root': 'sub/secret': cannot open: Permission denied; it belongs to user 0: "
	run user_builds layer root -o out.tar
	refused cbuild
	has "$output" "cbuild: 'root': 'sub/secret': cannot open: "
	chmod 700 root/sub
	run user_builds --no-init root -o out.tar
	refused cbuild
	has "$output" "'root': cannot open 'sub': Permission denied; it belongs to user 0: "
	layer=$(find busybox.oci/blobs -type f -printf '%s %P\n' | sort -n | tail -n 1)
	chmod 600 "busybox.oci/blobs/${layer#* }"
	run user_builds busybox.oci -o out.tar
	refused cbuild
	has "$output" "'busybox.oci': layer 1: cannot open 'blobs/${layer#* }': Permission denied; it belongs to user 0: "
	[ ! -e out ] && [ ! -e out.tar ]
}
