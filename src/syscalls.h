/* SPDX-License-Identifier: MIT */
/*
 * Every system call of the 64-bit kernels up to Linux 6.19, for both architectures.
 * Checked in, because a snapshot is judged anywhere and distributions' headers lack the
 * newest calls.  A new call is one row here; from 424 on both architectures share a number.
 *
 * BOTH(name, x86_64, aarch64, arguments), X86_64(name, number, arguments): one letter an
 * argument, see argument_letters[] in syscalls.c.  In the order of the x86_64 numbers.
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <stdint.h>

#include "decode.h"

#define SYSCALLS(BOTH, X86_64) \
	BOTH(read, 0, 63, "fpz") \
	BOTH(write, 1, 64, "fpz") \
	X86_64(open, 2, "pxx") \
	BOTH(close, 3, 57, "f") \
	X86_64(stat, 4, "pp") \
	BOTH(fstat, 5, 80, "fp") \
	X86_64(lstat, 6, "pp") \
	X86_64(poll, 7, "pum") \
	BOTH(lseek, 8, 62, "fod") \
	BOTH(mmap, 9, 222, "pzxxfo") \
	BOTH(mprotect, 10, 226, "pzx") \
	BOTH(munmap, 11, 215, "pz") \
	BOTH(brk, 12, 214, "p") \
	BOTH(rt_sigaction, 13, 134, "sppz") \
	BOTH(rt_sigprocmask, 14, 135, "dppz") \
	BOTH(rt_sigreturn, 15, 139, "") \
	BOTH(ioctl, 16, 29, "fxp") \
	BOTH(pread64, 17, 67, "fpzo") \
	BOTH(pwrite64, 18, 68, "fpzo") \
	BOTH(readv, 19, 65, "fpu") \
	BOTH(writev, 20, 66, "fpu") \
	X86_64(access, 21, "px") \
	X86_64(pipe, 22, "p") \
	X86_64(select, 23, "dpppp") \
	BOTH(sched_yield, 24, 124, "") \
	BOTH(mremap, 25, 216, "pzzxp") \
	BOTH(msync, 26, 227, "pzx") \
	BOTH(mincore, 27, 232, "pzp") \
	BOTH(madvise, 28, 233, "pzd") \
	BOTH(shmget, 29, 194, "xzx") \
	BOTH(shmat, 30, 196, "dpx") \
	BOTH(shmctl, 31, 195, "ddp") \
	BOTH(dup, 32, 23, "f") \
	X86_64(dup2, 33, "fd") \
	X86_64(pause, 34, "") \
	BOTH(nanosleep, 35, 101, "pp") \
	BOTH(getitimer, 36, 102, "dp") \
	X86_64(alarm, 37, "u") \
	BOTH(setitimer, 38, 103, "dpp") \
	BOTH(getpid, 39, 172, "") \
	BOTH(sendfile, 40, 71, "ffpz") \
	BOTH(socket, 41, 198, "ddd") \
	BOTH(connect, 42, 203, "fpu") \
	BOTH(accept, 43, 202, "fpp") \
	BOTH(sendto, 44, 206, "fpzxpu") \
	BOTH(recvfrom, 45, 207, "fpzxpp") \
	BOTH(sendmsg, 46, 211, "fpx") \
	BOTH(recvmsg, 47, 212, "fpx") \
	BOTH(shutdown, 48, 210, "fd") \
	BOTH(bind, 49, 200, "fpu") \
	BOTH(listen, 50, 201, "fd") \
	BOTH(getsockname, 51, 204, "fpp") \
	BOTH(getpeername, 52, 205, "fpp") \
	BOTH(socketpair, 53, 199, "dddp") \
	BOTH(setsockopt, 54, 208, "fddpu") \
	BOTH(getsockopt, 55, 209, "fddpp") \
	BOTH(clone, 56, 220, "xpppp") \
	X86_64(fork, 57, "") \
	X86_64(vfork, 58, "") \
	BOTH(execve, 59, 221, "ppp") \
	BOTH(exit, 60, 93, "d") \
	BOTH(wait4, 61, 260, "ipxp") \
	BOTH(kill, 62, 129, "is") \
	BOTH(uname, 63, 160, "p") \
	BOTH(semget, 64, 190, "xdx") \
	BOTH(semop, 65, 193, "dpz") \
	BOTH(semctl, 66, 191, "dddp") \
	BOTH(shmdt, 67, 197, "p") \
	BOTH(msgget, 68, 186, "xx") \
	BOTH(msgsnd, 69, 189, "dpzx") \
	BOTH(msgrcv, 70, 188, "dpzdx") \
	BOTH(msgctl, 71, 187, "ddp") \
	BOTH(fcntl, 72, 25, "fdp") \
	BOTH(flock, 73, 32, "fx") \
	BOTH(fsync, 74, 82, "f") \
	BOTH(fdatasync, 75, 83, "f") \
	BOTH(truncate, 76, 45, "po") \
	BOTH(ftruncate, 77, 46, "fo") \
	X86_64(getdents, 78, "fpz") \
	BOTH(getcwd, 79, 17, "pz") \
	BOTH(chdir, 80, 49, "p") \
	BOTH(fchdir, 81, 50, "f") \
	X86_64(rename, 82, "pp") \
	X86_64(mkdir, 83, "px") \
	X86_64(rmdir, 84, "p") \
	X86_64(creat, 85, "px") \
	X86_64(link, 86, "pp") \
	X86_64(unlink, 87, "p") \
	X86_64(symlink, 88, "pp") \
	X86_64(readlink, 89, "ppz") \
	X86_64(chmod, 90, "px") \
	BOTH(fchmod, 91, 52, "fx") \
	X86_64(chown, 92, "puu") \
	BOTH(fchown, 93, 55, "fuu") \
	X86_64(lchown, 94, "puu") \
	BOTH(umask, 95, 166, "x") \
	BOTH(gettimeofday, 96, 169, "pp") \
	BOTH(getrlimit, 97, 163, "up") \
	BOTH(getrusage, 98, 165, "dp") \
	BOTH(sysinfo, 99, 179, "p") \
	BOTH(times, 100, 153, "p") \
	BOTH(ptrace, 101, 117, "dipp") \
	BOTH(getuid, 102, 174, "") \
	BOTH(syslog, 103, 116, "dpd") \
	BOTH(getgid, 104, 176, "") \
	BOTH(setuid, 105, 146, "u") \
	BOTH(setgid, 106, 144, "u") \
	BOTH(geteuid, 107, 175, "") \
	BOTH(getegid, 108, 177, "") \
	BOTH(setpgid, 109, 154, "ii") \
	BOTH(getppid, 110, 173, "") \
	X86_64(getpgrp, 111, "") \
	BOTH(setsid, 112, 157, "") \
	BOTH(setreuid, 113, 145, "uu") \
	BOTH(setregid, 114, 143, "uu") \
	BOTH(getgroups, 115, 158, "dp") \
	BOTH(setgroups, 116, 159, "dp") \
	BOTH(setresuid, 117, 147, "uuu") \
	BOTH(getresuid, 118, 148, "ppp") \
	BOTH(setresgid, 119, 149, "uuu") \
	BOTH(getresgid, 120, 150, "ppp") \
	BOTH(getpgid, 121, 155, "i") \
	BOTH(setfsuid, 122, 151, "u") \
	BOTH(setfsgid, 123, 152, "u") \
	BOTH(getsid, 124, 156, "i") \
	BOTH(capget, 125, 90, "pp") \
	BOTH(capset, 126, 91, "pp") \
	BOTH(rt_sigpending, 127, 136, "pz") \
	BOTH(rt_sigtimedwait, 128, 137, "pppz") \
	BOTH(rt_sigqueueinfo, 129, 138, "isp") \
	BOTH(rt_sigsuspend, 130, 133, "pz") \
	BOTH(sigaltstack, 131, 132, "pp") \
	X86_64(utime, 132, "pp") \
	X86_64(mknod, 133, "pxx") \
	X86_64(uselib, 134, "p") \
	BOTH(personality, 135, 92, "x") \
	X86_64(ustat, 136, "up") \
	BOTH(statfs, 137, 43, "pp") \
	BOTH(fstatfs, 138, 44, "fp") \
	X86_64(sysfs, 139, "dpp") \
	BOTH(getpriority, 140, 141, "dd") \
	BOTH(setpriority, 141, 140, "ddd") \
	BOTH(sched_setparam, 142, 118, "ip") \
	BOTH(sched_getparam, 143, 121, "ip") \
	BOTH(sched_setscheduler, 144, 119, "idp") \
	BOTH(sched_getscheduler, 145, 120, "i") \
	BOTH(sched_get_priority_max, 146, 125, "d") \
	BOTH(sched_get_priority_min, 147, 126, "d") \
	BOTH(sched_rr_get_interval, 148, 127, "ip") \
	BOTH(mlock, 149, 228, "pz") \
	BOTH(munlock, 150, 229, "pz") \
	BOTH(mlockall, 151, 230, "x") \
	BOTH(munlockall, 152, 231, "") \
	BOTH(vhangup, 153, 58, "") \
	X86_64(modify_ldt, 154, "dpz") \
	BOTH(pivot_root, 155, 41, "pp") \
	X86_64(_sysctl, 156, "p") \
	BOTH(prctl, 157, 167, "dpppp") \
	X86_64(arch_prctl, 158, "dp") \
	BOTH(adjtimex, 159, 171, "p") \
	BOTH(setrlimit, 160, 164, "up") \
	BOTH(chroot, 161, 51, "p") \
	BOTH(sync, 162, 81, "") \
	BOTH(acct, 163, 89, "p") \
	BOTH(settimeofday, 164, 170, "pp") \
	BOTH(mount, 165, 40, "pppxp") \
	BOTH(umount2, 166, 39, "px") \
	BOTH(swapon, 167, 224, "px") \
	BOTH(swapoff, 168, 225, "p") \
	BOTH(reboot, 169, 142, "xxxp") \
	BOTH(sethostname, 170, 161, "pz") \
	BOTH(setdomainname, 171, 162, "pz") \
	X86_64(iopl, 172, "u") \
	X86_64(ioperm, 173, "uud") \
	X86_64(create_module, 174, "pz") \
	BOTH(init_module, 175, 105, "pzp") \
	BOTH(delete_module, 176, 106, "px") \
	X86_64(get_kernel_syms, 177, "p") \
	X86_64(query_module, 178, "pdpzp") \
	BOTH(quotactl, 179, 60, "xpup") \
	BOTH(nfsservctl, 180, 42, "dpp") \
	X86_64(getpmsg, 181, "") \
	X86_64(putpmsg, 182, "") \
	X86_64(afs_syscall, 183, "") \
	X86_64(tuxcall, 184, "") \
	X86_64(security, 185, "") \
	BOTH(gettid, 186, 178, "") \
	BOTH(readahead, 187, 213, "foz") \
	BOTH(setxattr, 188, 5, "pppzx") \
	BOTH(lsetxattr, 189, 6, "pppzx") \
	BOTH(fsetxattr, 190, 7, "fppzx") \
	BOTH(getxattr, 191, 8, "pppz") \
	BOTH(lgetxattr, 192, 9, "pppz") \
	BOTH(fgetxattr, 193, 10, "fppz") \
	BOTH(listxattr, 194, 11, "ppz") \
	BOTH(llistxattr, 195, 12, "ppz") \
	BOTH(flistxattr, 196, 13, "fpz") \
	BOTH(removexattr, 197, 14, "pp") \
	BOTH(lremovexattr, 198, 15, "pp") \
	BOTH(fremovexattr, 199, 16, "fp") \
	BOTH(tkill, 200, 130, "is") \
	X86_64(time, 201, "p") \
	BOTH(futex, 202, 98, "pFuppu") \
	BOTH(sched_setaffinity, 203, 122, "izp") \
	BOTH(sched_getaffinity, 204, 123, "izp") \
	X86_64(set_thread_area, 205, "p") \
	BOTH(io_setup, 206, 0, "up") \
	BOTH(io_destroy, 207, 1, "p") \
	BOTH(io_getevents, 208, 4, "pddpp") \
	BOTH(io_submit, 209, 2, "pdp") \
	BOTH(io_cancel, 210, 3, "ppp") \
	X86_64(get_thread_area, 211, "p") \
	BOTH(lookup_dcookie, 212, 18, "upz") \
	X86_64(epoll_create, 213, "d") \
	X86_64(epoll_ctl_old, 214, "") \
	X86_64(epoll_wait_old, 215, "") \
	BOTH(remap_file_pages, 216, 234, "pzxzx") \
	BOTH(getdents64, 217, 61, "fpz") \
	BOTH(set_tid_address, 218, 96, "p") \
	BOTH(restart_syscall, 219, 128, "") \
	BOTH(semtimedop, 220, 192, "dpzp") \
	BOTH(fadvise64, 221, 223, "fozd") \
	BOTH(timer_create, 222, 107, "dpp") \
	BOTH(timer_settime, 223, 110, "dxpp") \
	BOTH(timer_gettime, 224, 108, "dp") \
	BOTH(timer_getoverrun, 225, 109, "d") \
	BOTH(timer_delete, 226, 111, "d") \
	BOTH(clock_settime, 227, 112, "dp") \
	BOTH(clock_gettime, 228, 113, "dp") \
	BOTH(clock_getres, 229, 114, "dp") \
	BOTH(clock_nanosleep, 230, 115, "dxpp") \
	BOTH(exit_group, 231, 94, "d") \
	X86_64(epoll_wait, 232, "fpdm") \
	BOTH(epoll_ctl, 233, 21, "fdfp") \
	BOTH(tgkill, 234, 131, "iis") \
	X86_64(utimes, 235, "pp") \
	X86_64(vserver, 236, "") \
	BOTH(mbind, 237, 235, "pzdpux") \
	BOTH(set_mempolicy, 238, 237, "dpu") \
	BOTH(get_mempolicy, 239, 236, "ppupx") \
	BOTH(mq_open, 240, 180, "pxxp") \
	BOTH(mq_unlink, 241, 181, "p") \
	BOTH(mq_timedsend, 242, 182, "fpzup") \
	BOTH(mq_timedreceive, 243, 183, "fpzpp") \
	BOTH(mq_notify, 244, 184, "fp") \
	BOTH(mq_getsetattr, 245, 185, "fpp") \
	BOTH(kexec_load, 246, 104, "pupx") \
	BOTH(waitid, 247, 95, "dipxp") \
	BOTH(add_key, 248, 217, "pppzd") \
	BOTH(request_key, 249, 218, "pppd") \
	BOTH(keyctl, 250, 219, "dpppp") \
	BOTH(ioprio_set, 251, 30, "ddd") \
	BOTH(ioprio_get, 252, 31, "dd") \
	X86_64(inotify_init, 253, "") \
	BOTH(inotify_add_watch, 254, 27, "fpx") \
	BOTH(inotify_rm_watch, 255, 28, "fd") \
	BOTH(migrate_pages, 256, 238, "iupp") \
	BOTH(openat, 257, 56, "fpxx") \
	BOTH(mkdirat, 258, 34, "fpx") \
	BOTH(mknodat, 259, 33, "fpxx") \
	BOTH(fchownat, 260, 54, "fpuux") \
	X86_64(futimesat, 261, "fpp") \
	BOTH(newfstatat, 262, 79, "fppx") \
	BOTH(unlinkat, 263, 35, "fpx") \
	BOTH(renameat, 264, 38, "fpfp") \
	BOTH(linkat, 265, 37, "fpfpx") \
	BOTH(symlinkat, 266, 36, "pfp") \
	BOTH(readlinkat, 267, 78, "fppz") \
	BOTH(fchmodat, 268, 53, "fpx") \
	BOTH(faccessat, 269, 48, "fpx") \
	BOTH(pselect6, 270, 72, "dppppp") \
	BOTH(ppoll, 271, 73, "puppz") \
	BOTH(unshare, 272, 97, "x") \
	BOTH(set_robust_list, 273, 99, "pz") \
	BOTH(get_robust_list, 274, 100, "ipp") \
	BOTH(splice, 275, 76, "fpfpzx") \
	BOTH(tee, 276, 77, "ffzx") \
	BOTH(sync_file_range, 277, 84, "foox") \
	BOTH(vmsplice, 278, 75, "fpux") \
	BOTH(move_pages, 279, 239, "iupppx") \
	BOTH(utimensat, 280, 88, "fppx") \
	BOTH(epoll_pwait, 281, 22, "fpdmpz") \
	X86_64(signalfd, 282, "fpz") \
	BOTH(timerfd_create, 283, 85, "dx") \
	X86_64(eventfd, 284, "u") \
	BOTH(fallocate, 285, 47, "fxoo") \
	BOTH(timerfd_settime, 286, 86, "fxpp") \
	BOTH(timerfd_gettime, 287, 87, "fp") \
	BOTH(accept4, 288, 242, "fppx") \
	BOTH(signalfd4, 289, 74, "fpzx") \
	BOTH(eventfd2, 290, 19, "ux") \
	BOTH(epoll_create1, 291, 20, "x") \
	BOTH(dup3, 292, 24, "fdx") \
	BOTH(pipe2, 293, 59, "px") \
	BOTH(inotify_init1, 294, 26, "x") \
	BOTH(preadv, 295, 69, "fpuo") \
	BOTH(pwritev, 296, 70, "fpuo") \
	BOTH(rt_tgsigqueueinfo, 297, 240, "iisp") \
	BOTH(perf_event_open, 298, 241, "pidfx") \
	BOTH(recvmmsg, 299, 243, "fpuxp") \
	BOTH(fanotify_init, 300, 262, "xx") \
	BOTH(fanotify_mark, 301, 263, "fxxfp") \
	BOTH(prlimit64, 302, 261, "iupp") \
	BOTH(name_to_handle_at, 303, 264, "fpppx") \
	BOTH(open_by_handle_at, 304, 265, "fpx") \
	BOTH(clock_adjtime, 305, 266, "dp") \
	BOTH(syncfs, 306, 267, "f") \
	BOTH(sendmmsg, 307, 269, "fpux") \
	BOTH(setns, 308, 268, "fx") \
	BOTH(getcpu, 309, 168, "ppp") \
	BOTH(process_vm_readv, 310, 270, "ipupux") \
	BOTH(process_vm_writev, 311, 271, "ipupux") \
	BOTH(kcmp, 312, 272, "iiduu") \
	BOTH(finit_module, 313, 273, "fpx") \
	BOTH(sched_setattr, 314, 274, "ipx") \
	BOTH(sched_getattr, 315, 275, "ipux") \
	BOTH(renameat2, 316, 276, "fpfpx") \
	BOTH(seccomp, 317, 277, "uxp") \
	BOTH(getrandom, 318, 278, "pzx") \
	BOTH(memfd_create, 319, 279, "px") \
	BOTH(kexec_file_load, 320, 294, "ffzpx") \
	BOTH(bpf, 321, 280, "dpu") \
	BOTH(execveat, 322, 281, "fpppx") \
	BOTH(userfaultfd, 323, 282, "x") \
	BOTH(membarrier, 324, 283, "dxd") \
	BOTH(mlock2, 325, 284, "pzx") \
	BOTH(copy_file_range, 326, 285, "fpfpzx") \
	BOTH(preadv2, 327, 286, "fpuoox") \
	BOTH(pwritev2, 328, 287, "fpuoox") \
	BOTH(pkey_mprotect, 329, 288, "pzxd") \
	BOTH(pkey_alloc, 330, 289, "xx") \
	BOTH(pkey_free, 331, 290, "d") \
	BOTH(statx, 332, 291, "fpxxp") \
	BOTH(io_pgetevents, 333, 292, "pddppp") \
	BOTH(rseq, 334, 293, "puxx") \
	X86_64(uretprobe, 335, "") \
	X86_64(uprobe, 336, "") \
	BOTH(pidfd_send_signal, 424, 424, "fspx") \
	BOTH(io_uring_setup, 425, 425, "up") \
	BOTH(io_uring_enter, 426, 426, "fuuxpz") \
	BOTH(io_uring_register, 427, 427, "fupu") \
	BOTH(open_tree, 428, 428, "fpx") \
	BOTH(move_mount, 429, 429, "fpfpx") \
	BOTH(fsopen, 430, 430, "px") \
	BOTH(fsconfig, 431, 431, "fuppd") \
	BOTH(fsmount, 432, 432, "fxx") \
	BOTH(fspick, 433, 433, "fpx") \
	BOTH(pidfd_open, 434, 434, "ix") \
	BOTH(clone3, 435, 435, "pz") \
	BOTH(close_range, 436, 436, "uux") \
	BOTH(openat2, 437, 437, "fppz") \
	BOTH(pidfd_getfd, 438, 438, "fdx") \
	BOTH(faccessat2, 439, 439, "fpxx") \
	BOTH(process_madvise, 440, 440, "fpudx") \
	BOTH(epoll_pwait2, 441, 441, "fpdppz") \
	BOTH(mount_setattr, 442, 442, "fpxpz") \
	BOTH(quotactl_fd, 443, 443, "fxup") \
	BOTH(landlock_create_ruleset, 444, 444, "pzx") \
	BOTH(landlock_add_rule, 445, 445, "fdpx") \
	BOTH(landlock_restrict_self, 446, 446, "fx") \
	BOTH(memfd_secret, 447, 447, "x") \
	BOTH(process_mrelease, 448, 448, "fx") \
	BOTH(futex_waitv, 449, 449, "puxpd") \
	BOTH(set_mempolicy_home_node, 450, 450, "pzux") \
	BOTH(cachestat, 451, 451, "fppx") \
	BOTH(fchmodat2, 452, 452, "fpxx") \
	BOTH(map_shadow_stack, 453, 453, "pzx") \
	BOTH(futex_wake, 454, 454, "pxdx") \
	BOTH(futex_wait, 455, 455, "puxxpd") \
	BOTH(futex_requeue, 456, 456, "pxdd") \
	BOTH(statmount, 457, 457, "ppzx") \
	BOTH(listmount, 458, 458, "ppzx") \
	BOTH(lsm_get_self_attr, 459, 459, "uppx") \
	BOTH(lsm_set_self_attr, 460, 460, "upux") \
	BOTH(lsm_list_modules, 461, 461, "ppx") \
	BOTH(mseal, 462, 462, "pzx") \
	BOTH(setxattrat, 463, 463, "fpxppz") \
	BOTH(getxattrat, 464, 464, "fpxppz") \
	BOTH(listxattrat, 465, 465, "fpxpz") \
	BOTH(removexattrat, 466, 466, "fpxp") \
	BOTH(open_tree_attr, 467, 467, "fpxpz") \
	BOTH(file_getattr, 468, 468, "fppzx") \
	BOTH(file_setattr, 469, 469, "fppzx") \
	BOTH(listns, 470, 470, "ppzx")

/** A call whatever its number: SYSCALL_read, ... */
enum syscall_id {
#define SYSCALL_BOTH(name, x86_64, aarch64, arguments) SYSCALL_##name,
#define SYSCALL_X86_64(name, number, arguments) SYSCALL_##name,
	SYSCALLS(SYSCALL_BOTH, SYSCALL_X86_64)
#undef SYSCALL_BOTH
#undef SYSCALL_X86_64
	SYSCALL_IDS,
	SYSCALL_NONE = SYSCALL_IDS, /**< Not in the table, not a call, x32, another architecture. */
};

struct syscall_row { const char *name, *arguments; };
extern const struct syscall_row syscall_rows[SYSCALL_IDS];

enum syscall_id syscall_find(enum arch arch, int32_t number);

#endif
