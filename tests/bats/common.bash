# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What all bats files share: `load common` on top of the file. Needs the variables of tests/env.sh.
#
#	fail TEXT…                 fails the test and says why
#	is GOT WANT                compares two texts, has TEXT PATTERN (a glob), lacks TEXT PATTERN
#	refused PROGRAM            after `run`: exit 1 and one line, "PROGRAM: …"
#	wait_for SECONDS COMMAND…  polls until the command succeeds; the only way to wait
#	need COMMAND…              fails when packages.sh did not install one
#	require_root               a named skip (tests/skips.txt)
#	image NAME                 sets REPLY to the path of a test image, or skips with a reason
#	tiny_root DIR              a root directory of busybox, a few links and /etc/passwd
#	remember, nothing_left     what a test may not leave: mounts, processes, cgroups, files

bats_require_minimum_version 1.5.0

# bats runs a test from the folder of the file; names in messages are relative to the top.
cd "$TOP" || exit 1

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

is() { # got, want
	[ "$1" = "$2" ] || fail "got:" "$1" "not:" "$2"
}

has() { # text, glob
	# shellcheck disable=SC2053 # a pattern
	[[ $1 == *$2* ]] || fail "not in the following: $2" "$1"
}

lacks() { # text, glob
	# shellcheck disable=SC2053 # a pattern
	[[ $1 != *$2* ]] || fail "should not be in the following: $2" "$1"
}

# What bad input gets: exit status 1 and one line that begins with the program's name.
# shellcheck disable=SC2154 # status, output and lines are bats's
refused() { # program
	[ "$status" -eq 1 ] || fail "exit status $status, not 1:" "$output" || return
	[ "${#lines[@]}" -eq 1 ] || fail "not one line:" "$output" || return
	[[ $output == "$1: "* ]] || fail "does not begin with '$1: ':" "$output"
}

wait_for() { # seconds, command…
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*" || return
		sleep 0.02
	done
}

# Whether what runs in the background has printed it by now.
printed() { # file, glob
	[[ $(cat "$1" 2>/dev/null) == *$2* ]]
}

gone() { # pid…
	local pid

	for pid; do
		[ ! -d "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null || return
	done
}

need() { # command…
	local c

	for c; do
		command -v "$c" >/dev/null || fail "'$c' is missing: packages.sh should install it"
	done
}

require_root() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
}

require_kernel_file() { # path
	[ -e "$1" ] || skip "this kernel has no $1"
}

# The reason of the skip is what tests/images wrote.
# shellcheck disable=SC2034 # REPLY is the result
image() { # name
	REPLY=$IMAGES/$1
	[ -e "$REPLY" ] && return
	[ ! -e "$REPLY.skip" ] || skip "$(cat "$REPLY.skip")"
	require_root
	fail "no image '$1' in '$IMAGES': sh tests/images/build.sh"
}

# A root that starts: busybox with the applets that tests use, users root and app (1234).
tiny_root() { # directory
	local applet

	need busybox
	mkdir -p "$1"/{bin,sbin,etc,dev,proc,sys,tmp,root,run,var/log,home/app}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in sh cat cp ls ps id env echo pwd sleep kill true false mount umount mkdir rm ln stat \
		hostname uname printf test grep sed awk tr head wc sort touch date trap yes dd ulimit tty \
		stty nc ip ifconfig wget reboot poweroff dmesg readlink od find chmod chown mknod seq; do
		ln -s busybox "$1/bin/$applet"
	done
	chmod 1777 "$1/tmp"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1234:1234:app:/home/app:/bin/sh >"$1/etc/passwd"
	printf '%s\n' root:x:0: app:x:1234: extra:x:4321:app >"$1/etc/group"
	chown 1234:1234 "$1/home/app" 2>/dev/null || true
}

# --- Leftovers. Other files' tests run at the same time, so what is looked for is ours by a mark:
# the name of the test's own folder or its file's, and cgroups that nobody lives in.

cgroup_folders() {
	# A Docker engine that other tests start keeps an empty folder of its own.
	find /sys/fs/cgroup -mindepth 2 -type d ! -name docker ! -path '*/libpod_parent*' 2>/dev/null | sort
}

remember() {
	cgroup_folders >"$BATS_TEST_TMPDIR/.cgroups"
	(cd "$BATS_TEST_TMPDIR" && find . -mindepth 1 | sort) >"$BATS_TEST_TMPDIR/.files"
}

