/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "builder/tree/content.h"
#include "builder/verb/text.h"
#include "lib/auto.h"

enum { CHUNK = 256 * 1024 };

void differences_release(struct differences *d)
{
	free(d->items);
	arena_release(&d->arena);
	*d = (struct differences){ 0 };
}

static void add(struct differences *d, const char *what, const char *from, const char *to)
{
	d->items = xgrow(d->items, &d->capacity, d->count + 1, sizeof(*d->items));
	d->items[d->count++] = (struct difference){ what, from, to };
}

static void add_numbers(
	struct differences *d, const char *what, const char *format, uint64_t from, uint64_t to)
{
	char text[2][32];

	if (from == to)
		return;
	for (int n = 0; n < 2; n++) {
		uint64_t value = n ? to : from;

		if (*format == 'o')
			(void)snprintf(text[n], sizeof(text[n]), "%04" PRIo64, value);
		else
			(void)snprintf(text[n], sizeof(text[n]), "%" PRIu64, value);
	}
	add(d, what, arena_strdup(&d->arena, text[0]), arena_strdup(&d->arena, text[1]));
}

static void add_pairs(struct differences *d, const char *what, char between,
	const uint32_t from[2], const uint32_t to[2])
{
	if (from[0] != to[0] || from[1] != to[1])
		add(d, what, arena_printf(&d->arena, "%u%c%u", from[0], between, from[1]),
			arena_printf(&d->arena, "%u%c%u", to[0], between, to[1]));
}

static void compare_times(struct differences *d, const struct inode *a, const struct inode *b)
{
	const struct timespec *x = &a->mtime, *y = &b->mtime;
	bool fraction = x->tv_nsec && y->tv_nsec;

	if (x->tv_sec == y->tv_sec && (!fraction || x->tv_nsec == y->tv_nsec))
		return;
	add(d, "time", arena_printf(&d->arena, "%lld.%09ld", (long long)x->tv_sec, x->tv_nsec),
		arena_printf(&d->arena, "%lld.%09ld", (long long)y->tv_sec, y->tv_nsec));
}

static const char *value_of(struct differences *d, const struct xattr *x)
{
	auto_buf struct buf text = { 0 };

	text_put_xattr(&text, x);
	return arena_strdup(&d->arena, text.bytes ? text.bytes : "");
}

/* Which comes first: below 0, a's attribute m; above 0, b's attribute n; 0: they are of one
 * name. */
static int order_of(const struct inode *a, uint32_t m, const struct inode *b, uint32_t n)
{
	if (m == a->xattr_count)
		return 1;
	return n == b->xattr_count ? -1 : strcmp(a->xattrs[m].name, b->xattrs[n].name);
}

static bool same_value(const struct xattr *x, const struct xattr *y)
{
	return x->size == y->size && !memcmp(x->value, y->value, x->size);
}

/* Both are sorted by name. */
static void compare_xattrs(struct differences *d, const struct inode *a, const struct inode *b)
{
	uint32_t m = 0, n = 0;

	while (m < a->xattr_count || n < b->xattr_count) {
		int order = order_of(a, m, b, n);

		if (order < 0)
			add(d, a->xattrs[m].name, value_of(d, &a->xattrs[m]), NULL);
		else if (order > 0)
			add(d, b->xattrs[n].name, NULL, value_of(d, &b->xattrs[n]));
		else if (!same_value(&a->xattrs[m], &b->xattrs[n]))
			add(d, a->xattrs[m].name, value_of(d, &a->xattrs[m]),
				value_of(d, &b->xattrs[n]));
		m += order <= 0;
		n += order >= 0;
	}
}

static int same_bytes(
	const struct content *a, const struct content *b, bool *same, struct err *e)
{
	auto_free char *x = xmalloc(CHUNK), *y = xmalloc(CHUNK);

	*same = true;
	for (uint64_t at = 0; *same && at < a->size;) {
		ssize_t n = content_pread(a, x, CHUNK, at, e);
		ssize_t m = n < 0 ? n : content_pread(b, y, (size_t)n, at, e);

		if (m < 0)
			return (int)m;
		if (n == 0 || m != n)
			return err_set(e, -EIO, "ends early");
		*same = !memcmp(x, y, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

static int compare_contents(
	struct differences *d, const struct inode *a, const struct inode *b, struct err *e)
{
	uint64_t from = a->content ? a->content->size : 0;
	uint64_t to = b->content ? b->content->size : 0;
	bool same = true;
	int r = 0;

	add_numbers(d, "size", "u", from, to);
	if (from == to && from)
		r = same_bytes(a->content, b->content, &same, e);
	if (!same)
		add(d, "content", NULL, NULL);
	return r;
}

static int compare_kinds(
	struct differences *d, const struct inode *a, const struct inode *b, struct err *e)
{
	if (a->type == INODE_FILE)
		return compare_contents(d, a, b, e);
	if (a->type == INODE_SYMLINK && strcmp(a->target, b->target) != 0)
		add(d, "target", a->target, b->target);
	if (a->type == INODE_CHAR || a->type == INODE_BLOCK)
		add_pairs(d, "device", ',', (uint32_t[]){ a->major, a->minor },
			(uint32_t[]){ b->major, b->minor });
	return 0;
}

int compare_inodes(const struct inode *a, const struct inode *b, bool times,
	struct differences *out, struct err *e)
{
	int r = 0;

	if (a->type != b->type)
		add(out, "type", text_type(a->type), text_type(b->type));
	else
		r = compare_kinds(out, a, b, e);
	/* The mode of a link is nobody's business: some tools store 0777, some what chmod says.
	 */
	if (a->type != INODE_SYMLINK && b->type != INODE_SYMLINK)
		add_numbers(out, "mode", "o", a->mode, b->mode);
	add_pairs(out, "owner", ':', (uint32_t[]){ a->uid, a->gid },
		(uint32_t[]){ b->uid, b->gid });
	if (a->type == b->type && a->type != INODE_DIR) {
		add_numbers(out, "links", "u", a->links, b->links);
		if (times)
			compare_times(out, a, b);
	}
	compare_xattrs(out, a, b);
	return r;
}
