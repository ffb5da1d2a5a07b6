"""Controls a headless Chromium with chromedriver over its WebDriver API (a W3C standard). Uses only Python's standard
library."""

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

# Key of an element reference, defined by the WebDriver standard.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# Window sizes.
PHONE = (390, 844)
DESKTOP = (1280, 860)


def browser_programs():
    """Returns the paths of Chromium (or Chrome) and chromedriver; None instead of a path if a program is missing."""
    names = ("chromium", "google-chrome", "chromium-browser")
    chrome = next(filter(None, map(shutil.which, names)), None)
    return chrome, shutil.which("chromedriver")


def need_browser():
    """Skips the test if Chromium (or Chrome) or chromedriver is missing. If FACEBUS_REQUIRE_ALL is 1, fails the test
    instead, except on Ubuntu, which has Chromium only as a snap."""
    found = all(browser_programs())
    if not found and platform.freedesktop_os_release()["ID"] == "ubuntu":
        raise unittest.SkipTest("the web page is NOT tested: Ubuntu has Chromium only as a snap; install Google Chrome "
                                "and its chromedriver")
    need(found, "Chromium or chromedriver is not installed; run deploy/install-dependencies --tests")


class StaleElement(Exception):
    """The element is not, or no longer, part of the page."""


class Browser:
    """A browser window. Its functions wait without a deadline; if one waits too long, the watchdog fails the test."""

    def __init__(self, case, size=DESKTOP, scale=1, dark=False):
        self.case = case
        chrome, driver = browser_programs()
        home = case.folder / f"chrome{len(case.processes)}"
        self.address = self._start(driver)
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                 f"--user-data-dir={home}", f"--window-size={size[0]},{size[1]}",
                 f"--force-device-scale-factor={scale}"]
        session = self._request("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": chrome, "args": flags}}}}, session="")
        self.session = session["sessionId"]
        self.devtools("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                      deviceScaleFactor=scale, mobile=size[0] < 600)
        # Choose light or dark colours. Disable animations, so that screenshots do not depend on when they are taken.
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                {"name": "prefers-reduced-motion", "value": "reduce"}])
        case.addCleanup(self.close)

    def _start(self, driver):
        """Starts chromedriver and returns its address. Starts it again if it exits because the port that it chose on
        IPv6 is in use on IPv4."""
        environment = self.case.environment(HOME=self.case.folder)
        while True:
            log = self.case.folder / f"chromedriver{len(self.case.processes)}.log"
            with log.open("wb") as file:
                process = self.case.spawn([driver, "--port=0"], environment, file, file)
            while process.poll() is None:
                if started := re.search(r"started successfully on port (\d+)", log.read_text()):
                    return f"http://127.0.0.1:{started[1]}"
            self.case.assertIn("Address already in use", log.read_text(), "chromedriver exited")

    def _request(self, method, path, body=None, session=None):
        """Sends a WebDriver command and returns its result. The path of the command begins with `session`; default:
        /session/ID, with the id of this browser."""
        session = f"/session/{self.session}" if session is None else session
        request = urllib.request.Request(self.address + session + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            failure = json.load(error)["value"]
            if failure["error"] in ("stale element reference", "no such element"):
                raise StaleElement(failure["message"]) from None
            raise AssertionError(f"{method} {path}: {failure['error']}: {failure['message']}") from None

    def devtools(self, command, **parameters):
        """Runs a command of the Chrome DevTools Protocol."""
        return self._request("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def open(self, address):
        self._request("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """Runs a script in the page and returns its result. The script is the body of a JavaScript function."""
        return self._request("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments):
        """Waits until the script returns a true value, and returns that value. The page runs the script repeatedly."""
        polling = """const [body, inputs, done] = arguments;
            const test = new Function(body);
            const poll = () => { const value = test(...inputs); if (value) { done(value); return true; } };
            if (!poll()) { const timer = setInterval(() => { if (poll()) clearInterval(timer); }, 20);
                           setTimeout(() => { clearInterval(timer); done(null); }, 20000); }"""
        while True:
            value = self._request("POST", "/execute/async", {"script": polling, "args": [script, list(arguments)]})
            if value:
                return value

    def find(self, selector, text=None):
        """Waits until a visible element matches the selector (and contains `text`, if it is given). Returns the
        element."""
        return self.until("""const [selector, text] = arguments;
            return [...document.querySelectorAll(selector)].find((element) =>
                (text === null || element.textContent.includes(text)) && element.getClientRects().length > 0);""",
                          selector, text)

    def wait_until_gone(self, selector, text=None):
        """Waits until no element matches the selector (and contains `text`, if it is given)."""
        self.until("""const [selector, text] = arguments;
            return ![...document.querySelectorAll(selector)].some((element) =>
                text === null || element.textContent.includes(text));""", selector, text)

    def click(self, selector, text=None):
        """Waits for an element, as find() does, and clicks it."""
        while True:
            try:
                element = self.find(selector, text)[ELEMENT]
                return self._request("POST", f"/element/{element}/click", {})
            except StaleElement:
                pass  # the page has replaced the element: find it again

    def type_text(self, selector, text):
        """Waits for an input, as find() does, and replaces its content."""
        while True:
            try:
                element = self.find(selector)[ELEMENT]
                self._request("POST", f"/element/{element}/clear", {})
                return self._request("POST", f"/element/{element}/value", {"text": str(text)})
            except StaleElement:
                pass  # the page has replaced the element: find it again

    def text(self, selector="body"):
        """Returns the visible text of the first element that matches the selector."""
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def screenshot(self, file):
        file.write_bytes(base64.b64decode(self._request("GET", "/screenshot")))

    def console_errors(self):
        """Returns the errors and warnings logged in the console since the last call."""
        return [entry["message"] for entry in self._request("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requested_urls(self):
        """Returns the URLs that pages requested since the last call, except those of Chromium's start page."""
        log = self._request("POST", "/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in log]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"
                and not event["params"]["documentURL"].startswith("chrome:")]

    def close(self):
        with contextlib.suppress(OSError):  # chromedriver may have exited already
            self._request("DELETE", "")
