#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a job needs and that are missing, saying which and why:
# sh packages.sh build|demo|check|lint|bench
set -eu

# job, package, what for
wanted() {
	cat <<'ROWS'
build gcc                   compiles
build make                  builds
build libc6-dev             headers and the C library
build pkg-config            finds the libraries below
build musl-tools            static musl for process 1
build libarchive-dev        reads and writes tar and cpio
build libcap-dev            capabilities by name
build libjansson-dev        JSON of images
build libext2fs-dev         makes ext4 disks
build comerr-dev            tells what libext2fs could not do
build libssl-dev            SHA-256 of layers
build libzstd-dev           zstd layers
build libisal-dev           gzip layers, fast
build zlib1g-dev            packs with gzip, and reads it where ISA-L is missing
demo  busybox-static        the default image's one program
demo  umoci                 makes the default image
demo  jq                    reads what umoci made
demo  qemu-system-x86       the machine
demo  xz-utils              unpacks the kernel's package
demo  ca-certificates       fetches the kernel's package
check bats                  tests of commands
check perl                  prove runs the tests
check clang                 the second compiler
check skopeo                makes test images
check umoci                 makes test images
check buildah               makes test images
check jq                    reads what other tools made
check mmdebstrap            a small Debian for the tests
check busybox-static        a small root for the tests
check docker.io             a Docker engine for the tests
check podman                runs cinit as --init
check runc                  runs our rootfs
check crun                  runs our rootfs
check qemu-system-x86       runs our rootfs
check zstd                  compresses test images
check cpio                  reads our initramfs
check squashfs-tools-ng     makes our squashfs
check squashfs-tools        unpacks our squashfs
check erofs-utils         fsck.erofs, for our EROFS
check e2fsprogs             checks our ext4 disks
check attr                  shows extended attributes
check libcap2-bin           shows capabilities
check procps                pgrep: whom a program started
check strace                watches what a program does
check util-linux            unshare
check python3               makes hostile archives
check mandoc                checks the manual pages
lint  clang                 the second compiler
lint  clang-tidy            finds bugs
lint  clang-format          checks the layout
lint  cppcheck              finds bugs
lint  shellcheck            checks scripts
lint  libclang-rt-14-dev    sanitizers of clang
bench tini                  a peer of cinit
bench dumb-init             a peer of cinit
bench catatonit             a peer of cinit
bench mmdebstrap            the image's Debian
bench buildah               makes the image
bench umoci                 makes the image, and is a peer of cbuild
bench skopeo                makes the image's other forms
bench jq                    finds the image's layers
bench python3               runs and measures
bench isal                  igzip, a peer of cbuild
bench zstd                  a peer of cbuild
bench libarchive-tools      bsdtar, a peer of cbuild
bench podman                podman load, a peer of cbuild
bench docker.io             docker load, a peer of cbuild
bench e2fsprogs             mke2fs, a peer of cbuild
bench erofs-utils           mkfs.erofs, a peer of cbuild
bench squashfs-tools        mksquashfs, a peer of cbuild
ROWS
}

job=$1
case $job in
build) jobs=build ;;
check) jobs='build demo check' ;;
lint) jobs='build lint' ;;
*) jobs="build $job" ;;
esac

missing=
why=
for j in $jobs; do
	while read -r package reason; do
		case " $missing " in *" $package "*) continue ;; esac
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q ' installed$' && continue
		missing="$missing $package"
		why="$why  $package: $reason
"
	done <<ROWS
$(wanted | sed -n "s/^$j  *//p" | tr -s ' ')
ROWS
done
[ -n "$missing" ] || exit 0

echo "installing Debian packages that are missing:"
printf '%s' "$why"
sudo=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "packages.sh: not root and no sudo; as root, type: apt-get install$missing" >&2
		exit 1
	}
	sudo=sudo
fi
# shellcheck disable=SC2086 # a list of names
{
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
