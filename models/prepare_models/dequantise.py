"""Converts an ONNX model with block-quantised weights (opset 21) to one with float weights that OpenCV 4.6 reads.

In the source, each weight is a DequantizeLinear node: 8-bit integers with one scale and one zero point per block, and
often a Reshape after it. The conversion computes these weights once and stores them as floats. It also removes Dropout,
which does nothing after training.

Every weight is the product of an integer and a float, rounded once, so the file is identical on every machine.
"""

import numpy as np
import onnx
from onnx import ModelProto, OperatorSetIdProto, helper, numpy_helper

# Old enough for OpenCV 4.6, new enough for every later release. (Up to opset 13, the reference evaluator of onnx, which
# checks the result, treats BatchNormalization as in training.)
IR_VERSION, OPSET = 7, 14


def convert(source_file, onnx_file, free_input, free_output):
    """Converts the ONNX model `source_file` and writes the result to `onnx_file`. `free_input` and `free_output` name
    the sizes of the input and of the outputs that may vary, by axis."""
    source = onnx.load(source_file).graph
    model = ModelProto(
        ir_version=IR_VERSION,
        producer_name="facebus",
        opset_import=[OperatorSetIdProto(version=OPSET)],
    )
    model.graph.name = source.name
    tensors = {each.name: numpy_helper.to_array(each) for each in source.initializer}
    computed = {}  # name of the output of a removed node -> the weights it yields
    renamed = {}  # name of the output of a removed Dropout -> its input
    nodes = []
    for node in source.node:
        if node.op_type == "DequantizeLinear":
            computed[node.output[0]] = _dequantise(node, *(tensors[name] for name in node.input))
        elif node.op_type == "Reshape" and node.input[0] in computed:
            computed[node.output[0]] = computed[node.input[0]].reshape(tensors[node.input[1]])
        elif node.op_type == "Dropout":
            renamed[node.output[0]] = node.input[0]
        elif node.op_type != "Constant":  # the only constant is the ratio of Dropout
            nodes.append(node)
    tensors |= computed
    stored = set()
    for node in nodes:
        inputs = [renamed.get(name, name) for name in node.input]
        model.graph.node.append(node)
        model.graph.node[-1].input[:] = inputs
        for name in inputs:
            if name in tensors and name not in stored:
                stored.add(name)
                model.graph.initializer.append(numpy_helper.from_array(tensors[name], name))
    used = {name for node in model.graph.node for name in node.input} - tensors.keys()
    inputs = [value for value in source.input if value.name in used]
    _add_values(model.graph.input, inputs, free_input)
    _add_values(model.graph.output, source.output, free_output)
    onnx.checker.check_model(model)
    with open(onnx_file, "wb") as output:
        output.write(model.SerializeToString(deterministic=True))


def _dequantise(node, values, scales, zero_points):
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    axis, size = attributes["axis"], attributes["block_size"]

    def per_value(blocks):
        return np.repeat(blocks, size, axis).take(range(values.shape[axis]), axis)

    difference = values.astype(np.int32) - per_value(zero_points).astype(np.int32)
    return difference.astype(np.float32) * per_value(scales)


def _add_values(target, values, free):
    """Adds inputs or outputs. `free` maps each axis whose size may vary to the name of that size."""
    for value in values:
        target.add().CopyFrom(value)
        for axis, name in free.items():
            target[-1].type.tensor_type.shape.dim[axis].dim_param = name
