#!/bin/sh
# SPDX-License-Identifier: MIT
# Every option that a tool offers stands in its manual page, and none stands there that it does not offer; and
# the completion scripts are scripts.
set -u
srcdir=${srcdir:-.}
failed=0
for tool in wedgecheck wedgereap wedgerun wedgesock wedgestack wedgestate wedgetree wedge-ci; do
	page=$srcdir/man/$tool.1
	at=.
	[ $tool = wedge-ci ] && at=$srcdir/scripts
	offered=$($at/$tool --help | sed -n 's/^  .\{4\}--\([a-z-]*\).*/\1/p' | sort -u)
	[ -n "$offered" ] || { echo "$tool --help lists no options"; failed=1; }
	for option in $offered; do
		grep -Eq "^\.It .*Fl -$option( |\$)" "$page" || { echo "$page: --$option is missing"; failed=1; }
	done
	for option in $(sed -n 's/^\.It \(Fl . , \)\{0,1\}Fl -\([a-z-]*\).*/\2/p' "$page" | sort -u); do
		[ "$option" = completion ] && continue
		echo "$offered" | grep -qx "$option" || { echo "$page: $tool has no --$option"; failed=1; }
	done
	[ $tool = wedge-ci ] && continue
	if command -v bash >/dev/null; then
		bash -n "completion/$tool" || failed=1
	fi
	if command -v zsh >/dev/null; then
		zsh -n "completion/_$tool" || failed=1
	fi
done
exit $failed
