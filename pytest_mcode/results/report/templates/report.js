"use strict";

const { kinds, tasks, charts } = JSON.parse(document.getElementById("data").textContent);
const LETTERS = {
  passed: "✓", repaired: "↻", assertion: "A", exception: "E", syntax: "S", timeout: "T", memory: "M",
  output_limit: "O", exited_early: "X", no_solution: "N", truncated: "C", context_overflow: "W",
  content_filter: "L",
  unresolved: "U", apply_failed: "F", infra: "I",
};
const byId = (id) => document.getElementById(id);
const list = byId("list");

/** Make an element; text is text, whatever it looks like. */
function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

// Theme.

const themes = ["auto", "light", "dark"];
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `theme: ${theme}`;
  try { localStorage.setItem("mcode-theme", theme); } catch { /* Pages from files may have no storage. */ }
}
byId("theme").addEventListener("click", () => {
  setTheme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
});
let kept = null;
try { kept = localStorage.getItem("mcode-theme"); } catch { /* As above. */ }
setTheme(themes.includes(kept) ? kept : "auto");

// Charts.

charts.forEach((chart, index) => {
  const options = { renderer: "svg", actions: false, tooltip: { theme: "custom" } };
  vegaEmbed(`#chart${index}`, { ...chart, background: null }, options);
});

// Rows.

function cell(kind) {
  const made = element("span", `cell k${kind}`, LETTERS[kinds[kind]]);
  made.title = kinds[kind];
  return made;
}
document.querySelectorAll(".legend .cell").forEach((each) => {
  each.textContent = LETTERS[kinds[each.dataset.kind]];
});

const widest = tasks.length ? tasks[0].runs.map((_, run) =>
  Math.max(1, ...tasks.map((task) => task.runs[run]?.kinds.length ?? 0))) : [];

/** Keep the columns of a run under one another; what is wider wraps. */
function align(cells, run) {
  cells.style.width = `${Math.max(4.5, Math.min(widest[run], 20) * 1.6)}em`;
}
document.querySelectorAll(".columns .cells").forEach(align);

const rows = tasks.map((task, index) => {
  const item = byId("row").content.cloneNode(true).firstElementChild;
  const button = item.querySelector("button");
  button.querySelector(".id").textContent = task.id;
  task.runs.forEach((outcome, run) => {
    const cells = element("span", "cells");
    align(cells, run);
    outcome?.kinds.forEach((kind) => cells.append(cell(kind)));
    button.append(cells);
  });
  button.append(element("span", "note", task.runs.find((outcome) => outcome?.note)?.note ?? ""));
  button.addEventListener("click", () => toggle(index));
  return { item, button, body: item.querySelector(".body"), text: null };
});

// Attempts, kept deflated until they are asked for.

async function attemptsOf(run, index) {
  const stored = byId(`attempts${run}-${index}`);
  if (!stored) return null;
  const bytes = Uint8Array.from(atob(stored.textContent), (character) => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).json();
}

async function toggle(index) {
  const { button, body } = rows[index];
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  body.hidden = !open;
  if (!open || body.childElementCount) return;
  const runNames = [...document.querySelectorAll("tbody tr td:first-child code")].map((each) => each.textContent);
  for (const [run, outcome] of tasks[index].runs.entries()) {
    body.append(element("h3", "", `${runNames[run]}: ${outcome ? outcome.status : "not in this run"}`));
    if (outcome?.note && outcome.status === "infra") body.append(element("p", "", outcome.note));
    for (const attempt of (await attemptsOf(run, index)) ?? []) body.append(attemptElement(attempt));
  }
}

function attemptElement(attempt) {
  const { verdict, public_verdict: seen } = attempt;
  const made = element("div", `attempt k${kinds.indexOf(verdict.kind)}`);
  made.append(element("h4", "", `sample ${attempt.sample}, iteration ${attempt.iteration}: ${verdict.kind}`));
  const facts = [
    attempt.seed === null ? "" : `seed ${attempt.seed}`,
    `${attempt.prompt_tokens ?? "?"} + ${attempt.completion_tokens ?? "?"} tokens`,
    `generated in ${attempt.generation_seconds.toFixed(1)} s`,
    `ran ${verdict.seconds.toFixed(2)} s`,
    attempt.finish_reason,
  ];
  made.append(element("p", "muted", facts.filter(Boolean).join(", ")));
  const calls = (message) => message.tool_calls ? `\n${JSON.stringify(message.tool_calls)}` : "";
  const prompt = attempt.messages.map((each) => `[${each.role}]\n${each.content}${calls(each)}`).join("\n\n");
  const known = attempt.known ? `(${attempt.known} messages as before)\n\n` : "";
  block(made, "prompt", known + prompt, false);
  block(made, "reasoning", attempt.reasoning, false);
  block(made, "completion", attempt.completion, attempt.solution === null);
  block(made, "solution", attempt.solution ?? "", true);
  diff(made, attempt.diff);
  if (seen) block(made, `public verdict: ${seen.kind}`, seen.message || "(no message)", true);
  block(made, `verdict: ${verdict.kind}`, verdict.message, true);
  block(made, "standard output", verdict.stdout, false);
  block(made, "standard error", verdict.stderr, false);
  return made;
}

