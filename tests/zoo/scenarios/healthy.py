# SPDX-License-Identifier: MIT
"""Controls: programs that are well.  Nothing here may be called wedged, likely or proved."""
import os

from zoo import facts, needs
from zoo.scenario import ROOT, USER, VIEWERS, YAMA, Scenario, healthy, idle, program, python, shell
from zoo.truth import (asleep, burns, descends, grows, lives, moves, some_thread, still, tcp, threads, CHILD, POLLS,
                       READS)


def file(name):
    return lambda stage: os.path.join(stage.dir, name)


# A sleep that will end, with nothing neglected, may also be called a wedge, but only unsure.
SLEEPING = healthy(unsure="idle-wedge stuck-ipc unknown")
# What is polled stands in the memory of the target, which scope 1 closes.
POLLING_UNREAD = {YAMA: healthy("idle progressing", unsure="unknown")}
# The same function in every stack is what a computation looks like too: a spin, perhaps, but only unsure.
COMPUTING = healthy("progressing", unsure="cpu-spin")

COMPILE = r'''
cd "$ZOO_DIR"
i=0
while [ $i -lt 100 ]; do
	echo "int f$i(int a, double b) { int s = a; for (int j = 0; j < a; j++) s += j * (int)b + $i; return s ^ a; }"
	i=$((i + 1))
done > big.c
printf 'all:\n\twhile :; do $(CC) -O2 -c big.c -o big.o && echo >> done; done\n' > Makefile
exec make -s CC=gcc
'''
JOBSERVER = r'''
cd "$ZOO_DIR"
printf 'all: a b c d\na b c d:\n\t+@$(MAKE) -s -f sub.mk\n' > Makefile
printf 'all: 1 2 3\n1 2 3:\n\t@while sleep 0.3; do echo >> $(CURDIR)/done; done\n' > sub.mk
exec make -s -j3
'''

