# SPDX-License-Identifier: MIT
"""What a target loses while its stacks are taken: time, and calls that come back early."""
import time

from trouble import suite
from trouble.stage import Failed

MS, BESIDE_MS = 1e6, 100


def gap_ms(target, seconds, meanwhile):
    """The largest between two readings of the clock."""
    target.told.gap_ns = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        meanwhile()
    return target.told.gap_ns / MS


@suite.case(limit=120)
def a_running_thread_is_not_held_up(ground):
    """The largest gap in a tight loop over the clock, with and without dumps of its 51 threads."""
    target = ground.target("watch", 50, ready=51)
    seconds = ground.times(10, 3)
    alone = gap_ms(target, seconds, lambda: time.sleep(0.1))
    stops = []

    def dump():
        said = ground.dump(target.pid, rounds=50, pause_us=1000)
        stops.append(said)

    looked_at = gap_ms(target, seconds, dump)
    stopped = sum(said["stopped"] for said in stops)
    if not stopped:
        raise Failed(f"nobody was stopped in {len(stops)} dumps: {stops[:1]}")
    # A machine that others share has gaps of its own; a debugger's are half a second and more.
    if looked_at > 2 * alone + BESIDE_MS:
        raise Failed(f"a gap of {looked_at:.1f} ms while looked at, {alone:.1f} ms without")
    median = sorted(said.get("stop_median_us", 0) for said in stops)[len(stops) // 2]
    return f"largest gap {looked_at:.2f} ms, {alone:.2f} ms without; {stopped} stops, of {median:.0f} us in the median"


@suite.case()
def calls_go_on(ground):
    """40 kinds of blocking calls, those that leak EINTR among them: none returns, none does less."""
    target = ground.target("calls", ready=40)
    time.sleep(0.3)
    for _ in range(ground.times(100, 10)):
        ground.dump(target.pid, rounds=3)
        ground.dump(target.pid, held=True)
        ground.dump(target.pid, held=True, deep=True)
    told = target.told
    if told.missing > 4:
        raise Failed(f"{told.missing} calls are not to be had here")
    if told.eintr or told.few or told.returns:
        raise Failed(f"{told.eintr} calls returned EINTR, {told.few} did less, {told.returns} returned")
    if ground.options.wedgestack:
        return ""
    # Would we know?
    held = ground.dump(target.pid, held=True)
    always = ground.dump(target.pid, held=True, stop="always")
    ground.wait(lambda: told.eintr + told.few > 3, 5, "calls return that were stopped")
    return f"{held['stopped']} of {held['tasks']} may be stopped; with --stop=always {told.eintr} of {always['stopped']} " \
           f"return EINTR, {told.few} did less"


@suite.case(limit=90)
def who_sleeps_every_moment_is_caught_asleep(ground):
    """Runs for a while, is in epoll_wait(2) for a millisecond, and so on: what runs now must not be hit there."""
    dumps, eintr = ground.times(2000, 300), []
    for us in (20, 200, 2000):
        target = ground.target("restless", us)
        ground.dump(target.pid, rounds=dumps, pause_us=1000)
        eintr.append(target.told.eintr)
        target.process.kill()
        target.process.wait()
        ground.made.remove(target)
    # A stop takes some microseconds to arrive: never is not to be had, one in a hundred would be harm.
    if sum(eintr) > dumps // 100:
        raise Failed(f"{eintr} calls returned EINTR in {dumps} dumps each")
    return f"{sum(eintr)} EINTR in {3 * dumps} dumps"
