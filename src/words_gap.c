/* SPDX-License-Identifier: MIT */
/*
 * What was not seen, in words: a row for each thing a probe may miss, and what to do
 * about it from who looked and how it failed.  A probe's new gap is a row here.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "field.h"
#include "words.h"

struct missed {
	const char *probe;        /* By name: gaps[].probe. */
	const char *detail;       /* As filed; NULL: whatever else this probe misses. */
	const char *meaning, *cost;
	const char *unsupported;  /* What to do where this kernel does not offer it; NULL: nothing. */
	bool minor;               /* No verdict hangs on it. */
};

/* Of one probe the weightiest stands first: reports name them in this order. */
static const struct missed missed[] = {
	{ "host", "pressure", "the pressure of the machine", "whether the machine is slow, rather than the program",
	  "boot with psi=1", true },
	{ "host", "boot_id", "the identity of this boot", "telling reports of two boots apart", NULL, true },
	{ "host", "yama", "the ptrace scope", "saying what keeps us from looking", NULL, true },
	{ "host", "ns", "our network namespace", "telling our sockets from those of containers", NULL, false },
	{ "host", "status", "our own rights", "saying what keeps us from looking", NULL, true },
	{ "host", NULL, "the load of the machine", "whether the machine is slow, rather than the program", NULL, false },

	{ "tasks", "children", "lists of children", "nothing: every process was asked for its parent instead", NULL, true },
	{ "tasks", "task", "threads", "what these threads wait for", NULL, false },
	{ "tasks", NULL, "processes of the tree", "whether one of them is what the others wait for", NULL, false },

	{ "state", "syscall", "system calls", "which descriptor, lock or child is waited for", NULL, false },
	{ "state", "memory", "memory behind system calls", "timeouts, and what poll and select wait for", NULL, false },
	{ "state", "wchan", "wait channels", "telling some waits apart", NULL, false },
	{ "state", "status", "switches, tracers and caught signals", "whether tasks ran, and who holds them", NULL, false },
	{ "state", "sched", "when tasks last ran", "who fell silent first", NULL, false },
	{ "state", "schedstat", "how long tasks waited for a CPU", "telling starved from stuck", NULL, false },
	{ "state", "io", "bytes read and written", "telling slow progress from none", NULL, false },
	{ "state", "kcmp", "whether threads share their descriptors", "proof: a thread may hold an end unseen", NULL, false },
	{ "state", "cmdline", "command lines", "names of scripts and modules", NULL, false },
	{ "state", "exe", "programs", "names of programs", NULL, true },
	{ "state", "auxv", "word sizes of programs", "decoding calls of 32-bit programs", NULL, true },
	{ "state", "cwd", "working directories", "nothing but their names", NULL, true },
	{ "state", "ns", "namespaces", "telling objects of containers apart", NULL, false },
	{ "state", "timers", "POSIX timers", "proof: a timer may interrupt a wait", NULL, false },
	{ "state", "kmsg", "the kernel log", "why a child was killed", NULL, false },
	{ "state", "pid namespace", "the kernel log", "why a child was killed", NULL, false },
	{ "state", NULL, "states", "what tasks do", NULL, false },

	{ "cgroups", NULL, "control groups", "whether a limit or a freezer holds the processes", NULL, false },

	{ "fds", "fd", "open descriptors", "who holds the other end of pipes and sockets", NULL, false },
	{ "fds", "fdinfo", "modes of descriptors, and what event loops listen for",
	  "who reads and who writes, and which descriptors are listened to", NULL, false },
	{ "fds", "pipe", "how full pipes are", "telling a full pipe from an empty one", NULL, false },
	{ "fds", "kcmp", "which descriptors are the same file", "who shares event loops and timers", NULL, false },
	{ "fds", "stat", "what open paths are", "telling a FIFO or a terminal from a file", NULL, false },
	{ "fds", "timeouts", "timeouts set on unix sockets", "proof: a receive or send timeout may end a wait", NULL, false },
	{ "fds", NULL, "some open descriptors", "who holds the other end of pipes and sockets", NULL, false },

	{ "sockets", "unix_diag", "queues and peers of unix sockets", "who waits for whom over unix sockets",
	  "modprobe unix_diag", false },
	{ "sockets", "inet_diag", "queues and peers of TCP and UDP sockets", "who waits for whom over TCP and UDP",
	  "modprobe -a inet_diag tcp_diag udp_diag", false },
	{ "sockets", "vsock_diag", "vsock sockets", "whether the host of a virtual machine is waited for",
	  "modprobe vsock_diag", true },
	{ "sockets", "netns", "sockets of other network namespaces", "who is at the other end of them", NULL, false },
	{ "sockets", "tcp_info", "ages of TCP connections", "when data last came and went", NULL, false },
	{ "sockets", "route", "which addresses are of this host", "telling other hosts from this one", NULL, false },
	{ "sockets", "unlisted", "sockets in no list (not connected, reset, or of another namespace)",
	  "whether another host is waited for", NULL, false },
	{ "sockets", NULL, "queues and peers of sockets", "who waits for whom over sockets", NULL, false },

	{ "holders", "hidepid", "processes of other users", "proof: one of them may hold the other end of what is waited for",
	  NULL, false },
	{ "holders", "pid namespace", "processes outside this pid namespace",
	  "proof: one of them may hold the other end of what is waited for", NULL, false },
	{ "holders", "fd", "all descriptors of the machine", "proof: somebody may hold the other end of what is waited for",
	  NULL, false },
	{ "holders", NULL, "descriptors of {detail} outside the tree",
	  "proof: one of them may hold the other end of what is waited for", NULL, false },
	{ "futexes", "memory", "words of memory that tasks wait on", "whether a lock changed hands", NULL, true },
	{ "futexes", NULL, "who shares the memory of futexes", "who else may wake a waiter", NULL, false },

	{ "stacks", "stop", "stacks of threads that run", "where in its code each of them is", NULL, false },
	{ "stacks", "maps", "what is mapped into processes", "which functions their threads are in", NULL, false },
	{ "stacks", "file", "some programs and libraries", "names of the functions in them", NULL, true },
	{ "stacks", NULL, "stacks", "where in its code each thread is, and what kind of lock it waits for", NULL, false },
};

