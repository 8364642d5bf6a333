# SPDX-License-Identifier: MIT
"""Event loops: stopped, blocked, deaf, idle; and interpreters that are busy or at a loss."""
from zoo import facts, needs
from zoo.scenario import ROOT, USER, VIEWERS, YAMA, Scenario, healthy, idle, python, wedged
from zoo.truth import (all_threads, asleep, burns, moves, some_thread, still, tcp, threads, unread, watched, POLLS,
                       READS, SLEEPS, WRITES)

TRIO = (needs.module("trio"),)
# asyncio takes the fd of a paused stream out of the set: "not consuming" is what the peer
# sees, "loop deaf" what the server's set shows.  Both name the same fact.
STOPPED_READING = wedged("stuck-ipc", "not-consuming loop-deaf", "server", victims="client")
OVERDUE = wedged("idle-wedge", "", "loop", "unsure likely")

SCENARIOS = [
    Scenario("asyncio-stopped-tcp", "an asyncio handler awaits something else: its stream is paused, the peer's send blocks",
             python("loops.py", "stopped_reading", "tcp"), STOPPED_READING,
             (asleep("client", *WRITES), asleep("server", *POLLS), unread("server", 10000), watched("server", yes=False),
              still("client", "server")), viewers=VIEWERS, twin=python("loops.py", "stopped_reading", "tcp", "well")),
    Scenario("asyncio-stopped-unix", "the same over a unix socket",
             python("loops.py", "stopped_reading", "unix"), STOPPED_READING,
             (asleep("client", *WRITES), asleep("server", *POLLS), unread("server", 10000), watched("server", yes=False),
              still("client", "server")), viewers=VIEWERS),
    Scenario("loop-blocked", "time.sleep() in a coroutine: the whole loop stands, with a request before it",
             python("loops.py", "blocked_loop", "sleep"),
             wedged("stuck-ipc", "event-loop-blocked not-consuming", "server", victims="client"),
             (asleep("client", *READS), asleep("server", *SLEEPS), unread("server", 4), watched("server"),
              still("client", "server")), viewers=VIEWERS, twin=python("loops.py", "blocked_loop", "well")),
    Scenario("loop-deaf-asyncio", "the loop ticks on; the connection with the request is in no set any more",
             python("loops.py", "deaf_asyncio"), wedged("stuck-ipc", "loop-deaf", "server", victims="client"),
             (asleep("client", *READS), asleep("server", *POLLS), unread("server", 7), watched("server", yes=False),
              moves("server")), viewers=VIEWERS),
    Scenario("loop-deaf-trio", "the reader task is gone: its fd stays in the set, disarmed, with the request before it",
             python("loops.py", "deaf_trio"), wedged("stuck-ipc", "loop-deaf", "server", victims="client"),
             (asleep("client", *READS), asleep("server", *POLLS), unread("server", 7), watched("server", armed=False),
              still("server")), viewers=VIEWERS, needs=TRIO),
    Scenario("asyncio-idle", "awaits an event that is never set: the kernel cannot tell it from health",
             # Closed: nothing in its set but its own wake-up pipe, no timer, no listener (trio has its day-long timer).
             python("loops.py", "idle_asyncio"), wedged("idle-wedge", "event-loop-idle", "loop", "unsure"),
             (asleep("loop", *POLLS), still("loop")), viewers=VIEWERS),
    Scenario("trio-idle", "the same in trio", python("loops.py", "idle_trio"), idle("event-loop-idle", "loop"),
             (asleep("loop", *POLLS), still("loop")), viewers=(ROOT, USER), needs=TRIO),
    Scenario("asyncio-idle-overdue", "the same, and the caller knows that it should have finished",
             python("loops.py", "idle_asyncio"), OVERDUE, (asleep("loop", *POLLS), still("loop")),
             options=("--overdue",), viewers=VIEWERS),
    Scenario("trio-idle-overdue", "the same in trio", python("loops.py", "idle_trio"), OVERDUE,
             (asleep("loop", *POLLS), still("loop")), options=("--overdue",), needs=TRIO),
    Scenario("close-wait-leak", "forty clients went away; no connection was ever closed, and nobody comes any more",
             python("loops.py", "close_wait_leak"), wedged("idle-wedge", "close-wait-leak", "server"),
             (asleep("server", *POLLS), tcp("server", facts.TCP_CLOSE_WAIT, 40), still("server")),
             targets=("server",), viewers=VIEWERS, settle=15),
    Scenario("gil-held", "a regular expression that never ends holds the GIL; the thread that serves cannot run",
             python("loops.py", "gil_held"), wedged("cpu-spin", "", "server", "unsure likely", victims="client"),
             (asleep("client", *READS), burns("server"), threads("server", 2), still("client")), alone=True,
             viewers=(ROOT, YAMA)),
    Scenario("gil-held-overdue", "the same, and the caller knows that it should have finished",
             python("loops.py", "gil_held"), wedged("cpu-spin", "", "server", "likely", victims="client"),
             (asleep("client", *READS), burns("server"), still("client")), alone=True, options=("--overdue",)),
    Scenario("thread-pool-deadlock", "a task in a pool of one waits for another task of the same pool",
             python("loops.py", "thread_pool_deadlock"),
             # It hangs, and yet: futexes name nobody, and a healthy idle pool looks the same.
             healthy("idle", unsure="idle-wedge deadlock"),
             (all_threads("pool", "futex"), threads("pool", 2), still("pool"))),
    Scenario("thread-pool-overdue", "the same, and the caller knows that it should have finished",
             python("loops.py", "thread_pool_deadlock"),
             wedged("idle-wedge deadlock", "", "pool", "unsure likely"),
             (all_threads("pool", "futex"), still("pool")), options=("--overdue",)),
    Scenario("java-monitors", "two Java threads take two monitors in opposite order",
             ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "{programs}/Monitors.java"),
             # Futexes name nobody, and the threads even wake now and then: as with the thread pool.
             healthy("idle", unsure="idle-wedge deadlock"),
             (asleep("java", "futex"), threads("java", 10), some_thread("java", "futex")),
             targets=("java",), awaits=("holder1", "holder2"), needs=(needs.java,), settle=30),
]
