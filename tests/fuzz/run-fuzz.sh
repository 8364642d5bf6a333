#!/bin/sh
# SPDX-License-Identifier: MIT
# Run fuzz targets, as many at a time as there are CPUs, each for FUZZ_SECONDS:
#
#	run-fuzz.sh DIRECTORY-OF-SEEDS-AND-DICTIONARIES TARGET...
#
# What they find stays below the current directory, in tests/fuzz/found/NAME: inputs
# worth keeping in corpus/, those that break something as crash-*, timeout-* ...
set -u

source=$1
shift
jobs=$(nproc)
running=0

fuzz() {
	name=${1##*/fuzz_}
	target=$1
	found=tests/fuzz/found/$name
	log=$found/log
	mkdir -p "$found/corpus" || return
	rm -f "$found/clean"
	set -- -max_total_time="${FUZZ_SECONDS:-5}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$found/" -print_final_stats=1
	[ -f "$source/$name.dict" ] && set -- "$@" -dict="$source/$name.dict"
	set -- "$@" "$found/corpus"
	[ -d "$source/seeds/$name" ] && set -- "$@" "$source/seeds/$name"
	[ "$name" = judge ] && set -- "$@" "$source/seeds/load" "$source/../cases"
	if "./$target" "$@" >"$log" 2>&1; then
		echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
		touch "$found/clean"
	else
		echo "$name: FAILED, as $log says:"
		grep -v '^#' "$log" | tail -n 40
	fi
}

for target; do
	fuzz "$target" &
	running=$((running + 1))
	[ "$running" -lt "$jobs" ] && continue
	wait
	running=0
done
wait

failed=
for target; do
	name=${target##*/fuzz_}
	[ -e "tests/fuzz/found/$name/clean" ] || failed="$failed $name"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
