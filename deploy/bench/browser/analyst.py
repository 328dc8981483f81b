"""An analyst who signs in to the console and works the queue by keyboard.

What is timed is looked for at every frame: Playwright's own waiting looks twice a second after a while.
"""

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_MS = 30_000
ROW = ".fg-queue tr[data-row]"
CURRENT = "() => document.querySelector('.fg-queue tr[aria-current]')?.dataset.row"
ANNOUNCED = "() => document.querySelector('.st-key-queue_new button')?.innerText.startsWith('1 new')"
CASE = ".fg-case-head code"
READY = """before => {
    const id = document.querySelector(".fg-case-head code")?.innerText;
    const fraud = id && [...document.querySelectorAll(`[class*="${id}"] button`)].find(
        (button) => button.innerText.includes("Confirm fraud"));
    return id && id !== before && fraud && !fraud.disabled;
}"""


class Analyst:
    def __init__(self, browser: "Browser", address: str) -> None:
        self._context = browser.new_context(viewport={"width": 1440, "height": 900})
        self._address = address
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(self._address)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(ROW)
        self._settled()

    def open_queue_ms(self) -> float:
        """From the address until a key moves the mark to the next row."""
        began = perf_counter()
        self.page.goto(f"{self._address}/queue")
        self._until_a_key_works()
        return (perf_counter() - began) * 1000

    def return_to_queue_ms(self) -> float:
        """From the menu of another page, with the console loaded, until a key moves the mark."""
        self.page.goto(f"{self._address}/rings")
        link = self.page.get_by_role("link", name="Queue")
        link.wait_for()
        self._settled()
        began = perf_counter()
        link.click()
        self._until_a_key_works()
        return (perf_counter() - began) * 1000

    def open_first_case(self) -> None:
        self.page.goto(f"{self._address}/queue")
        self.page.wait_for_function(CURRENT)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(CASE)
        self._settled()

    def decide_ms(self, key: str) -> float:
        """From the key until the next case is there and can be decided."""
        before = self._case()
        began = perf_counter()
        self.page.keyboard.press(key)
        self.page.wait_for_function(READY, arg=before, polling="raf")
        elapsed_ms = (perf_counter() - began) * 1000
        self._settled()
        return elapsed_ms

    def until_announced_ms(self, began: float) -> float:
        """From `began`, on the clock of perf_counter, until the pill tells of a new alert."""
        self.page.wait_for_function(ANNOUNCED, polling="raf")
        return (perf_counter() - began) * 1000

    def close(self) -> None:
        self._context.close()

    def _until_a_key_works(self) -> None:
        first = self.page.wait_for_function(CURRENT, polling="raf").json_value()
        while self.page.evaluate(CURRENT) == first:
            self.page.keyboard.press("j")

    def _case(self) -> str | None:
        return self.page.locator(CASE).first.inner_text()

    def _settled(self) -> None:
        """What comes later, such as the cookie or the map, has come too: a person reads first."""
        self.page.wait_for_timeout(1_500)
