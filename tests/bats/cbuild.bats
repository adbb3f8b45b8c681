#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild: every format complete and the same each time, options, what a rootfs gets.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

# One of everything that a root may hold; needs root.
make_root() { # directory
	mkdir -p "$1"/{sub/deep,closed,dev}
	echo data >"$1/sub/file"
	ln "$1/sub/file" "$1/a-link"
	ln "$1/sub/file" "$1/zz-link"
	ln -s ../nowhere "$1/sub/symlink"
	echo suid >"$1/sub/suid"
	chown 101:4000000000 "$1/sub/suid"
	chmod 4711 "$1/sub/suid"
	echo caps >"$1/sub/caps"
	chown 7:8 "$1/sub/caps"
	setcap cap_net_raw,cap_chown=ep "$1/sub/caps"
	setfattr -n user.note -v 'any thing' "$1/sub/caps"
	echo acl >"$1/sub/acl"
	setfattr -n system.posix_acl_access -v \
		0x0200000001000600ffffffff020004000700000004000400ffffffff10000600ffffffff20000000ffffffff \
		"$1/sub/acl"
	mkfifo -m 640 "$1/sub/fifo"
	mknod -m 666 "$1/dev/null" c 1 3
	mknod -m 660 "$1/dev/disk" b 259 70000
	truncate -s 3M "$1/sub/sparse"
	printf end >>"$1/sub/sparse"
	echo ü >"$1/sub/ümlaut"
	echo raw >"$1/sub/$(printf 'raw\377')"
	chmod 1777 "$1/sub/deep"
	chmod 0 "$1/closed"
	find "$1" -exec touch -h -d '2001-02-03 04:05:06.123456789Z' {} +
}

# All that can be known of a tree, a line a name.
listing() { # directory
	(
		cd "$1" || exit
		find . -type d -printf 'd %m %U:%G - %T@ %p\n' -o -type b,c -printf '%y %m %U:%G - %T@ %p ' \
			-exec stat -c '%t,%T' {} \; -o -printf '%y %m %U:%G %s %T@ %n %p %l\n'
		find . -type f -exec sha256sum {} +
		getfattr -R -h -d -m - -e hex . 2>/dev/null
	) | LC_ALL=C sort
}

same_tree() { # directory, directory
	diff <(listing "$1") <(listing "$2")
}

root_tar() { # directory, archive
	tar --xattrs --xattrs-include='*' --format=posix --sparse -C "$1" -cf "$2" .
}

@test "a directory has owners, modes, times, attributes, links, devices, holes" {
	require_root
	make_root root
	root_tar root root.tar
	"$CBUILD" -q --no-init root.tar -o out
	same_tree root out
	[ "$(stat -c %b out/sub/sparse)" -lt 100 ]
}

@test "a tar that GNU tar extracts has all of it" {
	require_root
	make_root root
	root_tar root root.tar
	for f in tar tar.gz tar.zst; do
		"$CBUILD" -q --no-init root.tar -o "out.$f"
		mkdir "out-$f"
		tar --xattrs --xattrs-include='*' -C "out-$f" -xpf "out.$f"
		same_tree root "out-$f"
	done
}

@test "an initramfs that cpio extracts has all that cpio holds, and says what not" {
	require_root
	make_root root
	root_tar root root.tar
	run "$CBUILD" --no-init root.tar -o out.cpio
	is "$status" 0
	has "$output" "note: 3 extended attributes"
	mkdir out
	(cd out && cpio --quiet -idm --preserve-modification-time <../out.cpio)
	# cpio(1) has no attributes and no nanoseconds, and leaves the times of directories and links.
	cpio_listing() {
		listing "$1" | grep -av '^#\|=0x\|^$' | sed -E 's/ ([0-9]+)\.[0-9]{10} / \1 /; s/^([dl] [0-9]+ [0-9:]+ [0-9-]+) [0-9]+ /\1 /' |
			LC_ALL=C sort
	}
	diff <(cpio_listing root) <(cpio_listing out)
}

@test "archives are the same byte for byte each time" {
	mkdir -p root/etc
	echo x >root/etc/x
	ln root/etc/x root/etc/y
	tar -C root -cf root.tar .
	for f in tar tar.gz tar.zst cpio cpio.gz cpio.zst; do
		"$CBUILD" -q --cmd /bin/x root.tar -o "one.$f"
		"$CBUILD" -q --cmd /bin/x root.tar -f "$f" -o - >two
		cmp "one.$f" two
	done
}

