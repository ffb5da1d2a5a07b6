"""The whole system with a gateway, cameras that play clips, and a browser that looks at its page."""

from browser import DESKTOP, Browser
from gateway import Gateway
from support import CARPHONE, DEMO

CLIPS = {"door": CARPHONE, "street": DEMO / "bikes.mp4", "lobby": DEMO / "bigbuckbunny.mp4"}


class PageSystem(Gateway):
    """Everything but cameras is running; recognition publishes crops."""

    def __init__(self, case, **environment):
        super().__init__(case, **{"FACEBUS_RECOGNIZE_PUBLISH_CROPS": "true", **environment})
        self.start("broker", "recognize", "track", "detect-align", "motion")

    @property
    def url(self):
        return f"http://{self.address}/"

    def film(self, *cameras, **environment):
        """Plays the clips of these cameras as live cameras do, again and again."""
        more = {}
        for camera in cameras:
            name = f"FACEBUS_CAMERAS_{camera.upper()}"
            more |= {f"{name}_SOURCE": CLIPS[camera], f"{name}_PACE": "live", f"{name}_LOOP": "true"}
        self.forget("capture")
        self.start("capture", **more, **environment)

    def restart_gateway(self):
        """Ends it, and starts another one at the same address."""
        address = self.address
        self.forget("gateway")
        self.start("gateway", FACEBUS_GATEWAY_ADDRESS=address)

    def browse(self, role="admin", size=DESKTOP, view="live", **options):
        """A browser that shows a view, with the key of that role."""
        browser = Browser(self.case, size, **options)
        browser.open(self.url + f"#{view}")
        if role:
            give_key(browser, self.keys.get(role, role))
            # The browser tells of a 401, which is how the gateway says that it wants a key.
            self.case.assertTrue(all("401" in complaint for complaint in browser.complaints()))
        return browser


def give_key(browser, key):
    browser.write("dialog input", key)
    browser.click("dialog .primary")
    browser.gone("dialog")