static const struct missed *find_missed(const struct report *report, const struct gap_group *gap)
{
	const char *detail = snapshot_bytes(report->scene->snapshot, gap->detail);
	size_t i;

	for (i = 0; i < sizeof(missed) / sizeof(missed[0]); i++)
		if (strcmp(missed[i].probe, probe_names[gap->probe]) == 0 &&
		    (!missed[i].detail || strcmp(missed[i].detail, detail) == 0))
			return &missed[i];
	return NULL;
}

#define CAP_SYS_PTRACE_BIT (UINT64_C(1) << 19)

/* All processes of the gap belong to the viewer: then only Yama, seccomp or dumpable stand in the way. */
static bool are_own(const struct report *report, const struct gap_group *gap)
{
	const struct snapshot *snapshot = report->scene->snapshot;
	uint32_t i;

	for (i = 0; i < gap->process_count; i++)
		if (process_at(snapshot, gap->processes[i])->uid != snapshot->viewer.euid)
			return false;
	return gap->process_count > 0;
}

/* Rights over processes do not help there, nor do fewer of them. */
static bool is_kernel_log(const struct report *report, const struct gap_group *gap)
{
	return strcmp(snapshot_bytes(report->scene->snapshot, gap->detail), "kmsg") == 0;
}

static bool is_stack(const struct gap_group *gap)
{
	return strcmp(probe_names[gap->probe], "stacks") == 0;
}

