"""Turns the frozen TensorFlow FaceNet graph into an ONNX graph that OpenCV runs at any batch.

Batch normalisation is already folded into the convolutions of the source. What is left to do:
weights from height-width-in-out to out-in-height-width, SAME padding as numbers, the residual
scale into the convolution before it, and the last batch normalisation into the matrix product.
The L2 normalisation at the end is left out: not every OpenCV knows the operator.

Every float operation here is a single correctly rounded one, so the result has the same bytes
on every machine.
"""

import numpy as np

from .onnx_model import Model, Node
from .tensorflow_graph import read_graph

SOURCE_INPUT = "input"
SOURCE_EMBEDDING = "InceptionResnetV1/Bottleneck/BatchNorm/Reshape_1"
INPUT, OUTPUT = "input", "embedding"
SIDE, DIMENSIONS = 160, 512


def convert(content):
    """The ONNX model of the FaceNet graph whose GraphDef bytes are given."""
    return _Conversion(read_graph(content)).run()


class _Conversion:
    def __init__(self, graph):
        self.graph = graph
        self.model = Model(
            "facenet",
            inputs={INPUT: ("batch", 3, SIDE, SIDE)},
            outputs={OUTPUT: ("batch", DIMENSIONS)},
        )
        self.done = {SOURCE_INPUT: INPUT}

    def run(self):
        self._visit(SOURCE_EMBEDDING)
        return self.model

    def _visit(self, name):
        """Adds the node and all that it needs, needed first; returns the ONNX name of its output.

        An explicit stack: the graph is deeper than Python's recursion limit allows for.
        """
        stack = [name]
        while stack:
            current = stack[-1]
            if current in self.done:
                stack.pop()
                continue
            node = self._node(current)
            handler = getattr(self, "_add_" + node.op.lower(), None)
            if handler is None:
                raise ValueError(f"{current}: no conversion for the TensorFlow operator {node.op}")
            sources = self._sources(node)
            missing = [source for source in sources if source not in self.done]
            if missing:
                stack.extend(reversed(missing))
                continue
            self.done[current] = handler(node, [self.done[source] for source in sources])
            stack.pop()
        return self.done[name]

    def _node(self, name):
        if name not in self.graph:
            raise ValueError(f"the graph has no node {name}: it is not the FaceNet graph expected")
        return self.graph[name]

    def _constant(self, name):
        node = self._node(name)
        if node.op != "Const":
            raise ValueError(f"{name} is a {node.op} where a constant was expected")
        return node.attributes["value"]

    def _sources(self, node):
        """The computed inputs of a node, looking through the nodes that are folded into it."""
        if node.op == "BiasAdd":
            return [self._node(node.inputs[0]).inputs[0]]
        if node.op == "Mul":
            return [self._node(self._node(node.inputs[1]).inputs[0]).inputs[0]]
        if node.op == "ConcatV2":
            return node.inputs[:-1]
        if node.op in ("Reshape", "MatMul", "FusedBatchNorm"):
            return [self._linear_input(node)] if self._is_embedding(node) else node.inputs[:1]
        return node.inputs

    def _add(self, op, inputs, name, **attributes):
        self.model.nodes.append(Node(op, inputs, name, attributes))
        return name

    def _add_biasadd(self, node, sources):
        return self._convolution(node, np.float32(1), sources, node.name)

    def _add_mul(self, node, sources):
        scale = self._constant(node.inputs[0])
        return self._convolution(self._node(node.inputs[1]), scale, sources, node.name)

    def _convolution(self, bias_add, scale, sources, name):
        conv = self._node(bias_add.inputs[0])
        if conv.op != "Conv2D":
            raise ValueError(f"{conv.name} is a {conv.op} where a convolution was expected")
        weights = self._constant(conv.inputs[1])
        height, width = weights.shape[:2]
        self.model.tensors[f"{name}/weights"] = weights.transpose(3, 2, 0, 1) * scale
        self.model.tensors[f"{name}/bias"] = self._constant(bias_add.inputs[1]) * scale
        return self._add(
            "Conv",
            [*sources, f"{name}/weights", f"{name}/bias"],
            name,
            kernel_shape=[height, width],
            pads=_pads(conv, height, width),
            strides=conv.attributes["strides"][1:3],
        )

    def _add_relu(self, node, sources):
        return self._add("Relu", sources, node.name)

    def _add_add(self, node, sources):
        return self._add("Add", sources, node.name)

    def _add_concatv2(self, node, sources):
        if self._constant(node.inputs[-1]) != 3:
            raise ValueError(f"{node.name} joins along another axis than the channels")
        return self._add("Concat", sources, node.name, axis=1)

    def _add_maxpool(self, node, sources):
        return self._pool("MaxPool", node, sources)

    def _add_avgpool(self, node, sources):
        return self._pool("AveragePool", node, sources)

    def _pool(self, op, node, sources):
        height, width = node.attributes["ksize"][1:3]
        return self._add(
            op,
            sources,
            node.name,
            kernel_shape=[height, width],
            pads=_pads(node, height, width),
            strides=node.attributes["strides"][1:3],
        )

    def _is_embedding(self, node):
        return node.name == SOURCE_EMBEDDING

    def _linear_input(self, node):
        """What feeds the matrix product under the embedding's batch normalisation."""
        return self._matmul(node).inputs[0]

    def _matmul(self, embedding):
        normalisation = self._node(embedding.inputs[0])
        return self._node(self._node(normalisation.inputs[0]).inputs[0])

    def _add_reshape(self, node, sources):
        if not self._is_embedding(node):
            return self._add("Flatten", sources, node.name, axis=1)
        normalisation = self._node(node.inputs[0])
        gamma, beta, mean, variance = (
            self._constant(name).astype(np.float64) for name in normalisation.inputs[1:5]
        )
        scale = gamma / np.sqrt(variance + normalisation.attributes["epsilon"])
        weights = self._constant(self._matmul(node).inputs[1]).T.astype(np.float64)
        self.model.tensors["bottleneck/weights"] = (weights * scale[:, None]).astype(np.float32)
        self.model.tensors["bottleneck/bias"] = (beta - mean * scale).astype(np.float32)
        return self._add(
            "Gemm",
            [*sources, "bottleneck/weights", "bottleneck/bias"],
            OUTPUT,
            alpha=1.0,
            beta=1.0,
            transB=1,
        )


def _pads(node, height, width):
    """ONNX pads (top, left, bottom, right) for a node's padding mode."""
    if node.attributes["padding"] == "VALID":
        return [0, 0, 0, 0]
    if node.attributes["strides"] != [1, 1, 1, 1] or height % 2 == 0 or width % 2 == 0:
        raise ValueError(f"{node.name}: SAME padding is only known for odd kernels at stride 1")
    return [height // 2, width // 2, height // 2, width // 2]
