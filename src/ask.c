/* SPDX-License-Identifier: MIT */
/*
 * Asking what may block: questions in batches to a helper, its deadlines, and whom not
 * to ask again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bell.h"
#include "channel.h"
#include "door_inner.h"
#include "helpers.h"

#define MS INT64_C(1000000)

enum {
	WAKE_EVERY = 128,         /* answers to sleep through */
	SLICE_MS = 20,            /* a helper that died is noticed within this */
	LENIENCY = 8,             /* times its deadline, for a helper that runs */
};

/* A process that a question got stuck on.  kcmp(2) has two, and does not say which it was. */
struct missed { pid_t pid; bool only_kcmp; };

struct asking {
	struct helpers helpers;
	uint32_t posted;          /* number of the batch */
	bool open;                /* door_ask() is at work */
	int refused;              /* errno of the helper that could not be started in this round */
	struct missed missed[2 * BOUND_HELPERS_LOST];
	unsigned missed_count;
};

/* One door_ask(). */
struct round {
	struct door *door;
	struct asking *asking;
	const struct question *questions;
	size_t count, next;       /* next: the first that was not answered */
	int64_t timeout_ns, deadline_ns;
	int (*answer)(void *context, size_t which, const struct answer *answer);
	void *context;
};

struct asking *asking_destroy(struct asking *asking)
{
	if (asking)
		helpers_deinit(&asking->helpers);
	free(asking);
	return NULL;
}

int64_t door_helper_cpu_ns(const struct door *door)
{
	return (door->asking ? helpers_cpu_ns(&door->asking->helpers) : 0) +
	       (door->errands ? helpers_cpu_ns(door->errands) : 0);
}

bool door_is_helper(const struct door *door, pid_t pid)
{
	return pid > 0 && ((door->asking && helpers_own(&door->asking->helpers, pid)) ||
			   (door->errands && helpers_own(door->errands, pid)));
}

/* ---- what need not or must not be asked ------------------------------------ */

static bool missed_before(const struct asking *asking, const struct question *question)
{
	unsigned i;

	for (i = 0; i < asking->missed_count; i++) {
		const struct missed *missed = &asking->missed[i];

		if (question->ask == ASK_KCMP && question->other_pid == missed->pid)
			return true;
		if (question->pid == missed->pid && (question->ask == ASK_KCMP || !missed->only_kcmp))
			return true;
	}
	return false;
}

static void missed_note(struct asking *asking, const struct question *question)
{
	const bool kcmp = question->ask == ASK_KCMP;

	if (question->pid > 0)
		asking->missed[asking->missed_count++] = (struct missed){ question->pid, kcmp };
	if (kcmp)
		asking->missed[asking->missed_count++] = (struct missed){ question->other_pid, kcmp };
}

static int question_injected(const struct door *door, const struct question *question)
{
	static const char *const words[] = {
		[ASK_MEMORY] = "memory", [ASK_KCMP] = "kcmp", [ASK_PIPE] = "pipe",
		[ASK_TIMEOUTS] = "timeouts", [ASK_DIAG] = "diag",
	};
	char path[32];

	if (door->injection_count == 0)
		return 0;
	if (!words[question->ask])
		return door_injected(door, question->path);
	snprintf(path, sizeof(path), "%d/%s", question->pid, words[question->ask]);
	return door_injected(door, path);
}

/* Bytes of question->path. */
static size_t question_text(const struct question *question)
{
	switch (question->ask) {
	case ASK_FILE:
	case ASK_LINK:
	case ASK_STAT:
		return strlen(question->path) + 1;
	case ASK_DIAG:
		return question->limit;
	default:
		return 0;
	}
}

/* The answer that needs no helper, if there is one. */
static bool answer_known(const struct door *door, const struct question *question, struct answer *ret)
{
	const struct asking *asking = door->asking;
	int error = question_injected(door, question);

	*ret = (struct answer){ .bytes = "" };
	if (error) {
		ret->sight = sight_of_errno(error);
		ret->error = error;
	} else if (missed_before(asking, question)) {
		ret->sight = SIGHT_TIMEOUT;
		ret->error = ETIMEDOUT;
	} else if (asking->helpers.lost >= BOUND_HELPERS_LOST) {
		ret->sight = SIGHT_CUT;
	} else if (asking->refused) {
		ret->sight = SIGHT_STRANGE;
		ret->error = asking->refused;
	} else if (question_text(question) > CHANNEL_TEXT) {
		ret->sight = SIGHT_STRANGE;
		ret->error = E2BIG;
	}
	return ret->sight != SIGHT_OK;
}

