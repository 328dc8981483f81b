"""Chromium by Playwright: Debian's, found on the PATH."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.embedded.errors import StackError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Raises StackError where there is none."""
    path = shutil.which("chromium")
    if path is None:
        raise StackError("There is no Chromium on the PATH: `make browser` installs Debian's.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
