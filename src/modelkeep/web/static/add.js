// Uploads in pieces: each goes on after a cut connection by itself, and after a reload when the same
// file is chosen again. What has come is known by the server; this browser remembers where it lies.
import { say } from "./app.js";

const PIECE = 16 * 1024 * 1024;
const WAITS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000];
const area = document.querySelector("[data-upload]");
const units = ["B", "KB", "MB", "GB", "TB"];

function size(bytes) {
  const power = bytes ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${(bytes / 1000 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
}

class Sending {
  constructor(file) {
    this.row = area.querySelector("template").content.firstElementChild.cloneNode(true);
    this.row.querySelector(".name").textContent = file.name;
    this.bar = this.row.querySelector("progress");
    this.bar.setAttribute("aria-label", file.name);
    this.bar.max = file.size || 1;
    this.file = file;
    this.isPaused = false;
    this.row.addEventListener("click", (event) => this.act(event.target.closest("[data-do]")?.dataset.do));
    this.upload = new tus.Upload(file, {
      endpoint: area.dataset.upload,
      chunkSize: PIECE,
      retryDelays: WAITS,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name },
      onProgress: (sent) => this.show(sent),
      onAfterResponse: (_request, answer) => {
        this.job = answer.getHeader("Modelkeep-Job") ?? this.job;
      },
      onSuccess: () => this.done(),
      onError: (error) => this.failed(error),
    });
    for (const old of area.querySelectorAll(".sending[data-name]")) {
      if (old.dataset.name === file.name && Number(old.dataset.size) === file.size) old.remove();
    }
    area.querySelector(".uploads").prepend(this.row);
    this.state("Waiting");
  }

  async start() {
    const [before] = await this.upload.findPreviousUploads();
    if (before) this.upload.resumeFromPreviousUpload(before);
    this.began = performance.now();
    this.first = undefined;
    this.upload.start();
  }

  state(text) {
    this.row.querySelector(".state").textContent = text;
  }

  show(sent) {
    this.bar.value = sent;
    this.first ??= sent;
    const seconds = (performance.now() - this.began) / 1000;
    const speed = seconds > 1 ? (sent - this.first) / seconds : 0;
    const rate = speed > 0 ? `, ${size(speed)}/s` : "";
    this.state(`${size(sent)} of ${size(this.file.size)}${rate}`);
  }

  act(what) {
    if (what === "pause") this.upload.abort();
    if (what === "resume") this.start();
    if (what === "remove") {
      this.upload.abort(true).catch(() => {});
      this.row.remove();
      return;
    }
    if (what) this.turn(what === "pause");
    if (what === "pause") this.state(`Paused at ${size(this.bar.value)} of ${size(this.file.size)}`);
  }

  turn(isPaused) {
    this.isPaused = isPaused;
    this.row.classList.remove("failed");
    this.row.querySelector("[data-do=pause]").hidden = isPaused;
    this.row.querySelector("[data-do=resume]").hidden = !isPaused;
  }

  done() {
    for (const button of this.row.querySelectorAll("[data-do]")) button.hidden = true;
    this.row.querySelector("[data-job]").hidden = false;
    this.bar.value = this.bar.max;
    this.state(`${size(this.file.size)} uploaded; the job says how the install goes`);
    this.row.dataset.done = this.job ?? "";
    say(`${this.file.name} is uploaded`);
  }

  failed(error) {
    this.turn(true);
    this.row.classList.add("failed");
    const answer = error.originalResponse?.getBody();
    let told = "The connection is gone. Resume when it is back.";
    try {
      const { message, hint } = JSON.parse(answer).error;
      told = `${message}. ${hint}`;
    } catch {
      if (answer) told = `The server answered ${error.originalResponse.getStatus()}.`;
    }
    this.state(told);
  }
}

if (area) {
  const sendings = [];
  const drop = area.querySelector(".drop");
  const take = (files) => {
    for (const file of files) {
      const sending = new Sending(file);
      sendings.push(sending);
      sending.start();
    }
  };
  const input = drop.querySelector("input");
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  window.addEventListener("online", () => {
    for (const each of sendings) if (each.row.matches(".failed")) each.act("resume");
  });
}
