#!/bin/sh
# SPDX-License-Identifier: MIT
# Every recorded snapshot is judged and shown as it was: NAME.wedge gives NAME.txt, byte for byte.
set -u
srcdir=${srcdir:-.}
failed=0
count=0
for case in "$srcdir"/tests/cases/*.wedge; do
	[ -e "$case" ] || { echo "no cases"; exit 1; }
	name=${case%.wedge}
	./wedgecheck --replay "$case" --width=100 --color=never >tests-case.out 2>&1
	echo "exit status $?" >>tests-case.out
	if ! diff -u "$name.txt" tests-case.out; then
		echo "FAILED: $case"
		failed=$((failed + 1))
	fi
	count=$((count + 1))
done
rm -f tests-case.out
echo "$count cases, $failed failed"
[ "$failed" -eq 0 ]
