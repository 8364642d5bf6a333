# SPDX-License-Identifier: MIT
"""Run by gdb -x: all frames of all threads, one a line, for frames.from_gdb()."""
import gdb

KINDS = {gdb.INLINE_FRAME: "inline", gdb.TAILCALL_FRAME: "tail", gdb.SIGTRAMP_FRAME: "signal"}
MOST = 5000

for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.ptid[1]):
    thread.switch()
    print("wedge-thread", thread.ptid[1] or thread.ptid[0])
    try:
        frame, count, last = gdb.newest_frame(), 0, None
        while frame and count < MOST:
            print("wedge-frame", hex(frame.pc()), KINDS.get(frame.type(), "normal"), frame.name() or "-")
            last, frame, count = frame, frame.older(), count + 1
        reason = last.unwind_stop_reason() if last else 0
        print("wedge-stop", reason, gdb.frame_stop_reason_string(reason))
    except gdb.error as problem:
        print("wedge-stop", -1, str(problem).replace("\n", " "))