@test "an ext4 has all of it, is clean for e2fsck, and the same each time" {
	require_root
	need e2fsck debugfs
	make_root root
	mkdir root/many
	# Names over several directory blocks, a target outside the inode, more runs than fit in it.
	(cd root/many && seq -f "a-name-of-some-length-to-fill-blocks-%g" 300 | xargs touch)
	ln -s "$(printf '%0200d' 0)" root/many/long-target
	for i in 0 1 2 3 4 5 6 7; do
		printf run | dd of=root/many/runs bs=1 seek=$((i * 40000)) conv=notrunc status=none
	done
	find root/many -exec touch -h -d '1960-02-03 04:05:06Z' {} +
	root_tar root root.tar
	"$CBUILD" -q --no-init root.tar -o out.ext4
	"$CBUILD" -q --no-init root.tar -o again.ext4
	cmp out.ext4 again.ext4
	e2fsck -fn out.ext4
	mkdir out
	debugfs -R 'rdump / out' out.ext4 2>rdump.log
	rmdir out/lost+found
	# rdump knows neither sticky bits, times of links, hard links, nor devices.
	plain() {
		(cd "$1" && find . -type f -exec sha256sum {} + -o -type d -printf '%U:%G %p\n' -o -type l -printf '%l %p\n' |
			LC_ALL=C sort)
	}
	diff <(plain root) <(plain out)
	stats=$(for f in sub/deep sub/caps sub/suid dev/disk a-link many/runs; do debugfs -R "stat $f" out.ext4 2>&1; done)
	has "$stats" 'security.capability (20)'
	has "$stats" 'user.note (9) = "any thing"'
	has "$stats" 'User:   101   Group: -294967296'
	has "$stats" 'Mode:  04711'
	has "$stats" 'Device major/minor number: 259:70000'
	has "$stats" 'Links: 3'
	has "$stats" 'Mode:  01777'
	has "$stats" 'mtime: 0xed5bc372:00000000'
}

@test "a squashfs has all that it holds, and is the same each time" {
	require_root
	need tar2sqfs unsquashfs
	make_root root
	find root -exec touch -h -d '2001-02-03 04:05:06Z' {} +
	root_tar root root.tar
	run "$CBUILD" --no-init root.tar -o out.squashfs
	is "$status" 0
	has "$output" "note: 1 extended attributes (ACLs) were left out: a squashfs has none"
	setfattr -x system.posix_acl_access root/sub/acl
	touch -h -d '2001-02-03 04:05:06Z' root/sub/acl
	# However many threads pack it.
	taskset -c 0 "$CBUILD" -q --no-init root.tar -o again.squashfs
	cmp out.squashfs again.squashfs
	unsquashfs -q -n -d out out.squashfs >log
	same_tree root out
}

@test "a squashfs is packed as it is asked for" {
	need tar2sqfs unsquashfs
	mkdir -p root/bin
	cp "$CBUILD" root/bin/program
	for format in zstd gzip lz4 xz; do
		"$CBUILD" -q --no-init --compression-format $format root -o $format.squashfs
		has "$(unsquashfs -s $format.squashfs)" "Compression $format"
	done
	"$CBUILD" -q --no-init root -o usual.squashfs
	cmp usual.squashfs zstd.squashfs
	"$CBUILD" -q --no-init --compression-format zstd --compression-level 19 root -o small.squashfs
	[ "$(stat -c %s small.squashfs)" -lt "$(stat -c %s zstd.squashfs)" ]
	for bad in '--compression-format none' '--compression-level 3' '--compression-format lz4 --compression-level 1'; do
		# shellcheck disable=SC2086 # words
		run -2 "$CBUILD" -q --no-init $bad root -o bad.squashfs
	done
	[ ! -e bad.squashfs ]
}

