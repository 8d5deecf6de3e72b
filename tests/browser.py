"""Debian's Chromium, as the tests of pages drive it."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.borrowed import axe

SHOTS: Final = Path(__file__).resolve().parents[1] / "screenshots"
"""Kept by CI, ignored by git."""
_FLAGS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--no-first-run", "--force-prefers-reduced-motion"),
)
_GRAVE: Final = {"serious", "critical"}


@contextmanager
def open_browser(profile: Path, size: str = "1400,1000") -> Iterator[webdriver.Chrome]:
    """Start Chromium with a new profile and a window of `size`; its console is logged."""
    options = webdriver.ChromeOptions()
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={size}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"), log_output=os.devnull)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def console(driver: webdriver.Chrome) -> list[Any]:
    """Return what the console has logged since it was last asked."""
    logged: list[Any] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return logged


@contextmanager
def screen(driver: webdriver.Chrome, width: int, scheme: str = "light") -> Iterator[None]:
    """Look at pages as on a screen of this width, a phone's below 600, light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def width_of(driver: webdriver.Chrome) -> int:
    """Return how wide the page is: more than the screen if one has to scroll sideways."""
    return int(driver.execute_script("return document.documentElement.scrollWidth"))


def grave_faults(driver: webdriver.Chrome) -> list[str]:
    """Return what axe-core finds serious or critical: its rule and the element."""
    driver.execute_script(axe())
    violations = driver.execute_async_script(
        "axe.run().then((found) => arguments[arguments.length - 1](found.violations))"
    )
    return [
        f"{one['id']}: {node['target']}"
        for one in violations
        for node in one["nodes"]
        if one["impact"] in _GRAVE
    ]


def keep_picture(driver: webdriver.Chrome, name: str, *, whole: bool = True) -> bytes:
    """Write a picture of the page to the folder that CI keeps; return it."""
    height = driver.execute_script("return document.documentElement.scrollHeight")
    width = driver.execute_script("return innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    asked = {"captureBeyondViewport": True, "clip": clip} if whole else {}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", asked)
    picture = base64.b64decode(taken["data"])
    SHOTS.mkdir(exist_ok=True)
    (SHOTS / f"{name}.png").write_bytes(picture)
    return picture
