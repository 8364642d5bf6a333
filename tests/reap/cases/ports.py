# SPDX-License-Identifier: MIT
"""--port: who listens, never who is connected."""
import os
import socket

from reaping.left import alive, gone, leave, reap, reasons, same
from trouble.stage import Failed
from trouble.suite import case


def listening(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@case()
def case_45_port_held_only_by_a_client(t):
    """45: as its local or as its remote port: no owner, nobody is ended."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client, local = leave(t, "connects", listener.getsockname()[1])
        for port in (local,):
            found = reap(t, f"--port={port}", "--kill")
            same("found", found["pids"], set())
        # We listen, it is connected: we are spared for who we are, it for what it is.
        found = reap(t, f"--port={listener.getsockname()[1]}", "--kill", status=3)
        same("found", found["pids"], set())
        same("left alone", found["alone"], {os.getpid(): "ancestor-or-self", os.getppid(): "ancestor-or-self"}
             if os.getppid() in found["alone"] else {os.getpid(): "ancestor-or-self"})
    alive(client)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client, local = leave(t, "binds_as_client", port)
    same("port", local, port)
    found = reap(t, f"--port={port}", "--kill")
    same("found", found["pids"], set())
    alive(client)


@case()
def case_46_reuseport_pair(t):
    """46: both listeners are found, and both ended; then the port is free."""
    one, port = leave(t, "reuseport", 0)
    two, same_port = leave(t, "--orphan", "reuseport", port)
    same("port", same_port, port)
    found = reap(t, f"--port={port}")
    same("found", found["pids"], {one, two})
    same("reasons", (reasons(found, one), reasons(found, two)), ({"port"}, {"port"}))
    reap(t, f"--port={port}", "--kill")
    gone(one, two)
    if listening(port):
        raise Failed("somebody still listens")


@case()
def case_47_two_owners_of_one_inherited_listener(t):
    """47: ending the parent alone would leave the port with its child: both."""
    one, two, port = leave(t, "--orphan", "--ignore-term", "listens", "127.0.0.1", "2")
    found = reap(t, f"--port={port}")
    same("found", found["pids"], {one, two})
    same("reasons", reasons(found, two), {"port"})
    result = t.look(f"--port={port}", "--kill", "--grace=0.2", tool="wedgereap")
    if result.status or listening(port):
        raise Failed(f"somebody still listens: {result}")
    gone(one, two)


@case()
def case_48_owner_in_another_namespace(t):
    """48: a listener of ours whose owner moved on is found; one on that port elsewhere is another port."""
    owner, port = leave(t, "leaves_namespace")
    stranger, = leave(t, "listens_elsewhere", port)
    found = reap(t, f"--port={port}")
    same("found", found["pids"], {owner})
    reap(t, f"--port={port}", "--kill")
    gone(owner)
    alive(stranger)


@case()
def owner_outside_of_our_pid_namespace(t):
    """48: it listens, but no pid of ours is its: said so, and exit 3 with --kill."""
    pid, port = leave(t, "listens")
    wrap = ("unshare", "--pid", "--fork", "--mount-proc", "--")
    if t.look("--version", tool="wedgereap", wrap=wrap).status:
        from trouble.stage import Skip
        raise Skip("no pid namespaces here")
    found = reap(t, f"--port={port}", "--kill", status=3, wrap=wrap)
    same("found", found["pids"], set())
    if not any("outside of this pid namespace" in note for note in found["notes"]):
        raise Failed(f"notes: {found['notes']}")
    alive(pid)


@case()
def all_addresses_and_both_families(t):
    """On 0.0.0.0 and on ::, it is the same port."""
    one, port = leave(t, "listens", "0.0.0.0")
    same("found", reap(t, f"--port={port}")["pids"], {one})
    two, other = leave(t, "listens6")
    same("found", reap(t, f"--port={port}", f"--port={other}", "--kill")["pids"], {one, two})
    gone(one, two)
