"""What can go wrong, as one line for a person and one exit code for a script."""

import errno
import shutil

USAGE = 64
UNAVAILABLE = 69
INTERNAL = 70
CONFIGURATION = 78


class PrepareError(Exception):
    """One line that says what is wrong and what to do next, with the exit code."""

    def __init__(self, message, exit_code=UNAVAILABLE):
        super().__init__(message)
        self.exit_code = exit_code


class Stopped(BaseException):
    """A signal asked the run to end; not an Exception, so that no handler swallows it."""

    def __init__(self, signal_number):
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


def no_space(where):
    return PrepareError(
        f"no space left in {where}; free some, or choose another place with --output and --cache"
    )


def require_space(where, size):
    """Refuses to start what will not fit, rather than fail in the middle of it."""
    free = shutil.disk_usage(where).free
    if free < size:
        raise PrepareError(
            f"not enough space in {where}: {size / 1e6:.0f} MB are needed for a while, "
            f"{free / 1e6:.0f} MB are free; free some, or choose another place with --output "
            "and --cache"
        )


def from_os_error(error, where):
    """The error for a directory that cannot be used."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(where)
    return PrepareError(
        f"cannot use {error.filename or where}: {error.strerror}; make it a directory that you "
        "may write, or choose another place with --output and --cache",
        CONFIGURATION,
    )
