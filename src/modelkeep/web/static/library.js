// The library: search while typing, more of the list in place, selection, keys, news. The page works
// without it: every step is a link or a form.
import { say } from "./app.js";
import { keys } from "./keys.js";

const PLACE = "library-place";
const found = document.getElementById("results");
const search = document.getElementById("search");
const models = () => [...document.querySelectorAll(".model")];
const ticks = () => [...document.querySelectorAll(".model .tick input")];
const still = matchMedia("(prefers-reduced-motion: reduce)");

async function fetched(url, signal) {
  const answer = await fetch(url, { signal, headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Search as people type. The first letter is a step of its own for "back"; the next ones are not.
let asking = null;
let waiting = 0;
let isStep = true;
async function look() {
  const fields = [...new FormData(search)].filter(([, value]) => value);
  const query = new URLSearchParams(fields).toString();
  const url = search.action + (query && `?${query}`);
  asking?.abort();
  asking = new AbortController();
  try {
    const page = await fetched(url, asking.signal);
    const open = [...document.querySelectorAll(".facet")].map((one) => [one.id, one.open]);
    for (const id of ["results", "filters"]) {
      document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
    }
    for (const [id, is] of open) document.getElementById(id)?.toggleAttribute("open", is);
    history[isStep ? "pushState" : "replaceState"](null, "", url);
    isStep = false;
    count();
    say(document.getElementById("shown")?.textContent ?? "No model matches");
  } catch (error) {
    if (error.name !== "AbortError") search.submit();
  }
}
search?.addEventListener("input", ({ target }) => {
  if (target.name !== "q" || target.value.trim().length === 1) return;
  clearTimeout(waiting);
  waiting = setTimeout(look, 200);
});
search?.addEventListener("change", ({ target }) => {
  isStep = true;
  if (target.name === "sort") look();
});
addEventListener("popstate", () => location.reload());

// More of the list in its place, so that nothing moves; the address says how much there is.
async function more(link) {
  link.setAttribute("aria-busy", "true");
  const page = await fetched(link.href);
  const list = document.querySelector("[data-list]");
  const there = list.children.length;
  list.append(...[...page.querySelector("[data-list]").children].slice(there));
  for (const part of ["#more", "#shown"]) document.querySelector(part).replaceWith(page.querySelector(part));
  history.replaceState(null, "", link.href.split("#")[0]);
  count();
  models()[there]?.querySelector(".name").focus({ preventScroll: true });
  say(document.getElementById("shown").textContent);
}

// Selection: a click with Shift, or x with Shift, takes everything in between.
let last = null;
function count() {
  const bar = document.querySelector(".bulk");
  if (!bar) return;
  const all = document.getElementById("all");
  const number = ticks().filter((one) => one.checked).length;
  bar.hidden = !number && !all.checked;
  document.getElementById("selected").textContent = all.checked ? "All that match" : `${number} selected`;
}
function tick(box, isRange) {
  const boxes = ticks();
  if (isRange && last && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  count();
}
document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches?.(".model .tick input")) tick(target, event.shiftKey);
  const link = target.closest?.("[data-more]");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    more(link).catch(() => location.assign(link.href));
  }
  // A click on a card while others are selected, with Shift or Ctrl, selects it.
  const model = target.closest?.(".model");
  if (model && event.shiftKey && target.closest(".name")) {
    event.preventDefault();
    const box = model.querySelector(".tick input");
    box.checked = true;
    tick(box, true);
  }
});
found?.addEventListener("change", ({ target }) => target.id === "all" && count());
found?.addEventListener("reset", () => setTimeout(count));

// Keys: arrows go through the list as it is laid out.
const current = () => document.activeElement.closest?.(".model");
function go(step) {
  const all = models();
  const at = all.indexOf(current());
  const next = all[at < 0 ? 0 : at + step];
  next?.querySelector(".name").focus();
  next?.scrollIntoView({ block: "nearest" });
  return next;
}
function columns() {
  const all = models();
  const top = all[0]?.offsetTop;
  const row = all.findIndex((one) => one.offsetTop !== top);
  return row < 0 ? all.length : row;
}
function select(isRange) {
  const box = current()?.querySelector(".tick input");
  if (!box) return false;
  box.checked = isRange || !box.checked;
  tick(box, isRange);
}
const inList = (act) => () => (models().length ? void act() : false);
if (found) {
  keys({
    ArrowRight: ["Next model", inList(() => go(1))],
    ArrowLeft: ["Previous model", inList(() => go(-1))],
    ArrowDown: ["Model below", inList(() => go(columns()))],
    ArrowUp: ["Model above", inList(() => go(-columns()))],
    Enter: ["Open the model", () => false],
    x: ["Select", () => select(false)],
    "Shift+ArrowRight": ["Select on to the next", inList(() => (select(true), go(1), select(true)))],
    e: ["Edit", () => {
      const link = current()?.querySelector(".name");
      if (!link) return false;
      const there = new URL(link.href);
      there.pathname += "/edit";
      location.assign(there);
    }],
  });
}

// Films play while somebody points at them, or comes to them by key.
for (const [event, method] of [["pointerover", "play"], ["focusin", "play"], ["pointerout", "pause"], ["focusout", "pause"]]) {
  found?.addEventListener(event, ({ target }) => {
    const film = target.closest(".model")?.querySelector("video");
    if (film && !(still.matches && method === "play")) film[method]()?.catch?.(() => {});
  });
}

// News: asked for when a model came; nothing moves by itself.
document.addEventListener("changed", async ({ target }) => {
  if (target.id !== "news") return;
  const page = await fetched(target.dataset.news).catch(() => null);
  const line = page?.getElementById("news");
  if (line) target.replaceChildren(...line.childNodes);
}, true);

// The menu leads back to the list as it was left, and to the place in it.
addEventListener("pagehide", () => {
  sessionStorage.setItem(PLACE, JSON.stringify([location.search, scrollY]));
});
const [search_, top] = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
if (sessionStorage.getItem(`${PLACE}-wanted`) && search_ === location.search) scrollTo(0, top);
sessionStorage.removeItem(`${PLACE}-wanted`);
count();
