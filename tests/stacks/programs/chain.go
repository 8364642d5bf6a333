// SPDX-License-Identifier: MIT

// chain [spin]: main.main > f1 > ... > f5 > park, in read(2) on a pipe, or running; a goroutine locked to a
// thread of its own sleeps beside it in g2 < g1 < main.other.
package main

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
)

var sum int
var way string
var ends [2]int

//go:noinline
func park(a int) int {
	if way == "spin" {
		for {
			sum += a
		}
	}
	var one [1]byte
	for {
		syscall.Read(ends[0], one[:])
	}
}

//go:noinline
func f5(a int) int {
	os.Stdout.WriteString("ready " + strconv.Itoa(os.Getpid()) + "\n")
	ret := park(a)
	sum += ret
	return ret
}

//go:noinline
func f4(a int, b string) int { ret := f5(a + len(b)); sum += ret; return ret }

//go:noinline
func f3(a int) int { var room [4000]byte; room[a] = 1; ret := f4(a, string(room[:a])); sum += ret + int(room[a]); return ret }

//go:noinline
func f2(a int) int { ret := func(b int) int { c := f3(b); sum += c; return c }(a + 1); sum += ret; return ret }

//go:noinline
func f1(a int) int { ret := f2(a); sum += ret; return ret }

//go:noinline
func g2(a int) int {
	var one [1]byte
	for {
		syscall.Read(ends[0], one[:])
		sum += a
	}
}

//go:noinline
func g1(a int) int { ret := g2(a); sum += ret; return ret }

func other() {
	runtime.LockOSThread()
	sum += g1(2)
}

func main() {
	runtime.LockOSThread()
	syscall.RawSyscall(syscall.SYS_PRCTL, 1, 9, 0)
	syscall.RawSyscall(syscall.SYS_ALARM, 120, 0, 0)
	if len(os.Args) > 1 {
		way = os.Args[1]
	}
	if syscall.Pipe(ends[:]) != nil {
		os.Exit(1)
	}
	go other()
	sum += f1(3)
}
