"""Reader for the part of TensorFlow's GraphDef message used by the frozen FaceNet graph."""

import re

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# One message per line: its name, then its fields as name=number:type; * marks a repeated field.
MESSAGES = """
GraphDef  node=1:NodeDef*
NodeDef   name=1:string op=2:string input=3:string* attr=5:Entry*
Entry     key=1:string value=2:AttrValue
AttrValue list=1:List s=2:bytes f=4:float tensor=8:Tensor
List      i=3:int64*
Tensor    dtype=1:int64 shape=2:Shape content=4:bytes float_val=5:float*
Shape     dim=2:Dim*
Dim       size=1:int64
"""
FLOAT = 1


class Node:
    """Graph node: name, operator, names of its inputs, attributes by name."""

    def __init__(self, message):
        self.name, self.op, self.inputs = message.name, message.op, message.input
        self.attributes = {entry.key: entry.value for entry in message.attr}

    def integers(self, attribute):
        return list(self.attributes[attribute].list.i)

    def constant(self):
        """Returns the value of a Const node. Requires: its type is float."""
        tensor = self.attributes["value"].tensor
        if tensor.dtype != FLOAT:
            raise ValueError(f"{self.name} is not a constant of floats")
        shape = [dim.size for dim in tensor.shape.dim]
        if tensor.content:
            return np.frombuffer(tensor.content, "<f4").reshape(shape)
        return np.resize(np.array(tensor.float_val, "<f4"), shape)  # repeats a single value


def read(path):
    """Returns the nodes of a GraphDef file by name."""
    # Builds the message classes at run time, so that no generated protobuf code is needed.
    types = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="graph.proto", syntax="proto3")
    for line in MESSAGES.strip().splitlines():
        message = file.message_type.add(name=line.split()[0])
        for name, number, kind, star in re.findall(r"(\w+)=(\d+):(\w+)(\*?)", line):
            field = message.field.add(name=name, number=int(number))
            field.label = types.LABEL_REPEATED if star else types.LABEL_OPTIONAL
            if kind.islower():
                field.type = types.Type.Value(f"TYPE_{kind.upper()}")
            else:
                field.type, field.type_name = types.TYPE_MESSAGE, kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    graph = message_factory.GetMessageClass(pool.FindMessageTypeByName("GraphDef"))()
    graph.ParseFromString(path.read_bytes())
    return {node.name: Node(node) for node in graph.node}
