#!/bin/sh
# SPDX-License-Identifier: MIT
# Every manual page is clean mdoc.
set -u

man=${srcdir:-.}/man
command -v mandoc >/dev/null || { echo "mandoc is missing; on Debian, apt-get install mandoc"; exit 77; }

failed=0
count=0
# wedgetools(7) is made: it lies where it was built.
for page in "$man"/*.[157] man/wedgetools.7; do
	[ "$page" = man/wedgetools.7 ] && [ "$man" -ef man ] && continue
	mandoc -mdoc -T lint -W warning "$page" || failed=1
	grep -q "^\.Dt " "$page" || { echo "$page: no .Dt"; failed=1; }
	count=$((count + 1))
	# One page, one line in man.am: or it is not installed.
	grep -q "man/${page##*/}" "$man/man.am" || { echo "$page is not in man/man.am"; failed=1; }
done
[ -f "$page" ] || { echo "no pages in $man"; exit 1; }
echo "$count pages"
exit $failed
