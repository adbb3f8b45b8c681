#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# By a Docker engine, started for this and alone: what `docker load` took and `docker save` gave
# back, and what `docker export` prints of a container.
# busybox.engine.tar, redis.engine.tar, hello.engine.tar, both.engine.tar (two images in one archive), redis.export.tar.
set -eu
work=$1 out=$2
made='busybox.engine.tar redis.engine.tar hello.engine.tar both.engine.tar redis.export.tar'

give_up() { # reason, as in tests/skips.txt
	cat "$work/log" >&2 2>/dev/null || true
	for name in $made; do
		echo "$1" >"$out/$name.skip"
	done
	exit 0
}

# A short name: a socket's path holds 107 bytes.
place=$(mktemp -d /tmp/engine.XXXXXX)
export DOCKER_HOST="unix://$place/s" DOCKER_CONFIG="$place/config"
pid=
end() {
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } || true
	# What it mounted to run goes with its mount namespace.
	rm -rf "$place"
}
trap end EXIT
trap 'exit 1' INT TERM

unshare --mount --propagation private \
	dockerd --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none --userland-proxy=false \
	--data-root "$work/data" --exec-root "$place/exec" --pidfile "$place/pid" --host "$DOCKER_HOST" \
	--storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs --log-level warn >"$work/log" 2>&1 &
pid=$!
tries=600
until docker version >/dev/null 2>&1; do
	tries=$((tries - 1))
	if [ $tries -eq 0 ] || [ ! -d /proc/$pid ]; then
		give_up 'no Docker engine can be started here'
	fi
	sleep 0.1
done

for name in busybox redis hello; do
	docker load --quiet --input "$IMAGES/$name.docker.tar"
	docker save --output "$out/$name.engine.tar" "example.org/$name"
done
docker save --output "$out/both.engine.tar" example.org/busybox example.org/hello
container=$(docker create --network none example.org/redis)
docker export --output "$out/redis.export.tar" "$container"
