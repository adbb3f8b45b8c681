#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one test file and passes its TAP on. A skip is a failure unless its reason is a line of
# tests/skips.txt: what the machine cannot do is known, not discovered.
set -u
file=$1
status=$(mktemp)
trap 'rm -f "$status"' EXIT
{
	case $file in
	*.sh) sh "$file" ;;
	*.bats) bats --tap "$file" ;;
	*) "$file" ;;
	esac
	echo $? >"$status"
} | awk -v known=tests/skips.txt '
	BEGIN { while ((getline line < known) > 0) if (line !~ /^#/) expected[line] = 1 }
	match($0, /# *[sS][kK][iI][pP] */) && /^ok/ {
		reason = substr($0, RSTART + RLENGTH)
		sub(/^\(/, "", reason); sub(/\)$/, "", reason)
		if (!(reason in expected)) { sub(/^ok/, "not ok"); sub(/# *[sS][kK][iI][pP]/, "- unexpected skip:") }
	}
	{ print; fflush() }'
exit "$(cat "$status")"
