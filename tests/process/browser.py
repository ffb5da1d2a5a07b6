"""A headless Chromium, driven through chromedriver's own protocol (W3C WebDriver) with what Python has."""

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
    """Chrome and its driver, whatever they are called here; None where one is missing."""
    names = ("chromium", "google-chrome", "chromium-browser")
    chrome = next(filter(None, map(shutil.which, names)), None)
    return chrome, shutil.which("chromedriver")


def need_browser():
    """A browser. Where the distribution has none to install it can't be asked for, whatever else has to be there."""
    there = all(browser_programs())
    if not there and platform.freedesktop_os_release()["ID"] == "ubuntu":
        raise unittest.SkipTest("the web page is NOT tested: Ubuntu has Chromium as a snap only; install Google Chrome "
                                "and its chromedriver")
    need(there, "no Chromium and chromedriver; run deploy/install-dependencies --tests")


class Gone(Exception):
    """The element is no longer part of the page."""


class Browser:
    """One window. Everything that waits does so until the test's watchdog barks."""

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
        # Nothing moves, so that pictures are of the page as it is.
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                {"name": "prefers-reduced-motion", "value": "reduce"}])
        case.addCleanup(self.close)

    def _start(self, driver):
        """Starts chromedriver and returns its address. It picks a free port of IPv6 and ends if the same port of IPv4
        is in use; then another one is tried."""
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
            told = json.load(error)["value"]
            if told["error"] in ("stale element reference", "no such element"):
                raise Gone(told["message"]) from None
            raise AssertionError(f"{method} {path}: {told['error']}: {told['message']}") from None

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """What the script, the body of a function, returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments):
        """Waits until the script returns something that is true, and gives it. The page itself watches."""
        waiting = """const [body, given, done] = [arguments[0], arguments[1], arguments[2]];
            const test = new Function(body);
            const look = () => { const found = test(...given); if (found) { done(found); return true; } };
            if (!look()) { const timer = setInterval(() => { if (look()) clearInterval(timer); }, 20);
                           setTimeout(() => { clearInterval(timer); done(null); }, 20000); }"""
        while True:
            found = self._ask("POST", "/execute/async", {"script": waiting, "args": [script, list(arguments)]})
            if found:
                return found

    def find(self, selector, text=None):
        """Waits for a visible element with that selector, and that text in it where one is given."""
        return self.until("""const [selector, text] = arguments;
            return [...document.querySelectorAll(selector)].find((element) =>
                (text === null || element.textContent.includes(text)) && element.getClientRects().length > 0);""",
                          selector, text)

    def gone(self, selector, text=None):
        """Waits until there is none."""
        self.until("""const [selector, text] = arguments;
            return ![...document.querySelectorAll(selector)].some((element) =>
                text === null || element.textContent.includes(text));""", selector, text)

    def click(self, selector, text=None):
        while True:
            try:
                element = self.find(selector, text)[ELEMENT]
                return self._ask("POST", f"/element/{element}/click", {})
            except Gone:
                pass  # drawn anew meanwhile

    def write(self, selector, text):
        element = self.find(selector)[ELEMENT]
        self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": str(text)})

    def text(self, selector="body"):
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def picture(self, file):
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def complaints(self):
        """What the console tells of errors and warnings."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def addresses(self):
        """Every address that a page asked for since the last call; Chromium's own tab is no page."""
        log = self._ask("POST", "/se/log", {"type": "performance"})
        told = [json.loads(entry["message"])["message"] for entry in log]
        return [event["params"]["request"]["url"] for event in told
                if event["method"] == "Network.requestWillBeSent"
                and not event["params"]["documentURL"].startswith("chrome:")]

    def close(self):
        with contextlib.suppress(OSError):  # it is gone already
            self._ask("DELETE", "")
