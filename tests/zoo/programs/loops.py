# SPDX-License-Identifier: MIT
"""Event loops: asyncio and trio, idle, blocked, deaf and busy."""
import asyncio
import os
import re
import socket
import sys
import threading
import time

from hello import FOREVER, forked, path, role


def connected(family):
    """(listener, function that connects to it)."""
    if family == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        return listener, lambda: socket.create_connection(address)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path("listener"))
    listener.listen(5)

    def connect():
        end = socket.socket(socket.AF_UNIX)
        end.connect(path("listener"))
        return end
    return listener, connect


def client_and_loop(family, talk, serve):
    """A server process with a loop, and a client; the client is the first process."""
    listener, connect = connected(family)
    forked("server", lambda: asyncio.run(serve(listener)))
    listener.close()
    role("client")
    talk(connect())


async def start_stream_server(handle, listener):
    if listener.family == socket.AF_UNIX:
        return await asyncio.start_unix_server(handle, sock=listener)
    return await asyncio.start_server(handle, sock=listener)


def stopped_reading(family="tcp", how="stuck"):
    """An asyncio handler awaits something else and never reads again: the stream is paused."""
    async def handle(reader, writer):
        await reader.readexactly(10)
        if how == "well":
            while await reader.read(1 << 16):
                pass
        await asyncio.Event().wait()

    async def serve(listener):
        async with await start_stream_server(handle, listener) as server:
            await server.serve_forever()

    def talk(end):
        end.sendall(b"x" * (32 << 20))
        end.recv(10)
    client_and_loop(family, talk, serve)


def blocked_loop(how="sleep"):
    """A blocking call inside a coroutine: the whole loop stands, with requests before it."""
    async def handle(reader, writer):
        line = await reader.readline()
        while line:
            if how == "sleep":
                time.sleep(FOREVER)
            writer.write(b"answer\n")
            line = await reader.readline()

    async def serve(listener):
        async with await start_stream_server(handle, listener) as server:
            await server.serve_forever()

    def talk(end):
        end.sendall(b"one\n")
        time.sleep(0.3)
        end.sendall(b"two\n")
        end.recv(100)
        if how == "well":
            os.wait()
    client_and_loop("tcp", talk, serve)


def deaf_asyncio(timer="1"):
    """The loop lives and ticks; the connection with unread data is in no set any more."""
    async def serve(listener):
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        connection, _ = await loop.sock_accept(listener)
        listener.close()
        await loop.sock_recv(connection, 4)
        loop.remove_reader(connection)
        while True:
            await asyncio.sleep(float(timer))

    def talk(end):
        end.sendall(b"init")
        time.sleep(0.3)
        end.sendall(b"request")
        end.recv(100)
    client_and_loop("tcp", talk, serve)


def deaf_trio():
    """trio: the reader task is gone, the fd stays in the set, disarmed; the loop itself is idle."""
    import trio
    listener, connect = connected("tcp")

    async def main():
        server = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        stream = await server.accept()
        await server.aclose()
        async with trio.open_nursery() as nursery:
            async def once():
                await stream.receive_some(4)
                with trio.move_on_after(0.1):
                    await trio.lowlevel.wait_readable(stream.socket)   # Arms it.
                await stream.receive_some(100)
            nursery.start_soon(once)
            await trio.Event().wait()
    forked("server", lambda: trio.run(main))
    listener.close()
    role("client")
    end = connect()
    end.sendall(b"init")
    time.sleep(0.5)
    end.sendall(b"first")
    time.sleep(0.3)
    end.sendall(b"request")
    end.recv(100)


def idle_asyncio():
    """Awaits an event that is never set.  The kernel cannot tell it from a healthy idle program."""
    role("loop")

    async def main():
        await asyncio.Event().wait()
    asyncio.run(main())


def idle_trio():
    import trio
    role("loop")

    async def main():
        await trio.Event().wait()
    trio.run(main)


def ticking_server(seconds="1"):
    """Healthy: a listener, no client, and a timer once a second."""
    role("server")

    async def main():
        async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0):
            while True:
                await asyncio.sleep(float(seconds))
    asyncio.run(main())


def close_wait_leak():
    """Clients came and went; every connection is kept, none is looked at again."""
    listener, connect = connected("tcp")

    def come_and_go():
        listener.close()
        ends = [connect() for _ in range(40)]
        time.sleep(0.3)
        del ends
    forked("clients", come_and_go)
    role("server")

    async def main():
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        kept = []
        while len(kept) < 40:
            kept.append((await loop.sock_accept(listener))[0])
        listener.close()
        os.wait()
        await asyncio.Event().wait()
    asyncio.run(main())


def gil_held():
    """A regular expression that never ends holds the GIL: the thread that serves cannot run."""
    listener, connect = connected("tcp")

    def serve():
        def answer():
            end = listener.accept()[0]
            while end.recv(100):
                end.sendall(b"answer")
        threading.Thread(target=answer).start()
        time.sleep(0.5)
        re.match(r"(a+)+$", "a" * 64 + "b")
    forked("server", serve)
    listener.close()
    role("client")
    end = connect()
    while True:
        end.sendall(b"request")
        end.recv(100)
        time.sleep(0.05)


def levels():
    """Root waits for the middle, the middle for the leaf, and only the leaf is not in its loop."""
    os.mkfifo(path("fifo"))

    def level(name, up, below):
        down = None
        if below:
            down, theirs = socket.socketpair()

            def child():
                down.close()
                if up:
                    up.close()
                level(below[0], theirs, below[1:])
            forked(below[0], child)
            theirs.close()
        asyncio.run(converse(up, down))

    async def converse(up, down):
        loop = asyncio.get_running_loop()
        for end in (up, down):
            if end:
                end.setblocking(False)
        if up:
            await loop.sock_recv(up, 100)
        if not down:
            open(path("fifo")).read()    # Synchronously, in the loop.
        await loop.sock_sendall(down, b"request")
        await loop.sock_recv(down, 100)
    role("root")
    level("root", None, ["middle", "leaf"])


def thread_pool_deadlock():
    """A task in a pool of one waits for another task of the same pool."""
    from concurrent.futures import ThreadPoolExecutor
    role("pool")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: pool.submit(int).result()).result()


def idle_pools():
    """Healthy: a thread pool and a process pool with nothing to do, and a listener for work."""
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    import multiprocessing
    threads = ThreadPoolExecutor(4)
    processes = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"))
    list(threads.map(int, range(8)))
    list(processes.map(int, range(8)))
    listener = socket.create_server(("127.0.0.1", 0))
    role("master")
    listener.accept()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
