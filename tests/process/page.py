"""Runs the whole system with a gateway, cameras that play clips, and a browser that shows the web page."""

from browser import DESKTOP, Browser
from gateway import Gateway
from support import CARPHONE, DEMO
from system import RECEIVERS

# Clip of each camera.
CLIPS = {"door": CARPHONE, "street": DEMO / "bikes.mp4", "lobby": DEMO / "bigbuckbunny.mp4"}


class PageSystem(Gateway):
    """All processes of the system except capture, which play_clips() starts. Workers publish crops."""

    def __init__(self, case, **environment):
        super().__init__(case, **{"FACEBUS_RECOGNIZE_PUBLISH_CROPS": "true", **environment})
        self.start(*RECEIVERS)

    @property
    def url(self):
        return f"http://{self.address}/"

    def play_clips(self, *cameras, **environment):
        """Starts or restarts capture, which plays the clips of these cameras in a loop, at the pace of live cameras."""
        settings = {}
        for camera in cameras:
            name = f"FACEBUS_CAMERAS_{camera.upper()}"
            settings |= {f"{name}_SOURCE": CLIPS[camera], f"{name}_PACE": "live", f"{name}_LOOP": "true"}
        self.stop("capture")
        self.start("capture", **settings, **environment)

    def restart_gateway(self):
        """Restarts the gateway at the same address."""
        address = self.address
        self.stop("gateway")
        self.start("gateway", FACEBUS_GATEWAY_ADDRESS=address)

    def browse(self, role="admin", size=DESKTOP, view="live", **options):
        """Returns a browser that shows a view. Signs in with the key of `role` (or with `role` itself if it is a key),
        unless `role` is None."""
        browser = Browser(self.case, size, **options)
        browser.open(self.url + f"#{view}")
        if role:
            sign_in(browser, self.keys.get(role, role))
            # The first request is sent without a key; the browser logs its status, 401, as an error.
            self.case.assertTrue(all("401" in error for error in browser.console_errors()))
        return browser


def submit_key(browser, key):
    """Enters a key in the sign-in dialog and submits it."""
    browser.type_text("dialog input", key)
    browser.click("dialog .primary")


def sign_in(browser, key):
    """Submits a valid key and waits until the dialog is closed."""
    submit_key(browser, key)
    browser.wait_until_gone("dialog")
