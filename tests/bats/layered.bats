#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images that cbuild writes with the layers that it read: what stays, what comes on top, and that
# others merge them to the same tree. Docker's engine is in e2e-engines.bats.
load common
load layered

@test "the image's layers stay, blob for blob, and one small layer comes on top" {
	require_root
	need umoci jq
	for from in busybox odd; do
		image $from.oci
		base=$REPLY
		ours "$base" -o out.oci
		ours --squash "$base" -o flat.oci
		count=$(layers "$base" | wc -l)
		is "$(layers out.oci | wc -l)" $((count + 1))
		is "$(layers out.oci | head -n "$count")" "$(layers "$base")"
		for digest in $(manifest "$base" | jq -r '.layers[].digest'); do
			cmp "$(blob "$base" "$digest")" "$(blob out.oci "$digest")"
		done
		[ "$(manifest out.oci | jq '.layers[-1].size')" -lt 50000 ]
		# What it holds: the files that cbuild adds, and the folders above them.
		"$CBUILD" inspect --json --files --layer $((count + 1)) out.oci | jq -r '.[0].files[].path' >names
		grep -qx etc/cinit/boot names
		grep -qx sbin/cinit names
		is "$(grep -E '^(bin|srv|opt)' names)" ""
		is "$(config out.oci | jq -c '.history[:-1]')" "$(config "$base" | jq -c .history)"
		is "$(config out.oci | jq -r '.history[-1].created_by')" cbuild
		is "$(layers flat.oci | wc -l)" 1
		is "$(config flat.oci | jq -c '.history[-1].comment')" '"all layers as one"'
		is "$(config flat.oci | jq -c '[.history[] | select(.empty_layer | not)] | length')" 1
		same_trees out.oci "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' out.oci/index.json)" flat.oci
		rm -r out.oci flat.oci
	done
}

@test "without process 1 the layers are the image's and no more, and so is what the config says" {
	need jq
	image busybox.oci
	base=$REPLY
	"$CBUILD" -q --no-init "$base" -o out.oci
	is "$(layers out.oci)" "$(layers "$base")"
	is "$(config out.oci | jq -cS .)" "$(config "$base" | jq -cS .)"
	image busybox.docker.tar
	"$CBUILD" -q --no-init "$REPLY" -f docker -o out.tar
	is "$(tar -xOf out.tar manifest.json | jq -c '[.[0].Layers[] | split("/")[-1]]')" \
		"$(tar -xOf "$REPLY" manifest.json | jq -c '[.[0].Layers[] | rtrimstr(".tar")]')"
}

@test "a layer that is not packed, or with zstd, stays so, and ours is packed as it is" {
	require_root
	need umoci jq
	for from in busybox.zstd.oci:tar+zstd busybox.docker.tar:tar busybox.oci.tar:tar+gzip; do
		image "${from%:*}"
		ours "$REPLY" -t example.org/x:v1 -o out.oci
		is "$(layers out.oci | jq -r '.[0]' | sort -u)" "${from##*:}"
		is "$(layers out.oci | wc -l)" 4
		rm -r out.oci
	done
}

@test "layers packed as no image has them are packed anew, and hold the same" {
	require_root
	need umoci jq xz bzip2 zstd
	image busybox.oci
	for program in xz bzip2; do
		cp -r "$REPLY" packed.oci
		pack_anew packed.oci "+$program" $program
		ours packed.oci -o out.oci
		ours --squash "$REPLY" -o flat.oci
		is "$(layers out.oci | jq -r '.[0]' | sort -u)" tar+gzip
		is "$(config out.oci | jq -c '.rootfs.diff_ids[:-1]')" "$(config "$REPLY" | jq -c .rootfs.diff_ids)"
		same_trees out.oci busybox flat.oci
		# As it was asked for; commit does the same.
		mkdir -p upper
		echo x >upper/x
		"$CBUILD" commit -q --compression-format zstd --compression-level 3 packed.oci upper -o committed
		is "$(layers committed | jq -r '.[0]' | sort -u)" tar+zstd
		rm -r packed.oci out.oci flat.oci committed
	done
}

