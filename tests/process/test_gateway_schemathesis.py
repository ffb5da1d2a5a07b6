"""Tests with schemathesis that the responses of the gateway conform to its OpenAPI document."""

import pathlib
import unittest

from gateway import BIDEN, OBAMA, Gateway, interpreter_with, need_gateway
from images import ffmpeg_image
from support import ProcessTest, need_system

HERE = pathlib.Path(__file__).parent


class Schemathesis(ProcessTest):
    limit = 300

    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def test_responses_conform_to_the_openapi_document(self):
        program = interpreter_with("schemathesis").with_name("schemathesis")
        images = self.folder / "images"
        images.mkdir()
        for number, file in enumerate((OBAMA[0], BIDEN)):
            ffmpeg_image(self, f"images/{number}.jpg", "-i", file, "-vf", "scale=-1:300")
        ffmpeg_image(self, "images/grey.jpg", "-f", "lavfi", "-i", "color=gray:100x100")
        gateway = Gateway(self)
        ran = self.run_program(
            [program, "--config-file", HERE / "schemathesis.toml", "run",
             f"http://{gateway.address}/openapi.json", "--header", f"x-api-key: {gateway.keys['admin']}",
             "--checks", "all", "--max-examples", "15", "--max-time", "30", "--continue-on-failure",
             "--generation-deterministic", "--no-color"],
            self.environment(SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=HERE,
                             PYTHONDONTWRITEBYTECODE="1", FACEBUS_TEST_IMAGES=images))
        self.assertEqual(0, ran.code, ran)
        paths = gateway.request("GET", "/openapi.json").json["paths"].values()
        # All operations were tested except the event stream, which does not end.
        self.assertIn(f"Tested: {sum(len(methods) for methods in paths) - 1}\n", ran.out)


if __name__ == "__main__":
    unittest.main()
