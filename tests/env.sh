# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What every test finds in its environment. Sourced in the top folder; FLAVOR chooses the build.
FLAVOR=${FLAVOR:-release}
TOP=$PWD
BUILD=$TOP/build/$FLAVOR
CINIT=$BUILD/cinit CBUILD=$BUILD/cbuild CBOX=$BUILD/cbox
# Process 1 with sanitizers needs its libc, which a root has not: the twin runs on the host only.
CINIT_TWIN=$CINIT
case $FLAVOR in asan | cover) CINIT_TWIN=$BUILD/cinit-twin ;; esac
HELPERS=$BUILD/tests/helpers
IMAGES=${IMAGES:-$TOP/build/images}
# What cbox boot fetches, so that a test run leaves nothing in a home folder.
XDG_CACHE_HOME=$TOP/build/cache
# Every format there is, so that no test forgets one.
FORMATS=$(sed -n 's/^	{ "\([a-z0-9.]*\)", .*/\1/p' builder/output/output.c)
# A leak in a short-lived tool's exit path is a bug too, but not under ptrace or in a vfork child.
ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:exitcode=99}
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export FLAVOR FORMATS TOP BUILD CINIT CINIT_TWIN CBUILD CBOX HELPERS IMAGES XDG_CACHE_HOME ASAN_OPTIONS UBSAN_OPTIONS
