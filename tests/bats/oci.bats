#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbuild's images, read by those who read images: skopeo, umoci, podman, and cbuild itself.
# Docker's engine is in e2e-engines.bats.
# shellcheck disable=SC2016 # much here is for a shell in a container
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

config() { # file: an image's config with all that cbuild keeps
	cat >"$1" <<-'JSON'
		{"created":"2020-01-02T03:04:05Z","author":"me","architecture":"amd64","os":"linux",
		"config":{"User":"app","ExposedPorts":{"80/tcp":{}},"Env":["A=b c"],"Entrypoint":["/bin/sh","-c"],
		"Cmd":["echo hello"],"Volumes":{"/data":{}},"WorkingDir":"/tmp","Labels":{"k":"v"},"StopSignal":"SIGINT"},
		"history":[{"created_by":"RUN this"},{"created_by":"ENV that","empty_layer":true}],
		"rootfs":{"type":"layers","diff_ids":[]}}
	JSON
}

image_config() { # layout or archive of skopeo's transports: the config, compactly
	skopeo inspect --config --raw "$1" | jq -c .
}

@test "an image has its config, its name, and the same digest each time" {
	need skopeo jq
	tiny_root root
	config config.json
	for f in oci oci.tar docker; do
		"$CBUILD" -q --config config.json --owner 0 root -f $f -o one.$f -t example.org/own/image:v7
		"$CBUILD" -q --config config.json --owner 0 root -f $f -o two.$f -t example.org/own/image:v7
		diff -r one.$f two.$f
	done
	for from in oci:one.oci:v7 oci-archive:one.oci.tar docker-archive:one.docker; do
		image_config $from >got
		is "$(jq -c '[.created,.author,.architecture,.os]' got)" '["2020-01-02T03:04:05Z","me","amd64","linux"]'
		is "$(jq -c .config got)" "$(jq -c '.config | .Entrypoint = ["/sbin/cinit","--"] + .Entrypoint' config.json |
			jq -c '{User,ExposedPorts,Env,Entrypoint,Cmd,Volumes,WorkingDir,Labels,StopSignal}')"
		is "$(jq -c '[.history[] | [.created_by, .empty_layer]]' got)" \
			'[["RUN this",true],["ENV that",true],["cbuild",null]]'
	done
	is "$(jq -c '.manifests[0].annotations' one.oci/index.json)" \
		'{"org.opencontainers.image.ref.name":"v7","io.containerd.image.name":"example.org/own/image:v7"}'
	# What was not asked to be started by us starts as it did.
	"$CBUILD" -q --no-init --config config.json --owner 0 root -o plain.oci
	is "$(image_config oci:plain.oci | jq -c .config.Entrypoint)" '["/bin/sh","-c"]'
	is "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' plain.oci/index.json)" latest
	SOURCE_DATE_EPOCH=86400 "$CBUILD" -q --no-init --config config.json --owner 0 root -o dated.oci
	is "$(image_config oci:dated.oci | jq -r .created)" 1970-01-02T00:00:00Z
}

@test "an image that is read keeps its name; one that is copied keeps its digests" {
	need skopeo jq
	tiny_root root
	"$CBUILD" -q --owner 0 --no-init --cmd /bin/sh root -o one.oci -t example.org/own/image:v7
	"$CBUILD" -q --no-init one.oci -o two.oci
	is "$(jq -c '.manifests[0].annotations' two.oci/index.json)" "$(jq -c '.manifests[0].annotations' one.oci/index.json)"
	skopeo copy -q oci:one.oci:v7 oci:copy.oci:v7
	is "$(jq -r '.manifests[0].digest' copy.oci/index.json)" "$(jq -r '.manifests[0].digest' one.oci/index.json)"
	# The compressed layer says of itself what it is.
	"$CBUILD" -q one.oci -f docker -o docker.tar
	skopeo copy -q docker-archive:docker.tar oci:from-docker.oci:v7
}

