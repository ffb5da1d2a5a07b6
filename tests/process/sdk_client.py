"""Runs compreface-sdk, as it is on PyPI, against a server: sdk_client.py PORT KEY PHOTO OTHER IMPOSTOR.

The first two show one person. Prints what each call gave, as JSON.
"""

import json
import sys

from compreface import CompreFace

port, key, photo, other, impostor = sys.argv[1:]
server = CompreFace("http://127.0.0.1", port, {
    "limit": 0, "det_prob_threshold": 0.8, "prediction_count": 1,
    "face_plugins": "calculator,age,gender,landmarks,mask", "status": "true"})
recognition = server.init_face_recognition(key)
verification = server.init_face_verification(key)
detection = server.init_face_detection(key)
subjects, faces = recognition.get_subjects(), recognition.get_face_collection()

got = {}
got["add subject"] = subjects.add("A. Person")
got["add subject again"] = subjects.add("A. Person")
got["add"] = faces.add(image_path=photo, subject="A. Person", options={"det_prob_threshold": 0.8})
with open(impostor, "rb") as file:
    got["add bytes"] = faces.add(image_path=file.read(), subject="Another/One é")
got["list"] = faces.list()
got["list subjects"] = subjects.list()
got["recognise"] = recognition.recognize(image_path=other)
got["recognise without options"] = recognition.recognize(image_path=other, options={"limit": 1})
got["detect"] = detection.detect(image_path=other)
got["verify"] = verification.verify(source_image_path=photo, target_image_path=other)
got["verify impostor"] = verification.verify(source_image_path=photo, target_image_path=impostor)
got["verify face"] = faces.verify(image_path=other, image_id=got["add"]["image_id"])
got["rename"] = subjects.update("Another/One é", "Another")
got["after rename"] = subjects.list()
got["merge"] = subjects.update("Another", "A. Person")
got["after merge"] = faces.list()
got["delete face"] = faces.delete(got["add bytes"]["image_id"])
got["delete face again"] = faces.delete(got["add bytes"]["image_id"])
got["delete faces"] = faces.delete_all("A. Person")
got["recognise in an empty gallery"] = recognition.recognize(image_path=other)
got["delete subject"] = subjects.delete("A. Person")
got["delete subject again"] = subjects.delete("A. Person")
subjects.add("X")
got["delete all"] = subjects.delete_all()
got["after all"] = subjects.list()
json.dump(got, sys.stdout)
