/* SPDX-License-Identifier: MIT */
/*
 * A second opinion, where a table was refused or could not be evaluated: libdw makes that one step, over the
 * same registers and the same copied stack.  Of the files it sees copies of the
 * headers and tables only: it writes to what it is given (elf_compress), and the less
 * it reads of files that anybody may have made, the better.
 */
#include "unwind_inner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sight.h"

#if defined(HAVE_LIBDW)

#include "libdw.h"

enum { PAGE = 4096, IN_VAIN = 32, ASKED = 16, MODULES = 512 };

/* A file, and what libdw sees of it. */
struct image {
	const struct elffile *elf;
	char *bytes;              /* NULL: it did not ask yet, or nothing could be had */
	size_t length;
};

struct second {
	const struct libdw *libdw;
	struct walk *walk;
	struct image images[MODULES];
	uint32_t image_count;
	bool begun;
	unsigned frames;          /* seen so far: the first is now, the second what is wanted */
	bool found;
	struct spot caller;
};

/* As much of the file, at the same offset. */
static void part_copy(struct image *image, const uint8_t *bytes, uint64_t length)
{
	const struct elffile *elf = image->elf;
	size_t at = (size_t)(bytes - elf->bytes);

	if (bytes >= elf->bytes && at <= elf->length && length <= elf->length - at)
		memcpy(image->bytes + at, bytes, length);
}

/* The file without its sections, and with nothing in it but the tables. */
static bool image_fill(struct image *image)
{
	const struct elffile *elf = image->elf;
	Elf64_Ehdr header;
	void *bytes;

	if (image->bytes || elf->length < sizeof(header) || !elf->eh_frame_hdr.bytes || !elf->eh_frame.bytes)
		return false;
	memcpy(&header, elf->bytes, sizeof(header));
	if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > elf->length)
		return false;
	bytes = mmap(NULL, elf->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return false;
	image->bytes = bytes;
	image->length = elf->length;
	part_copy(image, elf->bytes + header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr));
	part_copy(image, elf->eh_frame_hdr.bytes, elf->eh_frame_hdr.length);
	part_copy(image, elf->eh_frame.bytes, elf->eh_frame.length);
	header.e_shoff = 0;
	header.e_shnum = header.e_shstrndx = 0;
	memcpy(image->bytes, &header, sizeof(header));
	return true;
}

/* The handle becomes libdw's; the bytes behind it stay ours. */
static int find_elf(Dwfl_Module *of, void **userdata, const char *name, Dwarf_Addr base, char **file, Elf **ret)
{
	struct image *image = *userdata;

	(void)of;
	(void)name;
	(void)base;
	(void)file;
	*ret = image && image_fill(image) ? libdw_load()->elf_memory(image->bytes, image->length) : NULL;
	return -1;
}

static int no_debuginfo(Dwfl_Module *of, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			const char *link, GElf_Word crc, char **ret)
{
	(void)of;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)ret;
	return -1;
}

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread)
{
	struct second *second = context;

	(void)dwfl;
	if (second->begun)
		return 0;
	second->begun = true;
	*thread = second;
	return space_pid(second->walk->space);
}

static bool memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *context)
{
	struct second *second = context;
	uint64_t word;

	(void)dwfl;
	if (!walk_word(second->walk, address, &word))
		return false;
	*ret = word;
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *context)
{
	const struct second *second = context;
	const struct spot *now = &second->walk->now;
	Dwarf_Word word;
	unsigned i;

	for (i = 0; i < REGISTER_PC; i++) {
		word = now->registers.word[i];
		if (spot_knows(now, i) && !second->libdw->dwfl_thread_state_registers(thread, (int)i, 1, &word))
			return false;
	}
	/* It takes the first frame's pc for exact. */
	second->libdw->dwfl_thread_state_register_pc(thread, spot_pc(now) - !now->exact);
	return true;
}

