// The keys of a case, and what must not happen by accident. What is pressed while the page is drawn would meet
// buttons that are about to go: it waits until all is drawn, and is done on the case that was seen or not at all.
const KEYS = {
  d: "fraud", a: "good", t: "cannot_tell", e: "escalate", c: "claim", s: "snooze", u: "undo",
  j: "next", k: "back", q: "queue", "?": "help",
};
const WAYS = ["next", "back"];
const HEARD_MS = 1000;

let waiting = []; // names of buttons
let sent = ""; // the button that was clicked, until what came of it is drawn
let seen = ""; // the case on which they were pressed
let end = () => {};

export default function () {
  end(); // a redrawn part is called anew and not cleaned up before
  const stop = new AbortController();
  const app = document.querySelector("[data-testid='stApp']");
  let timer;

  const isRunning = () => app.dataset.testScriptState !== "notRunning";
  const isDrawing = () => isRunning() || sent !== "";
  const press = (name) => {
    if (seen !== shown()) waiting = [];
    else if (name === sent || waiting.includes(name)) return; // of somebody impatient
    seen = shown();
    waiting.push(name);
    next();
  };
  const next = () => {
    if (!waiting.length || isDrawing()) return;
    if (shown() !== seen) return (waiting = []);
    buttonOf(waiting.shift())?.click();
    next();
  };
  const onState = () => {
    if (isRunning()) return;
    sent = "";
    next();
  };

  const onKey = (event) => {
    if (!event.key || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (isTyping(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    let name = KEYS[event.shiftKey ? event.key : event.key.toLowerCase()];
    if (name === "claim" && buttonOf("release")) name = "release";
    if (!name || document.querySelector("[data-testid='stDialog']")) return;
    swallow(event);
    if (!event.repeat || WAYS.includes(name)) press(name);
  };

  const onClick = (event) => {
    const name = nameOf(event.target);
    if (!name) return;
    const isSecond = event.detail > 1 && !WAYS.includes(name); // of a double click: it would meet the next case
    if (isSecond || isDrawing()) {
      swallow(event);
      if (!isSecond) press(name);
      return;
    }
    [sent, seen] = [name, shown()];
    clearTimeout(timer);
    timer = setTimeout(onState, HEARD_MS); // it may lead to nothing, or be drawn in no time
  };

  window.addEventListener("keydown", onKey, { capture: true, signal: stop.signal });
  window.addEventListener("click", onClick, { capture: true, signal: stop.signal });
  const watch = new MutationObserver(onState);
  watch.observe(app, { attributeFilter: ["data-test-script-state"] });
  document.body.dataset.caseKeys = "";
  end = () => {
    clearTimeout(timer);
    stop.abort();
    watch.disconnect();
  };
  const mine = end;
  return () => {
    mine();
    if (end !== mine) return;
    waiting = [];
    sent = "";
    delete document.body.dataset.caseKeys;
  };
}

function shown() {
  return document.querySelector(".fg-case-head code")?.textContent ?? "";
}

function buttonOf(name) {
  return document.querySelector(`.st-key-case_bar [class*="st-key-case_${name}_"] button:enabled`);
}

function nameOf(target) {
  const place = target.closest?.(".st-key-case_bar button")?.closest("[class*='st-key-case_']");
  return place && /st-key-case_([a-z_]+?)_dec_/.exec(place.className)?.[1];
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function isTyping(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
