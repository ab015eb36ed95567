// The picture of a model: dropped on its page, or chosen. What else there is works without this.
import { say } from "./app.js";

const model = document.getElementById("model");
const choose = model.querySelector(".choose");

function fail(text) {
  const told = model.querySelector(".preview .told") ?? document.createElement("p");
  told.className = "told";
  told.textContent = text;
  choose.closest(".row").after(told);
  say(text);
}

async function set(file) {
  model.ariaBusy = "true";
  try {
    const headers = { "Content-Type": file.type.startsWith("image/") ? file.type : "image/unknown" };
    const answer = await fetch(model.dataset.drop, { method: "PUT", headers, body: file });
    if (answer.ok) return location.reload();
    const { error } = await answer.json();
    fail(`${error.message}. ${error.hint}`);
  } catch {
    fail("The server does not answer. Try again.");
  } finally {
    model.ariaBusy = "false";
  }
}

const hasFile = (event) => event.dataTransfer?.types.includes("Files");

choose.querySelector("input").addEventListener("change", (event) => {
  if (event.target.files.length) set(event.target.files[0]);
});
document.addEventListener("dragover", (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  model.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) model.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  model.classList.remove("dropping");
  if (!hasFile(event)) return;
  event.preventDefault();
  set(event.dataTransfer.files[0]);
});