/* ---- one batch ------------------------------------------------------------- */

/* As many of these as fit, up to one that needs no helper; how many. */
static uint32_t batch_post(const struct round *round)
{
	struct channel *channel = round->asking->helpers.pages;
	size_t used = 0, bytes;
	struct answer known;
	uint32_t i;

	for (i = 0; i < round->count - round->next && i < CHANNEL_QUESTIONS; i++) {
		const struct question *question = &round->questions[round->next + i];
		struct question *request = &channel->requests[i];

		bytes = question_text(question);
		if (CHANNEL_TEXT - used < bytes || answer_known(round->door, question, &known))
			break;
		*request = *question;
		if (bytes) {
			request->path = memcpy(channel->text + used, question->path, bytes);
			used += (bytes + CHANNEL_ALIGN - 1) / CHANNEL_ALIGN * CHANNEL_ALIGN;
		}
	}
	channel->count = i;
	atomic_store(&channel->started_ns, 0);
	atomic_store(&channel->done, 0);
	atomic_store(&channel->wake_at, UINT32_MAX);
	atomic_store(&channel->posted, ++round->asking->posted);
	bell_wake(&channel->posted);
	return i;
}

enum turn {
	TURN_ANSWERS,             /* there are more than were taken */
	TURN_RETURNED,            /* none, and none will come: post the rest again */
	TURN_MISSED, TURN_DIED, TURN_LATE,
};

/* When the open question is overdue.  One that nobody took up yet is not its target's fault. */
static int64_t batch_due_ns(const struct round *round, const struct channel *channel, int64_t posted_ns)
{
	int64_t started_ns = atomic_load(&channel->started_ns);

	return started_ns ? started_ns + round->timeout_ns : posted_ns + LENIENCY * round->timeout_ns;
}

/* Sleep until the bell, or until it is time to look.  True when the open question is overdue. */
static bool batch_overdue(const struct round *round, uint32_t bell, int64_t posted_ns)
{
	const struct channel *channel = round->asking->helpers.pages;
	int64_t now = door_now_ns(), due = batch_due_ns(round, channel, posted_ns), until = now + SLICE_MS * MS;

	if (due > now && due < until)
		until = due;
	if (round->deadline_ns < until)
		until = round->deadline_ns;
	if (until > now)
		bell_wait((_Atomic uint32_t *)&channel->bell, bell, until - now);
	now = door_now_ns();
	due = batch_due_ns(round, channel, posted_ns);
	if (now >= due && now < due + (LENIENCY - 1) * round->timeout_ns)
		return !helpers_running(&round->asking->helpers);
	return now >= due;
}

static enum turn batch_await(const struct round *round, uint32_t taken, int64_t posted_ns)
{
	struct asking *asking = round->asking;
	struct channel *channel = asking->helpers.pages;
	uint32_t wake_at = channel->count - taken < WAKE_EVERY ? channel->count : taken + WAKE_EVERY;
	bool overdue, dead;
	uint32_t bell;

	for (;;) {
		bell = atomic_load(&channel->bell);
		atomic_store(&channel->wake_at, wake_at);
		if (atomic_load(&channel->ended) == asking->posted)
			return atomic_load(&channel->done) > taken ? TURN_ANSWERS : TURN_RETURNED;
		if (atomic_load(&channel->done) >= wake_at)
			return TURN_ANSWERS;

		overdue = batch_overdue(round, bell, posted_ns);
		dead = helpers_died(&asking->helpers);
		if (atomic_load(&channel->done) > taken)
			return TURN_ANSWERS;
		if (dead)
			return TURN_DIED;
		if (door_now_ns() >= round->deadline_ns)
			return TURN_LATE;
		if (overdue)
			return TURN_MISSED;
	}
}

