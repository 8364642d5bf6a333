/* SPDX-License-Identifier: MIT */
/*
 * From graph to findings.  Pure: no I/O, no clock, no locale.
 *
 *	scene + graph  ->  suspects (ends of chains)  ->  the first cause whose rule
 *	holds  ->  findings with facts, doubts, victims  ->  report
 *
 * A cause is one row of src/causes.c: name, class, rule, and words.  The words are
 * data, not output: templates with {placeholders} that only words.c expands, so
 * one row serves text, JSON, --help and the man page.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"

enum verdict {
	VERDICT_UNKNOWN, VERDICT_PROGRESSING, VERDICT_IDLE_WEDGE, VERDICT_STUCK_IPC, VERDICT_DEADLOCK,
	VERDICT_CPU_SPIN, VERDICT_BLOCKED_IO, VERDICT_STOPPED, VERDICT_STARVED, VERDICT_IDLE, VERDICTS,
};
extern const char *const verdict_names[VERDICTS]; /**< "unknown", "progressing", "idle-wedge", ... */
/** A class that makes wedgecheck exit with 1 (or 3 when unsure). */
bool verdict_is_wedge(enum verdict verdict);

/** A fact that decided, still a fact: words.c has one template for each kind. */
enum fact_kind {
	FACT_ASLEEP,         /**< who sleeps in its call, silent for age_ms. */
	FACT_BURNS,          /**< who used amount thousandths of a CPU through the window. */
	FACT_UNREAD,         /**< amount bytes lie unread on object of who, from other; none taken in the window. */
	FACT_FULL,           /**< object holds amount bytes and is full; who should drain it, other writes. */
	FACT_UNANSWERED,     /**< other asked who over object, age_ms ago, and has no answer. */
	FACT_WAITS,          /**< who waits for other over object. */
	FACT_WAITS_CHILD,    /**< who waits for its child other to end. */
	FACT_HOLDS,          /**< who still holds the write end of object, so other sees no EOF. */
	FACT_NO_WRITER,      /**< object has no writer (FIFO: nobody opened the other end). */
	FACT_NO_READER,
	FACT_PEER_GONE,      /**< The other end of object is closed; who has not noticed. */
	FACT_EXTERNAL,       /**< object's peer is off this host. */
	FACT_NAMESPACE,      /**< object's peer is in another network namespace of this host. */
	FACT_DISARMED,       /**< object is registered one-shot and disarmed: nobody listens for it. */
	FACT_IN_NO_SET,      /**< object is in no event set and nobody reads it. */
	FACT_BACKLOG,        /**< amount connections wait at listener object. */
	FACT_STOPPED,        /**< who is stopped by a signal (job control). */
	FACT_TRACED,         /**< who is held by tracer other. */
	FACT_FROZEN,         /**< The control group of who is frozen. */
	FACT_THROTTLED,      /**< The control group of who was throttled for amount ms of the window. */
	FACT_STARVED,        /**< who waited for a CPU amount thousandths of the window. */
	FACT_PRESSURE,       /**< memory.high, swap: amount events in the window. */
	FACT_OOM,            /**< amount processes of the group of who were killed for memory. */
	FACT_OOM_KILLED,     /**< other was killed for memory: the kernel log says so. */
	FACT_ZOMBIE,         /**< other ended (amount: wait status) and who has not reaped it. */
	FACT_CLOSE_WAIT,     /**< who has amount sockets in CLOSE-WAIT. */
	FACT_RETRIES,        /**< who woke amount times in the window and went back to the same call. */
	FACT_TIMER,          /**< who wakes by itself in amount ms. */
	FACT_TTY,            /**< who reads the terminal object. */
	FACT_ORPHAN,         /**< The parent of who died. */
	FACT_UNINTERRUPTIBLE,/**< who is in D state, at its wchan. */
	FACT_CORE,           /**< who is dumping core. */
	FACT_SILENT_FIRST,   /**< who fell silent first, age_ms ago. */
	FACT_RAN_SINCE,      /**< who ran after other fell silent, and still took nothing. */
	FACT_MOVED,          /**< amount bytes moved through who in the window. */
	FACT_EXITED,         /**< who ended within the window. */
	FACT_NOT_SEEN,       /**< who could not be seen well enough. */
	FACT_STACK,          /**< who is at frame, the one of its stack that tells most. */
	FACT_LOOP,           /**< who goes round in the function of frame, which amount stacks have in common. */
	FACTS,
};

struct fact {
	enum fact_kind kind;
	struct task_ix who, other;     /**< NO_ROW: none. */
	struct object_ix object;
	int64_t amount, age_ms;        /**< UNSEEN: none. */
	struct frame_ix frame;         /**< Where in its code who is; NO_ROW: none. */
};

/** What a reader can do, from the table of a cause. */
enum advice_kind { ADVICE_READ, ADVICE_MORE_SIGHT, ADVICE_KEEP_EVIDENCE, ADVICE_UNBLOCK };
extern const char *const advice_kind_names[]; /**< "read", "more-sight", "keep-evidence", "unblock". */
struct advice_row {
	enum advice_kind kind;
	const char *text;              /**< Template; NULL ends the list. */
	const char *argv[6];           /**< Fixed words, and "{pid}" for the culprit's pid, "{tracer}", "{parent}"; NULL: none. */
	bool frees;                    /**< It frees the victims. */
};

