/* SPDX-License-Identifier: MIT */
/*
 * Copying a stack: what pagemap says is there, from the stack pointer to where the stack, the
 * resident pages or our bounds end, with one process_vm_readv(2).
 */
#ifndef STACKCOPY_H
#define STACKCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stack_source {
	int proc_fd;
	int pagemap;              /**< -1 closed. */
	pid_t pid;                /**< Whose it is. */
};

struct stack_wish {
	uint64_t pointer;         /**< The stack pointer. */
	size_t most;              /**< Bytes. */
	bool held;                /**< The task is: do not wait for swapped pages. */
};

struct stack_copy {
	uint64_t at;              /**< Address of the first byte. */
	size_t length;
	bool cut;                 /**< It ends for want of .most. */
};

/** What a page in the midst of a copy holds that was not there: no address. */
enum { STACK_HOLE = 0xee };

/** Be ready to copy of this process without further ado.  0, a sight with *error, or -errno. */
int stack_source_open(struct stack_source *source, pid_t pid, pid_t tid, int *error);
void stack_source_close(struct stack_source *source);
/** to has room for .most.  No bytes are no error.  0, a sight with *error, or -errno. */
int stack_copy(struct stack_source *source, pid_t pid, pid_t tid, const struct stack_wish *wish, uint8_t *to,
	       struct stack_copy *ret, int *error);

#endif
