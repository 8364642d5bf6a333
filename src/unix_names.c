/* SPDX-License-Identifier: MIT */
/*
 * A unix client in connect(2) has no peer yet: the name that it asks for is all there
 * is.  Labels are such names, "@" standing for the NUL of abstract ones.
 */
#include "edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { IS_LISTENING = 10 };

static bool is_listener(const struct object *object)
{
	return object->kind == OBJECT_UNIX && text_seen(object->label) && object->label.length &&
	       (object->at[LOOK_T0].state == IS_LISTENING || object->at[LOOK_T1].state == IS_LISTENING);
}

static int compare_names(const struct snapshot *snapshot, struct text a, struct text b)
{
	const char *x = snapshot_bytes(snapshot, a), *y = snapshot_bytes(snapshot, b);
	char first = *x ? *x : '@', second = *y ? *y : '@';
	uint32_t least = a.length < b.length ? a.length : b.length;
	int differs;

	if (first != second)
		return first < second ? -1 : 1;
	differs = memcmp(x + 1, y + 1, least - 1);
	if (differs)
		return differs;
	return a.length < b.length ? -1 : a.length > b.length;
}

static int compare_listeners(const void *a, const void *b, void *context)
{
	const struct snapshot *snapshot = context;
	const struct object *x = &snapshot->objects.row[*(const uint32_t *)a];
	const struct object *y = &snapshot->objects.row[*(const uint32_t *)b];
	int differs = compare_names(snapshot, x->label, y->label);

	/* One name twice: in two mount namespaces. */
	return differs ? differs : x->key.name < y->key.name ? -1 : x->key.name > y->key.name;
}

static void find_listeners(struct edges *edges)
{
	const struct snapshot *snapshot = edges->scene->snapshot;
	uint32_t i, count = 0;

	for (i = 0; i < snapshot->objects.count; i++)
		count += is_listener(&snapshot->objects.row[i]);
	edges->listener = calloc((size_t)count + 1, sizeof(*edges->listener));
	if (!edges->listener) {
		edges->error = -ENOMEM;
		return;
	}
	for (i = 0; i < snapshot->objects.count; i++)
		if (is_listener(&snapshot->objects.row[i]))
			edges->listener[edges->listeners++] = i;
	qsort_r(edges->listener, edges->listeners, sizeof(*edges->listener), compare_listeners,
		(void *)(uintptr_t)snapshot);
}

struct object_ix edges_unix_listener(struct edges *edges, struct text name)
{
	const struct snapshot *snapshot = edges->scene->snapshot;
	uint32_t low = 0, high, middle;
	struct object_ix found;

	if (!text_seen(name) || !name.length)
		return (struct object_ix){ NO_ROW };
	if (!edges->listener)
		find_listeners(edges);
	high = edges->listeners;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_names(snapshot, snapshot->objects.row[edges->listener[middle]].label, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == edges->listeners)
		return (struct object_ix){ NO_ROW };
	found.at = edges->listener[low];
	return compare_names(snapshot, object_at(snapshot, found)->label, name) ? (struct object_ix){ NO_ROW } : found;
}