@test "an EROFS has all that fsck.erofs brings back, and is the same each time" {
	require_root
	need fsck.erofs dump.erofs
	make_root root
	# fsck.erofs 1.5 leaves holes out of what it extracts; erofs.bats reads them through the kernel.
	rm root/sub/sparse
	touch -d '2001-02-03 04:05:06.123456789Z' root/sub
	root_tar root root.tar
	"$CBUILD" -q --no-init root.tar -o out.erofs
	"$CBUILD" -q --no-init root.tar -o again.erofs
	cmp out.erofs again.erofs
	fsck.erofs --extract=out out.erofs
	plain() { # what fsck.erofs brings back: no attributes, no setuid bits
		(cd "$1" && find . -type f -printf '%m %U:%G %s %TY %p\n' -exec sha256sum {} + -o -type d -printf '%m %U:%G %p\n' \
			-o -type l -printf '%l %p\n' -o -printf '%y %p\n' | sed 's/^4711 /711 /' | LC_ALL=C sort)
	}
	diff <(plain root) <(plain out)
	has "$(dump.erofs --path=/sub/caps out.erofs)" 'Timestamp: 2001-02-03 04:05:06.123456789'
	[ "$(dump.erofs --path=/sub/caps out.erofs | sed -n 's/.*Xattr size: *//p')" -gt 20 ]
}

