/* SPDX-License-Identifier: MIT */
/*
 * Every process of the machine that is no kernel thread, as /proc/PID/stat tells it, by
 * one pass; and who of them are ourselves.
 */
#ifndef REAP_CENSUS_H
#define REAP_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

struct door;

struct being {
	int32_t pid, parent, group, session;
	int32_t speaker;          /**< Under whose task/ its memory and descriptors are: pid, unless the leader has exited. */
	char state;
	char comm[16];            /**< As the kernel has it, cut. */
	bool kin;                 /**< We, our ancestors, our helpers. */
	bool fresh;               /**< It was not there at the census before. */
	int64_t start_ticks, cpu_ticks, threads;
};

struct census {
	struct being *row;        /**< By pid. */
	uint32_t count;
	uint32_t *by_parent;      /**< Row numbers, by parent and pid. */
	uint32_t vanished;        /**< Were listed, and gone when they were to be read. */
	int64_t now_ms;           /**< CLOCK_BOOTTIME, for ages. */
};

/**
 * 0 or -errno of our own.  Ended by census_end().  before: may be NULL; of whom stands there only
 * the new ones are read, which takes a fraction of the time, so that short lives are met.
 */
int census_take(struct door *door, const struct census *before, struct census *ret);
void census_end(struct census *census);

/** The row of a pid, or NULL. */
struct being *census_find(const struct census *census, int32_t pid);
/** Rows whose parent it is: by_parent[*ret_first], *ret_count of them. */
void census_children(const struct census *census, int32_t parent, uint32_t *ret_first, uint32_t *ret_count);
int64_t being_age_ms(const struct census *census, const struct being *being);

/** Nothing of it runs any more: a zombie, unless only its leader has exited and other threads go on. */
bool being_is_dead(const struct being *being);

/** Does the process with this number live, or is it hidden?  A zombie does not. */
bool leader_lives(const struct census *census, int32_t leader);

#endif