/** "w1:9f3ac1d2" (signature.h); "" where none can be given. */
struct signature { char text[16]; };

struct finding {
	const struct cause *cause;
	enum verdict verdict;          /**< cause->verdict; or UNKNOWN, the cause then being the best guess; or as --overdue makes it. */
	bool asked;                    /**< Of the suspect that --first asks about. */
	uint32_t doubts;
	enum certainty certainty;
	struct task_ix culprit;        /**< NO_ROW: none found. */
	const struct task_ix *cycle;        uint32_t cycle_count;   /**< In the order of waiting, culprit first. */
	const struct process_ix *victims;   uint32_t victim_count;  /**< By pid. */
	const struct fact *facts;           uint32_t fact_count;    /**< The deciding one first. */
	const struct edge *const *chain;    uint32_t chain_count;   /**< From a victim to the culprit, for showing; may be empty. */
	int64_t since_ms;              /**< Shortest time it is known to last; UNSEEN not known. */
	struct signature signature;    /**< The same hang has the same. */
};

/** One candidate: the end of some chain, before it has a name.  Filled by suspects.c. */
struct suspect {
	struct task_ix task;
	struct process_ix process;
	uint8_t can, does;             /**< enum life of the task. */
	enum moved moved;
	bool burns, suspended, blocked, retrier;
	const struct task_ix *cycle;        uint32_t cycle_count;   /**< Closed circle it is in; 0 none. */
	const struct process_ix *victims;   uint32_t victim_count;
	const struct edge *into;       /**< The most telling wait for it; NULL none. */
	const struct edge *out;        /**< Its own most telling wait; NULL none. */
	struct object_ix neglected;    /**< Has unread data at both looks and nobody takes it; NO_ROW none. */
	struct task_ix asker;          /**< Who is at the other end of neglected; NO_ROW none. */
	int64_t neglected_bytes;
	const struct edge *const *chain;    uint32_t chain_count;
	bool asked;                    /**< The end of the chain that --first asks about. */
	bool orphan;                   /**< Its parent died. */
	uint32_t doubts;               /**< Of the whole path to it. */
};

/** What a rule looks at, and where it leaves facts and doubts; helpers in trial.h. */
struct trial {
	const struct scene *scene;
	const struct graph *graph;
	const struct suspect *suspect;
	struct fact facts[12];
	uint32_t fact_count;
	uint32_t doubts;               /**< Starts as those of the suspect. */
	enum verdict verdict;          /**< Starts as the cause's; a rule may narrow it: a full pipe may close a circle. */
};

struct cause {
	const char *name;              /**< "not-consuming": stable, for scripts. */
	enum verdict verdict;
	/** True if this is it.  Rows are tried in order, so the narrower stands first. */
	bool (*rule)(struct trial *trial);
	const char *summary;           /**< One sentence: "{culprit} left {bytes} unread on {object}". */
	const char *by_hand;           /**< How an operator sees it without us; for wedgetools(7). */
	const char *means;             /**< What it means and what to do; for wedgetools(7). */
	struct advice_row advice[4];   /**< Ends in text NULL. */
};
extern const struct cause causes[]; /**< Ends in name NULL; the last rule always matches. */

enum report_role { REPORT_BYSTANDER, REPORT_VICTIM, REPORT_CULPRIT };
extern const char *const report_role_names[]; /**< "bystander", "victim", "culprit". */

/** What is said of a process beside its facts. */
struct process_note {
	uint8_t role;                  /**< enum report_role */
	uint32_t finding;              /**< Index in findings of which it is culprit; NO_ROW else. */
	uint32_t external_connections, close_wait; /**< Distinct sockets. */
};

/** Gaps that have the same probe, sight, detail and look-independent reason, as one. */
struct gap_group {
	uint8_t probe, sight;
	int32_t error;
	struct text detail;
	const struct process_ix *processes; uint32_t process_count; /**< By pid; empty: the machine's. */
};

struct report {
	const struct scene *scene;
	const struct graph *graph;
	bool judged;                   /**< false for tools that only show: verdict null, findings empty. */
	const struct finding *findings;     uint32_t count; /**< What --first asks about; wedges by certainty, then unknown, idle, progressing; within each most victims first, then pid, start_ticks, tid. */
	const struct process_note *notes;   /**< One a process. */
	const struct process_ix *order;     uint32_t processes;  /**< All shown processes: the tree by pid, then those outside by pid. */
	uint32_t tree_processes, tree_threads;
	uint32_t external_connections;
	bool external_known;           /**< Every socket of the tree matched a dump or is of a local family. */
	bool ended;                    /**< Every target ended by itself within the window. */
	bool suspended_by_user;        /**< A whole job of the viewer's session is stopped: judged as before. */
	int64_t still_ms;              /**< Nothing in the tree moved for at least this long; 0 something did. */
	int32_t cpu_busy_permille;     /**< Of the machine through the window; -1 unknown. */
	int32_t cpu_pressure_permille, memory_pressure_permille, io_pressure_permille; /**< Share of the window; -1 unknown. */
	const struct gap_group *gaps;       uint32_t gap_count;
};

/** 0 or -ENOMEM.  All of *ret lives in the scene's arena.  judged false: notes and gaps only. */
int judge(const struct scene *scene, const struct graph *graph, bool judged, struct report *ret);

/** wedgecheck's exit status for a report: 0, 1 or 3. */
int report_status(const struct report *report);

#endif
