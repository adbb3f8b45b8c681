/* SPDX-License-Identifier: Apache-2.0 */
#include "init/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "boot/boot.h"
#include "init/say.h"

/* As getdents64(2) writes it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

struct text {
	char bytes[4096];
	size_t size;
	int result;
};

static void flush(struct text *t)
{
	size_t done = 0;

	while (done < t->size && t->result == 0) {
		ssize_t n = write(STDOUT_FILENO, t->bytes + done, t->size - done);

		if (n < 0 && errno != EINTR)
			t->result = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	t->size = 0;
}

static void put(struct text *t, const char *text)
{
	size_t length = strlen(text);

	if (length > sizeof(t->bytes))
		return;
	if (t->size + length > sizeof(t->bytes))
		flush(t);
	memcpy(t->bytes + t->size, text, length);
	t->size += length;
}

static void put_fact(struct text *t, const char *key, const char *value)
{
	put(t, key);
	put(t, "=");
	put(t, value);
	put(t, "\n");
}

/* The first line of /proc/PID/NAME, which is empty where there is nothing to read. */
static void read_line(const char *pid, const char *name, char *to, size_t size)
{
	char path[64] = "/proc/";
	ssize_t n;
	int fd;

	memcpy(path + 6, pid, strlen(pid) + 1);
	memcpy(path + strlen(path), name, strlen(name) + 1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, to, size - 1);
	if (fd >= 0)
		(void)close(fd);
	to[n > 0 ? n : 0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

/* The kernel's own processes have no command line. */
static void put_process(struct text *t, const char *pid, long *threads)
{
	char line[32], name[32];

	read_line(pid, "/cmdline", line, sizeof(line));
	if (!line[0]) {
		(*threads)++;
		return;
	}
	read_line(pid, "/comm", name, sizeof(name));
	put(t, "process=");
	put(t, pid);
	put(t, " ");
	put(t, name);
	put(t, "\n");
}

static void put_processes(struct text *t)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(8) char bytes[2048];
	long threads = 0, n;
	char number[24];

	while (proc >= 0 && (n = syscall(SYS_getdents64, proc, bytes, sizeof(bytes))) > 0) {
		unsigned short size;

		for (long at = 0; at < n; at += size) {
			const char *name = bytes + at + offsetof(struct entry, name);

			memcpy(&size, bytes + at + offsetof(struct entry, size), sizeof(size));
			if (name[0] >= '1' && name[0] <= '9' && strlen(name) < 12)
				put_process(t, name, &threads);
		}
	}
	if (proc >= 0)
		(void)close(proc);
	(void)say_number(number, threads);
	put_fact(t, "threads", number);
}

int facts_tell(void)
{
	struct text t = { .size = 0 };
	struct utsname names;
	char first[32];

	if (uname(&names) < 0)
		return -errno;
	read_line("1", "/comm", first, sizeof(first));
	put(&t, BOOT_FACTS);
	put_fact(&t, "kernel", names.release);
	put_fact(&t, "hostname", names.nodename);
	put_fact(&t, "pid1", first);
	put_processes(&t);
	put(&t, "end=\n");
	flush(&t);
	return t.result;
}
