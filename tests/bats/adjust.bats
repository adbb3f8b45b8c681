#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild: what --owner, --uid-map, --mtime, --exclude and the like change throughout.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

@test "owners, times and names are changed as asked" {
	mkdir -p root/{usr/share/doc,etc}
	touch root/usr/share/doc/x root/etc/keep root/etc/drop.pyc
	"$CBUILD" -q --no-init root -o out.tar --owner 5:6 --mtime 2020-01-01 --exclude usr/share/doc --exclude '*.pyc'
	is "$(tar --full-time --numeric-owner --utc -tvf out.tar | awk '{print $2, $4, $5, $6}')" \
		"$(printf '5/6 2020-01-01 00:00:00 %s\n' ./ etc/ etc/keep usr/ usr/share/)"
	SOURCE_DATE_EPOCH=86400 "$CBUILD" -q --no-init root -o sde.tar
	is "$(tar --full-time --utc -tvf sde.tar | awk '{print $4}' | sort -u)" 1970-01-02
	"$CBUILD" -q --no-init root -o map.tar --owner 0
	"$CBUILD" -q --no-init map.tar -o mapped.tar --uid-map 0:100000:10 --gid-map 0:200000
	is "$(tar --numeric-owner -tvf mapped.tar | awk '{print $2}' | sort -u)" 100000/200000
	run "$CBUILD" -q --no-init mapped.tar -o out2.tar --uid-map 0:1:10
	refused cbuild
	has "$output" "belongs to user 100000, which --uid-map leaves out"
}

attribute() { # file, name
	getfattr --absolute-names --only-values -n "$2" "$1" 2>/dev/null | od -An -tx1 | tr -d ' \n'
}

@test "ids inside of ACLs and file capabilities are mapped too, there and back" {
	require_root
	mkdir root
	echo acl >root/acl
	# user 7 may write, group 8 read; the owning group may read, the mask lets write.
	setfattr -n system.posix_acl_access -v \
		0x0200000001000600ffffffff020006000700000004000400ffffffff080004000800000010000600ffffffff20000000ffffffff \
		root/acl
	echo caps >root/caps
	setcap cap_net_raw=ep root/caps
	"$CBUILD" -q --no-init root -o mapped --uid-map 0:100000:1000 --gid-map 0:200000:1000
	is "$(stat -c '%a %u:%g' mapped/acl mapped/caps | paste -sd' ')" '660 100000:200000 644 100000:200000'
	is "$(attribute mapped/acl system.posix_acl_access)" \
		0200000001000600ffffffff02000600a786010004000400ffffffff08000400480d030010000600ffffffff20000000ffffffff
	# Revision 3, which names the root that it holds for: 100000.
	is "$(attribute mapped/caps security.capability)" 0100000300200000000000000000000000000000a0860100
	"$CBUILD" -q --no-init mapped -o back --uid-map 100000:0:1000 --gid-map 200000:0:1000
	is "$("$CBUILD" diff --no-times root back)" ""
	"$CBUILD" -q --no-init root -o owned --owner 5:6
	is "$(stat -c '%a %u:%g' owned/acl owned/caps | paste -sd' ')" '660 5:6 644 5:6'
	is "$(attribute owned/acl system.posix_acl_access)" "$(attribute root/acl system.posix_acl_access)"
	is "$(attribute owned/caps security.capability)" "$(attribute root/caps security.capability)"
}

@test "ACLs come through the tar of another: as text from GNU tar, as attributes to it" {
	require_root
	mkdir root x
	echo acl >root/acl
	setfattr -n system.posix_acl_access -v \
		0x0200000001000600ffffffff02000600f279000004000400ffffffff10000600ffffffff20000000ffffffff root/acl
	tar -C root --acls -cf theirs.tar .
	"$CBUILD" -q --no-init theirs.tar -o ours
	"$CBUILD" -q --no-init root -o ours.tar
	tar -C x --xattrs --xattrs-include='*' -xpf ours.tar
	for copy in ours x; do
		is "$(stat -c %a $copy/acl)" 660
		is "$(attribute $copy/acl system.posix_acl_access)" "$(attribute root/acl system.posix_acl_access)"
	done
}
