/* SPDX-License-Identifier: MIT */
/*
 * Every limit of the toolkit, in one place.  Whatever a bound cuts off is filed as a
 * SIGHT_CUT gap or in report.truncated; nothing is dropped in silence.
 */
#ifndef BOUNDS_H
#define BOUNDS_H

enum {
	BOUND_PROCESSES     = 32768,     /**< Rows of processes in a snapshot. */
	BOUND_TASKS         = 131072,    /**< Rows of tasks. */
	BOUND_FDS           = 1048576,   /**< Rows of fds. */
	BOUND_FDS_EACH      = 65536,     /**< fds listed of one process. */
	BOUND_PIPES         = 16384,     /**< Pipes asked how full they are, at one look. */
	BOUND_OBJECTS       = 1048576,   /**< Rows of objects. */
	BOUND_HOLDS         = 262144,    /**< Rows of holds. */
	BOUND_WATCHES       = 262144,    /**< Rows of watches. */
	BOUND_PEEKS         = 262144,    /**< Rows of peeks. */
	BOUND_FRAMES        = 1048576,   /**< Rows of frames, and of sites. */
	BOUND_STACKS        = 1048576,   /**< Rows of stacks: samples of tasks. */
	BOUND_STACK_NODES   = 1048576,   /**< Functions, each as it was called, in a tree of stacks. */
	BOUND_DRAWN         = 50000,     /**< Boxes of a flame graph. */
	BOUND_STACK_FRAMES  = 512,       /**< Frames of one stack. */
	BOUND_KERNEL_FRAMES = 64,        /**< Kernel frames of one stack: the kernel shows no more. */
	BOUND_SITE_TEXT     = 1024,      /**< Bytes of the name of a function, a file. */
	BOUND_SPACES        = 256,       /**< Processes whose maps are kept from one sample to the next. */
	BOUND_STACK_DEPTH   = 1024,      /**< The same with inlined and kernel frames on top: chains of a saved file are followed so far. */
	BOUND_STACK_MS      = 250,       /**< Deadline of one stack. */
	BOUND_STACK_BYTES   = 1 << 20,   /**< Bytes copied of one stack. */
	BOUND_STACK_STEP    = 64 << 10,  /**< Of these at first: more than most stacks have. */
	BOUND_UNSTOPPED_TRIES = 3,       /**< At a stack beside a task that keeps waking. */
	BOUND_SETTLE_MS     = 2,         /**< Watching a running task: does it sleep now and then? */
	BOUND_BURST_MS      = 50,        /**< It does not, if it ran for so long at a time so far. */
	BOUND_PATIENT_MS    = 20,        /**< For catching asleep one that does. */
	BOUND_HOLD_MS       = 30,        /**< For a task to stop when it is asked to. */
	BOUND_HOLD_POLL_US  = 200,       /**< Of these awake, so that it is let go at once. */
	BOUND_CLOSER        = 256,       /**< Tasks whose stacks are taken, unless all are asked for. */
	BOUND_COMPARED      = 5,         /**< Stacks of a burning task, at least: they are compared. */
	BOUND_REGIONS       = 262144,    /**< Lines of maps kept of one process. */
	BOUND_LIVE_READS    = 4096,      /**< Words of memory read live for one stack. */
	BOUND_ELF_SECTIONS  = 65536,     /**< Section headers of one file. */
	BOUND_VDSO          = 64 << 10,  /**< Bytes of a [vdso] copied out of a process. */
	BOUND_FILE_PATH     = 4352,      /**< Bytes of a path to a mapped file, with what stands before it. */
	BOUND_BUILD_ID      = 64,        /**< Bytes of a build-id. */
	BOUND_UNPACKED      = 64 << 20,  /**< Bytes of a compressed part of a file, unpacked. */
	BOUND_CFI_PROGRAM   = 256 << 10, /**< Bytes of one program of call frame information. */
	BOUND_CFI_PLACES    = 2 << 20,   /**< Entries of a section that has no table of them. */
	BOUND_UNWIND_ROWS   = 65536,     /**< Places in code whose rows of unwind tables are remembered. */
	BOUND_UNWIND_IMAGES = 16 << 20,  /**< Bytes that these rows take. */
	BOUND_SCAN_BYTES    = 256 << 10, /**< Bytes of a stack searched for one return address. */
	BOUND_SCAN_TRIES    = 4096,      /**< Values tried for one register that is not known. */
	BOUND_SYMBOLS       = 4 << 20,   /**< Symbols looked at of one table. */
	BOUND_SYMBOL_STEPS  = 4096,      /**< Symbols compared for one place. */
	BOUND_MANGLED       = 4096,      /**< Bytes read of the name of a symbol. */
	BOUND_NAME          = 1024,      /**< Bytes of a name shown. */
	BOUND_DEBUG_CRC     = 256 << 20, /**< Bytes of a debug file without build-id, whose checksum is compared. */
	BOUND_LINES_MS      = 1000,      /**< For the debug information of one file. */
	BOUND_LINE_UNITS    = 262144,    /**< Units of one file without a table of addresses. */
	BOUND_LINE_EXTENTS  = 1 << 20,   /**< Ranges of addresses of these. */
	BOUND_LABELS        = 256,       /**< Rows of labels. */
	BOUND_GAPS          = 4096,      /**< Rows of gaps; cut.gaps says how many were cut. */
	BOUND_GAP_REASONS   = 256,       /**< Of these, kept for reasons of which no row is filed yet. */
	BOUND_POOL          = 256 << 20, /**< Bytes of interned text. */