function block(parent, name, text, open) {
  if (!text.trim()) return null;
  const made = element("details");
  made.open = open;
  made.append(element("summary", "", name), element("pre", "", text));
  parent.append(made);
  return made;
}

function diff(parent, text) {
  const made = block(parent, "changed since the attempt before", text, true);
  if (!made) return;
  const lines = text.split("\n").map((line) => {
    const kind = { "+": "added", "-": "removed" }[line[0]] ?? "";
    return element("span", kind, `${line}\n`);
  });
  made.querySelector("pre").replaceChildren(...lines);
}

// Search, filter, order.

async function textOf(index) {
  const attempts = await Promise.all(tasks[index].runs.map((_, run) => attemptsOf(run, index)));
  const strings = (value) => typeof value === "string" ? [value]
    : value && typeof value === "object" ? Object.values(value).flatMap(strings) : [];
  return strings(attempts).join("\n").toLowerCase();
}

function matches(task) {
  const status = byId("status").value;
  const verdict = byId("verdict").value;
  const statuses = task.runs.map((outcome) => outcome?.status);
  if (status === "differs" && new Set(statuses).size === 1) return false;
  if (status && status !== "differs" && !statuses.includes(status)) return false;
  return !verdict || task.runs.some((outcome) => outcome?.kinds.includes(Number(verdict)));
}

let searching = 0;
async function filter() {
  const mine = ++searching;
  const wanted = byId("search").value.trim().toLowerCase();
  const inTexts = byId("texts").checked && wanted;
  let shown = 0;
  for (const [index, task] of tasks.entries()) {
    let fits = matches(task);
    if (fits && wanted) {
      fits = [task.id, ...task.runs.map((outcome) => outcome?.note ?? "")].join("\n").toLowerCase().includes(wanted);
      if (!fits && inTexts) {
        rows[index].text ??= await textOf(index);
        if (mine !== searching) return;
        fits = rows[index].text.includes(wanted);
        if (index % 50 === 0) byId("count").value = `searching ${index} of ${tasks.length} tasks`;
      }
    }
    rows[index].item.hidden = !fits;
    shown += fits;
  }
  byId("count").value = shown === tasks.length ? `${shown} tasks` : `${shown} of ${tasks.length} tasks`;
  focusable(visible()[0]);
}

function passes(task) {
  const good = (kind) => kinds[kind] === "passed" || kinds[kind] === "repaired";
  const shares = task.runs.filter(Boolean).map(({ kinds: found }) => found.filter(good).length / Math.max(1, found.length));
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}

function order() {
  const indices = tasks.map((_, index) => index);
  if (byId("order").value === "passes") indices.sort((a, b) => passes(tasks[a]) - passes(tasks[b]) || a - b);
  list.append(...indices.map((index) => rows[index].item));
  focusable(visible()[0]);
}

for (const id of ["status", "verdict", "texts"]) byId(id).addEventListener("change", filter);
byId("search").addEventListener("input", filter);
byId("order").addEventListener("change", order);
byId("filters").addEventListener("submit", (event) => event.preventDefault());

// Keyboard: the list is one stop, arrows move within it.

const visible = () => [...list.querySelectorAll(".task:not([hidden]) > button")];

function focusable(button) {
  list.querySelectorAll('.task > button[tabindex="0"]').forEach((each) => { each.tabIndex = -1; });
  if (button) button.tabIndex = 0;
}

list.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".task > button")) return;
  const buttons = visible();
  const next = buttons[buttons.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  focusable(next);
  next.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input, select")) {
    event.preventDefault();
    byId("search").focus();
  }
});

order();
filter();
