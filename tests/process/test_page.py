"""Tests the gateway's web page in a real browser, with faces from clips."""

import unittest

from browser import PHONE, need_browser
from gateway import BIDEN, OBAMA, need_gateway
from images import carphone_frames
from page import PageSystem, sign_in, submit_key
from support import ProcessTest, need_system

VIEWS = ("live", "unknown", "gallery", "cameras", "statistics")
HOSTILE = '<img src=x onerror="document.title=1"><b>Bob'


class PageTest(ProcessTest):
    limit = 240

    def setUp(self):
        need_system()
        need_gateway()
        need_browser()
        super().setUp()

    def assert_no_errors(self, browser, system):
        """Asserts that the console has no errors or warnings, and that every request over the network went to the
        gateway."""
        self.assertEqual([], browser.console_errors())
        for url in browser.requested_urls():
            self.assertTrue(url.startswith((system.url, f"blob:{system.url}", "data:")), url)


class Live(PageTest):
    def test_shows_results_with_crops_and_explains_a_result_on_click(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.add_face("Barack", OBAMA[0])
        browser = system.browse()
        browser.find(".empty", "No results yet")
        system.play_clips("door")
        browser.find(".result.known", "Carl")
        browser.until("return document.querySelector('.result.known img.face')?.naturalWidth === 160")
        self.assertIn("door", browser.text(".result.known"))

        browser.click(".result.known")
        browser.find("dialog.why h2", "Carl")
        details = browser.text("dialog.why")
        for text in ("known", "threshold", "Probability", "Matching photos", "Margin", "Barack",
                     "Latency from camera to result", "recognize", "Best quality"):
            self.assertIn(text, details)
        self.assertIn("threshold", browser.run("return document.querySelector('svg.scale').getAttribute('aria-label')"))
        browser.click("dialog.why .close")
        browser.wait_until_gone("dialog")
        self.assert_no_errors(browser, system)

    def test_explains_a_result_if_the_gallery_is_empty(self):
        system = PageSystem(self)
        browser = system.browse()
        system.play_clips("door")
        browser.click(".result")
        browser.find("dialog.why h2")
        details = browser.text("dialog.why")
        self.assertIn("Faces compared", details)
        self.assertNotIn("null", details)

    def test_shows_a_message_if_no_result_matches_the_filter(self):
        system = PageSystem(self)
        browser = system.browse()
        browser.click(".choices button", "Known")
        system.play_clips("door")
        browser.find(".empty", "No matching results")

    def test_shows_html_in_names_as_plain_text(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", HOSTILE)
        browser = system.browse()
        system.play_clips("door")
        browser.find(".result.known strong", HOSTILE)
        browser.click(".result.known")
        browser.find("dialog.why h2", HOSTILE)
        browser.click("dialog.why .close")
        browser.click("nav a", "Gallery")
        browser.find(".person h2", HOSTILE)
        self.assertEqual("Gallery · facebus", browser.run("return document.title"))
        self.assertEqual(0, browser.run("return document.querySelectorAll('b, img[src=x]').length"))
        self.assert_no_errors(browser, system)

    def test_reconnects_after_a_gateway_restart(self):
        system = PageSystem(self)
        browser = system.browse()
        browser.find(".connection.on")
        system.restart_gateway()
        browser.find(".connection.on")
        system.play_clips("door")
        browser.find(".result img.face")

    def test_removing_a_person_deletes_their_live_results(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.play_clips("door")
        browser = system.browse()
        browser.find(".result.known", "Carl")
        system.stop("capture")
        system.expect_success(system.request("DELETE", "/api/v1/recognition/subjects/Carl"))
        while "Carl" in system.request("GET", "/api/v1/live").body.decode():
            pass


class Keys(PageTest):
    def test_rejects_an_invalid_key_and_never_sends_a_key_in_a_url(self):
        system = PageSystem(self)
        browser = system.browse(role=None)
        browser.find("dialog", "Enter your API key")
        submit_key(browser, "invalid")
        browser.find("dialog .bad", "unknown or revoked")
        sign_in(browser, system.keys["read"])
        browser.find(".connection.on")
        self.assertFalse([url for url in browser.requested_urls() if system.keys["read"] in url])

    def test_reports_that_enrolling_requires_the_role_enrol(self):
        system = PageSystem(self)
        browser = system.browse(role="read")
        system.play_clips("door")
        browser.click("nav a", "Unknown")
        browser.type_text(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".notification.bad", "role enrol")

    def test_requires_no_key_if_anonymous_access_is_allowed(self):
        system = PageSystem(self, FACEBUS_GATEWAY_ALLOW_ANONYMOUS="true")
        system.browse(role=None).find(".connection.on")


class Unknown(PageTest):
    def test_recognises_a_person_after_enrolling_them_in_the_unknown_view(self):
        system = PageSystem(self)
        system.add_face("Barack", OBAMA[0])
        browser = system.browse(view="unknown")
        system.play_clips("door")
        browser.until("return document.querySelector('.group img.face')?.naturalWidth === 160")
        browser.type_text(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".notification.good", "Carl enrolled")
        browser.wait_until_gone(".group")
        browser.click("nav a", "Live")
        browser.find(".result.known", "Carl")
        browser.click("nav a", "Gallery")
        browser.find(".person", "Carl")
        self.assert_no_errors(browser, system)

    def test_removes_a_dismissed_person_from_the_unknown_view(self):
        system = PageSystem(self)
        system.play_clips("door")
        browser = system.browse(view="unknown")
        browser.find(".group")
        system.stop("capture")
        while browser.run("return document.querySelectorAll('.group').length") > 0:
            browser.click(".group button", "Dismiss")
            browser.find(".notification.good", "Person dismissed")
        browser.find(".empty", "No unknown people")
        self.assertEqual([], system.expect_success(system.request("GET", "/api/v1/unknown"))["groups"])


class GalleryView(PageTest):
    def test_enrols_renames_merges_and_removes_people(self):
        system = PageSystem(self)
        browser = system.browse(view="gallery")
        browser.find(".empty", "The gallery is empty")
        browser.click(".head button", "Enrol a person")
        browser.type_text("dialog input[maxlength]", "Barack")
        browser.type_text("dialog input[type=file]", OBAMA[0])
        browser.click("dialog .primary")
        browser.find(".person", "Barack")
        system.add_face("Joe", BIDEN)

        browser.open(system.url + "#live")
        browser.click("nav a", "Gallery")
        self.click_action(browser, "Joe", "Rename")
        browser.type_text("dialog input", "Joseph")
        browser.click("dialog .primary")
        browser.find(".person", "Joseph")

        self.click_action(browser, "Barack", "Remove")
        browser.click("dialog .danger")
        browser.find(".notification.good", "Barack removed")
        browser.wait_until_gone(".person", "Barack")
        self.assertEqual(["Joseph"], system.subjects())

        def enrol_joe_again():
            browser.click(".head button", "Enrol a person")
            browser.type_text("dialog input[maxlength]", "Joe again")
            browser.type_text("dialog input[type=file]", BIDEN)
            browser.click("dialog .primary")

        enrol_joe_again()
        browser.find("dialog p", 'looks like "Joseph"')
        browser.click("dialog .actions button", "Cancel")
        browser.find(".notification.good", "0 photos of Joe again added")
        enrol_joe_again()
        browser.click("dialog .danger", "Enrol all the same")
        browser.find(".person", "Joe again")
        # Otherwise the page could request the photo after its removal.
        browser.until("return [...document.images].every((image) => image.complete && image.naturalWidth > 0);")
        system.expect_success(system.request("DELETE", "/api/v1/recognition/subjects/Joe%20again"))

        system.add_face("Twin", OBAMA[0])
        browser.click("nav a", "Live")
        browser.click("nav a", "Gallery")
        self.click_action(browser, "Twin", "Merge")
        browser.type_text("dialog input", "Joseph")
        browser.click("dialog .primary")
        browser.find(".person", "2 photos")
        self.assertEqual(["Joseph"], system.subjects())
        self.assert_no_errors(browser, system)

    def test_shows_why_a_photo_was_rejected(self):
        system = PageSystem(self)
        browser = system.browse(view="gallery")
        browser.click(".head button", "Enrol a person")
        browser.type_text("dialog input[maxlength]", "Nobody")
        grey = self.folder / "grey.ppm"
        grey.write_bytes(b"P6 64 64 255\n" + bytes([128]) * (64 * 64 * 3))
        browser.type_text("dialog input[type=file]", grey)
        browser.click("dialog .primary")
        browser.find(".notification.bad", "No face is found")

    def click_action(self, browser, name, action):
        """Waits for the button `action` on the card of the person `name` and clicks it."""
        browser.find(".person", name)
        browser.until("""const [name, action] = arguments;
            const card = [...document.querySelectorAll('.person')].find((person) => person.dataset.subject === name);
            const button = card && [...card.querySelectorAll('.actions button')].find(
                (candidate) => candidate.textContent === action);
            button?.click();
            return Boolean(button);""", name, action)


class Cameras(PageTest):
    def test_shows_the_state_of_cameras_and_broker(self):
        system = PageSystem(self)
        browser = system.browse(view="cameras")
        browser.find(".camera", "Recognition running")
        system.play_clips("door")
        browser.find(".camera .state.good", "Live")
        browser.until("return Number([...document.querySelectorAll('dt')].find((term) => "
                      "term.textContent === 'Frames per second')?.nextSibling.textContent) > 1")
        system.stop("capture")
        browser.find(".camera .state.bad", "No frames")
        system.stop("track")
        browser.find(".camera .state.bad", "Camera offline")


class Layout(PageTest):
    def test_fits_on_a_phone_in_every_view(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "A person with a very long name " + "x" * 90)
        system.add_face("Barack", OBAMA[0])
        system.play_clips("door", "street")
        browser = system.browse(size=PHONE)
        browser.find(".result.known")
        for view in VIEWS:
            browser.click("nav a", view.capitalize())
            browser.find(f"main.{view} h1")
            browser.find({"live": ".result", "gallery": ".person", "cameras": ".camera", "statistics": "svg.plot path",
                          "unknown": ".group, .empty"}[view])
            self.assertEqual([], self.elements_too_wide(browser), view)
        browser.click("nav a", "Live")
        browser.click(".result.known")
        browser.find("dialog.why svg.scale")
        self.assertEqual([], self.elements_too_wide(browser), "why")
        self.assert_no_errors(browser, system)

    def test_skip_link_does_not_leave_the_view(self):
        browser = PageSystem(self).browse(view="cameras")
        browser.find("main.cameras h1")
        browser.run("document.querySelector('.skip').click()")
        browser.until("return location.hash === '#view'")
        self.assertEqual("cameras", browser.run("return document.querySelector('main').className"))

    def elements_too_wide(self, browser):
        """Returns the elements that extend beyond the right edge of the window, except those in .skip or .samples."""
        return browser.run("""const limit = document.documentElement.clientWidth;
            const tooWide = [...document.body.querySelectorAll('*')].filter((element) =>
                !element.closest('.skip') && element.getBoundingClientRect().right > limit + 1 &&
                !element.closest('.samples'));
            if (document.documentElement.scrollWidth > limit) tooWide.push(document.body);
            return tooWide.map((element) => element.tagName + '.' + element.className);""")


if __name__ == "__main__":
    unittest.main()
