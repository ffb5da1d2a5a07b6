"""Converts a network and compares its output with a golden one. Runs in the Python environment that the class Toolbox
creates.

Exits with code 1 and one line on stderr if the output differs too much.
"""

import argparse
import json
import sys
from pathlib import Path

from . import dequantise, golden, tensorflow_to_onnx


def _sface(source, target):
    dequantise.convert(source, target, {0: "batch"}, {0: "batch"})


def _yunet(source, target):
    dequantise.convert(source, target, {2: "height", 3: "width"}, {1: "cells"})


# name of the network -> conversion, check of the result
NETWORKS = {
    "facenet": (tensorflow_to_onnx.convert, golden.check_facenet),
    "sface": (_sface, golden.check_sface),
    "yunet": (_yunet, golden.check_yunet),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, help="convert this file first")
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("onnx", type=Path)
    arguments = parser.parse_args()
    convert, check = NETWORKS[arguments.network]
    if arguments.source:
        convert(arguments.source, arguments.onnx)
    error = check(arguments.onnx, json.loads(arguments.golden.read_text(encoding="utf-8")))
    if error:
        sys.exit(error)


if __name__ == "__main__":
    main()
