"""Errors: one line for the user and one exit code for scripts."""

import errno
import shutil

USAGE = 64
UNAVAILABLE = 69
INTERNAL = 70
CONFIGURATION = 78


class PrepareError(Exception):
    """Error with a one-line message (what is wrong and what to do next) and an exit code."""

    def __init__(self, message, exit_code=UNAVAILABLE):
        super().__init__(message)
        self.exit_code = exit_code


class Stopped(BaseException):
    """Raised when a signal stops the run. Not an Exception, so `except Exception` does not catch it."""

    def __init__(self, signal_number):
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


def no_space(where):
    """Returns the PrepareError for a full disk; `where` is the folder."""
    return PrepareError(
        f"no space left in {where}; free some space, or choose other folders with --output and --cache"
    )


def require_space(where, size):
    """Raises PrepareError if the disk of the folder `where` has less than `size` bytes free."""
    free = shutil.disk_usage(where).free
    if free < size:
        raise PrepareError(
            f"not enough space in {where}: {size / 1e6:.0f} MB are needed, "
            f"{free / 1e6:.0f} MB are free; free some space, or choose other folders with --output "
            "and --cache"
        )


def from_os_error(error, where):
    """Returns the PrepareError for an OSError. The message names the folder `where` if the disk is full or the error
    names no file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(where)
    return PrepareError(
        f"cannot use {error.filename or where}: {error.strerror}; give write access to it, or choose "
        "other folders with --output and --cache",
        CONFIGURATION,
    )
