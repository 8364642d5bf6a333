# SPDX-License-Identifier: MIT
"""Real servers with real clients: redis, nginx, postgres, http.server, node."""
import glob
import http.client
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from hello import FOREVER, forked, path, role


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def connect(port, seconds=8):
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def start_redis(*options):
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                               "--dir", path(""), "--daemonize", "no", "--enable-debug-command", "yes", *options],
                              stdout=subprocess.DEVNULL)
    role("redis", server.pid)
    connect(port).close()
    return port


def request(*words):
    """In redis's protocol."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def ask(port, *words):
    """One request, and wait for its answer."""
    end = connect(port)
    end.sendall(request(*words))
    return end.recv(1000)


def redis_slow(how="sleep"):
    """One slow command, and two clients queued behind it; "early": not even accepted."""
    if how == "spin":
        port, slow = start_redis("--busy-reply-threshold", "1000000000"), (b"EVAL", b"while true do end", b"0")
    else:
        port, slow = start_redis(), (b"DEBUG", b"SLEEP", b"1000000")

    def client():
        if how == "early":
            time.sleep(0.6)
        end = connect(port)
        if how != "early":
            end.sendall(request(b"PING"))
            end.recv(100)
            time.sleep(0.6)
        end.sendall(request(b"PING"))
        end.recv(100)
    for number in range(2):
        forked(f"client{number}", client)
    time.sleep(0.3)
    forked("slow", lambda: ask(port, *slow))
    role("harness")
    os.wait()


def redis_idle():
    start_redis("--appendonly", "yes")
    role("harness")
    os.wait()


def redis_blpop():
    """Healthy: a worker waits for jobs, and there are none."""
    port = start_redis()
    forked("worker", lambda: ask(port, b"BLPOP", b"jobs", b"0"))
    role("harness")
    os.wait()


def start_nginx(locations, workers=1):
    port = free_port()
    with open(path("nginx.conf"), "w") as file:
        file.write(f"""daemon off; worker_processes {workers}; pid {path('nginx.pid')}; error_log stderr;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {path('b')}; proxy_temp_path {path('p')};
fastcgi_temp_path {path('f')}; uwsgi_temp_path {path('u')}; scgi_temp_path {path('s')};
server {{ listen 127.0.0.1:{port}; {locations} }} }}
""")
    server = subprocess.Popen(["nginx", "-c", path("nginx.conf"), "-p", path("")])
    role("nginx", server.pid)
    connect(port).close()
    return port


def nginx_mute(how="deaf"):
    """A client waits for nginx, nginx for a backend that says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    backend_port = listener.getsockname()[1]

    def backend():
        connection = listener.accept()[0]
        if how == "silent":
            connection.recv(10000)
        time.sleep(FOREVER)
    forked("backend", backend)
    listener.close()
    port = start_nginx(f"location / {{ proxy_pass http://127.0.0.1:{backend_port}; proxy_read_timeout 86400s; }}")

    def client():
        request = http.client.HTTPConnection("127.0.0.1", port)
        request.request("GET", "/")
        request.getresponse()
    forked("client", client)
    role("harness")
    os.wait()


def nginx_idle():
    start_nginx("location / { return 204; }", 2)
    role("harness")
    os.wait()


def busy_http():
    """Healthy: a threaded server and a client that never rests for long."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]

    def client():
        server.socket.close()
        with open(path("answers"), "wb", buffering=0) as answers:
            while True:
                request = http.client.HTTPConnection("127.0.0.1", port)
                request.request("GET", "/")
                answers.write(request.getresponse().read()[:1])
                request.close()
                time.sleep(0.02)
    forked("client", client)
    role("server")
    server.serve_forever()


def postgres_idle():
    """Healthy: a database at rest, with one client that has asked, got its answer, and thinks."""
    data = path("data")
    tool = glob.glob("/usr/lib/postgresql/*/bin/")[0]
    subprocess.check_call([tool + "initdb", "-D", data, "-A", "trust", "-N", "-U", "zoo"], stdout=subprocess.DEVNULL)
    port = free_port()
    server = subprocess.Popen([tool + "postgres", "-D", data, "-p", str(port), "-k", path(""), "-c",
                               "listen_addresses=127.0.0.1", "-c", "fsync=off"])
    role("postgres", server.pid)
    for _ in range(100):
        if os.path.exists(path("data/postmaster.pid")) and "ready" in open(path("data/postmaster.pid")).read():
            break
        time.sleep(0.1)
    role("harness")
    os.wait()


NODE_SERVER = """
const http = require('http'), fs = require('fs');
const server = http.createServer((request, response) => {
  if (request.url === '/block')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(process.argv[1], String(server.address().port)));
"""


def node(how="blocked"):
    """A synchronous wait in a request handler: node's loop stands, with a request before it."""
    server = subprocess.Popen(["node", "-e", NODE_SERVER, path("port")])
    role("server", server.pid)
    end = time.monotonic() + 8
    while not (os.path.exists(path("port")) and open(path("port")).read()) and time.monotonic() < end:
        time.sleep(0.05)
    port = int(open(path("port")).read())
    role("harness")
    if how == "idle":
        os.wait()

    def client(wait, url):
        request = http.client.HTTPConnection("127.0.0.1", port)
        request.request("GET", "/")
        request.getresponse().read()
        time.sleep(wait)
        request.request("GET", url)
        request.getresponse()
    forked("client0", lambda: client(0.3, "/block"))
    forked("client1", lambda: client(0.6, "/"))
    os.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.stack_size(1 << 20)
    globals()[sys.argv[1]](*sys.argv[2:])
