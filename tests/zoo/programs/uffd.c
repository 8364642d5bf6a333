/* SPDX-License-Identifier: MIT */
/*
 * Asleep in write(2) to a TCP socket on a page of a userfaultfd that nobody serves:
 * it holds the socket's lock, so whoever takes that lock sleeps too, unkillable
 * while this process lives.  The meanest thing there is to look at.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	socklen_t length = sizeof(address);
	int listener, end, other, uffd;
	void *page;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(end, (struct sockaddr *)&address, length))
		err(1, "socket");
	other = accept(listener, NULL, NULL);
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (other < 0 || uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		err(1, "userfaultfd");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	if (page == MAP_FAILED || ioctl(uffd, UFFDIO_REGISTER, &range))
		err(1, "register");
	return write(end, page, 4096) < 0;
}
