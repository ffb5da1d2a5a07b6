"""Makes schemathesis upload the images in the folder $FACEBUS_TEST_IMAGES, and an empty gallery archive, instead
of random bytes."""

import os
import pathlib

import schemathesis
from hypothesis import strategies

IMAGES = sorted(pathlib.Path(os.environ["FACEBUS_TEST_IMAGES"]).iterdir())
EMPTY_GALLERY = b'{"facebus_gallery":1,"subjects":0,"samples":0}\n'

schemathesis.openapi.media_type(
    "image/jpeg", strategies.sampled_from([file.read_bytes() for file in IMAGES]))
schemathesis.openapi.media_type("application/octet-stream", strategies.just(EMPTY_GALLERY))