	BOUND_ARGV          = 64 << 10,  /**< Bytes of a command line kept. */
	BOUND_PROC_FILE     = 4 << 20,   /**< Bytes read of one file of /proc, and of the kernel log. */
	BOUND_ENVIRON       = 1 << 20,   /**< Bytes read of an environment. */
	BOUND_MATCH         = 16 << 10,  /**< Bytes of a command line that --match looks at. */
	BOUND_LIST          = 131072,    /**< Names read of one directory of /proc. */
	BOUND_CGROUP_MOUNTS = 64,        /**< Hierarchies of control groups. */
	BOUND_DESCRIPTORS   = 65536,     /**< Our own soft limit is raised to this at most. */
	BOUND_SILENT        = 512,       /**< Tasks of which it is asked how long they are silent. */
	BOUND_SHARED_WAITERS = 1024,     /**< Tasks whose word of memory is looked up in maps. */
	BOUND_PAGES         = 256,       /**< Shared words whose sharers are looked for. */
	BOUND_MAPS          = 256,       /**< Processes whose maps are searched for them. */
	BOUND_CALIBRATE_MS  = 100,       /**< For comparing the clocks of all CPUs. */
	BOUND_PEEK          = 64 << 10,  /**< Bytes of one read of a target's memory. */
	BOUND_PATH          = 256,       /**< Bytes read of a path that is being opened. */
	BOUND_POLLFDS       = 8192,      /**< Entries of a pollfd array read: BOUND_PEEK / 8. */
	BOUND_EDGES         = 1048576,   /**< Edges of a graph; sets beyond it count as waiting for something outside. */
	BOUND_SET_EACH      = 256,       /**< Watches of an event set drawn for every waiter; of a longer one the rest wait for the first. */
	BOUND_CANDIDATES    = 64,        /**< Descriptors that a call which could not be read may be about. */
	BOUND_GROUP_EACH    = 256,       /**< Children or tracees of a waiter told apart; among more, any may wake it. */
	BOUND_SET_DEPTH     = 5,         /**< epoll in epoll in ...: EP_MAX_NESTS is 4. */

	BOUND_SOCKETS_KEPT  = 131072,    /**< Sockets of the machine remembered from one list, of a namespace. */
	BOUND_SOCKET_NAMES  = 512,       /**< Sockets whose protocol's name is asked for before lists are read, and after. */
	BOUND_SOCKET_SPACES = 16,        /**< Network namespaces looked into. */
	BOUND_SOCKET_INFO   = 1024,      /**< Sockets whose tcp_info is asked for, a look. */
	BOUND_SOCKET_STUCK  = 3,         /**< Of these, locked for ever: then no more is asked. */
	BOUND_FOLLOW_ROUNDS = 4,         /**< How often holders outside the tree are looked for. */
	BOUND_LEFT_ROUNDS   = 8,         /**< How often those who left the tree are joined by those who left them. */
	BOUND_FOLLOWED      = 256,       /**< Processes outside the tree that may join the report. */
	BOUND_HELPERS_LOST  = 32,        /**< Helpers abandoned before a run stops asking. */
	BOUND_WAKERS_EACH   = 256,       /**< Tasks behind one wait that the judge follows. */
	BOUND_SUSPECTS      = 256,       /**< Ends of chains that are tried. */
	BOUND_FINDINGS      = 32,        /**< Findings in a report. */
	BOUND_PATIENCE_MS   = 60000,     /**< A sleep this long with data unread is neglect, a shorter one may be a pace. */

	BOUND_PHRASE        = 2048,      /**< Bytes of one sentence of a report. */
	BOUND_SUMMARY       = 190 << 10, /**< Bytes of a Markdown summary: there is other text on the page, and above some size all is dropped. */
	BOUND_LOAD_LINE     = 64 << 20,  /**< Bytes of one line of a replayed file. */

	BOUND_STATE_FILE    = 4096,      /**< Bytes of the record of a run. */
	BOUND_STATE_FILES   = 4096,      /**< Records looked at in one directory. */

	BOUND_ASK_MS        = 250,       /**< Deadline of one question to a helper. */
	BOUND_NETLINK_MS    = 1000,      /**< Longest wait for the next reply of netlink. */
	BOUND_BUDGET_MS     = 8000,      /**< Everything but the window. */
	BOUND_PROGRESS_MS   = 500,       /**< After this long a terminal sees a progress line. */
};

#endif
