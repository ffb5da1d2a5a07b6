"""Runs a helper program to its end, or ends it when this run is stopped."""

import subprocess

POLL_SECONDS = 0.2
SECONDS_TO_END = 5


def run(command, log, environment=None, on_poll=None):
    """Runs the command with its output in the file `log`; returns its exit code."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            while True:
                try:
                    return process.wait(timeout=POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    if on_poll:
                        on_poll()
        finally:
            end(process)


def end(process):
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def log_lines(log):
    return [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
