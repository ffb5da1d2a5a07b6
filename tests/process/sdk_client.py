"""usage: sdk_client.py PORT KEY PHOTO OTHER IMPOSTOR

Calls the gateway at PORT with the API key KEY through the unmodified compreface-sdk. The images PHOTO and OTHER show
the same person, IMPOSTOR shows somebody else. Prints a JSON object with the result of each call. test_gateway_sdk.py
runs this program and checks the results.
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

results = {}
results["add subject"] = subjects.add("A. Person")
results["add subject again"] = subjects.add("A. Person")
results["add face"] = faces.add(image_path=photo, subject="A. Person", options={"det_prob_threshold": 0.8})
with open(impostor, "rb") as file:
    results["add from memory"] = faces.add(image_path=file.read(), subject="Another/One é")
results["list faces"] = faces.list()
results["list subjects"] = subjects.list()
results["recognise"] = recognition.recognize(image_path=other)
results["recognise without plugins"] = recognition.recognize(image_path=other, options={"limit": 1})
results["detect"] = detection.detect(image_path=other)
results["verify"] = verification.verify(source_image_path=photo, target_image_path=other)
results["verify impostor"] = verification.verify(source_image_path=photo, target_image_path=impostor)
results["verify face"] = faces.verify(image_path=other, image_id=results["add face"]["image_id"])
results["rename"] = subjects.update("Another/One é", "Another")
results["list after rename"] = subjects.list()
results["merge"] = subjects.update("Another", "A. Person")
results["list after merge"] = faces.list()
results["delete face"] = faces.delete(results["add from memory"]["image_id"])
results["delete face again"] = faces.delete(results["add from memory"]["image_id"])
results["delete faces"] = faces.delete_all("A. Person")
results["recognise in an empty gallery"] = recognition.recognize(image_path=other)
results["delete subject"] = subjects.delete("A. Person")
results["delete subject again"] = subjects.delete("A. Person")
subjects.add("X")
results["delete all"] = subjects.delete_all()
results["list after delete all"] = subjects.list()
json.dump(results, sys.stdout)
