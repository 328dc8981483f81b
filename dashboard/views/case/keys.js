// The keys of a case, and what must not happen by accident. What is pressed while the page is drawn would meet
// buttons that are about to go: it waits until all is drawn, and is done on the case that was seen or not at all.
const KEYS = {
  d: "fraud", a: "good", t: "cannot_tell", e: "escalate", c: "claim", s: "snooze", u: "undo",
  j: "next", k: "back", q: "queue", "?": "help",
};
const INSTEAD = { claim: "release" };
const WAYS = ["next", "back"];
const HEARD_MS = 1000;

let waiting = []; // names of buttons
let seen = ""; // the case on which they were pressed
let sentAt = -Infinity; // of a press that may not yet have reached Python
let end = () => {};

export default function () {
  end(); // a redrawn part is called anew and not cleaned up before
  const stop = new AbortController();
  const app = document.querySelector("[data-testid='stApp']");
  let timer;

  const isDrawing = () => app.dataset.testScriptState !== "notRunning" || performance.now() - sentAt < HEARD_MS;
  const press = (name) => {
    if (seen !== shown()) waiting = [];
    seen = shown();
    waiting.push(name);
    next();
  };
  const next = () => {
    clearTimeout(timer);
    if (!waiting.length) return;
    if (isDrawing()) return (timer = setTimeout(next, HEARD_MS));
    if (shown() !== seen) return (waiting = []);
    buttonOf(waiting.shift())?.click();
    next();
  };
  const onState = () => {
    if (app.dataset.testScriptState !== "notRunning") sentAt = -Infinity;
    next();
  };

  const onKey = (event) => {
    if (!event.key || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (isTyping(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const name = KEYS[event.shiftKey ? event.key : event.key.toLowerCase()];
    if (!name || document.querySelector("[data-testid='stDialog']")) return;
    swallow(event);
    if (!event.repeat || WAYS.includes(name)) press(name);
  };

  const onClick = (event) => {
    const name = nameOf(event.target);
    if (!name) return;
    const isSecond = event.detail > 1 && !WAYS.includes(name); // of a double click: it would meet the next case
    if (!isSecond && !isDrawing()) return (sentAt = performance.now());
    swallow(event);
    if (!isSecond) press(name);
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
    delete document.body.dataset.caseKeys;
  };
}

function shown() {
  return document.querySelector(".fg-case-head code")?.textContent ?? "";
}

function buttonOf(name) {
  const found = document.querySelector(`.st-key-case_bar [class*="st-key-case_${name}_"] button:enabled`);
  return found ?? (INSTEAD[name] && buttonOf(INSTEAD[name]));
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
