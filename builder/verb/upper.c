/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/upper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/merge/refuse.h"
#include "builder/tree/content.h"
#include "lib/auto.h"

static const char *const prefixes[] = { "trusted.overlay.", "user.overlay." };

/* The part of an attribute's name that overlayfs reads, or NULL where it is not one of its own.
 */
static const char *overlay_name(const struct xattr *x)
{
	for (size_t n = 0; n < ARRAY_LEN(prefixes); n++)
		if (!strncmp(x->name, prefixes[n], strlen(prefixes[n])))
			return x->name + strlen(prefixes[n]);
	return NULL;
}

static const struct xattr *overlay_xattr(const struct inode *i, const char *name)
{
	for (uint32_t n = 0; n < i->xattr_count; n++) {
		const char *have = overlay_name(&i->xattrs[n]);

		if (have && !strcmp(have, name))
			return &i->xattrs[n];
	}
	return NULL;
}

static bool is_whiteout(const struct inode *i)
{
	if (i->type == INODE_CHAR)
		return !i->major && !i->minor;
	return i->type == INODE_FILE && (!i->content || !i->content->size) &&
	       overlay_xattr(i, "whiteout");
}

/* "x" says that there are whiteouts by attribute in the directory, and no more. */
static bool is_opaque(const struct inode *i)
{
	const struct xattr *x = overlay_xattr(i, "opaque");

	return i->type == INODE_DIR && x && x->size == 1 && *(const char *)x->value == 'y';
}

static void drop_overlay_xattrs(struct upper *u, struct inode *i)
{
	struct xattr *kept = arena_alloc(tree_arena(u->tree), i->xattr_count * sizeof(*kept));
	uint32_t count = 0;

	for (uint32_t n = 0; n < i->xattr_count; n++) {
		if (!overlay_name(&i->xattrs[n]))
			kept[count++] = i->xattrs[n];
		else if (!strncmp(i->xattrs[n].name, "user.", 5))
			u->blind = false;
	}
	i->xattrs = kept;
	i->xattr_count = count;
}

static int refuse_name(struct upper *u, const struct node *n, struct err *e)
{
	const struct inode *i = n->inode;
	const struct xattr *redirect = overlay_xattr(i, "redirect");

	if (!strncmp(n->name, ".wh.", 4))
		return err_set(e, -EINVAL,
			"'%s': a layer cannot hold a file of such a name: "
			"it would remove another",
			tree_path(u->tree, n));
	if (redirect)
		return err_hint(e,
			err_set(e, -ENOTSUP,
				"'%s': was renamed from '%.*s', whose files are not here "
				"(overlay.redirect)",
				tree_path(u->tree, n), (int)redirect->size,
				(const char *)redirect->value),
			"mount the overlay with redirect_dir=nofollow");
	if (overlay_xattr(i, "metacopy"))
		return err_hint(e,
			err_set(e, -ENOTSUP,
				"'%s': only its metadata is here (overlay.metacopy)",
				tree_path(u->tree, n)),
			"mount the overlay with metacopy=off");
	return 0;
}

/* Markers have no attributes of their own: the same layer is the same bytes. */
static void put_marker(struct upper *u, struct node *dir, const char *name, size_t length)
{
	tree_link(u->tree, dir, name, length, tree_inode(u->tree, INODE_FILE));
}

static int put_whiteout(struct upper *u, struct node *n, struct err *e)
{
	char name[NAME_LENGTH_MAX + 1];
	int length = snprintf(name, sizeof(name), ".wh.%s", n->name);

	if (length > NAME_LENGTH_MAX)
		return err_set(e, -ENAMETOOLONG,
			"'%s': is deleted, but a layer can delete names of 251 bytes only",
			tree_path(u->tree, n));
	u->whiteouts++;
	put_marker(u, n->parent, name, (size_t)length);
	tree_unlink(u->tree, n);
	return 0;
}

static int convert_node(struct upper *u, struct node *n, struct err *e)
{
	int r = refuse_name(u, n, e);

	if (r < 0)
		return r;
	if (is_whiteout(n->inode))
		return put_whiteout(u, n, e);
	if (is_opaque(n->inode)) {
		u->opaques++;
		put_marker(u, n, ".wh..wh..opq", strlen(".wh..wh..opq"));
	}
	u->names++;
	drop_overlay_xattrs(u, n->inode);
	return 0;
}

