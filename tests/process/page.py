"""The whole system with a gateway, cameras that play clips, and a browser that shows the web page."""

from browser import DESKTOP, Browser
from gateway import Gateway
from support import CARPHONE, DEMO

CLIPS = {"door": CARPHONE, "street": DEMO / "bikes.mp4", "lobby": DEMO / "bigbuckbunny.mp4"}


class PageSystem(Gateway):
    """Runs everything but the cameras; recognition publishes crops."""

    def __init__(self, case, **environment):
        super().__init__(case, **{"FACEBUS_RECOGNIZE_PUBLISH_CROPS": "true", **environment})
        self.start("broker", "recognize", "track", "detect-align", "motion")

    @property
    def url(self):
        return f"http://{self.address}/"

    def film(self, *cameras, **environment):
        """Plays the clips of these cameras in a loop, at the pace of live cameras."""
        more = {}
        for camera in cameras:
            name = f"FACEBUS_CAMERAS_{camera.upper()}"
            more |= {f"{name}_SOURCE": CLIPS[camera], f"{name}_PACE": "live", f"{name}_LOOP": "true"}
        self.stop("capture")
        self.start("capture", **more, **environment)

    def restart_gateway(self):
        """Replaces the gateway by a new process at the same address."""
        address = self.address
        self.stop("gateway")
        self.start("gateway", FACEBUS_GATEWAY_ADDRESS=address)

    def browse(self, role="admin", size=DESKTOP, view="live", **options):
        """Returns a browser that shows a view, signed in with the key of that role unless it is None."""
        browser = Browser(self.case, size, **options)
        browser.open(self.url + f"#{view}")
        if role:
            sign_in(browser, self.keys.get(role, role))
            # The browser logs the 401 of the first request, which opened the dialog.
            self.case.assertTrue(all("401" in error for error in browser.console_errors()))
        return browser


def submit_key(browser, key):
    browser.write("dialog input", key)
    browser.click("dialog .primary")


def sign_in(browser, key):
    submit_key(browser, key)
    browser.gone("dialog")
