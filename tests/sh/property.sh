#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Random stacks of layers, beside what plain tar and rm make of them: property.py.
set -eu
# shellcheck source=tests/env.sh
. tests/env.sh
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP not root"
	exit 0
fi
exec python3 tests/sh/property.py "$CBUILD" "$@"
