// Keys of a page, and the dialog that lists them. An element with data-key="e" is focused or pressed
// by its key, and its title says what for; what no element does is given to keys(). No key does
// anything while somebody types, or while a dialog is open.

const given = new Map();
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", " ": "Space" };
const BUTTONS = ["button", "checkbox", "file", "image", "reset", "submit"];

// keys({ "/": ["Search", handler], "ArrowDown j": ["Next model", handler], "Shift+ArrowDown": ... })
// Where a handler returns false, the browser does with the key what it does by itself.
export function keys(more) {
  for (const [names, [label, handler]] of Object.entries(more)) {
    for (const name of names.split(" ")) given.set(name, { label, handler });
  }
}

function isTyping(place) {
  if (place.matches("input")) return !BUTTONS.includes(place.type);
  return place.isContentEditable || place.matches("textarea, select");
}

function elements() {
  return [...document.querySelectorAll("[data-key]")].filter((one) => !one.closest("[hidden]"));
}

function use(element) {
  const isField = element.matches("input, textarea, select") && isTyping(element);
  if (isField) element.focus();
  if (isField) element.select?.();
  else element.click();
}

function entry(name, label) {
  const [term, text] = [document.createElement("dt"), document.createElement("dd")];
  for (const part of name.split("+")) {
    term.append(Object.assign(document.createElement("kbd"), { textContent: SIGNS[part] ?? part }), " ");
  }
  text.textContent = label;
  return [term, text];
}

function help() {
  const dialog = document.getElementById("keys");
  const known = [...given].map(([name, { label }]) => [name, label]);
  const shown = elements().flatMap((one) => one.dataset.key.split(" ").map((name) => [name, one.title]));
  dialog.querySelector("dl").replaceChildren(...[...known, ...shown].flatMap(([name, label]) => entry(name, label)));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-key='?']")) help();
});

document.addEventListener("keydown", (event) => {
  const place = event.target;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(place) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && place.closest("a, button, summary, input")) return;
  const bare = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = event.shiftKey && event.key.length > 1 ? `Shift+${bare}` : bare;
  const element = elements().find((one) => one.dataset.key.split(" ").includes(name));
  if (given.has(name)) {
    if (given.get(name).handler(event) === false) return;
  } else if (element) use(element);
  else return;
  event.preventDefault();
});
