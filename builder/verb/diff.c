/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "builder/build.h"
#include "builder/plan.h"
#include "builder/verb/compare.h"
#include "builder/verb/text.h"
#include "builder/verb/verbs.h"

/* Two trees side by side, and what is told of them: lines, or an array. */
struct walk {
	bool times;
	json_t *json; /* NULL: lines */
	struct buf path;
	struct differences found;
	bool differ;
};

static const struct {
	char letter;
	const char *word;
} changes[] = {
	{ 'A', "added" },
	{ 'C', "changed" },
	{ 'D', "deleted" },
};

enum change { ADDED, CHANGED, DELETED };

static void print_difference(struct buf *line, const struct difference *d)
{
	text_put(line, d->what);
	if (!d->from && !d->to)
		return;
	buf_putc(line, ' ');
	text_put(line, d->from ? d->from : "none");
	buf_puts(line, " -> ");
	text_put(line, d->to ? d->to : "none");
}

static void print(const struct walk *w, enum change change)
{
	auto_buf struct buf line = { 0 };

	text_put(&line, w->path.size ? w->path.bytes : "/");
	for (size_t n = 0; n < w->found.count; n++) {
		buf_puts(&line, n ? "; " : " (");
		print_difference(&line, &w->found.items[n]);
	}
	printf("%c %s%s\n", changes[change].letter, line.bytes, w->found.count ? ")" : "");
}

static void add_json(const struct walk *w, enum change change)
{
	json_t *object = json_object(), *list = json_array();

	(void)json_object_set_new(object, "change", json_string(changes[change].word));
	text_json_name(object, "path", w->path.size ? w->path.bytes : "/");
	for (size_t n = 0; n < w->found.count; n++) {
		const struct difference *d = &w->found.items[n];
		json_t *item = json_object();

		(void)json_object_set_new(item, "what", text_json(d->what));
		(void)json_object_set_new(
			item, "from", d->from ? text_json(d->from) : json_null());
		(void)json_object_set_new(item, "to", d->to ? text_json(d->to) : json_null());
		(void)json_array_append_new(list, item);
	}
	if (change == CHANGED)
		(void)json_object_set_new(object, "differences", list);
	else
		json_decref(list);
	(void)json_array_append_new(w->json, object);
}

static void tell(struct walk *w, enum change change)
{
	w->differ = true;
	if (w->json)
		add_json(w, change);
	else
		print(w, change);
}

static size_t enter(struct walk *w, const struct node *n)
{
	size_t length = w->path.size;

	buf_putc(&w->path, '/');
	buf_put(&w->path, n->name, n->name_length);
	return length;
}

static void leave(struct walk *w, size_t length)
{
	w->path.size = length;
	w->path.bytes[length] = '\0';
}

/* All that is below comes with it: of what was deleted, only the top is told, as docker does.
 */
static void tell_added(struct walk *w, const struct node *n)
{
	size_t length = enter(w, n);

	tell(w, ADDED);
	for (const struct node *c = n->first_child; c; c = c->next_sibling)
		tell_added(w, c);
	leave(w, length);
}

static void tell_deleted(struct walk *w, const struct node *n)
{
	size_t length = enter(w, n);

	tell(w, DELETED);
	leave(w, length);
}

static int compare_nodes(
	struct walk *w, const struct node *a, const struct node *b, struct err *e);

/* Both lists are sorted by bytes. */
static int compare_children(
	struct walk *w, const struct node *a, const struct node *b, struct err *e)
{
	int r = 0;

	while (r >= 0 && (a || b)) {
		int order = !b ? -1 : !a ? 1 : strcmp(a->name, b->name);

		if (order < 0) {
			tell_deleted(w, a);
		} else if (order > 0) {
			tell_added(w, b);
		} else {
			size_t length = enter(w, a);

			r = compare_nodes(w, a, b, e);
			leave(w, length);
		}
		a = order <= 0 ? a->next_sibling : a;
		b = order >= 0 ? b->next_sibling : b;
	}
	return r;
}

static int compare_nodes(
	struct walk *w, const struct node *a, const struct node *b, struct err *e)
{
	bool both = a->inode->type == b->inode->type;
	int r = compare_inodes(a->inode, b->inode, w->times, &w->found, e);

	if (r < 0)
		return err_at(e, r, "'%s': ", w->path.size ? w->path.bytes : "/");
	if (w->found.count)
		tell(w, CHANGED);
	differences_release(&w->found);
	return compare_children(w, both ? a->first_child : NULL, b->first_child, e);
}

static int read_side(const struct cbuild_row *row, const char *const *input, const char *ref,
	struct build **out, struct err *e)
{
	struct build_request request = { .inputs = input, .input_count = 1, .plain = true };

	plan_image_options(row, &request.image);
	request.image.ref = ref;
	return build_tree(&request, out, e);
}

int verb_diff(const struct cbuild_row *row, const struct opt_list *operands, struct err *e)
{
	struct walk w = { .times = !row->no_times, .json = row->json ? json_array() : NULL };
	struct build *a = NULL, *b = NULL;
	int r;

	if (operands->count != 2)
		return err_set(e, CBUILD_USAGE,
			"diff compares two images or directories; see 'cbuild diff --help'");
	r = read_side(row, &operands->items[0], row->ref, &a, e);
	if (r >= 0)
		r = read_side(row, &operands->items[1],
			row->other_ref ? row->other_ref : row->ref, &b, e);
	if (r >= 0)
		r = compare_nodes(&w, tree_root(a->tree), tree_root(b->tree), e);
	if (r >= 0 && w.json) {
		(void)json_dumpf(w.json, stdout, JSON_INDENT(2));
		(void)putchar('\n');
	}
	differences_release(&w.found);
	buf_release(&w.path);
	json_decref(w.json);
	build_free(a);
	build_free(b);
	return r < 0 ? r : w.differ;
}
