"use strict";

const byId = (id) => document.getElementById(id);

// Theme, kept under the name that reports use.

const themes = ["auto", "light", "dark"];
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `theme: ${theme}`;
  localStorage.setItem("mcode-theme", theme);
}
byId("theme").addEventListener("click", () => {
  setTheme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
});
const kept = localStorage.getItem("mcode-theme");
setTheme(themes.includes(kept) ? kept : "auto");

// Runs that are ticked, also on other pages of the list.

const ticked = new Set(JSON.parse(sessionStorage.getItem("mcode-ticked") ?? "[]"));
function showTicked() {
  sessionStorage.setItem("mcode-ticked", JSON.stringify([...ticked]));
  document.querySelectorAll(".tick input").forEach((each) => { each.checked = ticked.has(each.value); });
  const bar = byId("ticked");
  if (!bar) return;
  bar.replaceChildren();
  if (!ticked.size) return;
  const link = document.createElement("a");
  link.href = `/compare?${new URLSearchParams([...ticked].map((name) => ["run", name]))}`;
  link.textContent = `Compare ${ticked.size} runs`;
  const clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = "clear";
  clear.addEventListener("click", () => { ticked.clear(); showTicked(); });
  bar.append(...(ticked.size > 1 ? [link] : ["1 run is ticked"]), " ", clear);
}
document.addEventListener("change", (event) => {
  if (!event.target.matches(".tick input")) return;
  if (event.target.checked) ticked.add(event.target.value);
  else ticked.delete(event.target.value);
  showTicked();
});
document.addEventListener("htmx:afterSettle", showTicked);
showTicked();

// A run while it runs. A page in the background asks for nothing: browsers bear few open connections.

const picture = byId("picture");
let source = null;
function listen() {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (picture && !source) {
    source = new EventSource(picture.dataset.events);
    source.addEventListener("picture", (event) => {
      const before = picture.querySelector("progress")?.value;
      picture.innerHTML = event.data;
      if (![undefined, picture.querySelector("progress").value].includes(before)) refresh("#numbers", "#found");
      picture.ariaBusy = "false";
      tell("");
    });
    source.addEventListener("end", () => { source.close(); location.reload(); });
    source.addEventListener("error", () => tell("No answer: has mcode view ended?"));
  }
}
document.addEventListener("visibilitychange", listen);
listen();

/** Load parts of the page anew, but for those that somebody is reading or typing in. */
let refreshed = 0;
function refresh(...parts) {
  if (document.hidden || Date.now() - refreshed < 5000) return;
  refreshed = Date.now();
  for (const part of parts) {
    const found = document.querySelector(part);
    if (!found || found.contains(document.activeElement) || found.querySelector("details[open]")) continue;
    htmx.ajax("GET", location.pathname + location.search, { target: part, select: part, swap: "outerHTML" });
  }
}
setInterval(() => { if (document.querySelector(".runs .status.running")) refresh("#found"); }, 10000);

// What went wrong.

function tell(text) { byId("told").textContent = text; }
document.addEventListener("htmx:sendError", () => tell("No answer: has mcode view ended?"));
document.addEventListener("htmx:responseError", (event) => {
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  tell((answer.querySelector("main p") ?? answer.body).textContent);
});

// Keys.

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input, select, textarea")) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
