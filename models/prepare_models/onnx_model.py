"""Writes and reads ONNX files as far as the FaceNet graph needs them."""

from dataclasses import dataclass, field

import numpy as np

from . import protobuf
from .protobuf import bytes_field, float_field, varint_field

IR_VERSION = 6
OPSET = 11  # old enough for OpenCV 4.6, new enough for every later release
FLOAT = 1
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS = 1, 2, 7

# Field numbers of onnx.proto.
MODEL_IR_VERSION, MODEL_PRODUCER, MODEL_GRAPH, MODEL_OPSET = 1, 2, 7, 8
GRAPH_NODE, GRAPH_NAME, GRAPH_TENSOR, GRAPH_INPUT, GRAPH_OUTPUT = 1, 2, 5, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE = 1, 2, 3, 4, 5
ATTRIBUTE_NAME, ATTRIBUTE_F, ATTRIBUTE_I, ATTRIBUTE_MANY_I, ATTRIBUTE_TYPE = 1, 2, 3, 8, 20
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9


@dataclass
class Node:
    op: str
    inputs: list
    output: str
    attributes: dict = field(default_factory=dict)


@dataclass
class Model:
    """One chain of nodes in an order in which it can run; shapes use a name for a free size."""

    name: str
    inputs: dict
    outputs: dict
    nodes: list = field(default_factory=list)
    tensors: dict = field(default_factory=dict)


def write(model):
    """Yields the pieces of the file, so that the weights need not be in memory twice."""
    graph = [_node(node) for node in model.nodes]
    graph.append(bytes_field(GRAPH_NAME, model.name))
    graph.extend(bytes_field(GRAPH_TENSOR, _tensor(*item)) for item in model.tensors.items())
    graph.extend(bytes_field(GRAPH_INPUT, _value_info(*item)) for item in model.inputs.items())
    graph.extend(bytes_field(GRAPH_OUTPUT, _value_info(*item)) for item in model.outputs.items())
    size = sum(len(piece) for piece in graph)
    yield varint_field(MODEL_IR_VERSION, IR_VERSION)
    yield bytes_field(MODEL_PRODUCER, "facebus")
    yield bytes_field(MODEL_OPSET, varint_field(2, OPSET))
    yield protobuf.length_prefix(MODEL_GRAPH, size)
    yield from graph


def read(content):
    """The nodes and tensors of a file that `write` made; names and shapes are not read back."""
    model = Model("", {}, {})
    graph = dict(protobuf.fields(content)).get(MODEL_GRAPH)
    if graph is None:
        raise ValueError("the file holds no ONNX graph")
    for number, value in protobuf.fields(graph):
        if number == GRAPH_NODE:
            model.nodes.append(_read_node(value))
        elif number == GRAPH_TENSOR:
            name, tensor = _read_tensor(value)
            model.tensors[name] = tensor
    return model


def _node(node):
    parts = [bytes_field(NODE_INPUT, name) for name in node.inputs]
    parts.append(bytes_field(NODE_OUTPUT, node.output))
    parts.append(bytes_field(NODE_NAME, node.output))
    parts.append(bytes_field(NODE_OP, node.op))
    parts.extend(bytes_field(NODE_ATTRIBUTE, _attribute(*item)) for item in node.attributes.items())
    return bytes_field(GRAPH_NODE, b"".join(parts))


def _attribute(name, value):
    encoded = bytes_field(ATTRIBUTE_NAME, name)
    if isinstance(value, float):
        return (
            encoded
            + float_field(ATTRIBUTE_F, value)
            + varint_field(ATTRIBUTE_TYPE, ATTRIBUTE_FLOAT)
        )
    if isinstance(value, int):
        return (
            encoded + varint_field(ATTRIBUTE_I, value) + varint_field(ATTRIBUTE_TYPE, ATTRIBUTE_INT)
        )
    encoded += b"".join(varint_field(ATTRIBUTE_MANY_I, item) for item in value)
    return encoded + varint_field(ATTRIBUTE_TYPE, ATTRIBUTE_INTS)


def _tensor(name, array):
    parts = [varint_field(TENSOR_DIMS, size) for size in array.shape]
    parts.append(varint_field(TENSOR_TYPE, FLOAT))
    parts.append(bytes_field(TENSOR_NAME, name))
    parts.append(bytes_field(TENSOR_RAW, np.ascontiguousarray(array, "<f4").tobytes()))
    return b"".join(parts)


def _value_info(name, shape):
    dims = b"".join(
        bytes_field(1, bytes_field(2, size) if isinstance(size, str) else varint_field(1, size))
        for size in shape
    )
    tensor_type = varint_field(1, FLOAT) + bytes_field(2, dims)
    return bytes_field(1, name) + bytes_field(2, bytes_field(1, tensor_type))


def _read_node(message):
    node = Node("", [], "")
    for number, value in protobuf.fields(message):
        if number == NODE_INPUT:
            node.inputs.append(protobuf.text(value))
        elif number == NODE_OUTPUT:
            node.output = protobuf.text(value)
        elif number == NODE_OP:
            node.op = protobuf.text(value)
        elif number == NODE_ATTRIBUTE:
            name, setting = _read_attribute(value)
            node.attributes[name] = setting
    return node


def _read_attribute(message):
    name, setting, many = "", None, []
    for number, value in protobuf.fields(message):
        if number == ATTRIBUTE_NAME:
            name = protobuf.text(value)
        elif number == ATTRIBUTE_F:
            setting = value
        elif number == ATTRIBUTE_I:
            setting = protobuf.signed(value)
        elif number == ATTRIBUTE_MANY_I:
            many.extend(protobuf.varints(value))
    return name, many if setting is None else setting


def _read_tensor(message):
    name, shape, raw = "", [], b""
    for number, value in protobuf.fields(message):
        if number == TENSOR_DIMS:
            shape.extend(protobuf.varints(value))
        elif number == TENSOR_NAME:
            name = protobuf.text(value)
        elif number == TENSOR_RAW:
            raw = value
    return name, np.frombuffer(raw, "<f4").reshape(shape)
