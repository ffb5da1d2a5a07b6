"""The golden embedding: what the original network answers to a picture made by formula."""

import json

import numpy as np

from . import forward, onnx_model

SIDE = 160


def picture():
    """The golden input, 160x160x3 uint8 RGB; golden_embedding.json states the formula."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int64)

    def bump(centre_x, centre_y, radius_x, radius_y):
        a, b = radius_x**2, radius_y**2
        return np.maximum(
            0, 256 - 256 * ((x - centre_x) ** 2 * b + (y - centre_y) ** 2 * a) // (a * b)
        )

    face = bump(80, 84, 60, 80)
    eyes = bump(57, 66, 14, 8) + bump(103, 66, 14, 8)
    nose = bump(80, 94, 10, 22)
    mouth = bump(80, 122, 26, 9)

    def channel(background, *weights):
        lit_face, lit_nose, dark_eyes, dark_mouth = weights
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


def blob(pixels):
    """The network's input: one picture, channels first, (x - 127.5) / 128."""
    return ((pixels.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]


def cosine(onnx_file, golden_file, on_node=None):
    """The cosine similarity of a model's answer to the golden embedding, and the least allowed."""
    golden = json.loads(golden_file.read_text(encoding="utf-8"))
    expected = np.array(golden["embedding"], np.float64)
    model = onnx_model.read(onnx_file.read_bytes())
    output = forward.run(model, {"input": blob(picture())}, on_node)
    answer = output[0].astype(np.float64)
    similarity = answer @ expected / (np.linalg.norm(answer) * np.linalg.norm(expected))
    return float(similarity), golden["minimum_cosine"]
