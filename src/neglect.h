/* SPDX-License-Identifier: MIT */
/*
 * Channels on which somebody was told something and takes no notice: unread data at
 * both looks with a live peer, connections that nobody accepts.  Pure.
 */
#ifndef NEGLECT_H
#define NEGLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "scene.h"

/** Unread bytes on this object at both looks, the same ones as far as we can tell. */
bool object_neglected(const struct scene *scene, struct object_ix object);

/** Of what lies in it at both looks nobody took anything, as far as levels and counters tell; else some may have been taken. */
bool object_untaken(const struct scene *scene, struct object_ix object);

/** The object at the other end of this one holds our data unread. */
bool peer_neglects(const struct scene *scene, struct object_ix object);

/** TCP: we sent since we last received, a second ago or more, and nothing came: asked, and no answer yet. */
bool asked_unanswered(const struct scene *scene, struct object_ix object);

/** A neglected channel of a process. */
struct neglect {
	struct process_ix process;     /**< Who should read, or accept. */
	struct object_ix object;       /**< Its end. */
	struct process_ix asker;       /**< Who wrote, or wants to connect; NO_ROW not in the snapshot. */
	int64_t bytes;                 /**< Unread; listeners: connections waiting. */
	bool accept;                   /**< A listener. */
	bool shared;                   /**< Others hold the same end: who should read is a guess. */
};

/** All of them, by process pid, the fullest first.  0 or -ENOMEM; in the scene's arena. */
int neglect_find(const struct scene *scene, const struct neglect **ret, uint32_t *count);

/** The thread that should take it, for all we know: one that works or blocks elsewhere, else the leader. */
struct task_ix neglect_speaker(const struct scene *scene, const struct neglect *neglect);

/** What the process's event sets say of that object. */
enum listened {
	LISTENED_ARMED,    /**< In a set that would report it. */
	LISTENED_DISARMED, /**< In a set, one-shot and spent. */
	LISTENED_NOT,      /**< The process has event sets, and it is in none of them. */
	LISTENED_NO_SETS,  /**< The process has no event set. */
};
enum listened process_listens(const struct scene *scene, struct process_ix process, struct object_ix object);

#endif
