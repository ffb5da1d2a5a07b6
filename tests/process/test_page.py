"""The gateway's web page, in a real browser, with real cameras' worth of faces."""

import unittest

from browser import PHONE, need_browser
from gateway import BIDEN, OBAMA, need_gateway
from page import PageSystem, give_key
from pictures import carphone_frames
from support import ProcessTest, need_system

VIEWS = ("live", "unknown", "gallery", "cameras", "numbers")
HOSTILE = '<img src=x onerror="document.title=1"><b>Bob'


class PageTest(ProcessTest):
    limit = 240

    def setUp(self):
        need_system()
        need_gateway()
        need_browser()
        super().setUp()

    def clean(self, browser, system):
        """No error in the console, and nothing was asked of anybody but the gateway."""
        self.assertEqual([], browser.complaints())
        for address in browser.addresses():
            self.assertTrue(address.startswith((system.url, f"blob:{system.url}", "data:")), address)


class Live(PageTest):
    def test_an_identity_appears_with_its_crop_and_tells_why_when_it_is_clicked(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.add_face("Barack", OBAMA[0])
        browser = system.browse()
        browser.find(".nothing", "Nobody yet")
        system.film("door")
        browser.find(".result.known", "Carl")
        browser.until("return document.querySelector('.result.known img.face')?.naturalWidth === 160")
        self.assertIn("door", browser.text(".result.known"))

        browser.click(".result.known")
        browser.find("dialog.why h2", "Carl")
        why = browser.text("dialog.why")
        for words in ("known", "is needed", "Probability", "The pictures that decided", "Lead", "Barack",
                      "From the camera to here", "recognize", "quality"):
            self.assertIn(words, why)
        self.assertIn("is needed", browser.run("return document.querySelector('svg.scale').getAttribute('aria-label')"))
        browser.click("dialog.why .close")
        browser.gone("dialog")
        self.clean(browser, system)

    def test_a_name_is_shown_as_it_is_written_whatever_it_holds(self):
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
        self.clean(browser, system)

    def test_it_goes_on_by_itself_when_the_gateway_was_away(self):
        system = PageSystem(self)
        browser = system.browse()
        browser.find(".link.on")
        system.restart_gateway()
        browser.find(".link.on")
        system.film("door")
        browser.find(".result img.face")

    def test_who_is_removed_is_not_shown_any_more_to_who_comes_later(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "Carl")
        system.film("door")
        browser = system.browse()
        browser.find(".result.known", "Carl")
        system.forget("capture")
        system.good(system.ask("DELETE", "/api/v1/recognition/subjects/Carl"))
        while "Carl" in system.ask("GET", "/api/v1/live").body.decode():
            pass


class Keys(PageTest):
    def test_a_wrong_key_is_told_and_a_right_one_is_taken_and_is_in_no_address(self):
        system = PageSystem(self)
        browser = system.browse(role=None)
        browser.find("dialog", "asks for a key")
        give_key_wrongly(browser, "wrong")
        browser.find("dialog .bad", "not known here")
        give_key(browser, system.keys["read"])
        browser.find(".link.on")
        self.assertFalse([address for address in browser.addresses() if system.keys["read"] in address])

    def test_a_key_that_may_only_look_is_told_so_when_it_names_somebody(self):
        system = PageSystem(self)
        browser = system.browse(role="read")
        system.film("door")
        browser.click("nav a", "Unknown")
        browser.write(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".note.bad", "role enrol")

    def test_an_open_gateway_asks_for_no_key(self):
        system = PageSystem(self, FACEBUS_GATEWAY_ALLOW_ANONYMOUS="true")
        system.browse(role=None).find(".link.on")


def give_key_wrongly(browser, key):
    browser.write("dialog input", key)
    browser.click("dialog .primary")


class Unknown(PageTest):
    def test_a_stranger_who_is_named_is_known_from_then_on(self):
        system = PageSystem(self)
        system.add_face("Barack", OBAMA[0])
        browser = system.browse(view="unknown")
        system.film("door")
        browser.until("return document.querySelector('.group img.face')?.naturalWidth === 160")
        browser.write(".group input", "Carl")
        browser.click(".group .primary")
        browser.find(".note.good", "Carl is known from now on")
        browser.gone(".group")
        browser.click("nav a", "Live")
        browser.find(".result.known", "Carl")
        browser.click("nav a", "Gallery")
        browser.find(".person", "Carl")
        self.clean(browser, system)

    def test_a_stranger_who_is_dismissed_is_gone(self):
        system = PageSystem(self)
        system.film("door")
        browser = system.browse(view="unknown")
        browser.find(".group")
        system.forget("capture")
        while browser.run("return document.querySelectorAll('.group').length") > 0:
            browser.click(".group button", "Dismiss")
            browser.find(".note.good", "Dismissed")
        browser.find(".nothing", "No strangers")
        self.assertEqual([], system.good(system.ask("GET", "/api/v1/unknown"))["groups"])


class GalleryView(PageTest):
    def test_people_are_added_renamed_merged_and_removed(self):
        system = PageSystem(self)
        browser = system.browse(view="gallery")
        browser.find(".nothing", "Nobody is enrolled")
        browser.click(".head button", "Add a person")
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
        browser.find(".note.good", "Barack is removed")
        browser.gone(".person", "Barack")
        self.assertEqual(["Joseph"], system.subjects())

        system.add_face("Twin", OBAMA[0])
        browser.click("nav a", "Live")
        browser.click("nav a", "Gallery")
        self.choose(browser, "Twin", "Merge")
        browser.write("dialog input", "Joseph")
        browser.click("dialog .primary")
        browser.find(".person", "2 pictures")
        self.assertEqual(["Joseph"], system.subjects())
        self.clean(browser, system)

    def test_a_picture_that_is_refused_is_told_with_the_reason(self):
        system = PageSystem(self)
        browser = system.browse(view="gallery")
        browser.click(".head button", "Add a person")
        browser.write("dialog input[maxlength]", "Nobody")
        grey = self.folder / "grey.ppm"
        grey.write_bytes(b"P6 64 64 255\n" + bytes([128]) * (64 * 64 * 3))
        browser.write("dialog input[type=file]", grey)
        browser.click("dialog .primary")
        browser.find(".note.bad", "No face is found")

    def choose(self, browser, name, button, selector=".actions button"):
        browser.find(".person", name)
        browser.until("""const [name, text, selector] = arguments;
            const person = [...document.querySelectorAll('.person')].find((one) => one.dataset.subject === name);
            const found = person && [...person.querySelectorAll(selector)].find((one) => one.textContent === text);
            found?.click();
            return Boolean(found);""", name, button, selector)


class Cameras(PageTest):
    def test_a_camera_is_told_of_and_that_its_edge_is_away(self):
        system = PageSystem(self)
        browser = system.browse(view="cameras")
        browser.find(".camera", "Recognition works")
        system.film("door")
        browser.find(".camera .state.good", "Frames come")
        browser.until("return Number([...document.querySelectorAll('dt')].find((one) => "
                      "one.textContent === 'Frames a second')?.nextSibling.textContent) > 1")
        system.forget("capture")
        browser.find(".camera .state.bad", "No picture")
        system.forget("track")
        browser.find(".camera .state.bad", "Its edge is not heard of")


class Look(PageTest):
    def test_on_a_phone_nothing_is_wider_than_the_screen_and_numbers_are_drawn(self):
        system = PageSystem(self)
        system.enrol(carphone_frames(self), "--name", "A person whose name has no end " + "x" * 90)
        system.add_face("Barack", OBAMA[0])
        system.film("door", "street")
        browser = system.browse(size=PHONE)
        browser.find(".result.known")
        for view in VIEWS:
            browser.click("nav a", view.capitalize())
            browser.find(f"main.{view} h1")
            browser.find({"live": ".result", "gallery": ".person", "cameras": ".camera", "numbers": "svg.plot path",
                          "unknown": ".group, .nothing"}[view])
            self.assertEqual([], self.too_wide(browser), view)
        browser.click("nav a", "Live")
        browser.click(".result.known")
        browser.find("dialog.why svg.scale")
        self.assertEqual([], self.too_wide(browser), "why")
        self.clean(browser, system)

    def too_wide(self, browser):
        return browser.run("""const limit = document.documentElement.clientWidth;
            const wide = [...document.body.querySelectorAll('*')].filter((element) =>
                !element.closest('.skip') && element.getBoundingClientRect().right > limit + 1 &&
                !element.closest('.samples'));
            if (document.documentElement.scrollWidth > limit) wide.push(document.body);
            return wide.map((element) => element.tagName + '.' + element.className);""")


if __name__ == "__main__":
    unittest.main()
