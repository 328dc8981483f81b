// Moves the highlight and marks rows at once, and tells Python what was done to which row. What was pressed is
// sent again with what is pressed next, until Python says that it came: a press is neither lost nor done twice.
const MOVES = { j: 1, arrowdown: 1, k: -1, arrowup: -1 };
const DEEDS = { c: "claim", a: "good", d: "fraud", e: "escalate", s: "snooze" };
const OTHERS = { u: "undo", r: "renew", "?": "help" };
const FINISHING = ["good", "fraud", "escalate", "snooze"];
const RESEND_MS = 4000;

let pressed = []; // not yet heard by Python
let current = null;
let marks = new Set();
let told = ""; // the marks that Python knows of
let opened = null; // the last press whose case was opened because Python said so
let leaving = null; // where to go as soon as Python heard of all that was pressed
let home = null;
let end = () => {};

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  end();
  const stop = new AbortController();
  if (home !== parentElement) { // the page was left and opened again: Python knows of no marks
    home = parentElement;
    marks.clear();
    told = "";
    leaving = null;
  }
  const heard = new Set(data.handled);
  pressed = pressed.filter((act) => !heard.has(act.key));
  marks = new Set([...marks].filter((id) => data.waiting.includes(id)));

  const rows = () => [...document.querySelectorAll(".fg-queue tr[data-row]")];
  const isDone = (row) => !row.matches(".fg-waiting, .fg-theirs") || pressed.some(
    (act) => act.decision_id === row.dataset.row && FINISHING.includes(act.action));
  const chosen = () => {
    const all = rows();
    return all.find((row) => row.dataset.row === current) ?? all.find((row) => !isDone(row)) ?? all[0];
  };

  const draw = () => {
    current = chosen()?.dataset.row ?? current; // the rows may just not be there yet
    const of = (id) => `.stApp .fg-queue tr[data-row="${CSS.escape(id)}"]`;
    const sent = pressed.filter((act) => FINISHING.includes(act.action)).map((act) => act.decision_id);
    sheet().textContent = [
      current ? `${of(current)} > td { background: var(--fg-opened); }` : "",
      current ? `${of(current)} > td:first-child { box-shadow: inset 3px 0 var(--fg-accent); }` : "",
      ...[...marks].map((id) => `${of(id)} .fg-mark i { background: var(--fg-accent); border-color: var(--fg-accent); }`),
      ...[...marks].map((id) => `${of(id)} .fg-mark i::after { opacity: 1; }`),
      ...sent.map((id) => `${of(id)} > td { opacity: 0.5; }`),
    ].join("\n");
    for (const other of rows()) other.toggleAttribute("aria-current", other.dataset.row === current);
  };

  const tellMarks = () => {
    const list = rows().map((row) => row.dataset.row).filter((id) => marks.has(id));
    if (list.join() === told) return;
    told = list.join();
    setStateValue("marks", list);
  };

  const send = () => {
    setTriggerValue("acts", pressed);
    sendAgain();
  };
  const sendAgain = () => setTimeout(() => !stop.signal.aborted && pressed.length && send(), RESEND_MS);

  const act = (action, row) => {
    if (row && FINISHING.includes(action) && isDone(row)) return;
    pressed.push({
      key: randomKey(), action, decision_id: row?.dataset.row ?? "", revision: Number(row?.dataset.revision ?? 0),
    });
    if (row && FINISHING.includes(action)) moveOn(row);
    draw();
    send();
  };

  const open = (row) => {
    const link = row?.querySelector(".fg-open");
    if (!link) return;
    current = row.dataset.row;
    leaving = link.href;
    leave();
  };
  const openClaimed = () => { // as soon as its row is there: the table may just be drawn anew
    if (!data.open || data.open.key === opened) return;
    const row = rows().find((other) => other.dataset.row === data.open.decision_id);
    if (!row) return;
    opened = data.open.key;
    open(row);
  };
  const leave = () => {
    if (!leaving || pressed.length) return;
    history.pushState({}, "", leaving);
    leaving = null;
    window.dispatchEvent(new PopStateEvent("popstate")); // as the browser's own way back: see dashboard/go.js
  };

  const moveOn = (row) => {
    const all = rows();
    const at = all.indexOf(row);
    const next = [...all.slice(at + 1), ...all.slice(0, at).reverse()].find((other) => !isDone(other));
    if (next) show(next);
  };

  const move = (step) => {
    const all = rows();
    const at = all.indexOf(chosen());
    show(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
    draw();
  };

  const show = (row) => {
    current = row?.dataset.row ?? null;
    row?.scrollIntoView({ block: "nearest" });
  };

  const mark = (row) => {
    if (!row || isDone(row)) return;
    if (!marks.delete(row.dataset.row)) marks.add(row.dataset.row);
    draw();
    tellMarks();
  };

  const unmark = () => {
    marks.clear();
    draw();
    tellMarks();
  };

  const onKey = (event) => {
    if (!event.key || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("[data-testid='stDialog']")) return;
    const target = event.composedPath()[0];
    if (isTyping(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const key = event.key.toLowerCase();
    if (event.shiftKey && key === "c") return claimMarked(event);
    if (event.shiftKey && key !== "?") return; // capitals are of the buttons for all marked rows
    if (key.length > 1 && isControl(target)) return;
    if (!handle(key, event.repeat)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // C and R mean something else to Streamlit
  };

  const claimMarked = (event) => { // Streamlit keeps C for itself, with shift too
    event.stopImmediatePropagation();
    document.querySelector(".st-key-bulk_claim button")?.click();
  };

  const handle = (key, isRepeated) => {
    if (key in MOVES) move(MOVES[key]);
    else if (isRepeated) return key in DEEDS || key in OTHERS || "xo".includes(key);
    else if (key === "enter" || key === "o") open(chosen());
    else if (key in DEEDS) chosen() && act(DEEDS[key], chosen());
    else if (key in OTHERS) act(OTHERS[key]);
    else if (key === "x") mark(chosen());
    else if (key === "escape") unmark();
    else if (key === "/") document.querySelector(".st-key-q input")?.focus();
    else return false;
    return true;
  };

  const onClick = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = event.target.closest?.(".fg-queue tr[data-row]");
    if (event.target.closest?.(".fg-unmark")) return event.preventDefault(), unmark();
    if (!row) return;
    current = row.dataset.row;
    draw();
    if (event.target.closest(".fg-mark")) return mark(row);
    const link = event.target.closest(".fg-undo, .fg-open");
    if (!link) return;
    event.preventDefault();
    if (link.matches(".fg-open")) open(row);
    else act("undo", row);
  };

  window.addEventListener("keydown", onKey, { capture: true, signal: stop.signal });
  document.addEventListener("click", onClick, { signal: stop.signal });
  const watch = new MutationObserver(() => { // the table was drawn anew
    draw();
    openClaimed();
  });
  watch.observe(document.querySelector("[data-testid='stMainBlockContainer']"), { childList: true, subtree: true });
  document.body.dataset.queueKeys = "";
  end = () => {
    stop.abort();
    watch.disconnect();
  };
  const mine = end;
  draw();
  tellMarks();
  if (pressed.length) sendAgain();
  openClaimed();
  leave();
  return () => {
    mine();
    if (end !== mine) return;
    sheet().remove();
    delete document.body.dataset.queueKeys;
  };
}

function sheet() {
  const there = document.getElementById("fg-queue-rows");
  if (there) return there;
  const made = document.createElement("style");
  made.id = "fg-queue-rows";
  return document.head.appendChild(made);
}

function isTyping(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function isControl(target) {
  return Boolean(target.closest?.("button, a, summary, [role='button'], [role='radio'], [role='option'], [role='menu']"));
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
