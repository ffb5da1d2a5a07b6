"""Golden embedding: the output of the original (unconverted) network for an image that a formula defines."""

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


def cosine(onnx_file, embedding):
    """Runs the network in `onnx_file` on the image of the golden embedding. Returns the cosine similarity of its output
    and the golden embedding, `embedding`."""
    pixels = (image().astype(np.float32) - 127.5) / 128
    evaluator = ReferenceEvaluator(str(onnx_file))
    (output,) = evaluator.run(None, {"input": pixels.transpose(2, 0, 1)[None]})
    actual, expected = output[0].astype(np.float64), np.array(embedding)
    return actual @ expected / (np.linalg.norm(actual) * np.linalg.norm(expected))
