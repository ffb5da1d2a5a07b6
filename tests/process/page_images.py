#!/usr/bin/python3
"""Takes the screenshots in docs/images/page while the real system processes clips.

    cd tests/process && FACEBUS_REQUIRE_ALL=1 /usr/bin/python3 -B page_images.py
"""

import unittest

from browser import DESKTOP, PHONE, need_browser
from gateway import BIDEN, OBAMA, need_gateway
from images import carphone_frames, ffmpeg_clip
from page import CLIPS, PageSystem
from support import ROOT, ProcessTest, need_system

IMAGES = ROOT / "docs/images/page"
# Script that returns whether all images are loaded and all animations have finished.
LOADED = ("return [...document.images].every((image) => image.complete && image.naturalWidth > 0) && "
          "document.getAnimations().every((animation) => animation.playState === 'finished');")


class PageImages(ProcessTest):
    limit = 400

    def clip_of_visit(self, name, photo):
        """Creates a clip that shows a person for 8 seconds, then an empty scene for 4."""
        return ffmpeg_clip(
            self, name, "-loop", "1", "-t", "8", "-i", photo, "-f", "lavfi", "-t", "4", "-i", "color=gray:640x480",
            "-filter_complex", "[0]scale=640:480:force_original_aspect_ratio=increase,crop=640:480:(iw-640)/2:0,"
            "setsar=1,fps=10,format=yuv420p[a];[1]setsar=1,fps=10,format=yuv420p[b];[a][b]concat=n=2")

    def test_takes_screenshots(self):
        need_system()
        need_gateway()
        need_browser()
        IMAGES.mkdir(parents=True, exist_ok=True)
        CLIPS["reception"] = self.clip_of_visit("obama.mp4", OBAMA[-1])
        CLIPS["garden"] = self.clip_of_visit("biden.mp4", BIDEN)
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl Phone")
        for photo in OBAMA[:-1]:
            system.add_face("Barack%20Obama", photo)
        system.play_clips("door", "reception", "garden", "street")
        desktop = system.browse(size=(DESKTOP[0], 540))
        desktop.find(".result.known", "Barack Obama")
        desktop.find(".result.known", "Carl")
        desktop.find(".result.unknown", "garden")
        desktop.until("return document.querySelectorAll('.result').length >= 10")
        desktop.until(LOADED)
        desktop.screenshot(IMAGES / "live.png")
        desktop.resize(DESKTOP[0], 760)
        desktop.click(".result.known", "Barack Obama")
        desktop.find("dialog.why")
        desktop.until("return document.querySelector('dialog .samples img')")
        desktop.until(LOADED)
        desktop.screenshot(IMAGES / "why.png")
        desktop.click("dialog .close")
        desktop.click("nav a", "Unknown")
        desktop.resize(DESKTOP[0], 540)
        desktop.until("return [...document.querySelectorAll('.group')].filter((group) => "
                      "group.querySelectorAll('img').length >= 2).length >= 2")
        desktop.until(LOADED)
        desktop.screenshot(IMAGES / "unknown.png")
        desktop.resize(DESKTOP[0], 760)
        for view, content in (("Gallery", ".sample img"), ("Cameras", ".camera"), ("Statistics", "svg.plot path")):
            desktop.click("nav a", view)
            desktop.find(content)
            desktop.until(LOADED)
            desktop.screenshot(IMAGES / f"{view.lower()}.png")
        phone = system.browse(size=PHONE, scale=1, dark=True)
        phone.until("return document.querySelectorAll('.result').length >= 6")
        phone.until(LOADED)
        phone.screenshot(IMAGES / "phone.png")


if __name__ == "__main__":
    unittest.main()
