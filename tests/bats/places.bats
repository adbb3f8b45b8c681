#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where cbuild writes to: within its own input, over what it reads, beside links, without privilege,
# and with standard streams that are closed or full.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	mkdir -p in/d
	echo hi >in/d/f
	tar -C in -cf image.tar .
}

@test "an output that lies in its input is no part of it, the first time and again" {
	"$CBUILD" -q --no-init in -o before.tar
	for out in in/out.tar in/d/out in/d/out.cpio; do
		for force in '' --force; do
			# shellcheck disable=SC2086 # none or one
			"$CBUILD" -q --no-init in -o $out $force
		done
		"$CBUILD" -q --no-init --exclude "${out##*/}" in -o after.tar --force
		run "$CBUILD" diff --no-times before.tar after.tar
		is "$output" ""
		case $out in
		*.tar) listing=$(tar -tf $out) ;;
		*.cpio) listing=$(cpio --quiet -t <$out) ;;
		*) listing=$(find $out) ;;
		esac
		lacks "${listing//$out/}" "out"$'\n'
		lacks "$listing" .cbuild-
		rm -rf "$out"
	done
	"$CBUILD" -q --no-init -f tar in -o - >in/self.tar
	lacks "$(tar -tf in/self.tar)" self.tar
	"$CBUILD" -q --no-init in -o in/layer-like --force
	run "$CBUILD" layer in/d -o in/d/upper.tar -q
	is "$status" 0
	is "$(tar -tf in/d/upper.tar)" "$(printf '%s\n' ./ f)"
}

@test "an input can be replaced by what is made of it" {
	"$CBUILD" -q --no-init image.tar -f tar -o image.tar --force
	is "$(tar -xOf image.tar d/f)" hi
	"$CBUILD" -q --no-init in -o in --force
	is "$(find in | sort)" "$(printf '%s\n' in in/d in/d/f)"
}

@test "a link is not written through, nor replaced; one to a folder leads there" {
	ln -s victim link
	mkdir folder
	ln -s folder way
	for force in '' --force; do
		# shellcheck disable=SC2086 # none or one
		run "$CBUILD" -q --no-init image.tar -f tar -o link $force
		refused cbuild
		has "$output" "choose another name"
	done
	[ ! -e victim ] && [ -L link ]
	"$CBUILD" -q --no-init image.tar -o way/out.tar
	[ -f folder/out.tar ]
}

@test "modes inside come from the image whatever the umask is" {
	for mask in 0 077 777; do
		(umask $mask && "$CBUILD" -q --no-init image.tar -o out-$mask && "$CBUILD" -q --no-init image.tar -o $mask.tar)
		is "$(stat -c %a out-$mask/d/f)" 644
		is "$(stat -c %a out-$mask/d)" 755
	done
	cmp 0.tar 077.tar
	is "$(stat -c %a 077.tar)" 600
}

@test "closed standard streams are not mistaken for what is opened later" {
	"$CBUILD" -q --no-init image.tar -o open.tar
	"$CBUILD" --no-init image.tar -o closed.tar <&- >&- 2>&-
	cmp open.tar closed.tar
	"$CBUILD" --no-init image.tar -o closed <&- >&- 2>&-
	is "$(find closed | wc -l)" 3
	run sh -c 'exec "$CBUILD" -q --no-init - -o none.tar <&-'
	refused cbuild
	has "$output" "'-'"
	run sh -c 'exec "$CBUILD" -q --no-init image.tar -f tar -o - >&-'
	refused cbuild
	[ ! -e none.tar ]
}

@test "what cannot be printed is a failure" {
	for args in --help --version "image.tar -o x --dry-run -q" "image.tar -f tar -o - -q" "inspect image.tar" \
		"inspect --help"; do
		# shellcheck disable=SC2086 # words
		run sh -c 'exec "$CBUILD" "$@" >/dev/full' sh $args
		refused cbuild || fail "$args"
	done
}

@test "names of any bytes, in any locale" {
	mkdir "in/$(printf 'n\377\n x')"
	LC_ALL=C "$CBUILD" -q --no-init in -o "$(printf 'o\377\n-.tar')"
	LC_ALL=tr_TR.UTF-8 "$CBUILD" -q --no-init in -o ./-turkish.tar
	cmp ./-turkish.tar "$(printf 'o\377\n-.tar')"
	run "$CBUILD" -q --no-init in -o "no/$(printf 'such\n\033[31m')/x"
	refused cbuild
	lacks "$output" $'\033'
}
