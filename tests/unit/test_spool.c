/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tap.h"

enum { LARGE = SPOOL_FILE_MIN, SMALL = 100 };

struct scene {
	char path[64];
	int dir;
	struct arena arena;
	struct spool spool;
	struct spool_writer writer;
};

static void begin(struct scene *s, bool target_known)
{
	struct err e;

	*s = (struct scene){ .path = "/tmp/spool-XXXXXX" };
	check(mkdtemp(s->path) != NULL);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_int(spool_open(&s->spool, NULL, target_known ? s->path : NULL, &e), 0);
	spool_writer_init(&s->writer, &s->spool);
}

static void finish(struct scene *s)
{
	spool_writer_release(&s->writer);
	spool_release(&s->spool);
	arena_release(&s->arena);
	(void)unlinkat(s->dir, "once", 0);
	(void)close(s->dir);
	check_int(rmdir(s->path), 0); /* nothing else was left in it */
}

/* A file of that size, its first byte x, its last y, a hole between them. */
static const struct content *put(struct scene *s, uint64_t size)
{
	struct err e;

	spool_begin(&s->writer, size);
	check_int(spool_put(&s->writer, "x", 1, 0, &e), 0);
	check_int(spool_put(&s->writer, "y", 1, size - 1, &e), 0);
	return spool_file(&s->writer, &s->arena, size);
}

static void check_bytes(struct scene *s, const struct content *c, uint64_t size)
{
	char first = 0, middle = 1, last = 0;
	struct err e;

	check_int(spool_flush(&s->writer, &e), 0);
	check_int(c->size, size);
	check_int(content_pread(c, &first, 1, 0, &e), 1);
	check_int(content_pread(c, &middle, 1, size / 2, &e), 1);
	check_int(content_pread(c, &last, 1, size - 1, &e), 1);
	check(first == 'x' && middle == '\0' && last == 'y');
}

static void a_large_file_gets_a_name_once(void)
{
	struct scene s;
	const struct content *c;
	struct stat st;

	begin(&s, true);
	c = put(&s, LARGE);
	check_bytes(&s, c, LARGE);
	check_int(content_link(c, s.dir, "once"), 0);
	check_int(fstatat(s.dir, "once", &st, 0), 0);
	check_int(st.st_nlink, 1);
	check_int(st.st_size, LARGE);
	check_int(content_link(c, s.dir, "twice"), -EEXIST);
	check_bytes(&s, c, LARGE);
	finish(&s);
}

static void a_small_one_or_one_for_nowhere_lies_in_the_spool(void)
{
	struct scene s;
	const struct content *c;

	begin(&s, true);
	c = put(&s, SMALL);
	check_bytes(&s, c, SMALL);
	check(content_link(c, s.dir, "once") < 0);
	finish(&s);
	begin(&s, false);
	c = put(&s, LARGE);
	check_bytes(&s, c, LARGE);
	check(content_link(c, s.dir, "once") < 0);
	finish(&s);
}

static void more_than_it_keeps_lie_in_the_spool(void)
{
	struct scene s;
	const struct content *c = NULL;

	begin(&s, true);
	for (int i = 0; i <= SPOOL_FILES_MAX; i++)
		c = put(&s, LARGE);
	check_bytes(&s, c, LARGE);
	check(content_link(c, s.dir, "once") < 0);
	finish(&s);
}

int main(void)
{
	RUN(a_large_file_gets_a_name_once);
	RUN(a_small_one_or_one_for_nowhere_lies_in_the_spool);
	RUN(more_than_it_keeps_lie_in_the_spool);
	return tap_done();
}
