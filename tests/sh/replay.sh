#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every fuzz harness over its corpus, which holds what each has found before.
set -eu
# shellcheck source=tests/env.sh
. tests/env.sh

n=0
failed=0
for harness in tests/fuzz/fuzz_*.c; do
	n=$((n + 1))
	name=$(basename "$harness" .c)
	name=${name#fuzz_}
	if make --no-print-directory -s FLAVOR="$FLAVOR" "build/$FLAVOR/tests/replay_$name" >&2 &&
		timeout 60 "$BUILD/tests/replay_$name" "tests/fuzz/corpus/$name" >&2; then
		echo "ok $n - corpus of $name"
	else
		failed=1
		echo "not ok $n - corpus of $name"
	fi
done
echo "1..$n"
exit $failed
