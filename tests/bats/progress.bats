#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What cbuild shows while it works: bars on a terminal, lines elsewhere, nothing with --quiet.
load common

setup_file() {
	slow_image "$BATS_FILE_TMPDIR/image" 60 true
	# For what is ended on the way: it takes so long that nobody comes too late for it, and its
	# sums, which are never compared, are wrong.
	slow_image "$BATS_FILE_TMPDIR/slower" 1000 false
}

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
	ln -s "$BATS_FILE_TMPDIR/image" "$BATS_FILE_TMPDIR/slower" .
}

# An OCI layout of two layers that take a while: behind each archive's end there are zeros to
# unpack and to hash, which nothing is made of.
slow_image() { # layout, how long, whether its sums are right
	python3 - "$@" <<-'PYTHON'
		import gzip, hashlib, io, json, os, sys, tarfile
		blobs = os.path.join(sys.argv[1], "blobs/sha256")
		os.makedirs(blobs)
		zeros = bytes(32 << 20)
		def put(data):
		    name = hashlib.sha256(data).hexdigest()
		    open(os.path.join(blobs, name), "wb").write(data)
		    return {"digest": "sha256:" + name, "size": len(data)}
		layers, ids = [], []
		for number in 1, 2:
		    times = int(sys.argv[2]) + number
		    tar = io.BytesIO()
		    archive = tarfile.open(fileobj=tar, mode="w")
		    archive.addfile(tarfile.TarInfo(f"file{number}"))
		    archive.close()
		    diff = hashlib.sha256(tar.getvalue())
		    for _ in range(times if sys.argv[3] == "true" else 0):
		        diff.update(zeros)
		    packed = gzip.compress(tar.getvalue(), mtime=0) + gzip.compress(zeros, 9, mtime=0) * times
		    layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **put(packed)})
		    ids.append("sha256:" + diff.hexdigest())
		config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ids}}
		config = {"mediaType": "application/vnd.oci.image.config.v1+json", **put(json.dumps(config).encode())}
		manifest = {"schemaVersion": 2, "config": config, "layers": layers}
		manifest = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **put(json.dumps(manifest).encode())}
		json.dump({"schemaVersion": 2, "manifests": [manifest]}, open(os.path.join(sys.argv[1], "index.json"), "w"))
		json.dump({"imageLayoutVersion": "1.0.0"}, open(os.path.join(sys.argv[1], "oci-layout"), "w"))
	PYTHON
}

