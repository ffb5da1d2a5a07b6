"""Pictures and archives for schemathesis, which can make neither; FACEBUS_TEST_IMAGES is a folder."""

import os
import pathlib

import schemathesis
from hypothesis import strategies

PICTURES = sorted(pathlib.Path(os.environ["FACEBUS_TEST_IMAGES"]).iterdir())
EMPTY_GALLERY = b'{"facebus_gallery":1,"subjects":0,"samples":0}\n'

schemathesis.openapi.media_type(
    "image/jpeg", strategies.sampled_from([file.read_bytes() for file in PICTURES]))
schemathesis.openapi.media_type("application/octet-stream", strategies.just(EMPTY_GALLERY))
