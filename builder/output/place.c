/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/after.h"
#include "lib/auto.h"
#include "lib/mem.h"
#include "lib/remove.h"

enum { ATTEMPTS = 100, SUFFIX = 6 };

struct place {
	char *path; /* as it was given, for messages */
	char *name; /* its last component */
	char *temp; /* the name beside it; NULL: a file without a name */
	int parent, fd;
	enum place_kind kind;
	bool force;
	struct after keeper; /* of the name beside it */
};

/* --- what is there ---------------------------------------------------------------------------
 */

static int check_place(const struct place *p, struct err *e)
{
	struct stat st;

	if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot examine '%s'", p->path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, -EEXIST,
			"'%s' exists and is neither a file nor a directory; choose another name",
			p->path);
	if (!p->force)
		return err_set(e, -EEXIST, "'%s' exists; --force replaces it", p->path);
	return 0;
}

/* Splits the path and opens the directory that the output goes to. */
static int find_place(struct place *p, struct err *e)
{
	auto_free char *dir = xstrdup(p->path);
	char *end = dir + strlen(dir), *slash;

	while (end > dir + 1 && end[-1] == '/')
		*--end = '\0';
	slash = strrchr(dir, '/');
	p->name = xstrdup(slash ? slash + 1 : dir);
	if (!*p->name || !strcmp(p->name, ".") || !strcmp(p->name, ".."))
		return err_set(e, -EINVAL, "'%s' is no name for an output", p->path);
	if (slash)
		slash[slash == dir] = '\0';
	p->parent = openat(AT_FDCWD, slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->parent < 0)
		return err_sys(e, "cannot open '%s', where the output goes", slash ? dir : ".");
	return check_place(p, e);
}

/* --- leftovers -------------------------------------------------------------------------------
 */

static bool is_leftover(const struct place *p, const char *name)
{
	size_t length = strlen(p->name);

	return name[0] == '.' && !strncmp(name + 1, p->name, length) &&
	       !strncmp(name + 1 + length, ".cbuild-", 8) &&
	       strlen(name + 1 + length + 8) == SUFFIX;
}