# Runs cbuild on a terminal and prints what there is to see in the end, then in which column the
# cursor is, how many bars were seen at a time, whether they were redrawn much more often than ten
# times a second, and the exit status. Python has a terminal but no screen, so here is one that knows what
# cbuild uses.
on_terminal() { # columns, signal or "" ("resize": to 30 columns), command…
	python3 - "$@" <<-'PYTHON'
		import fcntl, os, pty, re, signal, struct, sys, termios, time
		columns, event, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
		def resize(fd, columns):
		    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
		pid, fd = pty.fork()
		if pid == 0:
		    resize(0, columns)
		    os.execvp(command[0], command)
		rows, row, column = [""], 0, 0
		# What was drawn before a terminal became narrow may still be on its way.
		settled = event != "resize"
		def look():
		    bars = [r for r in rows if re.match(r"layer \d of \d.*\d%|layer \d of \d$|writing ", r)]
		    seen[len(bars)] = seen.get(len(bars), 0) + 1
		    return bars
		def feed(text):
		    global row, column, rows, settled
		    for part in re.findall(r"\x1b\[(?:\d*A|K|J)|\r|\n|[^\x1b\r\n]+|\x1b", text):
		        if part == "\r": column = 0
		        elif part == "\n":
		            row += 1
		            if row == len(rows): rows.append("")
		        elif part[0] == "\x1b" and part[-1] == "A":
		            # Before they are drawn anew: one piece that is read may hold many draws.
		            look()
		            row = max(0, row - int(part[2:-1] or 1))
		        elif part == "\x1b[K": rows[row] = rows[row][:column]
		        elif part == "\x1b[J": rows[row:] = [rows[row][:column]]
		        elif part[0] == "\x1b": sys.exit("unknown sequence in " + repr(text))
		        else:
		            rows[row] = rows[row].ljust(column)[:column] + part + rows[row][column + len(part):]
		            column += len(part)
		            if columns < 60 and "%" in part:
		                if len(part) < columns: settled = True
		                elif settled: sys.exit("too wide: " + part)
		seen, times, sent, rest = {}, [], False, ""
		while True:
		    try: data = os.read(fd, 1 << 16)
		    except OSError: break
		    if not data: break
		    # A sequence may come in two pieces.
		    text, rest = re.fullmatch(r"(?s)(.*?)(\x1b(?:\[\d*)?)?", rest + data.decode()).groups("")
		    feed(text)
		    bars = look()
		    if bars: times.append(time.monotonic())
		    if event and bars and not sent:
		        sent = True
		        if event == "resize":
		            columns = 30
		            resize(fd, 30)
		        elif event == "INT": os.write(fd, b"\x03")
		        else: os.kill(pid, getattr(signal, "SIG" + event))
		status = os.waitpid(pid, 0)[1]
		for line in rows: print(line.rstrip())
		print("column", column)
		print("seen", *sorted(seen))
		often = len(times) > 5 and (times[-1] - times[0]) / (len(times) - 1) < 0.05
		if often: print("too often", times)
		print("signal" if os.WIFSIGNALED(status) else "status", os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
	PYTHON
}

left_outputs() {
	find . -name '*out*'
}

one_line_each='layer 1 of 2 sha256:????????????, *iB: 1 added, 0 changed, 0 removed
layer 2 of 2 sha256:????????????, *iB: 1 added, 0 changed, 0 removed'

@test "on a terminal layers have bars while they are read, and a line afterwards" {
	TERM=xterm run on_terminal 100 "" "$CBUILD" --no-init image -o out.tar
	# shellcheck disable=SC2053 # a pattern
	[[ $output == $one_line_each$'\n\ncolumn 0\nseen '+([0-9 ])$'\nstatus 0' ]] || fail "$output"
	# Two at a time, where there are two processors.
	[ "$(nproc)" -eq 1 ] || has "$output" $'\nseen *2\nstatus'
	[ -e out.tar ]
}

@test "a narrow terminal, and one that becomes narrow, wraps no bar" {
	for columns in 24 8; do
		TERM=xterm run on_terminal $columns "" "$CBUILD" --no-init image -o out.$columns.tar
		has "$output" "1 added, 0 changed, 0 removed"
		has "$output" "status 0"
		lacks "$output" "too wide"
		lacks "$output" "%"
	done
	TERM=xterm run on_terminal 100 resize "$CBUILD" --no-init image -o out.tar
	has "$output" "status 0"
	lacks "$output" "too wide"
}

@test "an error stands alone on its line, and no bar is left" {
	# What is wrong comes to light behind the last byte of the second layer.
	rm image
	cp -r "$BATS_FILE_TMPDIR/image" image
	python3 - image <<-'PYTHON'
		import glob, os, sys
		largest = max(glob.glob(sys.argv[1] + "/blobs/sha256/*"), key=os.path.getsize)
		data = bytearray(open(largest, "rb").read())
		data[-6] ^= 1
		open(largest, "wb").write(data)
	PYTHON
	TERM=xterm run on_terminal 100 "" "$CBUILD" --no-init image -o out.tar
	# shellcheck disable=SC2053 # a pattern
	[[ $output == ${one_line_each%%$'\n'*}$'\n'"cbuild: 'image': layer 2: "*$'\n\ncolumn 0\nseen '*$'status 1' ]] || fail "$output"
	lacks "$output" "%"
	[ ! -e out.tar ]
}

@test "Ctrl-C in the middle of bars leaves no half output" {
	for format in tar dir; do
		TERM=xterm run on_terminal 100 INT "$CBUILD" --no-init slower -f $format -o out
		has "$output" "%"
		# The terminal's own: below the bars, or in the middle of what it throws away of them.
		has "$output" '^C'
		has "$output" "signal 2"
	done
	wait_for 5 no_trace left_outputs
}

@test "a killed one leaves the cursor at the start of a line" {
	TERM=xterm run on_terminal 100 KILL "$CBUILD" --no-init slower -o out
	has "$output" "column 0"
	has "$output" "signal 9"
	wait_for 5 no_trace left_outputs
}

@test "where nothing can be drawn there are lines, and none with --quiet" {
	for how in TERM=dumb "-u TERM"; do
		# shellcheck disable=SC2086 # words
		run on_terminal 100 "" env $how "$CBUILD" --no-init image --dry-run -o out
		has "$output" $'\ncolumn 0\nseen 0\n'
		has "$output" "1 added, 0 changed, 0 removed"
	done
	run --separate-stderr env TERM=xterm "$CBUILD" --no-init image -o out.tar
	# shellcheck disable=SC2053,SC2154 # a pattern, and a variable of bats
	[[ $stderr == $one_line_each ]] || fail "$stderr"
	TERM=xterm run on_terminal 100 "" "$CBUILD" -q --no-init image -f tar -o quiet.tar
	is "$output" $'\ncolumn 0\nseen\nstatus 0'
}
