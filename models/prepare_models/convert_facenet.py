"""Converts FaceNet and compares its output with the golden embedding. Runs in the Python environment
that the class Toolbox creates.

Exits with code 1 and one line on stderr if the embedding differs too much.
"""

import argparse
import json
import sys
from pathlib import Path

from . import convert, golden


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", type=Path, help="convert this frozen TensorFlow graph first")
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("onnx", type=Path)
    arguments = parser.parse_args()
    if arguments.graph:
        convert.convert(arguments.graph, arguments.onnx)
    expected = json.loads(arguments.golden.read_text(encoding="utf-8"))
    similarity = golden.cosine(arguments.onnx, expected["embedding"])
    if not similarity >= expected["minimum_cosine"]:
        sys.exit(
            f"cosine similarity {similarity:.6f} to the golden embedding, "
            f"expected at least {expected['minimum_cosine']}"
        )


if __name__ == "__main__":
    main()
