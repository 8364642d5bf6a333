# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What demo and check share: saying what is done, and bringing in what is missing.
# Sourced, not run.

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# What a build needs, and what the tests need beside it (Debian 12 names).
# shellcheck disable=SC2034  # used by who sources this
{
build_packages=(gcc make autoconf automake pkg-config libc6-dev
	libproc2-dev libmnl-dev libjansson-dev libunwind-dev libdw-dev zlib1g-dev liblzma-dev libiberty-dev)
demo_packages=(python3 python3-pytest)
check_packages=(clang libclang-rt-14-dev libcriterion-dev mandoc shellcheck zsh git strace
	procps iproute2 lsof util-linux gdb elfutils g++ xz-utils
	python3 python3-pytest python3-pytest-timeout python3-pytest-xdist python3-trio python3-jsonschema python3-yaml
	redis-server nginx-light)
}

missing_packages() {
	local package
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s\n' "$package"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "need root or sudo to run: $*"
	fi
}

# Packages that bring a service start it when they are installed; ours are started by
# the tests themselves.  The file that says no is taken away again.
without_services() {
	local policy=/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod +x "$policy"
	local status=0
	"$@" || status=$?
	as_root rm -f "$policy"
	return "$status"
}

install_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "not a Debian system; please install: ${missing[*]}"
	say "system change: installing the Debian packages ${missing[*]}"
	say "(services they bring are not started: /usr/sbin/policy-rc.d for the time of the installation)"
	as_root apt-get update -q >/dev/null || say "apt-get update failed; trying with the lists that are there"
	without_services as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
		die "could not install: ${missing[*]}"
}

# configure DIR SOURCE [ARG]...: quiet unless it fails.
configure_in() {
	local dir=$1 source=$2
	shift 2
	mkdir -p "$dir"
	(cd "$dir" && "$source/configure" -q "$@" >configure.out 2>&1) || {
		cat "$dir/configure.out" >&2
		die "configure failed in $dir"
	}
}

# quietly LOG COMMAND...: the log is shown when the command fails, or takes longer than any should.
quietly() {
	local log=$1
	shift
	timeout --kill-after=10 "${STEP_SECONDS:-900}" "$@" >"$log" 2>&1 || {
		tail -n 150 "$log" >&2
		die "failed: $* (all of it in $log)"
	}
}

# A python3 that can import these modules: Debian's own before what a version manager put in front.
python_with() {
	local python module
	for python in /usr/bin/python3 python3; do
		command -v "$python" >/dev/null || continue
		for module; do
			"$python" -c "import $module" 2>/dev/null || continue 2
		done
		printf '%s\n' "$python"
		return 0
	done
	die "no python3 with: $*"
}

generate_build_system() {
	[ -x configure ] && [ configure -nt configure.ac ] && [ -e Makefile.in ] && [ Makefile.in -nt Makefile.am ] &&
		[ -z "$(find . -name '*.am' -newer Makefile.in -print -quit)" ] && return 0
	say "autoreconf"
	autoreconf -fi >autoreconf.log 2>&1 || {
		cat autoreconf.log >&2
		die "autoreconf failed"
	}
}
