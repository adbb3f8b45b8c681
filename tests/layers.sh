#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The direction of the layers: each folder, and the folders that it may include from. A library
# that only some files may know stands below. TAP: one test a row.
set -eu
cd "$(dirname "$0")/.."

table() {
	cat <<'ROWS'
boot            boot
init            init boot
lib             lib
builder/tree    builder/tree lib
builder/image   builder/image builder/tree lib
builder/merge   builder/merge builder/tree lib boot
builder/output  builder/output builder/tree lib
builder         builder builder/tell builder/verb builder/image builder/tree builder/merge builder/output lib boot
builder/tell    builder/tell builder builder/image builder/tree builder/merge builder/output lib
builder/verb    builder/verb builder builder/tell builder/image builder/tree builder/merge builder/output lib
store           store lib builder builder/image builder/tree builder/merge builder/output
launch          launch lib boot
qemu            qemu lib boot
cbox            cbox store launch qemu builder builder/image builder/tree builder/merge builder/output lib boot
man             man lib boot builder cbox init
ROWS
}

# What only these files may include.
libraries() {
	cat <<'ROWS'
archive.h         builder/image/layer.c builder/output/archive.c lib/unpack.c lib/pack.c lib/extract.c
archive_entry.h   builder/image/layer.c builder/image/acl.c builder/output/archive.c lib/unpack.c lib/pack.c lib/extract.c
ext2fs/ext2fs.h   builder/output/ext4.h
sys/capability.h  launch/caps.c builder/image/filecaps.c builder/output/filecaps.c
ROWS
}

n=0
failed=0
result() { # what, complaints
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "$2" | sed 's/^/# /'
		echo "not ok $n - $1"
	fi
}

table >"${TMPDIR:-/tmp}/layers.$$"
while read -r folder allowed; do
	bad=
	for file in "$folder"/*.c "$folder"/*.h "$folder"/*.def; do
		[ -e "$file" ] || continue
		# shellcheck disable=SC2013 # names of ours, without blanks
		for include in $(sed -n 's/^#include "\(.*\)"/\1/p' "$file"); do
			ok=
			for a in $allowed; do
				[ "$(dirname "$include")" = "$a" ] && ok=1
			done
			[ -n "$ok" ] || bad="$bad$file includes $include
"
		done
	done
	result "$folder includes only from: $allowed" "$bad"
done <"${TMPDIR:-/tmp}/layers.$$"

libraries >"${TMPDIR:-/tmp}/layers.$$"
while read -r header files; do
	bad=
	for file in $(grep -rlF "#include <$header>" --include='*.[ch]' boot init lib builder store \
		launch qemu cbox 2>/dev/null || true); do
		case " $files " in *" $file "*) ;; *) bad="$bad$file includes <$header>
" ;; esac
	done
	result "<$header> is known to few" "$bad"
done <"${TMPDIR:-/tmp}/layers.$$"
rm -f "${TMPDIR:-/tmp}/layers.$$"

bad=$(grep -nE '<(stdio|stdlib|malloc)\.h>|\b(malloc|calloc|realloc|printf)\(' init/*.[ch] boot/*.[ch] 2>/dev/null || true)
result "process 1 and the boot record use no heap and no stdio" "$bad"

bad=$(grep -nE '\b(open|fopen|opendir|stat|lstat|chmod|chown|mkdir|unlink|rename)\(' \
	builder/image/*.c builder/merge/*.c builder/output/*.c launch/*.c 2>/dev/null |
	grep -v '/\* host path \*/' || true)
result "where images and roots are handled, paths are opened below a descriptor" "$bad"

known=$(table | cut -d' ' -f1)
bad=
for folder in $(find . -path ./build -prune -o \( -name '*.[ch]' -o -name '*.def' \) -printf '%P\n' | xargs -r -n1 dirname | sort -u | grep -v '^tests\|^bench'); do
	echo "$known" | grep -qx "$folder" || bad="$bad$folder has no row in the table
"
done
result "every folder of code has a row" "$bad"
echo "1..$n"
exit $failed