@test "umoci unpacks what cbuild packed" {
	require_root
	need umoci
	mkdir -p root/{sub,empty}
	echo data >root/sub/file
	ln root/sub/file root/link
	ln -s sub/file root/symlink
	echo caps >root/sub/caps
	setcap cap_net_raw=ep root/sub/caps
	mknod -m 600 root/null c 1 3
	chown -h 5:6 root/sub/file root/symlink
	chmod 4711 root/sub/file
	touch -d 2001-01-01 root/sub/file root/link root/sub/caps root/null
	for f in oci oci.tar; do
		"$CBUILD" -q --no-init root -f $f -o out.$f -t example.org/image:v7
	done
	mkdir fromtar && tar -C fromtar -xf out.oci.tar
	for layout in out.oci fromtar; do
		umoci unpack --image $layout:v7 unpacked-$layout
		diff <(tree_of root) <(tree_of unpacked-$layout/rootfs)
	done
}

@test "podman loads and runs each of them, with process 1 of ours" {
	require_root
	need podman
	tiny_root root
	config config.json
	"$CBUILD" -q --init "$CINIT" --config config.json root -f oci -o out.oci -t example.org/own/image:v7
	"$CBUILD" -q --init "$CINIT" --config config.json root -f oci.tar -o out.oci.tar -t example.org/own/image:v7
	"$CBUILD" -q --init "$CINIT" --config config.json root -f docker -o out.docker -t example.org/own/image:v7
	for f in oci oci.tar docker; do
		name=$(pod load --input out.$f 2>/dev/null | sed -n 's/^Loaded image: //p')
		# It calls a folder by the folder's name.
		[ $f = oci ] || is "$name" example.org/own/image:v7
		run pod run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
			"$name" 'id -un; pwd; echo "$A"; cat /proc/1/comm'
		is "$status" 0
		is "$output" "$(printf '%s\n' app /tmp 'b c' cinit)"
		pod rmi --force "$name" >/dev/null
	done
}

# Runs the bundle `out`; crun gets a view without the second cgroup tree, with which it refuses a host.
run_bundle() { # runtime
	local runtime=("$1" --root "$TMP/state-$1")

	if [ "$1" = crun ] && [ -d /sys/fs/cgroup/unified ]; then
		runtime=(unshare --mount sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh "${runtime[@]}")
	fi
	run "${runtime[@]}" run --bundle out "bundle-$$-$BATS_TEST_NUMBER"
}

@test "runc and crun run a bundle as the image's config says, under process 1 of ours" {
	require_root
	need runc crun
	tiny_root root
	config config.json
	for runtime in runc crun; do
		"$CBUILD" -q --force --init "$CINIT" --config config.json --cmd 'id -un; pwd; echo "$A"; cat /proc/1/comm; exit 5' root -f bundle -o out
		run_bundle $runtime
		is "$status" 5
		is "$output" "$(printf '%s\n' app /tmp 'b c' cinit)"
		"$CBUILD" -q --force --no-init --config config.json --cmd 'echo $$; id -u; pwd; echo "$A"; exit 6' root -f bundle -o out
		run_bundle $runtime
		is "$status" 6
		is "$output" "$(printf '%s\n' 1 1234 /tmp 'b c')"
	done
	"$CBUILD" -q --no-init --config config.json root -f bundle -o again
	"$CBUILD" -q --no-init --config config.json root -f bundle -o once-more
	diff -r again once-more
	is "$(stat -c %a out)" 700
	is "$(find state-* -mindepth 1)" ""
}

@test "an image that cannot be written is one line and leaves nothing" {
	mkdir root
	run "$CBUILD" -q --no-init root -o out.oci -e "$(printf 'A=\377')"
	refused cbuild
	has "$output" "UTF-8"
	run "$CBUILD" -q --no-init root -f oci -o -
	is "$status" 2
	is "$(ls -A)" root
}
