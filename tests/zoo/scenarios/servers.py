# SPDX-License-Identifier: MIT
"""Real servers and test runners with somebody waiting for them."""
from zoo import facts, needs
from zoo.scenario import ROOT, USER, VIEWERS, Scenario, python, wedged
from zoo.truth import asleep, burns, nothing_unread, some_thread, still, tcp, unread, watched, READS, SLEEPS, WRITES

REDIS, NGINX, NODE = (needs.command("redis-server"),), (needs.command("nginx"),), (needs.command("node"),)
PYTEST, XDIST = (needs.module("pytest"),), (needs.module("pytest", "xdist"),)

SCENARIOS = [
    Scenario("redis-slow-command", "DEBUG SLEEP: redis stands still, two clients are queued behind it",
             python("servers.py", "redis_slow", "sleep"),
             wedged("stuck-ipc", "event-loop-blocked not-consuming", "redis", victims="client0 client1"),
             (asleep("redis", *SLEEPS), asleep("client0", *READS), asleep("client1", *READS), unread("redis", 10),
              watched("redis"), still("redis")), viewers=VIEWERS, needs=REDIS, awaits=("redis", "client0", "client1")),
    Scenario("redis-not-accepted", "one client that redis has not even accepted; asked about that client only",
             python("servers.py", "redis_slow", "early"),
             wedged("stuck-ipc", "event-loop-blocked not-consuming no-reply", "redis", victims="client1"),
             (asleep("redis", *SLEEPS), asleep("client1", *READS), tcp("client1", facts.TCP_ESTABLISHED),
              nothing_unread("redis")), targets=("client1",), awaits=("redis",),
             needs=REDIS, viewers=(ROOT, USER)),
    Scenario("redis-lua-spin", "a script that never ends, two clients queued behind it",
             python("servers.py", "redis_slow", "spin"),
             wedged("cpu-spin", "", "redis", "unsure likely", victims="client0 client1"),
             (burns("redis"), asleep("client0", *READS), unread("redis", 10)), alone=True, needs=REDIS),
    Scenario("nginx-deaf-backend", "nginx in front of a backend that accepts and never reads",
             python("servers.py", "nginx_mute", "deaf"),
             wedged("stuck-ipc", "not-consuming", "backend", victims="client"),
             (asleep("client", *READS), asleep("backend", *SLEEPS), unread("backend", 10), still("client", "backend")),
             viewers=VIEWERS, needs=NGINX, awaits=("nginx",)),
    # nginx listens as well, so by its sets alone it might be woken; the silent backend is the sign.
    Scenario("nginx-silent-backend", "nginx in front of a backend that reads and never answers",
             python("servers.py", "nginx_mute", "silent"),
             wedged("stuck-ipc", "no-reply", "backend", "unsure likely", victims="client"),
             (asleep("client", *READS), asleep("backend", *SLEEPS), nothing_unread("client", "backend"),
              still("client", "backend")), viewers=(ROOT, USER), needs=NGINX, awaits=("nginx",)),
    Scenario("node-blocked", "a synchronous wait in node: its loop stands, with a request before it",
             python("servers.py", "node", "blocked"),
             # It sleeps on a futex, which does not say who will wake it.
             wedged("stuck-ipc", "event-loop-blocked not-consuming", "server", "unsure likely", victims="client0 client1"),
             (asleep("server", "futex"), asleep("client0", *READS), asleep("client1", *READS), unread("server", 10),
              watched("server")), needs=NODE, viewers=(ROOT, USER), settle=20),
    Scenario("pytest-stuck", "a test sends to its worker process, which has stopped reading",
             python("testers.py", "pytest_stuck"),
             wedged("stuck-ipc", "not-consuming", "worker", victims="tester"),
             (asleep("tester", *WRITES), asleep("worker", *SLEEPS), unread("worker", 10000), still("tester", "worker")),
             viewers=VIEWERS, needs=PYTEST),
    Scenario("xdist-stuck", "the same in one of two pytest-xdist workers: the controller goes on polling",
             python("testers.py", "xdist_stuck"),
             wedged("stuck-ipc", "not-consuming", "worker", victims="tester"),
             (some_thread("tester", *WRITES), asleep("worker", *SLEEPS), unread("worker", 10000), still("worker")),
             viewers=VIEWERS, needs=XDIST, settle=25),
]
