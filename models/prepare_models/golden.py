"""Compares converted networks with golden files, which contain the output of the original network for an image that a
formula defines.

The functions check_*() run the network in `onnx_file` and compare its output with `golden`, the content of a golden
file. They return why the output differs too much, or None if it does not.
"""

import numpy as np
from onnx.reference import ReferenceEvaluator

SIDE = 160


def image():
    """Returns the image of the golden embedding, 160x160x3 uint8 RGB. golden_embedding.json describes its formula."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int64)

    # Elliptical bump: 256 at its centre, falling to 0 at its edge.
    def bump(centre_x, centre_y, radius_x, radius_y):
        a, b = radius_x**2, radius_y**2
        return np.maximum(
            0, 256 - 256 * ((x - centre_x) ** 2 * b + (y - centre_y) ** 2 * a) // (a * b)
        )

    face = bump(80, 84, 60, 80)
    eyes = bump(57, 66, 14, 8) + bump(103, 66, 14, 8)
    nose = bump(80, 94, 10, 22)
    mouth = bump(80, 122, 26, 9)

    def channel(background, lit_face, lit_nose, dark_eyes, dark_mouth):
        return (
            background
            + face * lit_face // 256
            + nose * lit_nose // 256
            - eyes * dark_eyes // 256
            - mouth * dark_mouth // 256
        )

    red = channel(40 + y // 8, 170, 20, 130, 30)
    green = channel(45 + x // 8, 120, 15, 110, 80)
    blue = channel(60 + (x + y) // 16, 90, 10, 80, 60)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 255).astype(np.uint8)


def check_facenet(onnx_file, golden):
    pixels = (image().astype(np.float32) - 127.5) / 128
    return _direction(_run(onnx_file, pixels), golden)


def check_sface(onnx_file, golden):
    return _direction(_run(onnx_file, image()[24:136, 24:136].astype(np.float32)), golden)


def check_yunet(onnx_file, golden):
    outputs = _run(onnx_file, image()[:, :, ::-1].astype(np.float32))
    for name, expected in golden["outputs"].items():
        difference = np.abs(outputs[name].ravel()[::7] - expected).max()
        if not difference <= golden["maximum_difference"]:
            return (
                f"output {name} differs from the golden output by {difference:.6f}, "
                f"expected at most {golden['maximum_difference']}"
            )
    return None


def _run(onnx_file, pixels):
    """Runs a network on one image. Returns its outputs by name."""
    evaluator = ReferenceEvaluator(str(onnx_file))
    outputs = evaluator.run(None, {evaluator.input_names[0]: pixels.transpose(2, 0, 1)[None]})
    return dict(zip(evaluator.output_names, outputs, strict=True))


def _direction(outputs, golden):
    (output,) = outputs.values()
    actual, expected = output[0].astype(np.float64), np.array(golden["embedding"])
    cosine = actual @ expected / (np.linalg.norm(actual) * np.linalg.norm(expected))
    if cosine >= golden["minimum_cosine"]:
        return None
    return (
        f"cosine similarity {cosine:.6f} to the golden embedding, "
        f"expected at least {golden['minimum_cosine']}"
    )
