/* SPDX-License-Identifier: MIT */
/*
 * Healthy: two threads hand a lock to and fro, and both mostly sleep on it.
 * Counts the hand-overs into $ZOO_DIR/turns, so that the zoo can see the work.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;
static int turns_fd;

static void *player(void *which)
{
	int mine = *(int *)which;

	for (;;) {
		pthread_mutex_lock(&lock);
		while (turn != mine)
			pthread_cond_wait(&changed, &lock);
		usleep(2000);
		if (write(turns_fd, ".", 1) != 1)
			exit(1);
		turn = !mine;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int main(void)
{
	static int numbers[2] = { 0, 1 };
	const char *place = getenv("ZOO_DIR");
	char path[4096];
	pthread_t other;

	snprintf(path, sizeof(path), "%s/turns", place ? place : ".");
	turns_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (turns_fd < 0 || pthread_create(&other, NULL, player, &numbers[1]))
		return 1;
	player(&numbers[0]);
	return 0;
}
