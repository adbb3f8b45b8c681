#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one test file and passes its TAP on. A skip is a failure unless its reason is a line of
# tests/skips.txt: what the machine cannot do is known, not discovered. So is a test without end.
set -u
file=$1
: "${TEST_SECONDS:=900}"
status=$(mktemp)
trap 'rm -f "$status"' EXIT
{
	case $file in
	*.sh) set -- sh "$file" ;;
	*.bats) set -- bats --tap "$file" ;;
	*) set -- "$file" ;;
	esac
	timeout --kill-after=10 "$TEST_SECONDS" "$@"
	code=$?
	[ $code -ne 124 ] || echo "# $file: no end after $TEST_SECONDS seconds"
	echo $code >"$status"
} | awk -v known=tests/skips.txt '
	function expected(line) {
		match(line, /# *[sS][kK][iI][pP] */)
		reason = substr(line, RSTART + RLENGTH)
		sub(/^\(/, "", reason)
		sub(/\)$/, "", reason)
		return reason in reasons
	}
	BEGIN { while ((getline line < known) > 0) if (line !~ /^(#|$)/) reasons[line] }
	/^ok.*# *[sS][kK][iI][pP]/ && !expected($0) {
		sub(/^ok/, "not ok")
		sub(/# *[sS][kK][iI][pP]/, "- not a skip of tests/skips.txt:")
	}
	/^1\.\.0 *# *[sS][kK][iI][pP]/ && !expected($0) {
		print "not ok 1 - not a skip of tests/skips.txt: " reason
		$0 = "1..1"
	}
	{ print; fflush() }'
exit "$(cat "$status")"