@test "an ext4 has the size and the room that are asked for, or is refused" {
	mkdir root
	head -c 3000000 /dev/urandom >root/big
	"$CBUILD" -q --no-init root -o out.ext4 --size 64m
	is "$(stat -c %s out.ext4)" 67108864
	"$CBUILD" -q --no-init root -o small.ext4
	"$CBUILD" -q --no-init root -o roomy.ext4 --free 200m
	free_blocks() { dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Free blocks: *//p'; }
	[ $(($(free_blocks roomy.ext4) - $(free_blocks small.ext4))) -ge 47000 ]
	for f in out small roomy; do e2fsck -fn $f.ext4; done
	run "$CBUILD" -q --no-init root -o tiny.ext4 --size 2m
	refused cbuild
	has "$output" "is too small; it takes about --size"
	run "$CBUILD" -q --no-init root -o out.tar --size 2m
	is "$status" 2
	[ ! -e tiny.ext4 ] && [ ! -e out.tar ]
}

@test "an output that exists is kept, and replaced with --force" {
	mkdir root
	tar -C root -cf root.tar .
	echo mine >out
	run "$CBUILD" --no-init root.tar -o out
	refused cbuild
	has "$output" "'out' exists; --force replaces it"
	is "$(cat out)" mine
	"$CBUILD" -q --no-init --owner "$(id -u):$(id -g)" --force root.tar -o out
	[ -d out ]
	"$CBUILD" -q --no-init --force -f cpio root.tar -o out
	[ -f out ]
	is "$(ls -A)" "$(printf '%s\n' out root root.tar)"
}

@test "bad input leaves nothing" {
	head -c 3000 /dev/urandom >random
	mkdir root
	head -c 100000 /dev/zero >root/zeros
	tar -C root -cf - . | gzip | head -c 150 >cut.tar.gz
	mkdir empty-folder.d
	for bad in random cut.tar.gz /dev/null no-such-file; do
		for out in out out.tar out.cpio.gz; do
			run "$CBUILD" "$bad" -o "$out"
			refused cbuild
			has "$output" "$bad"
		done
	done
	is "$(ls -A)" "$(printf '%s\n' cut.tar.gz empty-folder.d random root)"
}

@test "scratch files lie beside the output, or where TMPDIR says" {
	build() { # environment, output
		run unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs /tmp
			exec env -u TMPDIR "$@"' - "$1" ./cbuild -q --no-init busybox.tar -o "$2"
	}
	require_root
	cp "$IMAGES/busybox.oci.tar" busybox.tar
	cp "$CBUILD" cbuild # that of the tree may lie below /tmp too
	build A=b out.tar
	is "$output" ""
	is "$status" 0
	build A=b out
	is "$status" 0
	build TMPDIR=/tmp again.tar
	is "$status" 1
	has "$output" "No space left on device"
	is "$(ls)" "$(printf '%s\n' busybox.tar cbuild out out.tar)"
}

@test "without privilege: archives as ever, directories with a way out" {
	require_root
	need setpriv
	mkdir -p root/etc
	chown 101 root/etc
	tar -C root -cf root.tar .
	powerless=(setpriv --bounding-set=-all --inh-caps=-all)
	"${powerless[@]}" "$CBUILD" -q --no-init root.tar -o out.tar
	"$CBUILD" -q --no-init root.tar -o root-out.tar
	cmp out.tar root-out.tar
	run "${powerless[@]}" "$CBUILD" --quiet --no-init root.tar -o out
	refused cbuild
	has "$output" "cannot give 'etc' to 101:0"
	has "$output" "--owner"
	"${powerless[@]}" "$CBUILD" -q --no-init --owner 0 root.tar -o out
	is "$(stat -c %u out/etc)" 0
}

@test "the rootfs has cinit, the skeleton and the boot record" {
	mkdir -p root/etc
	echo 'app:x:1234:55::/home/app:/bin/sh' >root/etc/passwd
	tar -C root --owner 0 --group 0 -cf root.tar .
	"$CBUILD" -q root.tar -o out.tar --entrypoint '["/bin/app","-x"]' --cmd 'a b' -e A=1 -e B=2 -e A=3 \
		-u app -w /work
	mkdir out
	tar -C out -xf out.tar --no-same-owner
	cmp out/sbin/cinit "$(dirname "$CBUILD")/cinit"
	cmp out/etc/passwd root/etc/passwd
	cmp out/etc/hosts "$TOP/rootfs-skel/etc/hosts"
	record=$(tr -d '\0' <out/etc/cinit/boot)
	has "$record" $'argv=/bin/app\nargv=-x\nargv=a b\n'
	has "$record" $'env=A=3\nenv=B=2\n'
	has "$record" $'uid=1234\ngid=55\n'
	has "$record" $'cwd=/work\n'
}

@test "an initramfs has /init, unless the image has one" {
	mkdir root root-with
	echo own >root-with/init
	"$CBUILD" -q --owner 0 --cmd x root -o one.cpio
	is "$(cpio --quiet -tv <one.cpio | sed -n 's/.* init -> //p')" sbin/cinit
	run "$CBUILD" --cmd x root-with -o two.cpio
	is "$status" 0
	has "$output" "cbuild: note: the image has an /init of its own"
	is "$(cpio --quiet -i --to-stdout init <two.cpio)" own
}

@test "a directory on top is a layer" {
	mkdir -p root/etc over/etc
	echo lower >root/etc/a
	echo lower >root/etc/b
	echo upper >over/etc/b
	touch over/etc/.wh.a
	"$CBUILD" -q --no-init root over -o out.tar
	is "$(tar -tf out.tar)" "$(printf '%s\n' ./ etc/ etc/b)"
	is "$(tar -xOf out.tar etc/b)" upper
}

@test "wrong usage exits 2 and makes nothing" {
	mkdir root
	for args in '' 'root' '-o out' 'root -o out -f floppy' 'root -o -' 'root -o out --mtime never' \
		'root -o out --owner me' 'root -o out --nonsense' 'root -o out --uid-map 1' \
		'root -o out --owner 0 --uid-map 0:1:1'; do
		# shellcheck disable=SC2086 # words
		run "$CBUILD" $args
		is "$status" 2
		is "${#lines[@]}" 1
		has "$output" "cbuild: "
	done
	SOURCE_DATE_EPOCH=soon run "$CBUILD" root -o out
	is "$status" 2
	is "$(ls -A)" root
}

@test "help and version go to standard output" {
	"$CBUILD" --help >help
	has "$(cat help)" 'usage: cbuild '*' IMAGE... -o OUT'
	[ "$(awk '{ print length }' help | sort -n | tail -1)" -le 80 ]
	has "$("$CBUILD" --version)" 'cbuild '
}

@test "--dry-run says what would be written and writes nothing" {
	mkdir -p root/etc
	echo data >root/etc/file
	run "$CBUILD" -q --dry-run --no-init root -o out.cpio
	is "$status" 0
	is "$output" "would write 2 names with 5 bytes as an initramfs (cpio newc) to 'out.cpio'"
	is "$(ls -A)" root
}

@test "cinit of another machine is not put into an image" {
	mkdir root
	printf '{"architecture":"riscv64","os":"linux","config":{"Cmd":["/x"]},"rootfs":{"type":"layers","diff_ids":[]}}' >config.json
	run "$CBUILD" -q --config config.json root -o out.tar
	refused cbuild
	has "$output" 'the image is for riscv64'
	printf 'no program' >init
	run "$CBUILD" -q --init init --cmd x root -o out.tar
	refused cbuild
	has "$output" "'init' is not a program"
	is "$(ls -A)" "$(printf '%s\n' config.json init root)"
}
