/* SPDX-License-Identifier: MIT */
/*
 * The functions of libdw and libelf that we use, loaded when first needed: most runs do without, and a program that is linked with libdw pays 0.3 ms for it at every start, and, where DEBUGINFOD_URLS is
 * set, for a client of HTTP.
 */
#ifndef LIBDW_H
#define LIBDW_H

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <libelf.h>

#define LIBDW_EACH(function) \
	function(elf_version) function(elf_memory) function(elf_end) \
	function(dwarf_begin_elf) function(dwarf_end) function(dwarf_setalt) \
	function(dwelf_dwarf_gnu_debugaltlink) function(dwarf_addrdie) function(dwarf_get_units) \
	function(dwarf_ranges) function(dwarf_cu_info) function(dwarf_getscopes) function(dwarf_getscopes_die) \
	function(dwarf_tag) function(dwarf_attr) function(dwarf_attr_integrate) function(dwarf_formstring) function(dwarf_formudata) \
	function(dwarf_diename) function(dwarf_getsrc_die) function(dwarf_getsrcfiles) function(dwarf_linesrc) \
	function(dwarf_lineno) function(dwarf_filesrc) \
	function(dwfl_begin) function(dwfl_end) function(dwfl_report_module) function(dwfl_report_end) \
	function(dwfl_module_info) function(dwfl_attach_state) function(dwfl_getthread_frames) \
	function(dwfl_thread_state_registers) function(dwfl_thread_state_register_pc) \
	function(dwfl_frame_pc) function(dwfl_frame_reg)

#define LIBDW_MEMBER(name) __typeof__(&(name)) name;
struct libdw { LIBDW_EACH(LIBDW_MEMBER) };
#undef LIBDW_MEMBER

/** NULL: it is not installed, or lacks one of them. */
const struct libdw *libdw_load(void);

#endif
