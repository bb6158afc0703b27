"""A Lambda runtime API for one function: hands out one event again and again, and times the answers.

    fake_runtime.py BINARY EVENT.json [RUNS]

Starts BINARY RUNS times against itself and prints, as medians: process start to first answer in milliseconds, the next answers' time and CPU time, the
most memory that it ever had resident in MiB, and the status of the answer. Exits with 1 if an answer is an error.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WARM = 20


class Runtime(ThreadingHTTPServer):
    """One instance's runtime API."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event = event
        self.handed_out = 0
        self.asked_at = 0.0
        self.answers = []
        self.errors = []
        self.pid = 0
        self.cpu_after_first = 0.0
        self.done = threading.Event()

    def handle_error(self, request, client_address):
        """Quiet: a function that is stopped leaves its connection in the middle of a question."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it the answer's second packet waits for an acknowledgement: 40 ms that belong to no side.
    disable_nagle_algorithm = True

    def do_GET(self):
        runtime = self.server
        if runtime.handed_out > WARM:
            threading.Event().wait()  # As the real one does: the function is frozen until there is work.
        runtime.handed_out += 1
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{runtime.handed_out}")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 10) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:000000000000:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(runtime.event)))
        self.end_headers()
        self.wfile.write(runtime.event)
        runtime.asked_at = time.perf_counter()

    def do_POST(self):
        runtime = self.server
        answered = time.perf_counter()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/error"):
            runtime.errors.append(body.decode())
        if not runtime.answers:
            runtime.cpu_after_first = cpu(runtime.pid)
        runtime.answers.append((answered, answered - runtime.asked_at, body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if runtime.errors or len(runtime.answers) > WARM:
            runtime.done.set()

    def log_message(self, *arguments):
        pass


def cpu(pid):
    """CPU time in seconds of the threads that a process has. A function starts its threads once, so none is missing."""
    threads = os.listdir(f"/proc/{pid}/task")
    return sum(int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0]) for thread in threads) / 1e9


def run(binary, event):
    runtime = Runtime(event)
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "f",
                   "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_LOG_FORMAT": "JSON"}
    started = time.perf_counter()
    process = subprocess.Popen([binary], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    runtime.pid = process.pid
    try:
        if not runtime.done.wait(20):
            process.kill()
            sys.exit(f"{binary}: no answer\n{process.stdout.read().decode()}")
        if runtime.errors:
            sys.exit(f"{binary}: {runtime.errors[0]}")
        with open(f"/proc/{process.pid}/status") as status:
            memory = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        worked = (cpu(process.pid) - runtime.cpu_after_first) / WARM
    finally:
        process.kill()
        process.wait()
        runtime.shutdown()
    first, *rest = runtime.answers
    return (first[0] - started) * 1000, statistics.median(took for _, took, _ in rest) * 1000, worked * 1000, memory, json.loads(first[2])["statusCode"]


def main():
    binary, path, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 15
    with open(path, "rb") as file:
        event = file.read()
    results = [run(binary, event) for _ in range(runs)]
    start, warm, worked, memory = (statistics.median(column) for column in list(zip(*results))[:4])
    print(f"{start:.1f} {warm:.2f} {worked:.2f} {memory:.1f} {results[0][4]}")


if __name__ == "__main__":
    main()
