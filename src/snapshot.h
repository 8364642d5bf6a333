/* SPDX-License-Identifier: MIT */
/*
 * Everything that was seen, and nothing that was concluded.
 *
 * A snapshot is a handful of tables.  Each is one growing array of plain structs;
 * rows name each other by index, strings are offsets into one pool.  No pointers,
 * so a table may move while it grows, --save writes rows as they lie, and
 * --replay reads them back in the same order: same rows, same bytes out.
 *
 * Rows are only ever added, by probes; each member has one probe that writes it.
 * They lie in the order of discovery, which is arbitrary; whoever needs an order
 * sorts by identity (pid, start_ticks, tid, fd), never by index.
 *
 * Not known is never zero: a number that may be missing is an int64_t and then
 * holds UNSEEN; a text is TEXT_UNSEEN; the sight beside it says why.  The only
 * way to get a row is snapshot_add_*(), which hands it out entirely unseen: numbers
 * UNSEEN (int32_t members: -1), texts TEXT_UNSEEN, rows NO_ROW, sights
 * SIGHT_UNASKED, enums that have one their *_UNSEEN or *_UNKNOWN, bits and words 0.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sight.h"

#define UNSEEN INT64_MIN
#define NO_ROW UINT32_MAX

/* One type for each table, so that the compiler tells a task from an fd. */
struct cgroup_ix { uint32_t at; };
struct process_ix { uint32_t at; };
struct task_ix { uint32_t at; };
struct fd_ix { uint32_t at; };
struct object_ix { uint32_t at; };
struct site_ix { uint32_t at; };
struct frame_ix { uint32_t at; };

/**
 * Bytes in the pool: interned, so equal bytes have equal offsets.  They are the
 * target's own, unescaped, perhaps with NULs inside (argv); only renderers and
 * the saver escape, each for its place.  Offsets are others after a load: compare them
 * for equality, never order by them.
 */
struct text { uint32_t at, length; };
#define TEXT_UNSEEN ((struct text){ NO_ROW, 0 })

/** The two looks.  Index of every at[] below. */
enum look { LOOK_T0, LOOK_T1, LOOKS };

