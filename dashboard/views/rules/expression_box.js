// A text box that completes names. Its text goes to Python 250 ms after the last key, and at once on leaving;
// what was written and not saved survives a reload of the page in this tab.
const DEBOUNCE_MS = 250, MOST = 8;

export default function ({ parentElement, data, setStateValue }) {
  const area = parentElement.querySelector("textarea");
  const list = parentElement.querySelector("ul");
  const mirror = parentElement.querySelector(".mirror");
  const kept = `faregate-expression-${data.seed}`;
  const box = (area.box ??= { shown: [], chosen: 0, word: null }); // survives that this runs again

  const send = () => {
    clearTimeout(area.sending);
    if (area.sent === area.value) return;
    area.sent = area.value;
    setStateValue("text", area.value);
  };
  const changed = () => {
    sessionStorage.setItem(kept, area.value);
    clearTimeout(area.sending);
    area.sending = setTimeout(send, DEBOUNCE_MS);
  };

  if (area.dataset.seed !== data.seed) {
    area.dataset.seed = data.seed;
    area.value = sessionStorage.getItem(kept) ?? data.text;
    area.sent = data.text;
    send();
  }

  const wordAtCaret = () => {
    const before = area.value.slice(0, area.selectionStart).match(/[A-Za-z_][A-Za-z0-9_]*$/);
    const after = area.value.slice(area.selectionStart).match(/^[A-Za-z0-9_]*/);
    const text = before ? before[0] : "";
    return { text, from: area.selectionStart - text.length, to: area.selectionStart + after[0].length };
  };
  const rank = (name, text) => {
    const at = name.toLowerCase().indexOf(text.toLowerCase());
    return at < 0 ? -1 : at === 0 ? 0 : name[at - 1] === "_" ? 1 : 2;
  };
  const inText = () => {
    const quotes = area.value.slice(0, area.selectionStart).match(/['"]/g);
    return quotes !== null && quotes.length % 2 === 1;
  };

  const close = () => {
    list.hidden = true;
    area.setAttribute("aria-expanded", "false");
    area.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    box.chosen = (index + box.shown.length) % box.shown.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === box.chosen)));
    list.children[box.chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", list.children[box.chosen].id);
  };
  const item = (entry, index) => {
    const made = document.createElement("li");
    made.id = `word-${index}`;
    made.setAttribute("role", "option");
    const name = document.createElement("b"), unit = document.createElement("i"), says = document.createElement("span");
    const at = box.word.text ? entry.name.toLowerCase().indexOf(box.word.text.toLowerCase()) : -1;
    if (at < 0) {
      name.textContent = entry.name;
    } else {
      const hit = document.createElement("mark");
      hit.textContent = entry.name.slice(at, at + box.word.text.length);
      name.append(entry.name.slice(0, at), hit, entry.name.slice(at + box.word.text.length));
    }
    unit.textContent = entry.unit;
    says.textContent = `${entry.kind} · ${entry.says}`;
    made.append(name, unit, says);
    made.onmousedown = (event) => { event.preventDefault(); complete(index); };
    return made;
  };
  const place = () => {
    mirror.textContent = area.value.slice(0, box.word.from);
    const caret = document.createElement("span");
    caret.textContent = "​";
    mirror.append(caret);
    const left = Math.min(caret.offsetLeft, Math.max(0, area.clientWidth - list.offsetWidth));
    list.style.left = `${left}px`;
    list.style.top = `${caret.offsetTop + caret.offsetHeight + 4 - area.scrollTop}px`;
  };
  const open = (all) => {
    box.word = wordAtCaret();
    const { text } = box.word;
    if ((!text && !all) || inText()) return close();
    box.shown = data.words
      .map((entry) => ({ entry, rank: rank(entry.name, text) }))
      .filter(({ rank }) => rank >= 0)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, all && !text ? data.words.length : MOST)
      .map(({ entry }) => entry);
    const isThere = box.shown.length === 1 && box.shown[0].name === text;
    if (!box.shown.length || isThere) return close();
    list.replaceChildren(...box.shown.map(item));
    list.hidden = false;
    area.setAttribute("aria-expanded", "true");
    place();
    mark(0);
  };
  const complete = (index) => {
    const { insert } = box.shown[index];
    const rest = area.value.slice(box.word.to);
    const text = insert.endsWith("(") && rest.startsWith("(") ? insert.slice(0, -1) : insert;
    area.focus();
    area.setRangeText(text, box.word.from, box.word.to, "end");
    close();
    changed();
  };

  area.oninput = () => { changed(); open(false); };
  area.onblur = () => { close(); send(); };
  area.onclick = close;
  area.onkeydown = (event) => {
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); return open(true); }
    if (list.hidden) return;
    const keys = {
      ArrowDown: () => mark(box.chosen + 1),
      ArrowUp: () => mark(box.chosen - 1),
      Tab: () => complete(box.chosen),
      Enter: () => complete(box.chosen),
      Escape: close,
    };
    if (keys[event.key] && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    }
  };
  area.dataset.ready = "";
}