static int take(Dwfl_Frame *frame, void *context)
{
	struct second *second = context;
	struct spot *caller = &second->caller;
	Dwarf_Word word;
	Dwarf_Addr pc;
	unsigned i;

	if (second->frames++ == 0)
		return DWARF_CB_OK;
	if (!second->libdw->dwfl_frame_pc(frame, &pc, &caller->exact))
		return DWARF_CB_ABORT;
	for (i = 0; i < REGISTER_PC; i++)
		if (second->libdw->dwfl_frame_reg(frame, i, &word) == 0)
			spot_set(caller, i, word);
	spot_set(caller, REGISTER_PC, pc);
	second->found = spot_knows(caller, REGISTER_STACK);
	return DWARF_CB_ABORT;
}

/* From the page where the first segment begins. */
static void report_one(Dwfl *dwfl, struct second *second, const struct module *module, uint64_t bias)
{
	struct image *image = &second->images[second->image_count];
	uint64_t start = UINT64_MAX, end = 0;
	Dwfl_Module *reported;
	void **userdata;
	uint32_t i;

	for (i = 0; i < module->elf.load_count; i++) {
		const struct load_of_file *load = &module->elf.loads[i];

		if (load->address < start)
			start = load->address;
		if (load->address + load->length > end)
			end = load->address + load->length;
	}
	if (start >= end || second->image_count == MODULES)
		return;
	start &= ~(uint64_t)(PAGE - 1);
	reported = second->libdw->dwfl_report_module(dwfl, module->path, start + bias, end + bias);
	if (reported && second->libdw->dwfl_module_info(reported, &userdata, NULL, NULL, NULL, NULL, NULL, NULL)) {
		image->elf = &module->elf;
		*userdata = image;
		second->image_count++;
	}
}

static void report(Dwfl *dwfl, struct second *second)
{
	const struct module *module, *last = NULL;
	struct space *space = second->walk->space;
	const struct region *region;
	uint64_t at;

	for (at = 0; (region = space_next(space, at)); at = region->end) {
		module = region->executable ? region_module(space, region) : NULL;
		if (module && module != last && module->sight == SIGHT_OK)
			report_one(dwfl, second, module, region->bias);
		if (module)
			last = module;
	}
}

/* A call of this function, or an interruption. */
static bool makes_sense(struct second *second)
{
	uint64_t target = 0;
	enum call_kind kind;

	if (!second->found || second->caller.exact)
		return second->found;
	kind = returns_to(second->walk, spot_pc(&second->caller), &target);
	return called_this(second->walk, kind, target);
}

bool step_libdw(struct walk *walk, struct spot *ret)
{
	static const Dwfl_Callbacks callbacks = { .find_elf = find_elf, .find_debuginfo = no_debuginfo };
	static const Dwfl_Thread_Callbacks threads = {
		.next_thread = next_thread, .memory_read = memory, .set_initial_registers = set_registers,
	};
	const struct libdw *libdw;
	struct second *second;
	bool found = false;
	Dwfl *dwfl;
	uint32_t i;

	if (walk->unwinder->in_vain == IN_VAIN || walk->asked++ == ASKED)
		return false;
	libdw = libdw_load();
	if (!libdw)
		return false;
	walk->live = false;
	second = calloc(1, sizeof(*second));
	dwfl = libdw->dwfl_begin(&callbacks);
	if (second && dwfl) {
		second->libdw = libdw;
		second->walk = walk;
		report(dwfl, second);
		if (libdw->dwfl_report_end(dwfl, NULL, NULL) == 0 &&
		    libdw->dwfl_attach_state(dwfl, NULL, space_pid(walk->space), &threads, second))
			libdw->dwfl_getthread_frames(dwfl, space_pid(walk->space), take, second);
		found = makes_sense(second);
	}
	if (dwfl)
		libdw->dwfl_end(dwfl);
	if (found) {
		*ret = second->caller;
		ret->basis = walk->live ? BASIS_LIVE : BASIS_TABLES;
	}
	for (i = 0; second && i < second->image_count; i++)
		if (second->images[i].bytes)
			munmap(second->images[i].bytes, second->images[i].length);
	free(second);
	walk->unwinder->in_vain = found ? 0 : walk->unwinder->in_vain + 1;
	return found;
}

#else

bool step_libdw(struct walk *walk, struct spot *ret)
{
	(void)walk;
	(void)ret;
	return false;
}

#endif
