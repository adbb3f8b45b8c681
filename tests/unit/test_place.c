/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auto.h"
#include "lib/remove.h"
#include "tests/unit/tap.h"

struct folder {
	char path[64], out[128];
	int fd;
};

static struct folder folder(void)
{
	struct folder f = { .fd = -1 };
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(f.path, sizeof(f.path), "%s/place-XXXXXX", tmp ? tmp : "/tmp");
	check(mkdtemp(f.path) != NULL);
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(f.out, sizeof(f.out), "%s/out", f.path);
	return f;
}

static int entries(const struct folder *f)
{
	DIR *dir = fdopendir(openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	if (!check(dir != NULL))
		return -1;
	for (struct dirent *d; (d = readdir(dir));)
		n += strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
	(void)closedir(dir);
	return n;
}

static void done(struct folder *f)
{
	const char *name = strrchr(f->path, '/') + 1;
	char top[64];
	int fd;

	(void)snprintf(top, sizeof(top), "%.*s", (int)(name - f->path - 1), f->path);
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check_int(remove_below(fd, name), 0);
	close(fd);
	close(f->fd);
}

static void a_file_is_nowhere_before_it_is_committed(void)
{
	struct folder f = folder();
	struct place *p = NULL;
	struct err e;
	struct stat st;

	check_int(place_begin(f.out, PLACE_FILE, false, &p, &e), 0);
	check_int(write(place_fd(p), "whole", 5), 5);
	check(stat(f.out, &st) < 0);
	check_int(place_commit(p, &e), 0);
	place_free(p);
	check_int(stat(f.out, &st), 0);
	check_int(st.st_size, 5);
	check_int(entries(&f), 1);
	done(&f);
}

static void what_is_given_up_leaves_nothing(void)
{
	struct folder f = folder();
	struct place *p = NULL;
	struct err e;

	check_int(place_begin(f.out, PLACE_FILE, false, &p, &e), 0);
	place_free(p);
	check_int(place_begin(f.out, PLACE_DIR, false, &p, &e), 0);
	check_int(mkdirat(place_fd(p), "sub", 0700), 0);
	check_int(entries(&f), 1);
	place_free(p);
	check_int(entries(&f), 0);
	done(&f);
}

static void what_exists_is_kept_without_force(void)
{
	struct folder f = folder();
	struct place *p = NULL;
	struct err e;
	struct stat st;

	check_int(mkdirat(f.fd, "out", 0751), 0);
	check_int(place_begin(f.out, PLACE_FILE, false, &p, &e), -EEXIST);
	check(strstr(e.text, "--force") != NULL);
	check(p == NULL);
	check_int(stat(f.out, &st), 0);
	check_int(st.st_mode & 07777, 0751);
	check_int(entries(&f), 1);
	done(&f);
}

static void what_came_meanwhile_is_kept_too(void)
{
	struct folder f = folder();
	struct place *file = NULL, *dir = NULL;
	struct err e;

	check_int(place_begin(f.out, PLACE_FILE, false, &file, &e), 0);
	check_int(place_begin(f.out, PLACE_DIR, false, &dir, &e), 0);
	check_int(mkdirat(f.fd, "out", 0751), 0);
	check_int(place_commit(file, &e), -EEXIST);
	check_int(place_commit(dir, &e), -EEXIST);
	place_free(file);
	place_free(dir);
	check_int(entries(&f), 1);
	done(&f);
}

static void force_replaces_file_by_directory_and_back(void)
{
	struct folder f = folder();
	struct place *p = NULL;
	struct err e;
	struct stat st;

	for (int i = 0; i < 3; i++) {
		check_int(place_begin(f.out, i % 2 ? PLACE_FILE : PLACE_DIR, true, &p, &e), 0);
		if (i % 2 == 0)
			check_int(mkdirat(place_fd(p), "sub", 0700), 0);
		check_int(place_commit(p, &e), 0);
		place_free(p);
		check_int(stat(f.out, &st), 0);
		check(i % 2 ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode));
		check_int(entries(&f), 1);
	}
	done(&f);
}

static void force_leaves_special_files_alone(void)
{
	struct folder f = folder();
	struct place *p = NULL;
	struct err e;

	check_int(mknodat(f.fd, "out", S_IFIFO | 0600, 0), 0);
	check_int(place_begin(f.out, PLACE_FILE, true, &p, &e), -EEXIST);
	done(&f);
}

static void leftovers_of_the_dead_go_and_of_the_living_stay(void)
{
	struct folder f = folder();
	struct place *mine = NULL, *p = NULL;
	struct err e;
	struct stat st;

	check_int(place_begin(f.out, PLACE_DIR, false, &mine, &e), 0);
	check_int(mkdirat(f.fd, ".out.cbuild-dead00", 0700), 0);
	check_int(mkdirat(f.fd, ".out.cbuild-dead00/sub", 0700), 0);
	check_int(mkdirat(f.fd, ".out.cbuild-longer-name", 0700), 0);
	check_int(mkdirat(f.fd, ".other.cbuild-dead00", 0700), 0);
	check_int(place_begin(f.out, PLACE_DIR, false, &p, &e), 0);
	check(fstatat(f.fd, ".out.cbuild-dead00", &st, 0) < 0);
	check_int(entries(&f), 4);
	check_int(place_commit(mine, &e), 0);
	place_free(mine);
	place_free(p);
	check_int(entries(&f), 3);
	done(&f);
}

static void a_place_must_have_a_name(void)
{
	static const char *const bad[] = { "", ".", "..", "/", "x/..", "./" };
	struct place *p = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_int(place_begin(bad[i], PLACE_DIR, true, &p, &e), -EINVAL);
	check_int(place_begin("/nonexistent/out", PLACE_DIR, true, &p, &e), -ENOENT);
	check_text(e.text,
		"cannot open '/nonexistent', where the output goes: No such file or directory");
}

int main(void)
{
	RUN(a_file_is_nowhere_before_it_is_committed);
	RUN(what_is_given_up_leaves_nothing);
	RUN(what_exists_is_kept_without_force);
	RUN(what_came_meanwhile_is_kept_too);
	RUN(force_replaces_file_by_directory_and_back);
	RUN(force_leaves_special_files_alone);
	RUN(leftovers_of_the_dead_go_and_of_the_living_stay);
	RUN(a_place_must_have_a_name);
	return tap_done();
}