# Processes that have such a folder in their arguments, their mounts or their directories. The
# shells of bats, and those that search, are none of them.
left_processes() {
	local pid

	{
		grep -lsaF -e "$BATS_TEST_TMPDIR" -e "$BATS_FILE_TMPDIR" /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo
		find /proc/[0-9]*/cwd /proc/[0-9]*/root -maxdepth 0 -printf '%p %l\n' 2>/dev/null |
			grep -aF -e "$BATS_TEST_TMPDIR" -e "$BATS_FILE_TMPDIR"
	} | cut -d/ -f3 | sort -u | while read -r pid; do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in bats* | grep | find | '') continue ;; esac
		echo "$pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
}

left_mounts() {
	grep -F -e "$BATS_TEST_TMPDIR" -e "$BATS_FILE_TMPDIR" /proc/self/mountinfo
}

left_cgroups() {
	local folder

	cgroup_folders | comm -13 "$BATS_TEST_TMPDIR/.cgroups" - | while read -r folder; do
		if [ -d "$folder" ] && ! grep -qs . "$folder/cgroup.procs"; then echo "$folder"; fi
	done
}

left_files() { # glob of names that may be there…
	local name allowed

	(cd "$BATS_TEST_TMPDIR" && find . -mindepth 1 | sort) | comm -13 "$BATS_TEST_TMPDIR/.files" - |
		while read -r name; do
			for allowed; do
				# shellcheck disable=SC2053 # a pattern
				[[ ${name#./} == $allowed ]] && continue 2
			done
			echo "$name"
		done
}

no_trace() { # what, …
	[ -z "$("$@")" ]
}

# Nothing of what the test started is left; new files only where a glob says so. What dies on its
# own gets a few seconds.
nothing_left() { # glob…
	local what

	for what in left_processes left_mounts left_cgroups; do
		wait_for 5 no_trace $what 2>/dev/null || fail "$what:" "$($what)" || return
	done
	no_trace left_files "$@" || fail "left_files:" "$(left_files "$@")"
}

# --- Trees and processes

# A text of all that a directory holds: type, mode, owner, size, links, time (but a folder's, which
# nobody agrees on), link target, device, xattrs, bytes.
tree_of() { # directory
	python3 - "$1" <<'PYTHON'
import hashlib, os, stat, sys
top = os.fsencode(sys.argv[1])
inodes = {}
for folder, folders, files in os.walk(top):
    for name in sorted(folders + files):
        path = os.path.join(folder, name)
        s = os.lstat(path)
        row = [repr(os.path.relpath(path, top))[1:], stat.filemode(s.st_mode), f"{s.st_uid}:{s.st_gid}"]
        if not stat.S_ISDIR(s.st_mode):
            row += [str(s.st_mtime_ns), f"{s.st_nlink} links", f"{s.st_size} bytes"]
        if s.st_nlink > 1 and not stat.S_ISDIR(s.st_mode):
            inodes.setdefault(s.st_ino, []).append(row[0])
        if stat.S_ISLNK(s.st_mode):
            row.append("-> " + repr(os.readlink(path))[1:])
        if stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode):
            row.append(f"{os.major(s.st_rdev)}:{os.minor(s.st_rdev)}")
        if stat.S_ISREG(s.st_mode):
            row.append(hashlib.sha256(open(path, "rb").read()).hexdigest()[:16])
        for key in sorted(os.listxattr(path, follow_symlinks=False)):
            row.append(key + "=" + os.getxattr(path, key, follow_symlinks=False).hex())
        print(" ".join(row))
    folders.sort()
for names in sorted(sorted(n) for n in inodes.values()):
    print("one file: " + " ".join(names))
PYTHON
}

same_text() { # file, file
	diff -u "$1" "$2" >"$BATS_TEST_TMPDIR/diff" || fail "$(head -n 40 "$BATS_TEST_TMPDIR/diff")"
}

children() { # pid
	local stat

	for stat in /proc/[0-9]*/stat; do
		# The name, in brackets, may hold anything: what follows the last one is state and parent.
		stat=$(cat "$stat" 2>/dev/null) || continue
		# shellcheck disable=SC2086 # words
		set -- "$1" "${stat%% *}" ${stat##*) }
		[ "$4" != "$1" ] || echo "$2"
	done
}

# The first process below another that runs a program of this name; REPLY is its pid.
find_below() { # pid, name
	local p

	for p in $(children "$1"); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$2" ] || find_below "$p" "$2"; then
			REPLY=${REPLY:-$p}
			return
		fi
	done
	return 1
}

# podman with all that it keeps below TMP.
pod() {
	podman --root "$TMP/podman" --runroot "$TMP/podrun" --tmpdir "$TMP/podtmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}
