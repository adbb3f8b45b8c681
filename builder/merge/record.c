/* SPDX-License-Identifier: Apache-2.0 */
/* An image's config as a boot record: everything that could be guessed is resolved here. */
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "builder/merge/adapt.h"
#include "builder/tree/content.h"
#include "lib/auto.h"
#include "lib/ids.h"
#include "lib/signame.h"

/* What docker gives a payload whose image does not say. */
static const char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
				   ":/sbin:/bin";

static bool has_variable(const struct config_list *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (!strncmp(env->items[i], name, length) && env->items[i][length] == '=')
			return true;
	return false;
}

/*
 * A small regular file of the tree as text; "" where there is none. It is found inside the tree
 * whatever links there are, and nothing but a regular file is read.
 */
static int load_text(const struct adapt *a, const char *path, const char **text, struct err *e)
{
	const struct content *c;
	struct node *node = NULL;
	char *bytes;
	ssize_t n;

	*text = "";
	if (tree_resolve(a->tree, path, TREE_FOLLOW, &node) < 0)
		return 0;
	if (node->inode->type != INODE_FILE)
		return err_set(e, -EINVAL, "the image's %s is not a regular file", path);
	c = node->inode->content;
	if (!c)
		return 0;
	if (c->size > IDS_FILE_MAX)
		return err_set(e, -EFBIG, "the image's %s is larger than %d bytes", path,
			(int)IDS_FILE_MAX);
	bytes = arena_alloc(tree_arena(a->tree), (size_t)c->size + 1);
	n = content_pread(c, bytes, (size_t)c->size, 0, e);
	*text = bytes;
	return n < 0 ? (int)n : 0;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789:")];
}

/* A user by number needs neither file, so what is wrong with them then is nobody's business. */
int adapt_user(const struct adapt *a, const char *user, struct ids *ids, struct err *e)
{
	const char *passwd = "", *group = "";
	int r = load_text(a, "/etc/passwd", &passwd, e);

	if (r >= 0)
		r = load_text(a, "/etc/group", &group, e);
	if (r < 0 && (!user || is_number(user)))
		passwd = group = "";
	else if (r < 0)
		return r;
	return ids_resolve(user ? user : "", passwd, group, tree_arena(a->tree), ids, e);
}

static struct boot_list command_of(const struct adapt *a, const struct image_config *c)
{
	size_t n = c->entrypoint.count + c->cmd.count;
	const char **items = arena_alloc(tree_arena(a->tree), (n + 2) * sizeof(*items));
	struct node *shell = NULL;

	for (size_t i = 0; i < n; i++)
		items[i] = i < c->entrypoint.count ? c->entrypoint.items[i]
						   : c->cmd.items[i - c->entrypoint.count];
	/* What says nothing, such as a `docker export`, gets its shell. */
	if (!n && tree_resolve(a->tree, "/bin/sh", TREE_FOLLOW, &shell) == 0)
		items[n++] = "/bin/sh";
	return (struct boot_list){ items, n };
}

static struct boot_list environment_of(
	const struct adapt *a, const struct image_config *c, const char *home)
{
	struct arena *arena = tree_arena(a->tree);
	const char **items = arena_alloc(arena, (c->env.count + 3) * sizeof(*items));
	size_t n = 0;

	if (!has_variable(&c->env, "PATH"))
		items[n++] = default_path;
	for (size_t i = 0; i < c->env.count; i++)
		items[n++] = c->env.items[i];
	if (!has_variable(&c->env, "HOME"))
		items[n++] = arena_printf(arena, "HOME=%s", home);
	return (struct boot_list){ items, n };
}

static int fill(
	const struct adapt *a, const struct image_config *c, struct boot *b, struct err *e)
{
	struct ids ids;
	int r = adapt_user(a, c->user, &ids, e);

	if (r < 0)
		return r;
	b->argv = command_of(a, c);
	b->entrypoint = (uint32_t)c->entrypoint.count;
	b->env = environment_of(a, c, ids.home);
	b->uid = ids.uid;
	b->gid = ids.gid;
	memcpy(b->groups.items, ids.groups, ids.group_count * sizeof(ids.groups[0]));
	b->groups.count = ids.group_count;
	if (c->working_dir)
		b->cwd = *c->working_dir == '/'
				 ? c->working_dir
				 : arena_printf(tree_arena(a->tree), "/%s", c->working_dir);
	if (!c->stop_signal)
		return 0;
	r = signal_number(c->stop_signal);
	if (r < 0)
		return err_set(
			e, r, "the image's stop signal '%s' is no signal", c->stop_signal);
	b->stop_signal = (uint32_t)r;
	return 0;
}

int adapt_boot_record(const struct adapt *a, const struct image_config *config, struct err *e)
{
	auto_free struct boot *b = xmalloc(sizeof(*b));
	auto_free char *bytes = xmalloc(BOOT_SIZE_MAX);
	struct boot_error why = { 0 };
	long size;
	int r;

	boot_init(b);
	r = fill(a, config, b, e);
	if (r < 0)
		return r;
	size = boot_encode(b, bytes, BOOT_SIZE_MAX, &why);
	if (size < 0)
		return err_set(e, (int)size, "the image's config makes no boot record: %s%s%s",
			why.key ? why.key : "", why.key ? ": " : "",
			why.why ? why.why : strerror((int)-size));
	return adapt_record(a, bytes, (size_t)size, e);
}
