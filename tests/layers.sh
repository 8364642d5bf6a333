#!/bin/sh
# SPDX-License-Identifier: MIT
# Layers hold: the judge's archive calls nothing of the system, and includes point one way.
set -u
srcdir=${srcdir:-.}
failed=0

# What pure code may call of libc: memory, strings, sorting, formatting into memory.
pure='^(mem[a-z]*|bcmp|rawmemchr|str[a-z0-9_]*|malloc|calloc|realloc|reallocarray|free|qsort|qsort_r|bsearch|snprintf|vsnprintf|abs|isdigit|isalpha|isxdigit|isspace|toupper|tolower|__ctype_[a-z_]*|__errno_location|__stack_chk_fail|__(mem|str|sn|vsn)[a-z_]*_chk|__isoc99_sscanf|abort|__assert_fail|_GLOBAL_OFFSET_TABLE_|__asan[a-z0-9_]*|__ubsan[a-z0-9_]*|__sanitizer[a-z0-9_]*|__sancov[a-z0-9_]*|__start___sancov[a-z0-9_]*|__stop___sancov[a-z0-9_]*)$'

defined=$(nm -g --defined-only libwedge-judge.a libwedge-model.a 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
for symbol in $(nm -u libwedge-judge.a 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u); do
	echo "$defined" | grep -qx -- "$symbol" && continue
	echo "$symbol" | grep -Eqx -- "$pure" && continue
	echo "libwedge-judge.a calls $symbol"
	failed=1
done
[ -n "$defined" ] || { echo "no archives here"; exit 1; }

# wedgerun starts as fast as timeout(1): it executes the looking tools, and does not link what they need.
if readelf -d wedgerun 2>/dev/null | grep -E 'NEEDED.*(proc2|libmnl|unwind)'; then
	echo "wedgerun links what only the looking tools need"
	failed=1
fi

# sources ARCHIVE: what src.am lists for it.
sources() {
	sed -n "/^libwedge_$1_a_SOURCES/,/[^\\\\]\$/p" "$srcdir/src/src.am" "$srcdir/probes/probes.am" |
		grep -oE '(src|probes)/[a-z_0-9]+\.[ch]'
}

# forbid ARCHIVE HEADER...: its sources do not include these.
forbid() {
	archive=$1
	shift
	files=$(sources "$archive")
	[ -n "$files" ] || { echo "no sources of $archive"; failed=1; }
	for file in $files; do
		[ -e "$srcdir/$file" ] || continue
		for header; do
			if grep -q "#include \"$header\"" "$srcdir/$file"; then
				echo "$file includes $header, against the direction of layers"
				failed=1
			fi
		done
	done
}

forbid model door.h probe.h scene.h graph.h judge.h render.h survey.h tool.h
forbid door snapshot.h probe.h scene.h graph.h judge.h render.h survey.h tool.h
forbid probes scene.h graph.h judge.h render.h survey.h tool.h
forbid judge door.h probe.h render.h words.h survey.h tool.h
forbid run probe.h scene.h graph.h judge.h render.h survey.h tool.h
forbid render door.h probe.h survey.h tool.h
exit $failed
