"""Progress of a long step: a bar on a terminal, otherwise a line every few seconds."""

import sys
import time

SECONDS_BETWEEN_LINES = 5
BAR_WIDTH = 30


class Progress:
    """Context manager that reports the progress of one step and clears the bar at the end."""

    def __init__(self, label):
        self.label = label
        self.is_terminal = sys.stderr.isatty()
        self.last_line = time.monotonic()

    def __enter__(self):
        _write(self.label if self.is_terminal else f"{self.label}\n")
        return self

    def __exit__(self, *_):
        if self.is_terminal:
            _write("\r\033[K")

    def show(self, fraction):
        fraction = min(max(fraction, 0.0), 1.0)
        if self.is_terminal:
            filled = round(fraction * BAR_WIDTH)
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            _write(f"\r\033[K{self.label} [{bar}] {fraction:4.0%}")
        elif time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            _write(f"{self.label}: {fraction:.0%}\n")
            self.last_line = time.monotonic()


def _write(text):
    sys.stderr.write(text)
    sys.stderr.flush()
