"""The program that runs inside the toolbox: converts FaceNet and checks it by the golden embedding.

Prints `progress FRACTION` lines; ends with code 1 and one line on stderr when the check fails.
"""

import argparse
import sys
from pathlib import Path

from . import convert, golden, onnx_model

SHARE_OF_CONVERSION = 0.3  # the rest of the time goes to the check


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", type=Path, help="convert this frozen TensorFlow graph first")
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("onnx", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.graph:
            _convert(arguments.graph, arguments.onnx)
        similarity, minimum = golden.cosine(
            arguments.onnx,
            arguments.golden,
            lambda done: _report(SHARE_OF_CONVERSION + (1 - SHARE_OF_CONVERSION) * done),
        )
    except (ValueError, KeyError) as error:
        print(f"not the FaceNet network expected: {error}", file=sys.stderr)
        return 1
    if not similarity >= minimum:
        print(
            f"cosine {similarity:.6f} to the golden embedding, at least {minimum} expected",
            file=sys.stderr,
        )
        return 1
    return 0


def _convert(graph, onnx):
    model = convert.convert(graph.read_bytes())
    _report(SHARE_OF_CONVERSION / 2)
    with open(onnx, "wb") as output:
        output.writelines(onnx_model.write(model))
    _report(SHARE_OF_CONVERSION)


def _report(fraction):
    print(f"progress {fraction:.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
