"""Converts the frozen TensorFlow FaceNet graph to an ONNX model that OpenCV runs at any batch size.

In the TensorFlow graph, the batch normalisations after convolutions are already folded into the
convolutions. The conversion reorders weights from height-width-in-out to out-in-height-width, makes
SAME padding explicit, folds each residual scale into the convolution before it, and folds the last
batch normalisation into the matrix product before it. It omits the final L2 normalisation because
some versions of OpenCV lack the operator.

Every value is computed element by element with operations that IEEE 754 rounds correctly (+, -, *,
/, square root). There are no sums whose order could differ, so the file is identical on every
machine.
"""

import sys

import numpy as np
from onnx import ModelProto, OperatorSetIdProto, TensorProto, helper, numpy_helper

from . import graph_def

FEATURES = "InceptionResnetV1/Logits/Flatten/flatten/Reshape"
WEIGHTS = "InceptionResnetV1/Bottleneck/weights"
NORMALISATION = "InceptionResnetV1/Bottleneck/BatchNorm/cond/FusedBatchNorm_1"
SIDE, DIMENSIONS = 160, 512
IR_VERSION, OPSET = 6, 11  # old enough for OpenCV 4.6, new enough for every later release


def convert(graph_file, onnx_file):
    """Converts the FaceNet graph, a serialised GraphDef, to an ONNX file."""
    header = ModelProto(
        ir_version=IR_VERSION,
        producer_name="facebus",
        opset_import=[OperatorSetIdProto(version=OPSET)],
    )
    model = ModelProto()
    _Conversion(graph_def.read(graph_file), model.graph).run()
    # Concatenated protobuf messages parse as one message. Writing the header first yields the SHA-256 in the manifest.
    with open(onnx_file, "wb") as output:
        output.write(header.SerializeToString())
        output.write(model.SerializeToString())


class _Conversion:
    def __init__(self, source, graph):
        self.source = source
        self.graph = graph
        self.graph.name = "facenet"
        self.converted = {"input:0": "input"}  # name in TensorFlow -> name in ONNX

    def run(self):
        sys.setrecursionlimit(10_000)  # _output() recurses through several hundred layers
        self._add_bottleneck(self._output(FEATURES))
        self.graph.input.append(_floats("input", 3, SIDE, SIDE))
        self.graph.output.append(_floats("embedding", DIMENSIONS))

    def _output(self, name):
        """Returns the ONNX name of a node's output. Converts the node and its inputs on first use."""
        if name not in self.converted:
            node = self.source[name]
            self.converted[name] = getattr(self, "_add_" + node.op.lower())(node)
        return self.converted[name]

    def _outputs(self, names):
        return [self._output(name) for name in names]

    def _constant(self, name):
        return self.source[name].constant()

    def _add(self, op, inputs, name, **attributes):
        self.graph.node.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def _add_tensor(self, name, array):
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    # One method per TensorFlow operator; _output() looks it up by name.

    def _add_biasadd(self, node):
        return self._add_convolution(node, np.float32(1), node.name)

    def _add_mul(self, node):
        # A residual scale: a constant times a convolution with bias. Scaling the weights and the bias is equivalent.
        scale, bias_add = node.inputs
        return self._add_convolution(self.source[bias_add], self._constant(scale), node.name)

    def _add_convolution(self, bias_add, scale, name):
        convolution, bias = bias_add.inputs
        node = self.source[convolution]
        image = self._output(node.inputs[0])
        weights = self._constant(node.inputs[1])
        inputs = [
            image,
            self._add_tensor(f"{name}/weights", weights.transpose(3, 2, 0, 1) * scale),
            self._add_tensor(f"{name}/bias", self._constant(bias) * scale),
        ]
        return self._add("Conv", inputs, name, **_window(node, weights.shape[:2]))

    def _add_relu(self, node):
        return self._add("Relu", self._outputs(node.inputs), node.name)

    def _add_add(self, node):
        return self._add("Add", self._outputs(node.inputs), node.name)

    def _add_concatv2(self, node):
        # The last input is TensorFlow's axis. Channels are axis 1 in ONNX.
        return self._add("Concat", self._outputs(node.inputs[:-1]), node.name, axis=1)

    def _add_maxpool(self, node):
        return self._add_pool("MaxPool", node)

    def _add_avgpool(self, node):
        return self._add_pool("AveragePool", node)

    def _add_pool(self, op, node):
        window = _window(node, node.integers("ksize")[1:3])
        return self._add(op, [self._output(node.inputs[0])], node.name, **window)

    def _add_reshape(self, node):
        return self._add("Flatten", [self._output(node.inputs[0])], node.name, axis=1)

    def _add_bottleneck(self, features):
        # Batch normalisation of W x is scale * (W x - mean) + beta, with scale = gamma / sqrt(variance + epsilon). As a
        # matrix product with bias: (scale * W) x + (beta - mean * scale).
        normalisation = self.source[NORMALISATION]
        gamma, beta, mean, variance = (
            self._constant(name).astype(np.float64) for name in normalisation.inputs[1:5]
        )
        scale = gamma / np.sqrt(variance + normalisation.attributes["epsilon"].f)
        weights = self._constant(WEIGHTS).T.astype(np.float64) * scale[:, None]
        inputs = [
            features,
            self._add_tensor("bottleneck/weights", weights.astype(np.float32)),
            self._add_tensor("bottleneck/bias", (beta - mean * scale).astype(np.float32)),
        ]
        self._add("Gemm", inputs, "embedding", alpha=1.0, beta=1.0, transB=1)


def _window(node, kernel):
    """Returns the ONNX attributes of a convolution or pooling window."""
    strides = node.integers("strides")[1:3]
    pads = [0, 0, 0, 0]  # top, left, bottom, right
    if node.attributes["padding"].s == b"SAME":
        if strides != [1, 1] or kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
            raise ValueError(f"{node.name}: SAME padding requires an odd kernel at stride 1")
        pads = [size // 2 for size in kernel] * 2
    return {"kernel_shape": kernel, "pads": pads, "strides": strides}


def _floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
