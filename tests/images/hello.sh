#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# By podman: one static program and nothing else, no /etc, no shell.
# hello.docker.tar (docker-archive), hello.oci.tar, hello.oci.
set -eu
work=$1 out=$2

cat >"$work/hello.c" <<'C'
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	printf("hello from process %ld, user %ld, %d arguments%s%s\n", (long)getpid(),
		(long)getuid(), argc - 1, argc > 1 ? ", first " : "", argc > 1 ? argv[1] : "");
	return argc > 1 ? 3 : 0;
}
C
mkdir "$work/root"
musl-gcc -Os -s -static -o "$work/root/hello" "$work/hello.c"
tar -C "$work/root" --owner=0 --group=0 --numeric-owner -cf "$work/hello.tar" hello

# A place of its own: the machine's podman does not learn of the image. It wants a short name.
place=$(mktemp -d /tmp/podman.XXXXXX)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$place"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
pod() {
	podman --root "$work/podman" --runroot "$place/run" --tmpdir "$place/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend none "$@"
}
pod import --quiet --change 'ENTRYPOINT ["/hello"]' --signature-policy "$work/policy.json" \
	"$work/hello.tar" example.org/hello:latest
pod save --quiet --format docker-archive -o "$out/hello.docker.tar" example.org/hello:latest
pod save --quiet --format oci-archive -o "$out/hello.oci.tar" example.org/hello:latest
pod save --quiet --format oci-dir -o "$out/hello.oci" example.org/hello:latest
# Files of other users' ids that it may have kept go with it.
pod rmi --all --force >/dev/null