/* Removes those whose owner is dead: a lock ends with who held it. */
static void remove_leftovers(const struct place *p)
{
	auto_closed DIR *dir = NULL;
	auto_close int fd = openat(p->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	fd = -1;
	for (struct dirent *d; (d = readdir(dir));) {
		auto_close int left = -1;

		if (!is_leftover(p, d->d_name))
			continue;
		left = openat(
			p->parent, d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (left >= 0 && flock(left, LOCK_EX | LOCK_NB) == 0)
			(void)remove_below(p->parent, d->d_name);
	}
}

/* --- making ----------------------------------------------------------------------------------
 */

/*
 * Waits for the lock: those who are killed let go of it a little later than of the keeper. Were
 * it another run's, of the same name, that one would be done by then and the name gone.
 */
static void remove_temp(void *context)
{
	const struct place *p = context;
	auto_close int fd = openat(
		p->parent, p->temp, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	/* It may be what its maker must not open: the root of an image can have any mode. */
	if (fd < 0 && errno != EACCES)
		return;
	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	(void)remove_below(p->parent, p->temp);
}

/* Before the name is there: whoever is killed behind that leaves it to the keeper. */
static int keep(struct place *p, struct err *e)
{
	return after_start(&p->keeper, "cbuild-keeper", remove_temp, p, e);
}

static char *beside(const struct place *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char random[SUFFIX];
	char suffix[SUFFIX + 1] = "";

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		(void)memset(random, 0, sizeof(random));
	for (size_t i = 0; i < SUFFIX; i++)
		suffix[i] = letters[random[i] % (sizeof(letters) - 1)];
	return xasprintf(".%s.cbuild-%s", p->name, suffix);
}

static int make_dir(const struct place *p)
{
	if (mkdirat(p->parent, p->temp, 0700) < 0)
		return -1;
	return openat(p->parent, p->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int make_file(const struct place *p)
{
	return openat(
		p->parent, p->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

/* Between making it and locking it somebody may have taken it for a leftover. */
static bool hold(const struct place *p)
{
	struct stat mine, there;

	/* Where there are no locks nobody takes it either. */
	if (flock(p->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return false;
	return fstat(p->fd, &mine) == 0 &&
	       fstatat(p->parent, p->temp, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static int make_beside(struct place *p, struct err *e)
{
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < ATTEMPTS; i++) {
		free(p->temp);
		p->temp = beside(p);
		r = keep(p, e);
		if (r < 0)
			return r;
		p->fd = p->kind == PLACE_DIR ? make_dir(p) : make_file(p);
		if (p->fd >= 0 && hold(p)) {
			/* Nothing of a set-group-id parent. */
			return p->kind == PLACE_DIR && fchmod(p->fd, 0700) < 0
				       ? err_sys(e, "cannot set the mode of '%s'", p->path)
				       : 0;
		}
		r = p->fd < 0 ? -errno : -EEXIST;
		auto_close_fd(&p->fd);
		after_dismiss(&p->keeper);
	}
	free(take_memory(&p->temp));
	return err_code(e, r, "cannot make '%s'", p->path);
}

static int make_nameless(struct place *p)
{
	p->fd = openat(p->parent, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	return p->fd;
}

int place_begin(
	const char *path, enum place_kind kind, bool force, struct place **out, struct err *e)
{
	struct place *p = xcalloc(1, sizeof(*p));
	int r;

	*p = (struct place){ xstrdup(path), NULL, NULL, -1, -1, kind, force, { 0, -1 } };
	r = find_place(p, e);
	if (r == 0) {
		remove_leftovers(p);
		if (kind == PLACE_DIR || make_nameless(p) < 0)
			r = make_beside(p, e);
	}
	if (r < 0) {
		place_free(p);
		return r;
	}
	*out = p;
	return 0;
}

int place_fd(const struct place *p)
{
	return p->fd;
}

bool place_scratch(const struct place *p, char to[PLACE_SCRATCH])
{
	const char *chosen = getenv("TMPDIR");
	auto_close int fd = -1;

	if (chosen && *chosen)
		return false;
	fd = openat(p->parent, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	(void)snprintf(to, PLACE_SCRATCH, "/proc/self/fd/%d", p->parent);
	return fd >= 0;
}

size_t place_ids(const struct place *p, struct file_id to[PLACE_IDS])
{
	size_t count = 0;
	struct stat st;

	if (fstat(p->fd, &st) == 0)
		to[count++] = (struct file_id){ st.st_dev, st.st_ino };
	if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		to[count++] = (struct file_id){ st.st_dev, st.st_ino };
	return count;
}

/* --- naming ----------------------------------------------------------------------------------
 */

static int link_as(const struct place *p, const char *name)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", p->fd);
	return linkat(AT_FDCWD, self, p->parent, name, AT_SYMLINK_FOLLOW);
}

static int link_beside(struct place *p)
{
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < ATTEMPTS; i++) {
		struct err unused;

		p->temp = beside(p);
		r = keep(p, &unused);
		if (r == 0 && link_as(p, p->temp) == 0)
			return 0;
		r = r == 0 ? -errno : r;
		after_dismiss(&p->keeper);
		free(take_memory(&p->temp));
	}
	errno = -r;
	return -1;
}

static int rename_fresh(const struct place *p)
{
	struct stat st;

	if (renameat2(p->parent, p->temp, p->parent, p->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	/* A file system (NFS, FAT) that cannot promise it: look first. */
	if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(p->parent, p->temp, p->parent, p->name);
}

/* What was there stands under the name beside afterwards, and place_free removes it. */
static int exchange(const struct place *p)
{
	return renameat2(p->parent, p->temp, p->parent, p->name, RENAME_EXCHANGE);
}

static int give_name(struct place *p)
{
	if (!p->temp && !p->force)
		return link_as(p, p->name);
	if (!p->temp && link_beside(p) < 0)
		return -1;
	if (p->force && exchange(p) == 0)
		return 0;
	if (p->force && errno != ENOENT)
		return -1;
	if (rename_fresh(p) < 0)
		return -1;
	free(take_memory(&p->temp));
	return 0;
}

int place_commit(struct place *p, struct err *e)
{
	/* An error of the disk that came late is an error of the output. */
	if ((p->kind == PLACE_DIR ? syncfs(p->fd) : fsync(p->fd)) < 0)
		return err_sys(e, "cannot write '%s' to its disk", p->path);
	if (give_name(p) < 0)
		return err_sys(e, "cannot give the output its name '%s'", p->path);
	if (fsync(p->parent) < 0 && errno != EINVAL)
		return err_sys(e, "cannot write the directory of '%s' to its disk", p->path);
	return 0;
}

void place_free(struct place *p)
{
	if (!p)
		return;
	if (p->temp)
		(void)remove_below(p->parent, p->temp);
	after_dismiss(&p->keeper);
	auto_close_fd(&p->fd);
	auto_close_fd(&p->parent);
	free(p->path);
	free(p->name);
	free(p->temp);
	free(p);
}
