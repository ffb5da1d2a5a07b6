"""Command line of models/prepare."""

import argparse
import os
import platform
import signal
import sys
from pathlib import Path

from . import licences, manifest
from .errors import USAGE, PrepareError, Stopped, from_os_error
from .prepare import Preparation

EPILOG = """\
exit codes: 0 ready, 64 invalid arguments, 69 a package, disk space or a working Python environment
is unavailable, 70 a conversion or check failed, 78 a folder or the manifest cannot be used,
130 or 143 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments=None):
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    options = _parse(arguments)
    try:
        return _run(options)
    except PrepareError as error:
        print(f"prepare: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        wrapped = from_os_error(error, options.output)
        print(f"prepare: {wrapped}", file=sys.stderr)
        return wrapped.exit_code
    except Stopped as stopped:
        print("prepare: interrupted; unfinished files were removed; run it again", file=sys.stderr)
        return stopped.exit_code


def _stop(number, frame):
    signal.signal(number, signal.SIG_IGN)  # a repetition of the signal must not interrupt the clean-up
    raise Stopped(number)


def _run(options):
    assets = manifest.load()
    wanted = [
        asset
        for asset in assets
        if asset.group in options.groups and asset.package.machine in (None, *options.machines)
    ]
    if options.list:
        print(licences.listing(wanted))
        return 0
    created = Preparation(
        assets,
        wanted,
        options.output,
        options.cache,
        offline=options.offline,
        verify=options.verify,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    ).run()
    print(f"{len(wanted)} files are ready in {options.output} ({created} new)")
    return 0


def _parse(arguments):
    parser = _Parser(
        prog="prepare",
        description="Fetch, convert and check the models and demo files of facebus.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[*manifest.GROUPS, "all"],
        help="group of files; can be given several times (default: recognition, engine and demo; with --list: all)",
    )
    parser.add_argument(
        "--machine",
        action="append",
        choices=manifest.MACHINES,
        help="processor type for which the group engine is fetched; can be given several times "
        "(default: that of this machine; with --list: all)",
    )
    parser.add_argument(
        "--output",
        type=_folder,
        help="folder for the files (default: $FACEBUS_MODELS, or facebus/models in the user's cache folder)",
    )
    parser.add_argument(
        "--cache",
        type=_folder,
        help="folder for downloaded packages (default: facebus/packages in the user's cache folder)",
    )
    parser.add_argument("--offline", action="store_true", help="use only cached packages, not the network")
    parser.add_argument("--verify", action="store_true", help="hash every file again and replace damaged ones")
    parser.add_argument(
        "--list", action="store_true", help="only print the files, packages, hashes, licences and origins"
    )
    options = parser.parse_args(arguments)
    only = options.only or (["all"] if options.list else manifest.DEFAULT_GROUPS)
    options.groups = manifest.GROUPS if "all" in only else tuple(only)
    options.machines = options.machine or (manifest.MACHINES if options.list else [platform.machine()])
    options.output = options.output or _default_output()
    options.cache = options.cache or _user_cache() / "packages"
    return options


def _folder(text):
    if not text:
        raise argparse.ArgumentTypeError("the folder name is empty")
    return Path(text).expanduser().absolute()


def _default_output():
    configured = os.environ.get("FACEBUS_MODELS")
    return _folder(configured) if configured else _user_cache() / "models"


def _user_cache():
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "facebus"
