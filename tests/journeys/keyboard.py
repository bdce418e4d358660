"""A hand that has a keyboard and no mouse, and looks where the focus is after each key."""

from __future__ import annotations

from playwright.sync_api import Page

# What shows where the focus is, of the element that has it and of the one that had it before the last key.
LOOK = """() => {
  const look = (element) => {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle === "none" || style.outlineWidth === "0px" ? "none"
      : `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`;
    return { outline, shadow: style.boxShadow };
  };
  const now = document.activeElement;
  const before = window.lastFocused;
  // A player's own buttons and a date's own parts are stops inside one element, which the browser marks itself.
  // Neither outside of the window nor under what stays at its edge.
  const uncovered = (element, box) => {
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const hit = document.elementFromPoint(box.left + Math.min(box.width, innerWidth) / 2, (top + bottom) / 2);
    return top < bottom && hit !== null && (element.contains(hit) || hit.contains(element) || hit.closest("label") !== null);
  };
  const parts = (element) => element?.matches("audio, video, [type=date], [type=time], [type=datetime-local]");
  const was = before && before !== now && before.isConnected && !parts(before)
    ? { focused: window.lastLook, unfocused: look(before), html: before.outerHTML.slice(0, 160) } : null;
  const box = now.getClientRects()[0] || now.getBoundingClientRect();
  const here = now !== document.body && now !== document.documentElement;
  window.lastFocused = here ? now : null;
  window.lastLook = here ? look(now) : null;
  const name = now.ariaLabel || now.labels?.[0]?.textContent || (now.matches("input") && now.value) || now.textContent;
  return {
    name: name.trim().replace(/\\s+/g, " ").replace(/:$/, ""),
    html: here ? now.outerHTML.slice(0, 160) : "",
    stays: before === now && !parts(now),
    seen: box.width > 1 && box.height > 1 && uncovered(now, box),
    was,
  };
}"""
# More stops than any page of the dashboard has.
MOST = 500
# The first stop of each page.
FIRST = "Skip to main content"


class Keyboard:
    """Presses keys in `page`, counts them, and notes each stop of Tab at which nobody could see where the focus is."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0
        self.longest = (0, "")
        self.faults: list[str] = []

    def press(self, *keys: str) -> None:
        """Press keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def type(self, text: str) -> None:
        """Write over what stands in the field that has the focus."""
        self.press("Control+A")
        self.page.keyboard.type(text)
        self.keys += len(text)

    def tab(self, *, back: bool = False) -> str:
        """Press Tab, or Shift+Tab; return the name of what has the focus then, "" for the page itself."""
        self.press("Shift+Tab" if back else "Tab")
        stop = self.page.evaluate(LOOK)
        was = stop["was"]
        if was and was["focused"] == was["unfocused"]:
            self.faults.append(f"{self.page.url}: looks the same without the focus: {was['html']}")
        if stop["html"] and not stop["seen"]:
            self.faults.append(f"{self.page.url}: has the focus and is not seen: {stop['html']}")
        if stop["html"] and stop["stays"]:
            self.faults.append(f"{self.page.url}: keeps the focus: {stop['html']}")
        return str(stop["name"] or stop["html"]) if stop["html"] else ""

    def go(self, name: str, *, back: bool = False) -> None:
        """Press Tab until what is called `name` has the focus."""
        stops: list[str] = []
        while len(stops) < MOST:
            stops.append(self.tab(back=back))
            if stops[-1] == name:
                self.longest = max(self.longest, (len(stops), name))
                return
        raise AssertionError(f"nothing called {name!r} is reached; there are {list(dict.fromkeys(stops))}")

    def use(self, name: str, *, back: bool = False) -> None:
        """Go to a link or button, and press Enter."""
        self.go(name, back=back)
        self.press("Enter")

    def use_page(self, name: str, *, back: bool = False) -> None:
        """Go to a link or button that leads to another page, and wait for it."""
        self.go(name, back=back)
        with self.page.expect_navigation():
            self.press("Enter")

    def skip(self, to: str = FIRST) -> None:
        """Go past the head of the page, or past more of it, by a link for that."""
        self.use(to)

    def fill(self, name: str, text: str) -> None:
        """Go to a field and write over what is in it."""
        self.go(name)
        self.type(text)

    def round(self, first: str = "") -> list[str]:
        """Press Tab through the whole page; or, given the name of its first stop, back to that from the page's end.

        Return the names of the stops.
        """
        # A form for a new row begins in its first field.
        self.page.evaluate(
            "document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute('tabindex')"
        )
        stops: list[str] = []
        while len(stops) < MOST:
            name = self.tab(back=bool(first))
            # By name: parts of a live page are made anew once the focus has left them.
            if stops and (name == (first or stops[0]) or not name):
                return [*stops, name] if first else stops
            stops.append(name)
        raise AssertionError(f"{self.page.url} has no end: {stops[-8:]}")