@test "Docker's archive has no zstd, but where it is asked for" {
	need jq
	image busybox.zstd.oci
	ours "$REPLY" -f docker -o out.tar
	is "$("$CBUILD" inspect --json out.tar | jq -r '.[0].layers[].media_type' | sort -u)" \
		application/vnd.oci.image.layer.v1.tar+gzip
	ours --compression-format zstd "$REPLY" -f docker -o new.tar
	is "$("$CBUILD" inspect --json new.tar | jq -c '[.[0].layers[:-1][].digest]')" \
		"$("$CBUILD" inspect --json "$REPLY" | jq -c '[.[0].layers[].digest]')"
}

@test "what is said to be of another packing than it is gets the type that it has" {
	need jq zstd
	image busybox.oci
	cp -r "$REPLY" packed.oci
	pack_anew packed.oci +gzip cat
	"$CBUILD" -q --no-init packed.oci -o out.oci
	is "$(layers out.oci | jq -r '.[0]' | sort -u)" tar
	is "$(layers out.oci | jq -r '.[1]')" "$(layers packed.oci | jq -r '.[1]')"
}

# A root on top of an image that does all that a layer can do.
make_upper() {
	mkdir -p upper/{etc,srv,opt,lib}
	touch upper/etc/.wh.passwd upper/srv/.wh..wh..opq upper/opt/.wh.data
	echo new >upper/srv/new
	echo file >upper/etc/group
	mkdir -p upper/opt/data
	echo again >upper/opt/data/again
	echo in-lib >upper/lib/in-lib
	# lib is a link to usr/lib below, and nothing here says otherwise.
	tar -C upper --owner 3 --group 4 --mtime @1000000000 --format=pax -cf upper.tar ./etc ./srv ./opt lib/in-lib
}

@test "a folder and a root archive become layers of their own, with whiteouts" {
	require_root
	need umoci jq
	image busybox.oci
	make_upper
	mkdir -p folder/usr
	echo above >folder/usr/above
	chmod 0750 folder/usr
	touch -d @1000000000 folder/usr/above folder/usr folder
	ours "$REPLY" upper.tar folder -o out.oci
	ours "$REPLY" upper.tar folder -o again.oci
	diff -r out.oci again.oci
	ours --squash "$REPLY" upper.tar folder -o flat.oci
	is "$(layers out.oci | wc -l)" 6
	is "$(layers out.oci | head -n 3)" "$(layers "$REPLY")"
	is "$(config out.oci | jq -c '.history[-3:] | map(.comment)')" \
		'["root archive","directory","process 1, the skeleton and the boot record"]'
	same_trees out.oci busybox flat.oci
	"$CBUILD" inspect --files --layer 4 out.oci | tr -s ' ' >names
	grep -q '^whiteout 4 etc/passwd$' names
	grep -q '^opaque 4 opt/data$' names
	grep -q ' usr/lib/in-lib$' names
	# And where they are all there is.
	ours folder -o alone.oci
	ours --squash folder -o flat-alone.oci
	is "$(layers alone.oci | wc -l)" 2
	same_trees alone.oci latest flat-alone.oci
	"$CBUILD" -q --no-init folder -o root.oci
	is "$(layers root.oci | wc -l)" 1
}

@test "a hard link to another layer's file comes with the file" {
	require_root
	need umoci jq
	image busybox.oci
	mkdir -p one/srv
	echo first >one/srv/first
	ln one/srv/first one/srv/third
	tar -C one --format=pax -cf link.tar srv/first srv/third
	tar --delete -f link.tar srv/first
	ours "$REPLY" link.tar -o out.oci
	ours --squash "$REPLY" link.tar -o flat.oci
	same_trees out.oci busybox flat.oci
	"$CBUILD" inspect --json --files --layer 4 out.oci | jq -r '.[0].files[].path' | grep srv/ >names
	is "$(cat names)" "$(printf '%s\n' srv/first srv/second srv/third)"
}

