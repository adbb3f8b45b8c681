#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# By mmdebstrap and buildah: a minimal Debian, and redis-server as a second layer, with a config
# that says all that a config says of how to start it.
# redis.oci (gzip), redis.docker.tar, redis.zstd.oci.tar.
set -eu
work=$1 out=$2

# The mirror and the release are the ones that this machine installs from.
mirror() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' "Codename: $1" |
		sed -n 's/ main$//p' | head -n 1
}
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
uri=$(mirror "$codename")
[ -n "$uri" ] || { apt-get update -qq && uri=$(mirror "$codename"); }
[ -n "$uri" ] || { echo "apt has no mirror of $codename" >&2 && exit 1; }

slim() { # what a container has no use for, for every dpkg from here on
	printf '%s\n' 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
		'path-exclude=/usr/share/info/*' 'path-exclude=/usr/share/locale/*' \
		'path-exclude=/usr/share/lintian/*'
}
slim >"$work/slim"
# The Debian is cached: it is most of the work, and no part of what is tested changes it.
base=$IMAGES/.debian-$codename.tar
if [ ! -e "$base" ]; then
	mmdebstrap --quiet --mode=root --variant=minbase --dpkgopt="$work/slim" \
		"$codename" "$work/debian.tar" "$uri"
	mv "$work/debian.tar" "$base"
fi

echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
build() {
	verb=$1
	shift
	buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$verb" "$@"
}
commit() { # container, image
	build commit --quiet --signature-policy "$work/policy.json" "$1" "$2" >/dev/null
}

container=$(build from scratch)
build add --quiet "$container" "$base" / >/dev/null
commit "$container" debian
build rm "$container" >/dev/null

# The packages are fetched by the host's apt for the root's dpkg: the root needs no network.
container=$(build from --signature-policy "$work/policy.json" --pull-never debian)
root=$(build mount "$container")
mkdir -p "$work/apt/partial" "$work/lists"
fetch() {
	apt-get -qq -o Dir::State::status="$root/var/lib/dpkg/status" -o Dir::Cache::archives="$work/apt" \
		-o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Retries=3 \
		install --no-install-recommends --yes --download-only redis-server
}
fetch || { apt-get update -qq && fetch; }
mkdir "$root/packages"
cp "$work/apt"/*.deb "$root/packages/"
cp "$work/slim" "$root/etc/dpkg/dpkg.cfg.d/slim"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
	chroot "$root" sh -c 'dpkg --install /packages/*.deb'
rm -r "$root/packages" "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d/slim"
rm -f "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/var/cache/debconf/*-old

# An empty argument, a word with blanks, a signal and a user that are not the default.
build config --entrypoint '["/usr/bin/redis-server"]' \
	--cmd '["--protected-mode","no","--bind","0.0.0.0","--save","","--appendonly","no","--daemonize","no"]' \
	--user redis --workingdir /var/lib/redis --port 6379/tcp --stop-signal SIGINT \
	--env 'MOTTO=a word with blanks' --env LANG=C.UTF-8 \
	--env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	--label org.example.made-by=buildah "$container"
build umount "$container" >/dev/null
commit "$container" redis

copy() {
	build push --quiet --signature-policy "$work/policy.json" "$@"
}
copy redis "oci:$out/redis.oci:redis"
copy redis "docker-archive:$out/redis.docker.tar:example.org/redis:latest"
build rm --all >/dev/null
build rmi --all --force >/dev/null
skopeo --policy "$work/policy.json" --tmpdir "$work/tmp" copy --quiet --dest-compress-format zstd \
	"oci:$out/redis.oci:redis" "oci-archive:$out/redis.zstd.oci.tar:redis"
