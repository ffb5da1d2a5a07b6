"""Reads a frozen TensorFlow graph (GraphDef) into plain nodes with numpy constants."""

from dataclasses import dataclass, field

import numpy as np

from . import protobuf

# Field numbers of graph.proto, node_def.proto, attr_value.proto and tensor.proto.
GRAPH_NODE = 1
NODE_NAME, NODE_OP, NODE_INPUT, NODE_ATTR = 1, 2, 3, 5
ENTRY_KEY, ENTRY_VALUE = 1, 2
ATTR_LIST, ATTR_BYTES, ATTR_INT, ATTR_FLOAT, ATTR_BOOL, ATTR_TENSOR = 1, 2, 3, 4, 5, 8
LIST_INT = 3
TENSOR_TYPE, TENSOR_SHAPE, TENSOR_CONTENT, TENSOR_FLOATS, TENSOR_INTS = 1, 2, 4, 5, 7
SHAPE_DIM, DIM_SIZE = 2, 1

NUMPY_TYPES = {1: np.dtype("<f4"), 3: np.dtype("<i4")}


@dataclass
class Node:
    name: str = ""
    op: str = ""
    inputs: list = field(default_factory=list)
    attributes: dict = field(default_factory=dict)


def read_graph(content):
    """The nodes of a GraphDef by name, in file order. Control inputs (^name) are left out."""
    nodes = {}
    for number, value in protobuf.fields(content):
        if number == GRAPH_NODE:
            node = _read_node(value)
            nodes[node.name] = node
    return nodes


def _read_node(message):
    node = Node()
    for number, value in protobuf.fields(message):
        if number == NODE_NAME:
            node.name = protobuf.text(value)
        elif number == NODE_OP:
            node.op = protobuf.text(value)
        elif number == NODE_INPUT:
            name = protobuf.text(value)
            if not name.startswith("^"):
                node.inputs.append(name.removesuffix(":0"))
        elif number == NODE_ATTR:
            entry = dict(protobuf.fields(value))
            node.attributes[protobuf.text(entry[ENTRY_KEY])] = _read_attribute(entry[ENTRY_VALUE])
    return node


def _read_attribute(message):
    for number, value in protobuf.fields(message):
        if number == ATTR_LIST:
            return [
                n
                for key, item in protobuf.fields(value)
                if key == LIST_INT
                for n in protobuf.varints(item)
            ]
        if number == ATTR_BYTES:
            return protobuf.text(value)
        if number in (ATTR_INT, ATTR_FLOAT, ATTR_BOOL):
            return value
        if number == ATTR_TENSOR:
            return _read_tensor(value)
    return None


def _read_tensor(message):
    shape, content, values, kind = [], None, [], 0
    for number, value in protobuf.fields(message):
        if number == TENSOR_TYPE:
            kind = value
        elif number == TENSOR_SHAPE:
            shape = [
                protobuf.signed(dict(protobuf.fields(dim)).get(DIM_SIZE, 0))
                for key, dim in protobuf.fields(value)
                if key == SHAPE_DIM
            ]
        elif number == TENSOR_CONTENT:
            content = value
        elif number == TENSOR_FLOATS:
            values.extend([value] if isinstance(value, float) else np.frombuffer(value, "<f4"))
        elif number == TENSOR_INTS:
            values.extend(protobuf.varints(value))
    if kind not in NUMPY_TYPES:
        raise ValueError(f"a constant has TensorFlow type {kind}, which this reader does not know")
    if content is not None:
        return np.frombuffer(content, NUMPY_TYPES[kind]).reshape(shape)
    # One value stands for a tensor filled with it.
    return np.broadcast_to(np.array(values, NUMPY_TYPES[kind]), shape or [1]).reshape(shape)