SCENARIOS = [
    Scenario("well-compile", "make and gcc, one long compilation after the other",
             shell(COMPILE), healthy("progressing", unsure="cpu-spin"),
             (grows(file("done"), 1.5),), alone=True, viewers=(ROOT, USER), needs=(needs.command("gcc", "make"),), settle=40),
    Scenario("well-jobserver", "make -j3 over four makes that share its job server: most of them wait for a token",
             shell(JOBSERVER), healthy(unsure="idle-wedge stuck-ipc"), (grows(file("done"), 1), descends(5)),
             needs=(needs.command("make"),), viewers=(ROOT, USER)),
    Scenario("well-ticker", "while sleep 1",
             shell("while sleep 1; do :; done"), SLEEPING, (moves("top"),), viewers=VIEWERS),
    Scenario("well-minute-log", "while date; do sleep 60; done | tee log",
             shell('while date; do sleep 60; done | tee "$ZOO_DIR/log"'), SLEEPING,
             (descends(2), asleep("top", *CHILD)), viewers=VIEWERS),
    Scenario("well-tail-grep", "tail -f of a file that nobody writes to, into grep",
             shell('echo one > "$ZOO_DIR/log"; tail -f "$ZOO_DIR/log" | grep --line-buffered two'), healthy(),
             (descends(2), asleep("top", *CHILD)), unlike=POLLING_UNREAD, viewers=VIEWERS,
             needs=(needs.command("tail", "grep"),)),
    Scenario("well-tail-poll", "the same, polling once a second",
             shell('echo one > "$ZOO_DIR/log"; tail ---disable-inotify -f "$ZOO_DIR/log" | grep --line-buffered two'),
             healthy(), (descends(2), asleep("top", *CHILD)), needs=(needs.command("tail", "grep"),)),
    Scenario("well-busy-http", "a threaded HTTP server, and a client that never rests for long",
             python("servers.py", "busy_http"), healthy("progressing idle"), (grows(file("answers"), 1),), alone=True,
             unlike=POLLING_UNREAD, viewers=VIEWERS),
    Scenario("well-redis-idle", "redis with nothing to do",
             python("servers.py", "redis_idle"), idle(), (asleep("redis", *POLLS), moves("redis")),
             targets=("redis",), viewers=VIEWERS, needs=(needs.command("redis-server"),)),
    Scenario("well-redis-blpop", "a worker waits for a job in redis, and there is none",
             python("servers.py", "redis_blpop"), healthy(unsure="stuck-ipc idle-wedge"),
             (asleep("worker", *READS), moves("redis")), targets=("redis", "worker"), viewers=VIEWERS,
             needs=(needs.command("redis-server"),)),
    Scenario("well-ticking-server", "a listener, no client, and a timer once a second",
             python("loops.py", "ticking_server"), idle(), (moves("server"), tcp("server", facts.TCP_LISTEN)),
             viewers=VIEWERS),
    Scenario("well-slow-pipeline", "yes, throttled: a writer that nearly always finds the pipe full",
             shell('yes | "$ZOO_PYTHON" -c "import os, sys, time\nwhile True:\n os.write(1, os.read(0, 4096)); '
                   'time.sleep(0.3)" | cat >> "$ZOO_DIR/out"'),
             healthy("progressing"), (grows(file("out"), 1), descends(3)), viewers=VIEWERS),
    Scenario("well-postgres", "a database at rest",
             python("servers.py", "postgres_idle"), idle(), (descends(5), lives("postgres")), targets=("postgres",),
             needs=(needs.postgres,), account="postgres", settle=40, awaits=("harness",), viewers=(ROOT, USER)),
    Scenario("well-pools", "a thread pool and a process pool with nothing to do, and a listener for work",
             python("loops.py", "idle_pools"), healthy("idle"), (some_thread("master", "accept4", "accept"), descends(2),
                                                                still("master")), viewers=VIEWERS),
    Scenario("well-prefork", "a master that ticks, and four workers in accept()",
             python("talkers.py", "prefork"), healthy("idle progressing"),
             (asleep("worker3", "accept", "accept4"), moves("master")), viewers=VIEWERS),
    Scenario("well-computation", "nothing but arithmetic",
             python("children.py", "compute"), COMPUTING, (burns("child"),), alone=True, viewers=(ROOT, YAMA)),
    Scenario("well-lock-handover", "two threads hand a lock to and fro",
             program("handover"), healthy("progressing"), (grows(file("turns"), 1), threads("top", 2)), viewers=VIEWERS),
    Scenario("well-ping-pong", "two processes hand a byte to and fro, once a second",
             python("talkers.py", "ping_pong"), healthy("progressing idle", unsure="stuck-ipc idle-wedge"),
             (moves("first"), moves("second")), viewers=VIEWERS),
    Scenario("well-slow-answer", "a server that takes three seconds for each answer, and a patient client",
             python("talkers.py", "slow_answer"), SLEEPING, (moves("client", 3.5),), viewers=(ROOT, USER)),
    Scenario("well-shell", "an interactive shell at its prompt, in a terminal that waits for keys",
             python("talkers.py", "shell_on_pty"), healthy("idle", unsure="stuck-ipc"),
             (lives("shell"), asleep("terminal", *POLLS), asleep("shell", *POLLS, *READS)),
             unlike=POLLING_UNREAD, viewers=VIEWERS, needs=(needs.command("bash"),)),
    Scenario("well-acceptor", "a listener in accept()", python("talkers.py", "acceptor"), idle(),
             (asleep("server", "accept", "accept4"), still("server")), viewers=VIEWERS),
    Scenario("well-nginx-idle", "nginx, a master and two workers, with nothing to do",
             python("servers.py", "nginx_idle"), idle(), (asleep("nginx", "rt_sigsuspend"), descends(3)),
             targets=("nginx",), needs=(needs.command("nginx"),), viewers=VIEWERS),
    Scenario("well-node-idle", "node with a listener and nothing to do",
             python("servers.py", "node", "idle"), idle(), (asleep("server", *POLLS), lives("harness")),
             targets=("server",), needs=(needs.command("node"),), settle=20, viewers=(ROOT, USER)),
    Scenario("well-pooled", "idle, with pooled connections whose peers have closed",
             python("talkers.py", "pooled"), healthy("idle", unsure="idle-wedge"),
             (asleep("client", *POLLS), tcp("client", facts.TCP_CLOSE_WAIT, 2)), targets=("client",), viewers=(ROOT, USER)),
    Scenario("well-inotify", "waits for a file to change",
             python("talkers.py", "inotify"), idle(), (asleep("watcher", *READS), still("watcher"))),
    Scenario("well-lazy-reaper", "children come and go, and are reaped once a second",
             python("children.py", "lazy_reaper"), healthy(unsure="idle-wedge"), (moves("parent"),)),
    Scenario("well-pytest-slow", "pytest over many slow tests",
             python("testers.py", "pytest_slow"), healthy("progressing", unsure="idle-wedge"),
             (grows(file("done"), 1),), needs=(needs.module("pytest"),), viewers=(ROOT, USER), settle=20),
    Scenario("well-java-pool", "a Java thread pool with nothing to do",
             ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "{programs}/Monitors.java", "idle"),
             idle(), (asleep("java", "futex"), threads("java", 10)), targets=("java",), needs=(needs.java,), settle=30),
]