/* Hand on what is there; 0, or what answer() returned. */
static int batch_take(struct round *round, uint32_t *taken)
{
	const struct channel *channel = round->asking->helpers.pages;
	uint32_t done = atomic_load(&channel->done);
	int r = 0;

	while (*taken < done && r == 0) {
		const struct reply *reply = &channel->replies[(*taken)++];
		struct answer answer = {
			.sight = reply->sight, .error = reply->error,
			.bytes = channel->answers + reply->at, .length = reply->length,
		};

		/* Lack of memory here may be the target's doing, but lack of descriptors is ours. */
		r = answer.error == EMFILE || answer.error == ENFILE ? -answer.error :
		    round->answer(round->context, round->next++, &answer);
	}
	return r;
}

/* The helper is no more: answer the question that it had open. */
static int batch_lose(struct round *round, int sight, int error)
{
	const struct answer answer = { .sight = sight, .error = error, .bytes = "" };
	struct asking *asking = round->asking;

	helpers_leave(&asking->helpers);
	asking->helpers.lost++;
	if (sight == SIGHT_TIMEOUT)
		missed_note(asking, &round->questions[round->next]);
	return round->answer(round->context, round->next++, &answer);
}

/* Pages of an unusually long answer. */
static void batch_trim(struct channel *channel, uint32_t taken)
{
	const struct reply *last = &channel->replies[taken - 1];
	const size_t page_size = sysconf(_SC_PAGESIZE), at = offsetof(struct channel, answers) + CHANNEL_ENOUGH;
	const size_t first = (at + page_size - 1) / page_size * page_size;

	if (last->at + last->length > 4 * CHANNEL_ENOUGH)
		madvise((char *)channel + first, sizeof(*channel) - first, MADV_REMOVE);
}

static int batch_ask(struct round *round)
{
	struct helpers *helpers = &round->asking->helpers;
	int64_t posted_ns = door_now_ns();
	uint32_t count = batch_post(round), taken = 0;
	int r;

	while (taken < count) {
		switch (batch_await(round, taken, posted_ns)) {
		case TURN_ANSWERS:
			r = batch_take(round, &taken);
			if (r == 0)
				break;
			helpers_leave(helpers); /* it works for nobody now */
			return r;
		case TURN_RETURNED:
			count = taken;
			break;
		case TURN_MISSED:
			return batch_lose(round, SIGHT_TIMEOUT, ETIMEDOUT);
		case TURN_DIED:
			return batch_lose(round, SIGHT_STRANGE, ECHILD);
		case TURN_LATE:
			helpers_leave(helpers);
			return 0;
		}
	}
	batch_trim(helpers->pages, taken);
	return 0;
}

static int round_ask(struct round *round)
{
	struct asking *asking = round->asking;
	struct answer known;
	int r = 0;

	while (round->next < round->count && r == 0) {
		if (door_now_ns() >= round->deadline_ns) {
			known = (struct answer){ .sight = SIGHT_CUT, .bytes = "" };
		} else if (!answer_known(round->door, &round->questions[round->next], &known)) {
			r = helpers_start(&asking->helpers, round->door, &calling_answers, NULL);
			if (r < 0 && error_is_ours(-r))
				return r;
			asking->refused = -r;
			r = r < 0 ? 0 : batch_ask(round);
			continue;
		} else if (error_is_ours(known.error)) {
			return -known.error;
		}
		r = round->answer(round->context, round->next++, &known);
	}
	return r;
}

int door_ask(struct door *door, const struct question *questions, size_t count, int timeout_ms,
	     int64_t deadline_ns, int (*answer)(void *context, size_t which, const struct answer *answer),
	     void *context)
{
	struct round round = {
		.door = door, .questions = questions, .count = count, .timeout_ns = timeout_ms * MS,
		.deadline_ns = deadline_ns, .answer = answer, .context = context,
	};
	int r;

	if (!door->asking)
		door->asking = calloc(1, sizeof(*door->asking));
	if (!door->asking)
		return -ENOMEM;
	round.asking = door->asking;
	if (round.asking->open)
		return -EBUSY;
	round.asking->open = true;
	round.asking->refused = 0;
	helpers_reap(&round.asking->helpers);
	r = round_ask(&round);
	round.asking->open = false;
	return r;
}
