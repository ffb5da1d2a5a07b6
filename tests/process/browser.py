"""A headless Chromium, controlled through chromedriver (W3C WebDriver) with the standard library alone."""

import base64
import contextlib
import json
import platform
import re
import shutil
import unittest
import urllib.error
import urllib.request

from support import need

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PHONE = (390, 844)
DESKTOP = (1280, 860)


def browser_programs():
    """Returns the paths of Chrome and chromedriver; None for a missing one."""
    names = ("chromium", "google-chrome", "chromium-browser")
    chrome = next(filter(None, map(shutil.which, names)), None)
    return chrome, shutil.which("chromedriver")


def need_browser():
    """Skips or fails the test if there is no browser. Ubuntu has no package of one, so there it only skips."""
    found = all(browser_programs())
    if not found and platform.freedesktop_os_release()["ID"] == "ubuntu":
        raise unittest.SkipTest("the web page is NOT tested: Ubuntu has Chromium as a snap only; install Google Chrome "
                                "and its chromedriver")
    need(found, "no Chromium and chromedriver; run deploy/install-dependencies --tests")


class StaleElement(Exception):
    """The element is no longer part of the page."""


class Browser:
    """One browser window. Waits have no deadline of their own; the watchdog of the test ends them."""

    def __init__(self, case, size=DESKTOP, scale=1, dark=False):
        self.case = case
        chrome, driver = browser_programs()
        home = case.folder / f"chrome{len(case.groups)}"
        self.address = self._start(driver)
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                 f"--user-data-dir={home}", f"--window-size={size[0]},{size[1]}",
                 f"--force-device-scale-factor={scale}"]
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": chrome, "args": flags}}}}, session="")
        self.session = made["sessionId"]
        self.devtools("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                      deviceScaleFactor=scale, mobile=size[0] < 600)
        # Without animations, screenshots do not depend on time.
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                {"name": "prefers-reduced-motion", "value": "reduce"}])
        case.addCleanup(self.close)

    def _start(self, driver):
        """Starts chromedriver and returns its address. Repeats this if chromedriver exits because the port that it
        chose on IPv6 is in use on IPv4."""
        environment = self.case.environment(HOME=self.case.folder)
        while True:
            log = self.case.folder / f"chromedriver{len(self.case.groups)}.log"
            with log.open("wb") as file:
                process = self.case.spawn([driver, "--port=0"], environment, file, file)
            while process.poll() is None:
                if started := re.search(r"started successfully on port (\d+)", log.read_text()):
                    return f"http://127.0.0.1:{started[1]}"
            self.case.assertIn("Address already in use", log.read_text(), "chromedriver has ended")

    def _ask(self, method, path, body=None, session=None):
        session = f"/session/{self.session}" if session is None else session
        request = urllib.request.Request(self.address + session + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            fault = json.load(error)["value"]
            if fault["error"] in ("stale element reference", "no such element"):
                raise StaleElement(fault["message"]) from None
            raise AssertionError(f"{method} {path}: {fault['error']}: {fault['message']}") from None

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """Runs the script, the body of a function, and returns its result."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments):
        """Waits until the script returns a true value and returns it. The polling runs in the page."""
        waiting = """const [body, given, done] = [arguments[0], arguments[1], arguments[2]];
            const test = new Function(body);
            const poll = () => { const found = test(...given); if (found) { done(found); return true; } };
            if (!poll()) { const timer = setInterval(() => { if (poll()) clearInterval(timer); }, 20);
                           setTimeout(() => { clearInterval(timer); done(null); }, 20000); }"""
        while True:
            found = self._ask("POST", "/execute/async", {"script": waiting, "args": [script, list(arguments)]})
            if found:
                return found

    def find(self, selector, text=None):
        """Waits for a visible element with that selector, and with that text if given, and returns it."""
        return self.until("""const [selector, text] = arguments;
            return [...document.querySelectorAll(selector)].find((element) =>
                (text === null || element.textContent.includes(text)) && element.getClientRects().length > 0);""",
                          selector, text)

    def gone(self, selector, text=None):
        """Waits until no element has that selector, and that text if given."""
        self.until("""const [selector, text] = arguments;
            return ![...document.querySelectorAll(selector)].some((element) =>
                text === null || element.textContent.includes(text));""", selector, text)

    def click(self, selector, text=None):
        while True:
            try:
                element = self.find(selector, text)[ELEMENT]
                return self._ask("POST", f"/element/{element}/click", {})
            except StaleElement:
                pass  # the page replaced the element in the meantime

    def write(self, selector, text):
        element = self.find(selector)[ELEMENT]
        self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": str(text)})

    def text(self, selector="body"):
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def screenshot(self, file):
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def console_errors(self):
        """Returns the errors and warnings in the console since the last call."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def addresses(self):
        """Returns the URLs that pages requested since the last call, except those of Chromium's start tab."""
        log = self._ask("POST", "/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in log]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"
                and not event["params"]["documentURL"].startswith("chrome:")]

    def close(self):
        with contextlib.suppress(OSError):  # it has already ended
            self._ask("DELETE", "")
