# SPDX-License-Identifier: MIT
"""Says who is who in a scenario: lines "role NAME PID [TID]" in the file $ZOO_HELLO.

The file is opened and closed for each line, so that no descriptor of the zoo's own is
left in a process that somebody is going to look at.
"""
import os

FOREVER = 1000000  # Seconds; more than an hour counts as for ever.


def role(name, pid=None, tid=None):
    line = f"role {name} {pid or os.getpid()}{f' {tid}' if tid else ''}\n"
    fd = os.open(os.environ["ZOO_HELLO"], os.O_WRONLY | os.O_APPEND)
    os.write(fd, line.encode())
    os.close(fd)


def forked(name, run):
    """Run it in a child that never returns; the child's pid."""
    pid = os.fork()
    if pid == 0:
        role(name)
        try:
            run()
        finally:
            os._exit(0)
    return pid


def path(name):
    """In the scenario's own directory."""
    return os.path.join(os.environ["ZOO_DIR"], name)
