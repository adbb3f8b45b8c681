#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What can be found without running anything: sh tests/lint.sh [FILE…]. Each line of the plan is
# one check of one file, and all cores work it off. Prints the findings, and one line at the end.
set -eu
cd "$(dirname "$0")/.."

# clang's warnings beyond the Makefile's, for what gcc has no name for.
CLANG_MORE='-Wcomma -Wassign-enum -Wconditional-uninitialized -Wunreachable-code -Wshift-sign-overflow
	-Wmissing-variable-declarations -Wunused-macros -Wextra-semi -Wloop-analysis'

# gcc 12 takes what is linked into a list for lost; leaks are found by running the asan flavour.
GCC_ANALYZER='-fanalyzer -Wno-analyzer-malloc-leak -DANALYZED'

# shellcheck disable=SC2086 # lists of flags
one() { # check, file
	case $1 in
	analyzer) gcc $HOST_FLAGS -O1 $GCC_ANALYZER -c -o /dev/null "$2" ;;
	analyzer-musl) $GUEST_CC $GUEST_FLAGS $GCC_ANALYZER -c -o /dev/null "$2" ;;
	clang) clang $HOST_FLAGS $CLANG_MORE -fsyntax-only "$2" ;;
	tidy) clang-tidy --quiet "$2" -- $HOST_FLAGS -DANALYZED 2>/dev/null ;;
	cppcheck) cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=autoVariables \
		--error-exitcode=1 --template=gcc -D_GNU_SOURCE -DVERSION='""' -I. "$2" ;;
	format) clang-format --dry-run -Werror "$2" ;;
	# To shellcheck each test of bats is a subshell, and text for a shell inside a mistake.
	shellcheck) shellcheck --external-sources --exclude=SC2016,SC2030,SC2031 "$2" ;;
	text) text "$2" ;;
	esac
}

# What every file has, and what none has.
text() { # file
	bad=0
	head -n 3 "$1" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		{ echo "$1: no SPDX line on top" && bad=1; }
	[ "$(wc -l <"$1")" -le 400 ] || { echo "$1: more than 400 lines" && bad=1; }
	! grep -nE '[ 	]$' /dev/null "$1" || bad=1
	# The brackets keep this file from finding itself.
	! grep -nE '\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|not implemente[d]' /dev/null "$1" || bad=1
	return $bad
}

if [ "${1-}" = --one ]; then
	check=$2 file=$3
	# One write a check, so that findings of two do not mix.
	if ! said=$(one "$check" "$file" 2>&1); then
		printf '%s: %s\n%s\n' "$check" "$file" "$said"
		echo "$check $file" >>"$FINDINGS"
	fi
	exit 0
fi

flags() { # variable, flavour: what of the Makefile, so that lint looks at what is built
	# shellcheck disable=SC2016 # make expands it
	printf 'include Makefile\n$(info $(%s))\nflags: ;\n' "$1" |
		make -s --no-print-directory FLAVOR="$2" -f - flags | tr -d "'"
}
HOST_FLAGS=$(flags CFLAGS debug)
GUEST_FLAGS=$(flags INIT_CFLAGS release)
GUEST_CC=$(flags INIT_CC release)
FINDINGS=$(mktemp)
trap 'rm -f "$FINDINGS"' EXIT
export HOST_FLAGS GUEST_FLAGS GUEST_CC FINDINGS

plan() { # file
	case $1 in
	LICENSE | *.md | tests/fuzz/corpus/* | tests/refuse/* | rootfs-skel/* | *.txt | *.json | .*) return ;;
	esac
	echo "text $1"
	case $1 in
	init/*.c) printf '%s\n' "tidy $1" "analyzer-musl $1" ;;
	boot/*.c) printf '%s\n' "tidy $1" "analyzer $1" "analyzer-musl $1" ;;
	tests/helpers/*.c) printf '%s\n' "tidy $1" "analyzer-musl $1" ;;
	*.c) printf '%s\n' "tidy $1" "analyzer $1" ;;
	esac
	case $1 in
	*.c) printf '%s\n' "clang $1" "cppcheck $1" "format $1" ;;
	*.h) echo "format $1" ;;
	*.sh | *.bats | *.bash | .ci/run) echo "shellcheck $1" ;;
	esac
}

began=$(date +%s)
# shellcheck disable=SC2046 # names of ours, without blanks
[ $# -gt 0 ] || set -- $(find . \( -name .git -o -path ./build \) -prune -o -type f -printf '%P\n')
for file; do
	plan "$file"
done | sort -r >"$FINDINGS.plan"
xargs -r -P "$(nproc)" -L 1 sh "$0" --one <"$FINDINGS.plan"
checks=$(wc -l <"$FINDINGS.plan")
found=$(wc -l <"$FINDINGS")
rm -f "$FINDINGS.plan"
echo "lint: $checks checks of $# files, $found with findings, $(($(date +%s) - began)) seconds"
[ "$found" -eq 0 ]
