/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * One table holds every name of the tree, hashed with the id of its directory. The hash is
 * SipHash-1-3 with a key of this run's: an image must not choose names that all fall into one
 * bucket.
 */
struct tree {
	struct arena arena;
	struct node *root;
	struct node **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t name_count;
	uint32_t node_ids, inode_ids;
	uint64_t key[2];
};

enum { FIRST_BUCKETS = 1024 };

static uint64_t rotate(uint64_t x, unsigned by)
{
	return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static uint32_t bucket_of(
	const struct tree *t, const struct node *dir, const char *name, size_t length)
{
	uint64_t v[4] = { t->key[0] ^ 0x736f6d6570736575, t->key[1] ^ 0x646f72616e646f6d,
		t->key[0] ^ 0x6c7967656e657261, t->key[1] ^ 0x7465646279746573 };
	uint64_t last = (uint64_t)length << 56;

	sip_word(v, dir->id);
	for (; length >= 8; name += 8, length -= 8) {
		uint64_t word;

		memcpy(&word, name, 8);
		sip_word(v, word);
	}
	for (size_t i = 0; i < length; i++)
		last |= (uint64_t)(unsigned char)name[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]) & (t->bucket_count - 1);
}

static void grow_table(struct tree *t)
{
	struct node **old = t->buckets;
	uint32_t old_count = t->bucket_count;

	t->bucket_count = old_count * 2;
	t->buckets = xcalloc(t->bucket_count, sizeof(*t->buckets));
	for (uint32_t i = 0; i < old_count; i++) {
		struct node *next;

		for (struct node *n = old[i]; n; n = next) {
			uint32_t at = bucket_of(t, n->parent, n->name, n->name_length);

			next = n->next_in_bucket;
			n->next_in_bucket = t->buckets[at];
			t->buckets[at] = n;
		}
	}
	free(old);
}

static struct node *new_node(struct tree *t, const char *name, size_t length)
{
	struct node *n = arena_alloc(&t->arena, sizeof(*n));
	char *copy = arena_bytes(&t->arena, length + 1);

	memcpy(copy, name, length);
	copy[length] = '\0';
	n->id = t->node_ids++;
	n->name = copy;
	n->name_length = (uint32_t)length;
	return n;
}

struct tree *tree_new(void)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	arena_init(&t->arena);
	/* Without randomness the tree is right all the same, and slower for a hostile image. */
	(void)!getrandom(t->key, sizeof(t->key), GRND_NONBLOCK);
	t->bucket_count = FIRST_BUCKETS;
	t->buckets = xcalloc(t->bucket_count, sizeof(*t->buckets));
	t->root = new_node(t, "", 0);
	t->root->parent = t->root;
	t->root->inode = tree_inode(t, INODE_DIR);
	t->root->inode->mode = 0755;
	t->root->inode->links = 1;
	return t;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	free(t->buckets);
	arena_release(&t->arena);
	free(t);
}

struct node *tree_root(const struct tree *t)
{
	return t->root;
}

struct arena *tree_arena(struct tree *t)
{
	return &t->arena;
}

uint32_t tree_node_ids(const struct tree *t)
{
	return t->node_ids;
}

uint32_t tree_inode_ids(const struct tree *t)
{
	return t->inode_ids;
}

struct inode *tree_inode(struct tree *t, enum inode_type type)
{
	struct inode *inode = arena_alloc(&t->arena, sizeof(*inode));

	inode->type = type;
	tree_adopt(t, inode);
	return inode;
}

void tree_adopt(struct tree *t, struct inode *inode)
{
	inode->id = t->inode_ids++;
}

void tree_keep(struct tree *t, struct arena *a)
{
	arena_join(&t->arena, a);
}

struct node *tree_child(
	const struct tree *t, const struct node *dir, const char *name, size_t length)
{
	struct node *n = t->buckets[bucket_of(t, dir, name, length)];

	while (n && (n->parent != dir || n->name_length != length ||
			    memcmp(n->name, name, length) != 0))
		n = n->next_in_bucket;
	return n;
}

struct node *tree_link(
	struct tree *t, struct node *dir, const char *name, size_t length, struct inode *inode)
{
	struct node *n = new_node(t, name, length);
	uint32_t at;

	if (t->name_count >= t->bucket_count && t->bucket_count < 1u << 31)
		grow_table(t);
	at = bucket_of(t, dir, name, length);
	n->next_in_bucket = t->buckets[at];
	t->buckets[at] = n;
	t->name_count++;
	n->parent = dir;
	n->next_sibling = dir->first_child;
	if (n->next_sibling)
		n->next_sibling->previous_sibling = n;
	dir->first_child = n;
	n->inode = inode;
	inode->links++;
	return n;
}

/* Forgets one name; what is below it has gone already. */
static void drop(struct tree *t, struct node *n)
{
	struct node **at = &t->buckets[bucket_of(t, n->parent, n->name, n->name_length)];

	while (*at != n)
		at = &(*at)->next_in_bucket;
	*at = n->next_in_bucket;
	t->name_count--;
	if (n->previous_sibling)
		n->previous_sibling->next_sibling = n->next_sibling;
	else
		n->parent->first_child = n->next_sibling;
	if (n->next_sibling)
		n->next_sibling->previous_sibling = n->previous_sibling;
	n->inode->links--;
}

void tree_clear(struct tree *t, struct node *dir)
{
	struct node *n = dir;

	for (;;) {
		struct node *up;

		while (n->first_child)
			n = n->first_child;
		if (n == dir)
			return;
		up = n->parent;
		drop(t, n);
		n = up;
	}
}

void tree_unlink(struct tree *t, struct node *node)
{
	tree_clear(t, node);
	drop(t, node);
}
