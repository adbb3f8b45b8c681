/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "builder/merge/refuse.h"
#include "builder/tree/content.h"
#include "builder/verb/inspect.h"
#include "builder/verb/text.h"
#include "lib/auto.h"

/* One file, in the merged tree or in a layer. */
struct row {
	const char *path;          /* "." is the root */
	const struct inode *inode; /* NULL: a marker, or a hard link in a layer */
	const char *link;          /* another path of the same file, or NULL */
	const char *marker;        /* "whiteout", "opaque", or NULL */
	size_t layer;              /* from 1; 0: none has it, it was needed as a parent */
};

/* What is done with each; the result ends it where it is not 0. */
typedef void put_row(const struct row *row, void *context);

static uint64_t size_of(const struct inode *i)
{
	return i->content ? i->content->size : i->target ? strlen(i->target) : 0;
}

static bool is_device(const struct inode *i)
{
	return i->type == INODE_CHAR || i->type == INODE_BLOCK;
}

static void put_facts(struct buf *b, const struct row *row)
{
	const struct inode *i = row->inode;
	auto_buf struct buf owner = { 0 }, size = { 0 };

	if (!i) {
		buf_printf(b, "%-10s %3zu %11s %10s ", row->marker ? row->marker : "link",
			row->layer, "", "");
		return;
	}
	buf_printf(&owner, "%u:%u", i->uid, i->gid);
	if (is_device(i))
		buf_printf(&size, "%u,%u", i->major, i->minor);
	else
		buf_printf(&size, "%" PRIu64, size_of(i));
	text_put_mode(b, i);
	buf_printf(b, " %3zu %11s %10s ", row->layer, owner.bytes, size.bytes);
}

static void print_row(const struct row *row, void *context)
{
	auto_buf struct buf b = { 0 };

	(void)context;
	put_facts(&b, row);
	text_put(&b, row->path);
	if (row->inode && row->inode->target) {
		buf_puts(&b, " -> ");
		text_put(&b, row->inode->target);
	}
	if (row->link) {
		buf_puts(&b, " = ");
		text_put(&b, row->link);
	}
	for (uint32_t x = 0; row->inode && !row->link && x < row->inode->xattr_count; x++) {
		buf_putc(&b, ' ');
		if (strcmp(row->inode->xattrs[x].name, "security.capability") != 0) {
			text_put(&b, row->inode->xattrs[x].name);
			buf_putc(&b, '=');
		}
		text_put_xattr(&b, &row->inode->xattrs[x]);
	}
	puts(b.bytes);
}

static void set_xattrs(json_t *file, const struct inode *i)
{
	json_t *all = json_object();

	for (uint32_t x = 0; x < i->xattr_count; x++) {
		auto_buf struct buf value = { 0 }, name = { 0 };

		text_put_xattr(&value, &i->xattrs[x]);
		text_put(&name, i->xattrs[x].name);
		(void)json_object_set_new(all, name.bytes, json_string(value.bytes));
	}
	(void)json_object_set_new(file, "xattrs", all);
}

static void set_facts(json_t *file, const struct inode *i)
{
	auto_buf struct buf mode = { 0 };

	buf_printf(&mode, "%04o", i->mode);
	(void)json_object_set_new(file, "mode", json_string(mode.bytes));
	(void)json_object_set_new(file, "uid", json_integer(i->uid));
	(void)json_object_set_new(file, "gid", json_integer(i->gid));
	(void)json_object_set_new(file, "size", json_integer((json_int_t)size_of(i)));
	(void)json_object_set_new(file, "mtime", json_integer(i->mtime.tv_sec));
	if (is_device(i)) {
		(void)json_object_set_new(file, "major", json_integer(i->major));
		(void)json_object_set_new(file, "minor", json_integer(i->minor));
	}
	if (i->target)
		text_json_name(file, "target", i->target);
	if (i->xattr_count)
		set_xattrs(file, i);
}

static void json_row(const struct row *row, void *context)
{
	json_t *file = json_object();
	const char *type = row->inode ? text_type(row->inode->type) : row->marker;

	text_json_name(file, "path", row->path);
	(void)json_object_set_new(file, "type", json_string(type ? type : "link"));
	(void)json_object_set_new(
		file, "layer", row->layer ? json_integer((json_int_t)row->layer) : json_null());
	if (row->inode)
		set_facts(file, row->inode);
	if (row->link)
		text_json_name(file, "link", row->link);
	(void)json_array_append_new(context, file);
}

struct tree_rows {
	const struct inspected *i;
	const char **first; /* by inode id */
	put_row *put;
	void *context;
};

static int tree_row(const struct node *n, const char *path, void *context, struct err *e)
{
	struct tree_rows *t = context;
	const struct inode *i = n->inode;
	const bool known = i->layer < t->i->layer_count;
	const struct row row = {
		.path = path,
		.inode = i,
		.link = t->first[i->id],
		.layer = known ? i->layer + 1 : 0,
	};

	(void)e;
	t->put(&row, t->context);
	if (i->links > 1 && i->type != INODE_DIR && !row.link)
		t->first[i->id] = tree_path(t->i->tree, n);
	return 0;
}

static int tree_rows(const struct inspected *i, put_row *put, void *context, struct err *e)
{
	auto_free const char **first = xcalloc(tree_inode_ids(i->tree), sizeof(*first));
	struct tree_rows t = { i, first, put, context };
	int r = tree_row(tree_root(i->tree), ".", &t, e);

	return r < 0 ? r : tree_walk(i->tree, tree_row, &t, e);
}

/* What an entry's name makes of it (OCI image-spec, layer.md, "Whiteouts"). */
static void layer_row(const struct inspected *i, const struct inspected_entry *entry,
	struct clean_path *clean, put_row *put, void *context)
{
	struct row row = {
		.inode = entry->link ? NULL : &entry->inode,
		.link = entry->link,
		.layer = i->only,
	};
	char *name;

	/* The merge has taken it: it is clean. */
	if (path_clean(entry->path, clean) < 0)
		return;
	row.path = clean->length ? clean->text : ".";
	name = &clean->text[clean->length - strlen(clean->name)];
	if (!strcmp(name, ".wh..wh..opq")) {
		name[name > clean->text ? -1 : 0] = '\0';
		row.marker = "opaque";
		row.path = *clean->text ? clean->text : ".";
	} else if (!strncmp(name, ".wh.", 4)) {
		memmove(name, name + 4, strlen(name + 4) + 1);
		row.marker = "whiteout";
	}
	if (row.marker)
		row.inode = NULL;
	put(&row, context);
}

static int rows(const struct inspected *i, put_row *put, void *context, struct err *e)
{
	auto_free struct clean_path *clean = NULL;

	if (!i->only)
		return tree_rows(i, put, context, e);
	clean = xmalloc(sizeof(*clean));
	for (size_t n = 0; n < i->entry_count; n++)
		layer_row(i, &i->entries[n], clean, put, context);
	return 0;
}

int inspect_print_files(const struct inspected *i, struct err *e)
{
	return rows(i, print_row, NULL, e);
}

json_t *inspect_json_files(const struct inspected *i)
{
	json_t *files = json_array();
	struct err none;

	(void)rows(i, json_row, files, &none);
	return files;
}
