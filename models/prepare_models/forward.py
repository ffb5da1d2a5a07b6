"""Runs an ONNX graph in numpy: slow, but independent of every inference library."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def run(model, values, on_node=None):
    """The output of the last node, given {input name: array}."""
    values = dict(values)
    for index, node in enumerate(model.nodes):
        inputs = [model.tensors[n] if n in model.tensors else values[n] for n in node.inputs]
        values[node.output] = OPERATORS[node.op](node.attributes, *inputs)
        if on_node:
            on_node((index + 1) / len(model.nodes))
    return values[model.nodes[-1].output]


def _windows(attributes, image):
    top, left, bottom, right = attributes["pads"]
    padded = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = sliding_window_view(padded, attributes["kernel_shape"], axis=(2, 3))
    down, across = attributes["strides"]
    return windows[:, :, ::down, ::across]


def _conv(attributes, image, weights, bias):
    windows = _windows(attributes, image)
    products = np.tensordot(windows, weights, axes=((1, 4, 5), (1, 2, 3)))
    return (products + bias).transpose(0, 3, 1, 2)


def _gemm(attributes, rows, weights, bias):
    return rows @ weights.T + bias


OPERATORS = {
    "Conv": _conv,
    "Relu": lambda attributes, x: np.maximum(x, 0),
    "Add": lambda attributes, x, y: x + y,
    "Concat": lambda attributes, *parts: np.concatenate(parts, attributes["axis"]),
    "MaxPool": lambda attributes, x: _windows(attributes, x).max(axis=(4, 5)),
    "AveragePool": lambda attributes, x: _windows(attributes, x).mean(axis=(4, 5)),
    "Flatten": lambda attributes, x: x.reshape(len(x), -1),
    "Gemm": _gemm,
}