/** A fact that is yes, no, or was not to be had. */
enum answer_yes { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* ---- host, viewer, question ------------------------------------------------ */

enum arch { ARCH_UNKNOWN, ARCH_X86_64, ARCH_AARCH64 };

struct host_look {
	int64_t when_ns;          /**< CLOCK_MONOTONIC. */
	int64_t boot_ns;          /**< CLOCK_BOOTTIME at the same moment: for deadlines and ages. */
	int64_t real_ns;          /**< CLOCK_REALTIME at the same moment: for deadlines. */
	int64_t busy_ns, idle_ns; /**< /proc/stat "cpu": all but idle and iowait; idle + iowait.  Summed over CPUs. */
	int64_t steal_ns;         /**< /proc/stat "cpu" steal. */
	int64_t cpu_pressure_us, memory_pressure_us, io_pressure_us; /**< /proc/pressure, "some" total=. */
	int64_t swapped_pages;    /**< /proc/vmstat pswpin + pswpout. */
	int64_t available_kb;     /**< /proc/meminfo MemAvailable. */
};

struct host {
	struct text name, boot_id, kernel; /**< uname nodename, random/boot_id, uname release. */
	uint8_t arch;             /**< enum arch of the kernel. */
	int64_t cpus;             /**< Online. */
	int64_t user_hz, page_size;
	int64_t memory_kb;        /**< /proc/meminfo MemTotal. */
	int64_t net_ns;           /**< Inode of our own ns/net. */
	struct host_look at[LOOKS];
};

/** Who looked: what a gap's remedy depends on. */
struct viewer {
	int64_t pid, uid, euid, session; /**< Our own; session for "stopped by you". */
	int64_t ptrace_scope;     /**< /proc/sys/kernel/yama/ptrace_scope; UNSEEN: no Yama. */
	int64_t seccomp;          /**< /proc/self/status Seccomp: 0 off, 1 strict, 2 filter. */
	uint64_t capabilities;    /**< CapEff. */
};

/** May a thread be stopped for its stack?  --stop */
enum stop {
	STOP_AUTO,                /**< If it runs, or its stack cannot be had otherwise, and its call takes no harm. */
	STOP_NEVER,               /**< No ptrace at all. */
	STOP_ALWAYS,              /**< Every thread that can be, also in calls that then return EINTR. */
};

/** What the user asked, as far as it changes the answer. */
struct asked {
	uint8_t overdue;          /**< 1: --overdue. */
	uint8_t stop;             /**< enum stop */
	int64_t window_ms;
	int64_t samples;          /**< Stacks taken of each task; UNSEEN: no stacks. */
	int64_t interval_ms;      /**< From sample to sample. */
	int32_t first;            /**< --first PID: what its first thread waits for is the question; -1: not asked. */
	struct text test;         /**< --test NAME: what runs there, as its runner calls it. */
	struct text selector;     /**< As typed ("4242", "--port 80"), for advice in text; never in argv. */
};

struct label { struct text name, value; }; /**< --label NAME=VALUE */

/* ---- control groups -------------------------------------------------------- */

struct cgroup_look {
	uint8_t sight;
	uint8_t frozen;           /**< enum answer_yes: cgroup.events frozen (v2), freezer.state FROZEN (v1). */
	int64_t throttled_ns;     /**< cpu.stat throttled_usec (v2) or throttled_time (v1). */
	int64_t throttled_count;  /**< cpu.stat nr_throttled. */
	int64_t oom_kills;        /**< memory.events oom_kill (v2), memory.oom_control oom_kill (v1). */
	int64_t memory_high;      /**< memory.events high (v2), memory.failcnt (v1). */
	int64_t memory_bytes;     /**< memory.current, memory.usage_in_bytes. */
};

/** Processes whose /proc/PID/cgroup reads the same share a row. */
struct cgroup {
	struct text membership;   /**< /proc/PID/cgroup whole: the identity of the row. */
	struct text path;         /**< The one to show: v2, else name=systemd, else the first that is not "/". */
	int64_t memory_limit;     /**< memory.max, memory.limit_in_bytes; UNSEEN: none. */
	int64_t cpu_quota_us, cpu_period_us; /**< cpu.max, cpu.cfs_quota_us; UNSEEN: none. */
	struct cgroup_look at[LOOKS];
};

/* ---- processes and tasks --------------------------------------------------- */

enum process_flag {
	PROCESS_TARGET  = 1 << 0, /**< Named by the user, or chosen by a selector. */
	PROCESS_IN_TREE = 1 << 1, /**< A target or below one, or left it (see joined). */
	PROCESS_KERNEL  = 1 << 2, /**< A kernel thread (PF_KTHREAD in stat). */
	PROCESS_OURS    = 1 << 3, /**< We, our helpers. */
	PROCESS_ANCESTOR = 1 << 4, /**< An ancestor of ours. */
	PROCESS_EXECED  = 1 << 5, /**< Became another program within the window: start_ticks stays. */
};

/** Why a process is in the snapshot. */
enum joined {
	JOINED_UNKNOWN,
	JOINED_TARGET,            /**< PROCESS_TARGET. */
	JOINED_CHILD,             /**< Below a target, by children or PPid. */
	JOINED_SESSION,           /**< Reparented; its session is or was led by a member. */
	JOINED_GROUP,             /**< Reparented; its process group is or was led by a member. */
	JOINED_MARKER,            /**< Reparented; carries the same non-empty marker. */
	JOINED_HOLDER,            /**< Outside the tree; holds an object that somebody waits on. */
	JOINED_TRACER,            /**< Outside the tree; traces a member. */
	JOINED_PARENT,            /**< Outside the tree; the parent of a target, for its comm only. */
};

struct process_look {
	int64_t when_ns;          /**< CLOCK_MONOTONIC. */
	uint8_t sight;            /**< GONE at T1: it exited within the window. */
	uint8_t io_sight;
	int64_t read_bytes, written_bytes; /**< rchar, wchar of /proc/PID/io: read and write only, not send and recv. */
	int64_t children_cpu_ns;  /**< cutime + cstime of stat: grows as children are reaped. */
	int64_t pages_resident;   /**< stat field 24. */
};

struct process {
	int32_t pid, parent, group, session;
	int32_t tty;              /**< stat field 7, a dev_t; 0 none. */
	int32_t tty_foreground;   /**< stat field 8: foreground process group of that tty; -1 none. */
	int32_t ns_pid;           /**< Innermost of NSpid: what futex owner words hold. */
	uint32_t flags;           /**< enum process_flag. */
	uint8_t joined;           /**< enum joined. */
	int64_t start_ticks;      /**< stat field 22, USER_HZ after boot.  Identity, with pid. */
	int64_t uid;              /**< Effective. */
	struct text ns_pids;      /**< NSpid of status as it stands, tabs between; unseen: not in a namespace of its own. */
	uint64_t ns_net, ns_pidns, ns_ipc, ns_mnt, ns_time; /**< Inodes under ns/; 0 not known. */
	int64_t monotonic_offset_ns, boot_offset_ns; /**< timens_offsets; 0 in our own time namespace. */
	uint64_t caught_signals;  /**< SigCgt: bit n-1 for signal n.  SIGALRM in it forbids a proof. */
	uint64_t ignored_signals; /**< SigIgn. */
	int64_t posix_timers;     /**< Rows in /proc/PID/timers. */
	int64_t exit_status;      /**< stat field 52, a wait(2) status: for zombies. */
	uint8_t core_dumping;     /**< enum answer_yes: CoreDumping of status. */
	uint8_t uring;            /**< enum answer_yes: has an io_uring fd, so may hold registered files unseen. */
	uint8_t oom_killed;       /**< enum answer_yes: the kernel log says that it was killed for memory.  Asked of
	                               zombies that SIGKILL ended; no: the log is older than it and does not. */
	uint8_t opaque;           /**< enum answer_yes: its fds could not be listed: may hold any end. */
	uint8_t bits;             /**< 32 or 64: of its program; 0 not known. */
	struct text comm;         /**< At most 15 bytes, 63 for kernel threads. */
	struct text argv;         /**< NUL after each; credentials masked; cut at BOUND_ARGV. */
	struct text cwd, exe;     /**< As the links read. */
	struct cgroup_ix cgroup;
	uint8_t argv_sight, fds_sight, ns_sight, status_sight, links_sight;
	struct process_look at[LOOKS];
};

/** /proc/PID/task/TID/syscall, raw.  decode.h gives it meaning, without I/O. */
struct call {
	int32_t number;           /**< Or one of the following. */
#define CALL_UNSEEN (-3)
#define CALL_RUNNING (-2)         /**< "running" */
#define CALL_OUTSIDE (-1)         /**< Blocked, but in no system call (fault, v2 freeze). */
	uint64_t args[6], sp, pc;
};

struct task_look {
	int64_t when_ns;          /**< CLOCK_MONOTONIC. */
	uint8_t stat_sight, wchan_sight, call_sight, status_sight, sched_sight;
	char state;               /**< R S D T t Z X I P, as in proc(5); 0 unseen. */
	struct text wchan;        /**< Whole kernel name: underscores tell.  Unseen also when running. */
	struct call call;
	int64_t cpu_ns;           /**< schedstat field 1; else stat ticks made ns. */
	int64_t system_ns;        /**< stat field 15, in ticks: the part of it spent in the kernel. */
	int64_t wait_ns;          /**< schedstat field 2: runnable, no CPU free. */
	int64_t voluntary, involuntary; /**< Context switches, from status. */
	int64_t minor_faults, major_faults; /**< stat fields 10 and 12. */
	int64_t silent_ns;        /**< Since it last ran: se.exec_start of sched, calibrated per CPU.  Only of tasks that may matter. */
	int64_t silent_error_ns;  /**< Half width of that. */
	int32_t tracer;           /**< TracerPid; 0 none. */
	int32_t cpu;              /**< Last ran there. */
};

struct task {
	struct process_ix process;
	int32_t tid, ns_tid;
	int64_t start_ticks;
	int64_t nice, policy;     /**< stat fields 19 and 41. */
	struct text comm;
	uint8_t own_fds;          /**< enum answer_yes: an fd table not its process's (kcmp KCMP_FILES).  Asked of blocked tasks only. */
	struct task_look at[LOOKS];
};

/* ---- fds, objects, holds, watches ------------------------------------------ */

enum object_kind {
	OBJECT_OTHER,
	OBJECT_PIPE, OBJECT_FIFO, OBJECT_UNIX, OBJECT_TCP, OBJECT_UDP, OBJECT_SOCKET, /**< any other */
	OBJECT_EVENTFD, OBJECT_TIMERFD, OBJECT_SIGNALFD, OBJECT_INOTIFY, OBJECT_EPOLL,
	OBJECT_PIDFD, OBJECT_URING, OBJECT_USERFAULTFD, OBJECT_SECCOMP, /**< seccomp notify */
	OBJECT_PTY,               /**< One side: see pty_master. */
	OBJECT_TTY,               /**< A terminal that is no pty: console, serial line. */
	OBJECT_DEVICE,            /**< Any other character or block device. */
	OBJECT_FILE,              /**< Regular file. */
	OBJECT_DIRECTORY,
	OBJECT_FUTEX,             /**< The word at an address. */
	OBJECT_KINDS,
};

/**
 * What makes two sightings the same thing.  space is the namespace or device,
 * name the number inside it:
 *
 *	pipe			0			inode (pipefs numbers are the machine's)
 *	FIFO, file, directory	st_dev			inode
 *	sockets			0			inode (sockfs numbers are the machine's)
 *	unaccepted sockets	inode of ns/net		cookie of sock_diag, top bit set
 *	eventfd			0			eventfd-id
 *	pty slave		1			index under /dev/pts (devpts of our mount namespace)
 *	pty master		2			tty-index of fdinfo
 *	pty of another devpts	2^63 | st_dev << 8 | 1, 2	the same
 *	device, tty		3			st_rdev
 *	pidfd			4			pid it names
 *	other anonymous fds	pid << 32 | fd		0, or merged with its twin by kcmp
 *	futex, private		pid << 32		address
 *	futex, shared		device			inode << 20 ^ offset in the file
 */
struct object_key { uint64_t space, name; };

/** How sure we are that the holders listed are all there are. */
enum cover {
	COVER_NONE,    /**< Not searched. */
	COVER_TREE,    /**< Every process of the tree was searched. */
	COVER_MACHINE, /**< Every process was searched and could be read. */
	COVER_HOLES,   /**< Every process was searched, but some were opaque. */
};

/** Where the other end of a socket is. */
enum reach {
	REACH_UNKNOWN,
	REACH_NONE,      /**< Not connected, or a listener. */
	REACH_LOCAL,     /**< This host, and for IP the same network namespace: object.peer where it was found. */
	REACH_NAMESPACE, /**< This host, another network namespace. */
	REACH_EXTERNAL,  /**< Off this host. */
};

struct object_look {
	int64_t when_ns;
	uint8_t sight;
	uint8_t info_sight;       /**< Of what needs the socket lock: the ages and byte counters. */
	uint8_t state;            /**< Sockets: TCP_ESTABLISHED (1) ... TCP_CLOSING (11) of netinet/tcp.h,
	                               for unix ones too: 1, 7, 10; 8 when the other end was closed; 0 unseen. */
	uint8_t timer;            /**< idiag_timer: 0 none, 1 retransmit, 2 keepalive, 3 TIME-WAIT, 4 zero-window probe. */
	uint8_t armed;            /**< timerfd: enum answer_yes. */
	uint8_t eof_unread;       /**< TCP: enum answer_yes: the other side's FIN came and nobody has read it. */
	int64_t readable;         /**< Bytes (messages, count) to be taken.  Without the 1
	                               that CLOSE-WAIT counts for its unread FIN.  UDP: memory, not bytes. */
	int64_t room;             /**< Pipes: bytes that still fit; 0 full. */
	int64_t unsent;           /**< Send-Q as the kernel counts it (unix, UDP: memory, not bytes). */
	int64_t backlog, backlog_max;          /**< Listeners only: connections waiting, most. */
	int64_t last_received_ms, last_sent_ms; /**< tcp_info ages; kernel time, not read(2) time. */
	int64_t bytes_received, bytes_acked;   /**< tcp_info counters. */
	int64_t expires_ns;       /**< timerfd: left at when_ns; 0 expired or disarmed. */
	int64_t interval_ns;      /**< timerfd: 0 one-shot. */
	int64_t word;             /**< Eventfd: its count.  Futex: the value read.  Signalfd: its mask, bit n-1 for signal n. */
};

struct object {
	uint8_t kind;             /**< enum object_kind */
	uint8_t cover;            /**< enum cover */
	uint8_t reach;            /**< enum reach: sockets. */
	uint8_t in_flight;        /**< enum answer_yes: fds travel inside this unix socket (scm_fds). */
	uint8_t pty_master;       /**< 1: the master side of a pty. */
	int32_t family, type;     /**< Sockets: AF_*, SOCK_*. */
	int32_t pid;              /**< Pidfd: the pid it names; -1 reaped or not known. */
	int64_t receive_timeout_ms, send_timeout_ms; /**< SO_RCVTIMEO, SO_SNDTIMEO; 0 for ever; UNSEEN not read. */
	struct object_key key;
	uint64_t ns_net;          /**< Sockets: inode of the network namespace it was found in; 0 not known. */
	struct object_ix peer;    /**< Connected socket, other side of a pty; else NO_ROW. */
	struct object_ix listener;/**< Either end of a connection that was not accepted yet: the listening socket
	                               whose holders must do so; else NO_ROW. */
	struct text label, remote;/**< "pipe:[123]", "127.0.0.1:80", "/path"; remote end of a socket. */
	struct object_look at[LOOKS];
};

/** One descriptor of one process.  File offset and flags from fdinfo. */
struct fd {
	struct process_ix process;
	int32_t number;
	struct object_ix object;
	uint32_t flags;           /**< O_ACCMODE | O_NONBLOCK | O_CLOEXEC ... as in fdinfo. */
	uint8_t flags_sight;      /**< Of flags. */
	uint8_t looks;            /**< Bit 1 << look for each look in which it was there. */
	int64_t offset;           /**< pos of fdinfo. */
};

/** Who could bring a change about, where no descriptor says so. */
enum role {
	ROLE_MAPS,                /**< Maps the page of a futex. */
	ROLE_OWNS,                /**< The owner word, or the kernel's list, names it. */
};
enum hold_basis {
	HOLD_EXACT,               /**< The kernel or the owner word says so. */
	HOLD_HINT,                /**< Last sender, last semop: pids of the past. */
};
struct hold {
	struct object_ix object;
	struct process_ix process;
	struct task_ix task;      /**< NO_ROW: any task of the process.  ROLE_MAPS: the one that waits on the word;
	                               its process, as any who maps it, may write there all the same. */
	uint8_t role, basis;
	uint8_t looks;            /**< Bit 1 << look. */
};

/** What an epoll object listens to: a "tfd:" line of its fdinfo. */
struct watch {
	struct object_ix set;     /**< The epoll. */
	int32_t number;           /**< tfd: the descriptor as it was registered; it may be closed since. */
	struct object_ix object;  /**< NO_ROW: could not be matched. */
	uint32_t events;          /**< EPOLL* bits as registered, EPOLLONESHOT included. */
	uint8_t looks;            /**< Bit 1 << look. */
};

/** Bytes read from a task's memory for the sake of decoding: timespec, pollfd[],
    fd_set.  Kept raw, so that decoding stays pure and replayable. */
struct peek {
	struct task_ix task;
	uint8_t look, sight;
	uint64_t address;
	struct text bytes;        /**< At most BOUND_PEEK. */
};

/* ---- stacks ---------------------------------------------------------------- */

enum frame_kind { FRAME_KERNEL, FRAME_NATIVE, FRAME_PYTHON };

/** A place in code.  One row, however many stacks pass it. */
struct site {
	uint8_t kind;             /**< enum frame_kind. */
	uint8_t jit;              /**< 1: executable memory that no file stands behind. */
	struct text function;     /**< Demangled; unseen: nothing names it, then it is module + offset. */
	struct text file;         /**< Source file, as its debug information has it. */
	struct text module;       /**< Path of the file mapped there; "[vdso]", "[jit]"; a kernel module. */
	struct text build_id;     /**< Of that file, raw bytes. */
	int32_t line;             /**< -1 not known. */
	uint64_t offset;          /**< Address as linked (what addr2line takes); the address itself where there
	                               is no file; kernel: bytes into the function. */
	uint64_t into;            /**< Native: bytes into the function. */
};

/** How it is known that a frame is there. */
enum frame_basis {
	BASIS_UNKNOWN,
	BASIS_REGISTERS,          /**< The innermost: where the task is. */
	BASIS_TABLES,             /**< By unwind tables, from bytes that were copied. */
	BASIS_LIVE,               /**< The same, but needing memory that was read later than the copy. */
	BASIS_POINTER,            /**< By frame pointers: no table covers this code. */
	BASIS_SCANNED,            /**< Inferred: a return address lies on the stack behind a call of the next inner function. */
	BASIS_DEBUG,              /**< Inlined there, says debug information; it has no frame of its own. */
	BASIS_KERNEL,             /**< The kernel says so. */
};

/**
 * One step of a stack, and all that lies outside of it: stacks that begin alike share their
 * outer frames, so equal stacks have the same innermost row.
 */
struct frame {
	struct frame_ix caller;   /**< The next outer, always an earlier row; NO_ROW: outermost. */
	struct site_ix site;
	uint8_t basis;            /**< enum frame_basis. */
};

enum stack_way {
	WAY_NONE,                 /**< No frames were to be had. */
	WAY_UNSTOPPED,            /**< It slept: read beside it. */
	WAY_STOPPED,              /**< Held for stopped_ns while registers and stack were copied. */
};

/** Why a stack ends where it ends. */
enum stack_end {
	END_UNKNOWN,
	END_WHOLE,                /**< Where the thread began. */
	END_FRAMES,               /**< BOUND_STACK_FRAMES. */
	END_BYTES,                /**< The copy ended: BOUND_STACK_BYTES, or the stack's mapping does. */
	END_NO_TABLE,             /**< No table and no frame pointer leads on. */
	END_MEMORY,               /**< What was needed could not be read. */
	END_LOOP,                 /**< It did not come nearer to its beginning. */
	END_STRANGE,              /**< Tables or stack make no sense. */
	END_TIME,                 /**< The time for it was over. */
};

/** One look at one task's stack. */
struct stack {
	struct task_ix task;
	int32_t sample;           /**< 0 the first. */
	int64_t when_ns;          /**< CLOCK_MONOTONIC. */
	struct frame_ix innermost;/**< NO_ROW: none. */
	uint8_t sight;            /**< OK, also when it was cut (see ends); else why there is none, and a gap says so. */
	uint8_t way;              /**< enum stack_way. */
	uint8_t ends;             /**< enum stack_end. */
	uint8_t kernel_sight;     /**< Of its kernel frames. */
	int64_t stopped_ns;       /**< 0: not stopped. */
};

/* ---- gaps ------------------------------------------------------------------ */

/** What could not be seen, for people.  Code decides by the sight beside the fact;
    snapshot_miss() files this row and sets that sight in one step. */
struct gap {
	uint8_t probe;            /**< enum probe_id (probe.h); also chooses meaning and remedy. */
	uint8_t sight, look;
	int32_t error;            /**< errno as met, or 0. */
	struct process_ix process;/**< NO_ROW where the gap is the machine's. */
	struct task_ix task;
	struct object_ix object;
	struct text detail;       /**< Short fixed word for what was asked: "syscall", "fd", "unix_diag", "children"... */
};

/* ---- the whole ------------------------------------------------------------- */

#define TABLE(type) struct { struct type *row; uint32_t count, room; }

/** Stored, so that replay prints the same. */
struct cost { int64_t wall_ns, cpu_ns, longest_stop_ns, total_stop_ns, threads_stopped; };

/** What our own bounds left out.  0 nothing. */
struct cut { int64_t cgroups, processes, tasks, fds, objects, holds, watches, peeks, stacks, gaps, followed; };

struct snapshot {
	struct host host;
	struct viewer viewer;
	struct asked asked;
	int64_t captured_at_ms;   /**< CLOCK_REALTIME at T0.  Ages are reckoned from here, never from now. */
	int64_t window_ns;        /**< As it came out, not as asked. */
	struct cost cost;
	struct cut cut;
	TABLE(label) labels;
	TABLE(cgroup) cgroups;
	TABLE(process) processes;
	TABLE(task) tasks;
	TABLE(object) objects;
	TABLE(fd) fds;
	TABLE(hold) holds;
	TABLE(watch) watches;
	TABLE(peek) peeks;
	TABLE(site) sites;
	TABLE(frame) frames;
	TABLE(stack) stacks;
	TABLE(gap) gaps;
	struct pool *pool;        /**< All text. */
	struct seek *seek;        /**< pid, tid and key to row while filling; never saved. */
};

/** 0 or -ENOMEM.  The caller owns it and ends it with snapshot_deinit(). */
int snapshot_init(struct snapshot *snapshot);
void snapshot_deinit(struct snapshot *snapshot);

/**
 * Find the row of that identity, or add it unseen.  *ret stays valid for ever, the
 * row's address only until the next add.  0, or -ENOMEM, or -E2BIG at a bound
 * (bounds.h), counted in snapshot->cut; the caller goes on without the row.  What
 * belongs to a row that was cut (its owner is NO_ROW) is cut likewise: a task always
 * has its process, an fd its process and object, a hold both, a watch its set.
 * All kinds of sockets are one kind here: OBJECT_SOCKET finds the row that became
 * OBJECT_TCP meanwhile, and the other way round.
 */
int snapshot_add_cgroup(struct snapshot *snapshot, struct text membership, struct cgroup_ix *ret);
int snapshot_add_process(struct snapshot *snapshot, pid_t pid, int64_t start_ticks, struct process_ix *ret);
int snapshot_add_task(struct snapshot *snapshot, struct process_ix process, pid_t tid, int64_t start_ticks,
		      struct task_ix *ret);
int snapshot_add_object(struct snapshot *snapshot, enum object_kind kind, struct object_key key,
			struct object_ix *ret);
/** Identity of an fd is process, number and object: a number reused for something else is a new row.  looks are OR-ed. */
int snapshot_add_fd(struct snapshot *snapshot, const struct fd *fd, struct fd_ix *ret);
/** Identity: object, process, task, role.  looks are OR-ed. */
int snapshot_add_hold(struct snapshot *snapshot, const struct hold *hold);
/** Identity: set, number, object, events.  looks are OR-ed. */
int snapshot_add_watch(struct snapshot *snapshot, const struct watch *watch);
/** Always a new row. */
int snapshot_add_peek(struct snapshot *snapshot, const struct peek *peek);
int snapshot_add_label(struct snapshot *snapshot, struct text name, struct text value);
/** Identity: kind, module, offset, function, file, line: what is the same to a reader. */
int snapshot_add_site(struct snapshot *snapshot, const struct site *site, struct site_ix *ret);
/** Identity: caller, site, basis. */
int snapshot_add_frame(struct snapshot *snapshot, const struct frame *frame, struct frame_ix *ret);
/** Always a new row.  Sites, frames and stacks that were cut count in cut.stacks. */
int snapshot_add_stack(struct snapshot *snapshot, const struct stack *stack);

/** The row of that identity; at == NO_ROW when there is none.  The youngest of that pid, whatever its start. */
struct process_ix snapshot_find_process(const struct snapshot *snapshot, pid_t pid);
struct task_ix snapshot_find_task(const struct snapshot *snapshot, pid_t tid);
struct object_ix snapshot_find_object(const struct snapshot *snapshot, enum object_kind kind, struct object_key key);

/** Put bytes in the pool.  0, -ENOMEM or -E2BIG; on failure *ret is TEXT_UNSEEN. */
int snapshot_text(struct snapshot *snapshot, const void *bytes, size_t length, struct text *ret);
/** The bytes of a text, NUL-terminated; "" when unseen.  Valid until the next snapshot_text(). */
const char *snapshot_bytes(const struct snapshot *snapshot, struct text text);

/** A gap with every row NO_ROW and detail unseen: fill in what is known. */
struct gap gap_blank(unsigned probe, int sight, enum look look, int error);
/**
 * File a gap and mark the fact: *sight = gap->sight; sight may be NULL.  0 or -ENOMEM.
 * Past BOUND_GAPS only counted in cut.gaps; each reason (probe, sight, error, detail)
 * is filed at least once.
 */
int snapshot_miss(struct snapshot *snapshot, uint8_t *sight, const struct gap *gap);

static inline bool text_seen(struct text text)
{
	return text.at != NO_ROW;
}
static inline struct cgroup *cgroup_at(const struct snapshot *s, struct cgroup_ix ix)
{
	return &s->cgroups.row[ix.at];
}
static inline struct process *process_at(const struct snapshot *s, struct process_ix ix)
{
	return &s->processes.row[ix.at];
}
static inline struct task *task_at(const struct snapshot *s, struct task_ix ix)
{
	return &s->tasks.row[ix.at];
}
static inline struct object *object_at(const struct snapshot *s, struct object_ix ix)
{
	return &s->objects.row[ix.at];
}
static inline struct site *site_at(const struct snapshot *s, struct site_ix ix)
{
	return &s->sites.row[ix.at];
}
static inline struct frame *frame_at(const struct snapshot *s, struct frame_ix ix)
{
	return &s->frames.row[ix.at];
}
static inline struct fd *fd_at(const struct snapshot *s, struct fd_ix ix)
{
	return &s->fds.row[ix.at];
}

#endif
