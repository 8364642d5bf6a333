/* SPDX-License-Identifier: MIT */
/* crowd COUNT: threads asleep in seven ways, at depths of 1 to 9; each is named after what its chain is. */
#include <semaphore.h>
#include <sys/eventfd.h>

#include "place.h"

static pthread_mutex_t taken = PTHREAD_MUTEX_INITIALIZER, lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t empty;
static int counter;

FRAME int w0_mutex(void)
{
	int ret = pthread_mutex_lock(&taken);

	STAY(ret);
	return ret;
}

FRAME int w1_cond(void)
{
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&never, &lock);
	return 0;
}

FRAME int w2_read(void)
{
	char byte;

	for (;;)
		STAY(read(nothing[0], &byte, 1));
	return 0;
}

FRAME int w3_semaphore(void)
{
	for (;;)
		STAY(sem_wait(&empty));
	return 0;
}

FRAME int w4_sleep(void)
{
	for (;;)
		STAY(sleep(1000));
	return 0;
}

FRAME int w5_poll(void)
{
	struct pollfd one = { .fd = counter, .events = POLLIN };

	for (;;)
		STAY(poll(&one, 1, -1));
	return 0;
}

FRAME int w6_barrier(void)
{
	int ret = pthread_barrier_wait(&barrier);

	STAY(ret);
	return ret;
}

static int (*const ways[])(void) = { w0_mutex, w1_cond, w2_read, w3_semaphore, w4_sleep, w5_poll, w6_barrier };
enum { WAYS = sizeof(ways) / sizeof(*ways), DEPTHS = 9 };

FRAME int step(int depth, int which)
{
	int ret = depth > 1 ? step(depth - 1, which) : ways[which]();

	STAY(depth);
	return ret + 1;
}

FRAME void *thread_main(void *number)
{
	long n = (long)number;
	int which = (int)(n % WAYS), depth = (int)(n / WAYS % DEPTHS) + 1;
	char name[16];

	snprintf(name, sizeof(name), "%d.%d", which, depth);
	prctl(PR_SET_NAME, name);
	STAY(step(depth, which));
	return NULL;
}

int main(int argc, char **argv)
{
	long i, count = argc > 1 ? atol(argv[1]) : 10;
	pthread_attr_t attributes;
	pthread_t thread;

	place_begin(NULL);
	counter = eventfd(0, 0);
	sem_init(&empty, 0, 0);
	pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
	pthread_mutex_lock(&taken);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, thread_main, (void *)i))
			err(77, "thread %ld", i);
	say_ready(0);
	return park();
}
