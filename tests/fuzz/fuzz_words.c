/* SPDX-License-Identifier: MIT */
/* Any word as a duration, an age, a signal, the id of a run: refused and nothing touched, or within bounds. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reap.h"
#include "run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), room[16];
	const int64_t century_ms = INT64_C(36500) * 86400000;
	int64_t ns = -1, ms = -1;
	int number = -1;

	if (!text)
		abort();
	if ((run_duration_parse(text, &ns) == 0) != (ns >= 0))
		abort();
	if ((reap_age_parse(text, &ms) == 0) != (ms >= 0) || ms > century_ms)
		abort();
	if ((run_signal_parse(text, &number) == 0) != (number >= 0) || number > SIGRTMAX)
		abort();
	if (number >= 0 && !*run_signal_name(number, room))
		abort();
	if (run_id_valid(text) && strlen(text) != RUN_ID - 1)
		abort();
	free(text);
	return 0;
}
