// What pages do beyond links, forms and htmx. Everything works without it.
import { listen } from "./events.js";
import "./keys.js";

const page = document.body;

// Text for the clipboard: the elder way works over plain HTTP too.
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser does not let this page copy.");
}

export function say(text) {
  document.getElementById("live").textContent = text;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const had = document.activeElement;
  try {
    await copy(button.dataset.copy);
    say("Copied");
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, 1500);
  } catch (error) {
    say(error.message);
  }
  had?.focus();
});

// A notice is told once: its number does not stay in the address.
const here = new URL(location.href);
if (here.searchParams.has("notice")) {
  here.searchParams.delete("notice");
  history.replaceState(history.state, "", here);
}

// Parts of a page that follow events: data-follows="jobs models", with hx-get, hx-select and
// hx-trigger="changed". Many events in a row ask once.
const waiting = new Set();
listen(page.dataset, (changed) => {
  for (const part of document.querySelectorAll("[data-follows]")) {
    const follows = part.dataset.follows.split(" ").some((one) => changed.includes(one));
    if (!follows || waiting.has(part)) continue;
    waiting.add(part);
    setTimeout(() => {
      waiting.delete(part);
      if (part.isConnected) part.dispatchEvent(new CustomEvent("changed"));
    }, 300);
  }
});

// The menu leads back to the library as it was left, once somebody has gone on from there.
const library = document.querySelector("[data-section='library']");
const [left] = JSON.parse(sessionStorage.getItem("library-place") ?? "[]");
if (left && page.dataset.page !== "library") {
  library.search = left;
  library.addEventListener("click", () => sessionStorage.setItem("library-place-wanted", "1"));
}