/* The list is made first: what is converted changes the tree. */
int upper_convert(struct upper *u, struct err *e)
{
	struct node *root = tree_root(u->tree);
	auto_free struct node **list = xcalloc(tree_node_ids(u->tree), sizeof(*list));
	size_t count = 0;
	int r = 0;

	for (struct node *n = root; n; n = tree_next(root, n))
		list[count++] = n;
	for (size_t n = 0; r >= 0 && n < count; n++)
		r = convert_node(u, list[n], e);
	return r;
}

static int put_name(struct upper *u, const struct entry *entry, struct err *e)
{
	const char *slash = strrchr(entry->path, '/');
	const char *name = slash ? slash + 1 : entry->path;
	const char *folder = slash ? arena_strndup(tree_arena(u->tree), entry->path,
					     (size_t)(slash - entry->path))
				   : "";
	struct node *dir = NULL, *target = NULL;
	struct inode *inode = entry->inode;
	int r = tree_resolve(u->tree, folder, TREE_NOFOLLOW, &dir);

	if (r == 0 && entry->link) {
		r = tree_resolve(u->tree, entry->link, TREE_NOFOLLOW, &target);
		inode = target ? target->inode : NULL;
	} else if (r == 0) {
		tree_adopt(u->tree, inode);
	}
	if (r < 0)
		return err_code(e, r, "'%s'", entry->path);
	tree_link(u->tree, dir, name, strlen(name), inode);
	return 0;
}

static void put_root(struct upper *u, const struct inode *from)
{
	struct inode *root = tree_root(u->tree)->inode;
	const uint32_t id = root->id, links = root->links;

	if (!from)
		return;
	*root = *from;
	root->id = id;
	root->links = links;
}

static int take_entries(size_t layer, struct entry_list *entries, void *context, struct err *e)
{
	struct upper *u = context;
	int r = 0;

	(void)layer;
	tree_keep(u->tree, &entries->arena);
	for (size_t n = 0; r >= 0 && n < entries->count; n++) {
		const struct entry *entry = &entries->items[n];

		if (entry->inode) {
			entry->inode->uid = (uint32_t)entry->uid;
			entry->inode->gid = (uint32_t)entry->gid;
		}
		if (!strcmp(entry->path, "."))
			put_root(u, entry->inode);
		else
			r = put_name(u, entry, e);
	}
	entry_list_release(entries);
	return r;
}

/* user_namespaces(7): attributes of trusted are for CAP_SYS_ADMIN of the first namespace. */
static bool sees_trusted(void)
{
	auto_fclose FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned inside = 1, outside = 1, count = 0;

	return geteuid() == 0 && map &&
	       fscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && !inside && !outside &&
	       count == UINT32_MAX;
}

int upper_read(const char *path, const struct image_options *options,
	const struct adjust *adjust, struct upper *out, struct err *e)
{
	struct image_options as_root = *options;
	struct upper u = { .blind = !sees_trusted() };
	int r;

	as_root.is_root = true;
	r = image_open(path, &as_root, &u.image, e);
	if (r < 0)
		return r;
	u.tree = tree_new();
	if (strcmp(image_kind(u.image), "directory") != 0)
		r = err_set(e, -ENOTDIR,
			"is not a directory; a layer is made from the upper directory of an "
			"overlay mount");
	if (r >= 0 && (r = image_read(u.image, take_entries, &u, e)) < 0) {
		/* It has said where. */
		upper_release(&u);
		return r;
	}
	if (r >= 0)
		r = adjust_tree(adjust, u.tree, e);
	if (r >= 0)
		r = upper_convert(&u, e);
	if (r < 0) {
		upper_release(&u);
		return err_at(e, r, "'%s': ", path);
	}
	tree_sort(u.tree);
	*out = u;
	return 0;
}

void upper_release(struct upper *u)
{
	tree_free(u->tree);
	image_free(u->image);
	*u = (struct upper){ 0 };
}

void upper_tell(const struct upper *u)
{
	fprintf(stderr, "layer: %zu names, %zu whiteouts, %zu opaque directories\n", u->names,
		u->whiteouts, u->opaques);
	if (u->blind)
		fputs("cbuild: note: only root sees the marks of an overlay that root has "
		      "mounted: directories that it replaced as a whole would be merged\n",
			stderr);
}
