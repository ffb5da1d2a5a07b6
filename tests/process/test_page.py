"""The gateway's web page in a real browser, with faces from clips."""

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

    def assert_clean(self, browser, system):
        """The console has no errors, and every request went to the gateway."""
        self.assertEqual([], browser.console_errors())
        for address in browser.addresses():
            self.assertTrue(address.startswith((system.url, f"blob:{system.url}", "data:")), address)


class Live(PageTest):
    def test_shows_results_with_crops_and_explains_them_on_click(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.add_face("Barack", OBAMA[0])
        browser = system.browse()
        browser.find(".empty", "No results yet")
        system.film("door")
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
        browser.gone("dialog")
        self.assert_clean(browser, system)

    def test_shows_names_with_html_as_plain_text(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", HOSTILE)
        browser = system.browse()
        system.film("door")
        browser.find(".result.known strong", HOSTILE)
        browser.click(".result.known")
        browser.find("dialog.why h2", HOSTILE)
        browser.click("dialog.why .close")
        browser.click("nav a", "Gallery")
        browser.find(".person h2", HOSTILE)
        self.assertEqual("Gallery · facebus", browser.run("return document.title"))
        self.assertEqual(0, browser.run("return document.querySelectorAll('b, img[src=x]').length"))
        self.assert_clean(browser, system)

    def test_reconnects_after_a_gateway_restart(self):
        system = PageSystem(self)
        browser = system.browse()
        browser.find(".connection.on")
        system.restart_gateway()
        browser.find(".connection.on")
        system.film("door")
        browser.find(".result img.face")

    def test_drops_results_of_a_removed_person(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.film("door")
        browser = system.browse()
        browser.find(".result.known", "Carl")
        system.stop("capture")
        system.expect_success(system.request("DELETE", "/api/v1/recognition/subjects/Carl"))
        while "Carl" in system.request("GET", "/api/v1/live").body.decode():
            pass


class Keys(PageTest):
    def test_rejects_a_wrong_key_and_keeps_the_right_one_out_of_urls(self):
        system = PageSystem(self)
        browser = system.browse(role=None)
        browser.find("dialog", "Enter your API key")
        submit_key(browser, "wrong")
        browser.find("dialog .bad", "unknown or revoked")
        sign_in(browser, system.keys["read"])
        browser.find(".connection.on")
        self.assertFalse([address for address in browser.addresses() if system.keys["read"] in address])

    def test_reports_that_enrolling_requires_another_role(self):
        system = PageSystem(self)
        browser = system.browse(role="read")
        system.film("door")
        browser.click("nav a", "Unknown")
        browser.write(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".notification.bad", "role enrol")

    def test_requires_no_key_if_anonymous_access_is_allowed(self):
        system = PageSystem(self, FACEBUS_GATEWAY_ALLOW_ANONYMOUS="true")
        system.browse(role=None).find(".connection.on")


class Unknown(PageTest):
    def test_recognises_a_person_enrolled_from_the_unknown(self):
        system = PageSystem(self)
        system.add_face("Barack", OBAMA[0])
        browser = system.browse(view="unknown")
        system.film("door")
        browser.until("return document.querySelector('.group img.face')?.naturalWidth === 160")
        browser.write(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".notification.good", "Carl enrolled")
        browser.gone(".group")
        browser.click("nav a", "Live")
        browser.find(".result.known", "Carl")
        browser.click("nav a", "Gallery")
        browser.find(".person", "Carl")
        self.assert_clean(browser, system)

    def test_removes_a_dismissed_person_from_the_list(self):
        system = PageSystem(self)
        system.film("door")
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
        browser.write("dialog input[maxlength]", "Barack")
        browser.write("dialog input[type=file]", OBAMA[0])
        browser.click("dialog .primary")
        browser.find(".person", "Barack")
        system.add_face("Joe", BIDEN)

        browser.open(system.url + "#live")
        browser.click("nav a", "Gallery")
        self.choose(browser, "Joe", "Rename")
        browser.write("dialog input", "Joseph")
        browser.click("dialog .primary")
        browser.find(".person", "Joseph")

        self.choose(browser, "Barack", "Remove", ".actions button")
        browser.click("dialog .danger")
        browser.find(".notification.good", "Barack removed")
        browser.gone(".person", "Barack")
        self.assertEqual(["Joseph"], system.subjects())

        system.add_face("Twin", OBAMA[0])
        browser.click("nav a", "Live")
        browser.click("nav a", "Gallery")
        self.choose(browser, "Twin", "Merge")
        browser.write("dialog input", "Joseph")
        browser.click("dialog .primary")
        browser.find(".person", "2 photos")
        self.assertEqual(["Joseph"], system.subjects())
        self.assert_clean(browser, system)

    def test_shows_why_a_photo_was_rejected(self):
        system = PageSystem(self)
        browser = system.browse(view="gallery")
        browser.click(".head button", "Enrol a person")
        browser.write("dialog input[maxlength]", "Nobody")
        grey = self.folder / "grey.ppm"
        grey.write_bytes(b"P6 64 64 255\n" + bytes([128]) * (64 * 64 * 3))
        browser.write("dialog input[type=file]", grey)
        browser.click("dialog .primary")
        browser.find(".notification.bad", "No face is found")

    def choose(self, browser, name, button, selector=".actions button"):
        browser.find(".person", name)
        browser.until("""const [name, text, selector] = arguments;
            const person = [...document.querySelectorAll('.person')].find((one) => one.dataset.subject === name);
            const found = person && [...person.querySelectorAll(selector)].find((one) => one.textContent === text);
            found?.click();
            return Boolean(found);""", name, button, selector)


class Cameras(PageTest):
    def test_shows_the_state_of_cameras_and_server(self):
        system = PageSystem(self)
        browser = system.browse(view="cameras")
        browser.find(".camera", "Recognition running")
        system.film("door")
        browser.find(".camera .state.good", "Live")
        browser.until("return Number([...document.querySelectorAll('dt')].find((one) => "
                      "one.textContent === 'Frames per second')?.nextSibling.textContent) > 1")
        system.stop("capture")
        browser.find(".camera .state.bad", "No frames")
        system.stop("track")
        browser.find(".camera .state.bad", "Camera offline")


class Layout(PageTest):
    def test_fits_on_a_phone_in_every_view(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "A person with a very long name " + "x" * 90)
        system.add_face("Barack", OBAMA[0])
        system.film("door", "street")
        browser = system.browse(size=PHONE)
        browser.find(".result.known")
        for view in VIEWS:
            browser.click("nav a", view.capitalize())
            browser.find(f"main.{view} h1")
            browser.find({"live": ".result", "gallery": ".person", "cameras": ".camera", "statistics": "svg.plot path",
                          "unknown": ".group, .empty"}[view])
            self.assertEqual([], self.too_wide(browser), view)
        browser.click("nav a", "Live")
        browser.click(".result.known")
        browser.find("dialog.why svg.scale")
        self.assertEqual([], self.too_wide(browser), "why")
        self.assert_clean(browser, system)

    def too_wide(self, browser):
        """Returns the elements that extend beyond the right edge of the window."""
        return browser.run("""const limit = document.documentElement.clientWidth;
            const wide = [...document.body.querySelectorAll('*')].filter((element) =>
                !element.closest('.skip') && element.getBoundingClientRect().right > limit + 1 &&
                !element.closest('.samples'));
            if (document.documentElement.scrollWidth > limit) wide.push(document.body);
            return wide.map((element) => element.tagName + '.' + element.className);""")


if __name__ == "__main__":
    unittest.main()