@test "two images are the layers of both" {
	require_root
	need umoci jq
	image busybox.oci
	base=$REPLY
	image hello.oci
	ours "$base" "$REPLY" -o out.oci
	ours --squash "$base" "$REPLY" -o flat.oci
	n=$(($(layers "$base" | wc -l) + $(layers "$REPLY" | wc -l)))
	is "$(layers out.oci | head -n $n)" "$(layers "$base" && layers "$REPLY")"
	is "$(config out.oci | jq '[.history[] | select(.empty_layer | not)] | length')" $((n + 1))
	same_trees out.oci busybox flat.oci
}

@test "what changes all layers makes one of them, and is told" {
	need jq
	image hello.oci
	for option in --exclude=x --owner=1 --uid-map=0:0:65536 --gid-map=0:0:65536 --mtime=5; do
		run --separate-stderr -0 "$CBUILD" --init "$CINIT" $option "$REPLY" -o out.oci
		# shellcheck disable=SC2154 # bats sets it
		has "$stderr" "note: the image has one layer: ${option%%=*} changes what is in its layers"
		is "$(layers out.oci | wc -l)" 1
		rm -r out.oci
	done
	# The time that ends all others holds for what is made here; what is there stays.
	SOURCE_DATE_EPOCH=86400 ours "$REPLY" -o out.oci
	is "$(layers out.oci | head -n -1)" "$(layers "$REPLY")"
	is "$(config out.oci | jq -r .created)" 1970-01-02T00:00:00Z
	is "$("$CBUILD" inspect --json --files out.oci | jq '.[0].files[] | select(.path == "sbin/cinit").mtime')" 86400
}

@test "layers that are made are packed as it is asked for" {
	need jq
	mkdir -p root/bin
	cp "$CBUILD" root/bin/program
	for format in gzip zstd none; do
		"$CBUILD" -q --no-init --compression-format $format root -o $format.oci
	done
	is "$(for f in gzip zstd none; do layers $f.oci | jq -r '.[0]'; done | xargs)" "tar+gzip tar+zstd tar"
	is "$(for f in gzip zstd none; do config $f.oci | jq -r '.rootfs.diff_ids[0]'; done | sort -u | wc -l)" 1
	"$CBUILD" -q --no-init --compression-format gzip --compression-level 1 root -o fast.oci
	[ "$(layers fast.oci | jq '.[2]')" -gt "$(layers gzip.oci | jq '.[2]')" ]
	"$CBUILD" -q --no-init --compression-format zstd --compression-level 19 root -o small.oci
	[ "$(layers small.oci | jq '.[2]')" -lt "$(layers zstd.oci | jq '.[2]')" ]
	"$CBUILD" -q --no-init --compression-format gzip root -f docker -o docker.tar
	is "$("$CBUILD" inspect --json docker.tar | jq -r '.[0].layers[0].media_type')" \
		application/vnd.oci.image.layer.v1.tar+gzip
	for bad in '--compression-format lzma' '--compression-level 3' '--compression-format gzip --compression-level 10' \
		'--compression-format none --compression-level 1' '--annotation x' '--label =x'; do
		# shellcheck disable=SC2086 # words
		run "$CBUILD" -q --no-init $bad root -o bad.oci
		is "${#lines[@]}" 1
		[ "$status" -ne 0 ]
	done
	for option in --squash --compression-format=gzip --annotation=a=b --label=a=b; do
		run -2 "$CBUILD" -q --no-init $option root -o bad.tar
		has "$output" "${option%%=*} is for images"
	done
	is "$(find . -maxdepth 1 -name '*bad*')" ""
}

