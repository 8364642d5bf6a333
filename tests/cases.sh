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
	# NAME.stack, NAME.flat ...: as wedgestack shows it.
	for format in stack flat tree folded; do
		[ -e "$name.$format" ] || continue
		[ "$format" = stack ] && as=text || as=$format
		LC_ALL=C ./wedgestack --replay "$case" --width=100 --color=never --format="$as" >tests-case.out 2>&1
		if ! diff -u "$name.$format" tests-case.out; then
			echo "FAILED: $case as $format"
			failed=$((failed + 1))
		fi
	done
done
rm -f tests-case.out
echo "$count cases, $failed failed"
[ "$failed" -eq 0 ]
