# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the files about layered images share: a layout's parts, and images built with our cinit.

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
	export SOURCE_DATE_EPOCH=
}

blob() { # layout, digest: the path
	echo "$1/blobs/sha256/${2#sha256:}"
}

manifest() { # layout
	cat "$(blob "$1" "$(jq -r '.manifests[0].digest' "$1/index.json")")"
}

config() { # layout
	cat "$(blob "$1" "$(manifest "$1" | jq -r .config.digest)")"
}

layers() { # layout: media type's end, digest and size of each layer
	manifest "$1" | jq -c '.layers[] | [(.mediaType | split(".")[-1]), .digest, .size]'
}

ours() { # options…: a build with our cinit
	"$CBUILD" -q --init "$CINIT" "$@"
}

# The tree of an image by umoci and by cbuild, beside what the one flat layer holds.
same_trees() { # layout, tag, flat layout
	"$CBUILD" -q --no-init "$3" -o flat-root
	tree_of flat-root >want
	rm -rf root bundle
	"$CBUILD" -q --no-init "$1" -o root
	tree_of root >got
	same_text want got
	umoci unpack --image "$1:$2" bundle
	tree_of bundle/rootfs >got
	same_text want got
	rm -rf root bundle flat-root
}

# The blobs of a layout packed by another program, whatever the names of media types say.
pack_anew() { # layout, suffix of the media type, program…
	local layout=$1 suffix=$2 digest new list='[]'

	shift 2
	for digest in $(manifest "$layout" | jq -r '.layers[].digest'); do
		zstdcat -f "$(blob "$layout" "$digest")" | "$@" >new
		new=sha256:$(sha256sum <new | cut -d' ' -f1)
		list=$(jq -c --arg d "$new" --arg t "application/vnd.oci.image.layer.v1.tar$suffix" \
			--argjson s "$(stat -c %s new)" '. + [{mediaType: $t, digest: $d, size: $s}]' <<<"$list")
		mv new "$(blob "$layout" "$new")"
	done
	manifest "$layout" | jq -c --argjson l "$list" '.layers = $l' >new
	replace_manifest "$layout"
}

replace_manifest() { # layout; the new one is the file `new`
	local digest

	digest=sha256:$(sha256sum <new | cut -d' ' -f1)
	jq -c --arg d "$digest" --argjson s "$(stat -c %s new)" \
		'.manifests[0].digest = $d | .manifests[0].size = $s' "$1/index.json" >index
	mv index "$1/index.json"
	mv new "$(blob "$1" "$digest")"
}
