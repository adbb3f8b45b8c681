#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cinit as the process 1 that `docker run --init` and `podman run --init` put in, and a rootfs of
# cbuild in Docker's engine, started for this and alone.
load common

setup_file() {
	local tries=600

	[ "$(id -u)" -eq 0 ] || return 0
	cgroup_folders >"$BATS_FILE_TMPDIR/cgroups"
	# A short name: a socket's path holds 107 bytes.
	PLACE=$(mktemp -d /tmp/engine.XXXXXX)
	export PLACE DOCKER_HOST="unix://$PLACE/s" DOCKER_CONFIG=$PLACE/config
	unshare --mount --propagation private \
		dockerd --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none \
		--userland-proxy=false --data-root "$PLACE/data" --exec-root "$PLACE/exec" --pidfile "$PLACE/pid" \
		--host "$DOCKER_HOST" --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
		--log-level error --init-path "$CINIT" >"$PLACE/log" 2>&1 3>&- &
	echo $! >"$PLACE/engine"
	until docker version >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || gone "$(cat "$PLACE/engine")"; then
			touch "$PLACE/none"
			return 0
		fi
		sleep 0.1
	done
	docker load --quiet --input "$IMAGES/busybox.docker.tar" >/dev/null
}

teardown_file() {
	[ "$(id -u)" -eq 0 ] || return 0
	kill "$(cat "$PLACE/engine")" 2>/dev/null || true
	wait_for 20 gone "$(cat "$PLACE/engine")"
	rm -rf "$PLACE"
	# Engines leave the parents of their containers' groups.
	cgroup_folders | comm -13 "$BATS_FILE_TMPDIR/cgroups" - | sort -r | grep -E '/(docker|libpod_parent)(/|$)' |
		while read -r folder; do rmdir "$folder" || true; done
}

setup() {
	require_root
}

engine() {
	[ ! -e "$PLACE/none" ] || skip 'no Docker engine can be started here'
}

pod() {
	env -u DOCKER_CONFIG podman --root "$PLACE/podman" --runroot "$PLACE/podrun" --tmpdir "$PLACE/podtmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}

podman_run() { # options…, then --rootfs DIR COMMAND…
	# Its own limits are more than root may set where it has no CAP_SYS_RESOURCE.
	pod run --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --init --init-path "$CINIT" "$@"
}

@test "docker run --init: the status, the arguments, process 1" {
	engine
	run docker run --rm --network none --init example.org/busybox /bin/sh -c 'cat /proc/1/comm; exit 5'
	is "$status/$output" 5/docker-init
	run docker run --rm --network none --init example.org/busybox /bin/sh -c 'kill -KILL $$'
	is "$status" 137
}

@test "docker run --init: an orphan is reaped, docker stop is passed on" {
	engine
	id=$(docker run --detach --network none --init example.org/busybox /bin/sh -c '
		trap "echo told; exit 9" TERM
		(sleep 0.01 & echo orphan)
		echo up
		while :; do sleep 0.05; done')
	up() { [[ $(docker logs "$id") == *up* ]]; }
	wait_for 20 up
	reaped() { ! docker exec "$id" ps -o stat,comm | grep -q '^Z'; }
	wait_for 20 reaped
	docker stop --time 20 "$id" >/dev/null
	is "$(docker inspect --format '{{.State.ExitCode}}' "$id")" 9
	has "$(docker logs "$id")" told
	docker rm "$id" >/dev/null
}

@test "podman run --init: the status, the arguments, process 1" {
	need podman
	tiny_root "$BATS_TEST_TMPDIR/root"
	run podman_run --rm --rootfs "$BATS_TEST_TMPDIR/root" /bin/sh -c 'cat /proc/1/comm; exit 4'
	is "$status/$output" 4/podman-init
}

@test "a rootfs of cbuild starts in Docker's engine as its config says" {
	engine
	image redis.oci
	"$CBUILD" "$REPLY" -f tar -o "$BATS_TEST_TMPDIR/redis.tar" --quiet
	docker import --change 'ENTRYPOINT ["/sbin/cinit"]' "$BATS_TEST_TMPDIR/redis.tar" ours >/dev/null
	id=$(docker run --detach --network none ours)
	pong() { [ "$(docker exec "$id" redis-cli ping 2>/dev/null)" = PONG ]; }
	wait_for 30 pong || fail "$(docker logs "$id" 2>&1)"
	is "$(docker exec "$id" sh -c 'for p in /proc/[0-9]*; do
		[ "$(cat $p/comm)" != redis-server ] || stat -c %U $p; done' 2>/dev/null)" redis
	docker stop --time 20 "$id" >/dev/null
	is "$(docker inspect --format '{{.State.ExitCode}}' "$id")" 0
	docker rm "$id" >/dev/null
}

# What docker export has of an image, but for what the engine itself puts in or touches: the
# working directory is one.
exported() { # image
	local id

	id=$(docker create --network none "$1" x 2>/dev/null)
	docker export "$id" | tar -tv --numeric-owner --full-time |
		grep -vE ' (\.dockerenv|dev/.*|etc/|srv/|etc/(hosts|hostname|resolv\.conf|mtab).*)$'
	docker rm "$id" >/dev/null
}

@test "Docker's engine loads the images that cbuild writes and runs them under our process 1" {
	engine
	image busybox.docker.tar
	for f in docker oci.tar; do
		"$CBUILD" --init "$CINIT" "$REPLY" -f $f -o "$BATS_TEST_TMPDIR/out.$f" -t example.org/of-cbuild:$f --quiet
		has "$(docker load --input "$BATS_TEST_TMPDIR/out.$f")" "example.org/of-cbuild:$f"
		# The layers of the image and one more, which are the same tree as all in one.
		is "$(docker inspect --format '{{len .RootFS.Layers}}' example.org/of-cbuild:$f)" 4
		exported example.org/of-cbuild:$f >"$BATS_TEST_TMPDIR/layered"
		"$CBUILD" --init "$CINIT" --squash "$REPLY" -f $f -o "$BATS_TEST_TMPDIR/flat.$f" -t example.org/flat:$f --quiet
		docker load --quiet --input "$BATS_TEST_TMPDIR/flat.$f" >/dev/null
		exported example.org/flat:$f >"$BATS_TEST_TMPDIR/flat"
		same_text "$BATS_TEST_TMPDIR/flat" "$BATS_TEST_TMPDIR/layered"
		docker rmi --force example.org/flat:$f >/dev/null
		run docker run --rm --network none example.org/of-cbuild:$f /bin/sh -c 'cat /proc/1/comm; exit 5'
		is "$status/$output" 5/cinit
		docker rmi --force example.org/of-cbuild:$f >/dev/null
	done
}

@test "Docker's engine loads and runs what cbuild commit has put on an image" {
	engine
	image busybox.docker.tar
	mkdir -p "$BATS_TEST_TMPDIR/upper/opt"
	echo committed >"$BATS_TEST_TMPDIR/upper/opt/new"
	"$CBUILD" commit --quiet -t example.org/committed:1 "$REPLY" "$BATS_TEST_TMPDIR/upper" \
		-o "$BATS_TEST_TMPDIR/out.docker.tar"
	has "$(docker load --input "$BATS_TEST_TMPDIR/out.docker.tar")" example.org/committed:1
	is "$(docker run --rm --network none example.org/committed:1 /bin/cat /opt/new)" committed
	docker rmi --force example.org/committed:1 >/dev/null
}
