// Keys that Streamlit keeps for itself, and what must not happen by accident: the second click of a double click
// and a key held down would meet the next case.
const CLICKS = { c: ["claim", "release"], "?": ["help"] };
const WAYS = "[class*='st-key-case_next_'], [class*='st-key-case_back_']";
const FINISHING = ["d", "a", "t", "e", "s", "u"];

export default function () {
  const stop = new AbortController();

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (isTyping(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const key = event.key.toLowerCase();
    if (document.querySelector("[data-testid='stDialog']")) return;
    if (event.repeat && (FINISHING.includes(key) || key in CLICKS)) return swallow(event);
    if (!(key in CLICKS)) return;
    swallow(event);
    for (const name of CLICKS[key]) document.querySelector(`[class*="st-key-case_${name}_"] button:enabled`)?.click();
  };

  const onClick = (event) => {
    if (event.detail > 1 && event.target.closest?.(".st-key-case_bar button") && !event.target.closest(WAYS)) swallow(event);
  };

  window.addEventListener("keydown", onKey, { capture: true, signal: stop.signal });
  window.addEventListener("click", onClick, { capture: true, signal: stop.signal });
  document.body.dataset.caseKeys = "";
  return () => {
    stop.abort();
    delete document.body.dataset.caseKeys;
  };
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function isTyping(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