@test "the config keeps what cbuild knows nothing of; labels and annotations are added" {
	need jq
	image hello.oci
	cp -r "$REPLY" base.oci
	config base.oci | jq -c '.config.Healthcheck = {Test: ["CMD", "true"], Interval: 3000000000} | .config.OnBuild = ["RUN x"]
		| .config.ExposedPorts = {"80/tcp": {}} | .config.Volumes = {"/v": {}} | .config.Labels = {a: "1", b: "2"}
		| .config.Cmd = null | .config["Unknown"] = {x: [1, null]} | .["os.version"] = "7" | .["os.features"] = ["f"]
		| .variant = "v2" | .more = "y"' >new
	digest=sha256:$(sha256sum <new | cut -d' ' -f1)
	size=$(stat -c %s new)
	mv new "$(blob base.oci "$digest")"
	manifest base.oci | jq -c --arg d "$digest" --argjson s "$size" \
		'.config.digest = $d | .config.size = $s | .annotations = {"org.example.a": "1", "org.example.b": "2"}' >new
	replace_manifest base.oci
	for squash in '' --squash; do
		ours $squash --force --label b=3 --label c=x=y --annotation org.example.b=3 --annotation new= --env A=B base.oci -o out.oci
		is "$(config out.oci | jq -cS 'del(.config.Entrypoint, .rootfs, .history, .created)')" \
			"$(config base.oci | jq -cS 'del(.config.Entrypoint, .rootfs, .history, .created)
				| .config.Labels = {a: "1", b: "3", c: "x=y"} | .config.Env += ["A=B"]')"
		is "$(manifest out.oci | jq -cS .annotations)" '{"new":"","org.example.a":"1","org.example.b":"3"}'
		is "$(jq -cS '.manifests[0].platform' out.oci/index.json)" \
			"$(config base.oci | jq -cS '{architecture, os, variant, "os.version": .["os.version"], "os.features": .["os.features"]}')"
	done
	ours --force --entrypoint /bin/other base.oci -o out.oci
	is "$(config out.oci | jq -c '[.config.Entrypoint, .config.Cmd]')" '[["/sbin/cinit","--","/bin/other"],null]'
}

@test "again is the same, byte for byte" {
	for from in busybox.oci busybox.docker.tar busybox.root.tar; do
		image $from
		for f in oci oci.tar docker; do
			ours "$REPLY" -f $f -o one
			ours "$REPLY" -f $f -o two
			diff -r one two
			rm -r one two
		done
	done
}

@test "podman loads each of them and has the tree, and skopeo copies it" {
	require_root
	need podman skopeo jq
	echo '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
	image busybox.oci
	ours --squash "$REPLY" -o flat.oci
	"$CBUILD" -q --no-init flat.oci -o flat-root
	tree_of flat-root >want
	image busybox.docker.tar
	plain=$REPLY
	image busybox.oci
	for from in "$REPLY:docker" "$plain:docker" "$REPLY:oci.tar"; do
		ours --squash --force "${from%:*}" -o flat.oci
		ours --force "${from%:*}" -f "${from##*:}" -t example.org/own/image:v7 -o out.tar
		is "$(pod load --input out.tar 2>/dev/null | sed -n 's/^Loaded image: //p')" example.org/own/image:v7
		id=$(pod create example.org/own/image:v7)
		tree_of "$(pod mount "$id")" | grep -vE '^./(run/|etc/(hosts|hostname|resolv.conf))' >got
		grep -vE '^./(run/|etc/(hosts|hostname|resolv.conf))' want >wanted
		same_text wanted got
		pod rm "$id" >/dev/null
		pod rmi --all --force >/dev/null 2>&1
		skopeo --policy policy.json --tmpdir "$TMP" copy --quiet docker-archive:out.tar oci:copy.oci:v7
		is "$(layers copy.oci | wc -l)" 4
		rm -r copy.oci out.tar
	done
}