static void say_denied(const struct report *report, const struct gap_group *gap, struct gap_words *ret)
{
	const struct viewer *viewer = &report->scene->snapshot->viewer;
	const char *detail = snapshot_bytes(report->scene->snapshot, gap->detail);
	bool able = viewer->capabilities & CAP_SYS_PTRACE_BIT;

	if (strcmp(detail, "pid namespace") == 0) {
		ret->because = "we are inside a pid namespace";
		ret->remedy = "run it on the host";
		return;
	}
	ret->because = "permission denied";
	ret->remedy = "sudo wedgecheck {target}";
	if (is_kernel_log(report, gap)) {
		if (viewer->euid == 0)
			ret->remedy = "run it with CAP_SYSLOG";
		return;
	}
	if (viewer->ptrace_scope == 3) {
		ret->because = "ptrace_scope=3";
		ret->remedy = "set kernel.yama.ptrace_scope below 3, which takes a reboot";
	} else if (viewer->ptrace_scope == 2 && !able) {
		ret->because = "ptrace_scope=2";
	} else if (viewer->ptrace_scope == 1 && !able && are_own(report, gap)) {
		ret->because = "ptrace_scope=1";
	} else if (viewer->seccomp == 2 && (able || viewer->euid == 0 || are_own(report, gap))) {
		ret->because = "denied to this container";
		ret->remedy = "run it on the host, or in a container with --cap-add=SYS_PTRACE "
			      "--security-opt seccomp=unconfined";
	} else if (viewer->euid == 0 && !able) {
		ret->remedy = "run it with CAP_SYS_PTRACE, in a container: --cap-add=SYS_PTRACE";
	} else if (viewer->euid == 0) {
		ret->because = "denied even to root";
		ret->remedy = NULL;
	}
}

/* Whoever runs must be held to be read, which is not always allowed, nor always harmless. */
static void say_moved_stack(const struct report *report, struct gap_words *ret)
{
	switch (report->scene->snapshot->asked.stop) {
	case STOP_NEVER:
		ret->because = "they ran, and --stop=never was asked for";
		ret->remedy = "leave --stop=never out: each thread that runs is then held for some 0.05 ms";
		return;
	case STOP_AUTO:
		ret->because = "they did not keep still, and a stop would break off their system calls";
		ret->remedy = "wedgecheck --stop=always {target}, if the program bears EINTR";
		return;
	default:
		ret->because = "they did not keep still";
		ret->remedy = "look again: wedgecheck {target}";
		return;
	}
}

void words_missed(struct phrase *phrase, const struct report *report, const struct gap_group *gap)
{
	static const char slot[] = "{detail}";
	const char *meaning = gap_words(report, gap).meaning, *at = strstr(meaning, slot);

	if (!at) {
		phrase_add(phrase, meaning);
		return;
	}
	phrase_bytes(phrase, meaning, (size_t)(at - meaning));
	if (text_seen(gap->detail))
		phrase_bytes(phrase, snapshot_bytes(report->scene->snapshot, gap->detail), gap->detail.length);
	else
		phrase_add(phrase, "something");
	phrase_add(phrase, at + strlen(slot));
}

struct gap_words gap_words(const struct report *report, const struct gap_group *gap)
{
	const struct missed *row = find_missed(report, gap);
	struct gap_words ret = {
		.meaning = row ? row->meaning : "some facts",
		.cost = row ? row->cost : "some conclusions",
		.minor = row && row->minor,
		.rank = row ? (unsigned)(row - missed) : sizeof(missed) / sizeof(missed[0]),
	};

	switch (gap->sight) {
	case SIGHT_DENIED:
		say_denied(report, gap, &ret);
		break;
	case SIGHT_GONE:
		ret.because = "gone while we looked";
		ret.minor = true;
		break;
	case SIGHT_TIMEOUT:
		ret.because = "no answer in time";
		break;
	case SIGHT_UNSUPPORTED:
		ret.because = is_stack(gap) && gap->error != ENOSYS ? "only 64-bit programs are understood" :
			      "not offered by this kernel";
		ret.remedy = row ? row->unsupported : NULL;
		break;
	case SIGHT_MOVED:
		if (is_stack(gap)) {
			say_moved_stack(report, &ret);
			break;
		}
		ret.because = "changed whenever it was read";
		ret.remedy = "look again: wedgecheck {target}";
		break;
	case SIGHT_CUT:
		ret.because = is_stack(gap) ? "time or room ran out" : "more than our bounds allow";
		ret.remedy = is_kernel_log(report, gap) ? NULL : "ask for fewer processes";
		break;
	case SIGHT_STRANGE:
		if (gap->error == EAGAIN) { /* fork(2) of who should have asked */
			ret.because = "no helper process could be started";
			ret.remedy = "raise the limit on processes: ulimit -u";
			break;
		}
		ret.because = "the answer made no sense";
		ret.remedy = "keep it for a bug report: wedgecheck --save FILE {target}";
		break;
	default:
		ret.because = "not looked at";
		break;
	}
	return ret;
}
