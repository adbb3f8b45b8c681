/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/tree/entry.h"

#include <stdlib.h>

void entry_list_init(struct entry_list *l)
{
	*l = (struct entry_list){ 0 };
}

void entry_list_release(struct entry_list *l)
{
	if (!l)
		return;
	arena_release(&l->arena);
	free(l->items);
	entry_list_init(l);
}

struct entry *entry_list_add(struct entry_list *l)
{
	l->items = xgrow(l->items, &l->capacity, l->count + 1, sizeof(*l->items));
	l->items[l->count] = (struct entry){ 0 };
	return &l->items[l->count++];
}
