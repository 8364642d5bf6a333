/* SPDX-License-Identifier: MIT */
/* Finding one thing in a scene: by number, by identity, by relation. */
#include "scene.h"
#include "title.h"

struct fd_ix scene_fd(const struct scene *scene, struct process_ix process, int32_t number)
{
	const struct span *fds = &scene->process_fds[process.at];
	uint32_t low = 0, high = fds->count, middle;
	struct fd_ix fd = { NO_ROW };

	/* The last one of that number: the newest look's. */
	while (low < high) {
		middle = low + (high - low) / 2;
		fd.at = scene->fd_order[fds->first + middle];
		if (fd_at(scene->snapshot, fd)->number <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct fd_ix){ NO_ROW };
	fd.at = scene->fd_order[fds->first + low - 1];
	return fd_at(scene->snapshot, fd)->number == number ? fd : (struct fd_ix){ NO_ROW };
}

struct object_ix scene_fd_object(const struct scene *scene, struct process_ix process, int32_t number)
{
	struct fd_ix fd = scene_fd(scene, process, number);

	return fd.at == NO_ROW ? (struct object_ix){ NO_ROW } : fd_at(scene->snapshot, fd)->object;
}

struct task_ix scene_leader(const struct scene *scene, struct process_ix process)
{
	const struct span *tasks = &scene->process_tasks[process.at];

	return (struct task_ix){ tasks->count ? scene->task_order[tasks->first] : NO_ROW };
}

struct process_ix scene_parent(const struct scene *scene, struct process_ix process)
{
	return scene->process_parent[process.at];
}

struct process_ix scene_find_process(const struct scene *scene, int32_t pid)
{
	const struct process *row = scene->snapshot->processes.row;
	uint32_t low = 0, high = scene->snapshot->processes.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (row[scene->pid_order[middle]].pid <= pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || row[scene->pid_order[low - 1]].pid != pid)
		return (struct process_ix){ NO_ROW };
	return (struct process_ix){ scene->pid_order[low - 1] };
}

struct task_ix scene_find_task(const struct scene *scene, int32_t tid)
{
	const struct task *row = scene->snapshot->tasks.row;
	uint32_t low = 0, high = scene->snapshot->tasks.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (row[scene->tid_order[middle]].tid <= tid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || row[scene->tid_order[low - 1]].tid != tid)
		return (struct task_ix){ NO_ROW };
	return (struct task_ix){ scene->tid_order[low - 1] };
}

const struct peek *scene_peeks(const struct scene *scene, struct task_ix task, enum look look, uint32_t *ret_count)
{
	const struct span *peeks = &scene->task_peeks[look][task.at];

	*ret_count = peeks->count;
	return scene->peeks_sorted + peeks->first;
}

static bool process_gone(const struct scene *scene, const struct process *process)
{
	return process->at[scene->last].sight == SIGHT_GONE;
}

bool scene_fd_open(const struct scene *scene, const struct fd *fd)
{
	const struct process *process = process_at(scene->snapshot, fd->process);

	if (process_gone(scene, process))
		return false;
	if (fd->looks & 1 << scene->last)
		return true;
	/* Seen at T0 only: closed since, unless nobody could look again. */
	return process->at[scene->last].sight != SIGHT_OK || process->fds_sight != SIGHT_OK;
}

enum look task_last_look(const struct snapshot *snapshot, struct task_ix task)
{
	return task_at(snapshot, task)->at[LOOK_T1].stat_sight == SIGHT_OK ? LOOK_T1 : LOOK_T0;
}

bool task_dead(const struct scene *scene, struct task_ix task)
{
	const struct task *row = task_at(scene->snapshot, task);
	char state = row->at[task_last_look(scene->snapshot, task)].state;

	return row->at[scene->last].stat_sight == SIGHT_GONE || state == 'Z' || state == 'X' ||
	       process_gone(scene, process_at(scene->snapshot, row->process));
}

bool process_dead(const struct scene *scene, struct process_ix process)
{
	const struct span *tasks = &scene->process_tasks[process.at];
	uint32_t i;

	if (process_gone(scene, process_at(scene->snapshot, process)))
		return true;
	for (i = 0; i < tasks->count; i++)
		if (!task_dead(scene, (struct task_ix){ scene->task_order[tasks->first + i] }))
			return false;
	return tasks->count > 0;
}

bool process_zombie(const struct scene *scene, struct process_ix process)
{
	return process_dead(scene, process) && !process_gone(scene, process_at(scene->snapshot, process));
}

bool process_ended(const struct scene *scene, struct process_ix process)
{
	const struct process *row = process_at(scene->snapshot, process);
	const struct task_ix leader = scene_leader(scene, process);
	char before;

	if (row->at[LOOK_T1].sight == SIGHT_GONE)
		return true;
	if (scene->last != LOOK_T1 || leader.at == NO_ROW || !process_dead(scene, process))
		return false;
	before = task_at(scene->snapshot, leader)->at[LOOK_T0].state;
	return before && before != 'Z' && before != 'X';
}

/* ---- what it is called --------------------------------------------------------- */

static struct title_source title_source(const struct snapshot *snapshot, struct process_ix process)
{
	const struct process *it = process_at(snapshot, process);

	return (struct title_source){
		.argv = snapshot_bytes(snapshot, it->argv),
		.argv_length = text_seen(it->argv) ? it->argv.length : 0,
		.comm = snapshot_bytes(snapshot, it->comm),
		.exe = snapshot_bytes(snapshot, it->exe),
	};
}

void process_title(const struct snapshot *snapshot, struct process_ix process, char *to, size_t size)
{
	const struct title_source source = title_source(snapshot, process);

	title_of(&source, to, size);
}

bool process_script(const struct snapshot *snapshot, struct process_ix process, char *to, size_t size)
{
	const struct title_source source = title_source(snapshot, process);

	return title_of_script(&source, to, size);
}
