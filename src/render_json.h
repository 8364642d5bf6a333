/* SPDX-License-Identifier: MIT */
/*
 * Parts of the JSON report, wedge-report(5): a file each.
 */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

#include "json_write.h"
#include "judge.h"

/** "9f3ac1d2b5e60718": the same for the same processes at the same moment of the same boot. */
void report_id(const struct report *report, char to[17]);
/** captured_at and kin: "2026-11-21T22:15:35.123Z"; null when ms is UNSEEN or no date. */
void json_time(struct json_out *json, const char *key, int64_t ms);
/** A text of the snapshot; null when unseen. */
void json_text(struct json_out *json, const char *key, const struct snapshot *snapshot, struct text text);
/** Names of the doubts. */
void json_doubts(struct json_out *json, const char *key, uint32_t bits);

void json_head(struct json_out *json, const struct report *report);      /**< schema ... test */
void json_finding(struct json_out *json, const char *key, const struct report *report, const struct finding *finding);
void json_processes(struct json_out *json, const struct report *report);
/** "frames", "stack" and "samples" of a thread. */
void json_stacks(struct json_out *json, const struct scene *scene, struct task_ix task);
/** *ret: how many wakers were left out of "to" lists. */
void json_waits(struct json_out *json, const struct report *report, uint64_t *ret);
void json_tail(struct json_out *json, const struct report *report, uint64_t wakers_left_out); /**< gaps, cost, truncated */

#endif
