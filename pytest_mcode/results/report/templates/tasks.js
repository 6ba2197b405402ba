// Rows: a task, a cell for each sample of each run.

function cell(kind) {
  const made = element("span", `cell k${kind}`, LETTERS[kinds[kind]]);
  made.title = kinds[kind];
  return made;
}
document.querySelectorAll(".legend .cell").forEach((each) => {
  each.textContent = LETTERS[kinds[each.dataset.letter]];
});

/** Keep the columns of a run under one another; what is wider wraps. */
const widest = runs.map(() => 1);
for (const task of tasks) {
  benchmarks[task.benchmark].forEach((run, place) => {
    widest[run] = Math.max(widest[run], task.runs[place]?.kinds.length ?? 0);
  });
}
const align = (cells, run) => { cells.style.width = `${Math.max(1.8, Math.min(widest[run], 20) * 1.6)}em`; };
document.querySelectorAll(".columns").forEach((each) => {
  each.querySelectorAll(".cells").forEach((cells, place) => align(cells, benchmarks[each.dataset.benchmark][place]));
});
const lists = [...document.querySelectorAll(".list")];

const rows = tasks.map((task, index) => {
  const item = byId("row").content.cloneNode(true).firstElementChild;
  const button = item.querySelector("button");
  button.querySelector(".id").textContent = task.id;
  task.runs.forEach((outcome, place) => {
    const cells = element("span", "cells");
    align(cells, benchmarks[task.benchmark][place]);
    outcome?.kinds.forEach((kind, sample) => {
      const made = cell(kind);
      Object.assign(made.dataset, { place, sample });
      cells.append(made);
    });
    button.append(cells);
  });
  const failed = task.runs.findIndex((outcome) => outcome?.note);
  const number = runs.length > 1 && failed >= 0 ? `${runs[benchmarks[task.benchmark][failed]].number}: ` : "";
  button.append(element("span", "note", failed < 0 ? "" : number + task.runs[failed].note));
  button.addEventListener("click", (event) => {
    const { place, sample } = event.target.dataset;
    if (place !== undefined) open(index, { place: Number(place), at: `${sample}/` });
    else if (shownTask === index) close();
    else open(index);
  });
  return { item, button, body: item.querySelector(".body"), text: null };
});

// A task: its panels are kept deflated until they are asked for.

async function panelsOf(index) {
  const bytes = Uint8Array.from(atob(byId(`panel${index}`).textContent), (character) => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).json();
}

let shownTask = null;
let shown = null;

/** HTML of the panels: what models wrote is escaped in it, and the policy of the page lets nothing run. */
function html(text) {
  const made = document.createElement("template");
  made.innerHTML = text;
  return made.content;
}

function close() {
  if (shownTask === null) return;
  const { button, body } = rows[shownTask];
  button.setAttribute("aria-expanded", "false");
  body.hidden = true;
  body.replaceChildren();
  shownTask = shown = null;
}

/** Open a task at a run (its place among those of the benchmark) and an attempt ("2/1", or "2/": its last). */
async function open(index, { place, at, remember = true } = {}) {
  const { button, body } = rows[index];
  const panels = shownTask === index ? shown.panels : await panelsOf(index);
  if (shownTask !== index) close();
  const there = (each) => Boolean(panels.runs[each]);
  if (place === undefined || !there(place)) {
    const differing = tasks[index].runs.findIndex((outcome) => outcome && outcome.status !== "solved");
    place = shown?.place ?? (there(differing) ? differing : panels.runs.findIndex(Boolean));
  }
  const attempts = panels.runs[place].attempts;
  let chosen = attempts.findIndex(([name]) => name === at);
  if (chosen < 0) chosen = attempts.findLastIndex(([name]) => at === undefined || name.startsWith(at));
  if (chosen < 0) chosen = attempts.length - 1;
  const isNew = shownTask !== index;
  shownTask = index;
  shown = { panels, place, chosen };
  button.setAttribute("aria-expanded", "true");
  body.hidden = false;
  render(index);
  if (remember) history.replaceState(null, "", addressOf(index, place, attempts[chosen]?.[0]));
  if (isNew && !remember) button.scrollIntoView({ block: "start" });
}

function addressOf(index, place, at) {
  const task = encodeURI(tasks[index].id).replaceAll("#", "%23").replaceAll("@", "%40");
  return `#${task}${at ? `/${at}` : ""}@${runs[benchmarks[tasks[index].benchmark][place]].short}`;
}

function render(index) {
  const { panels, place, chosen } = shown;
  const task = tasks[index];
  const tabs = element("div", "tabs");
  tabs.setAttribute("role", "group");
  tabs.setAttribute("aria-label", "Runs");
  task.runs.forEach((outcome, each) => {
    if (!outcome) return;
    const run = runs[benchmarks[task.benchmark][each]];
    const tab = element("button", `k${outcome.kinds.at(-1)}`, `${run.number} ${run.name}: ${outcome.status}`);
    tab.type = "button";
    tab.setAttribute("aria-pressed", String(each === place));
    tab.addEventListener("click", () => {
      open(index, { place: each });
      rows[index].body.querySelector('[aria-pressed="true"]')?.focus();
    });
    tabs.append(tab);
  });
  const { error, attempts } = panels.runs[place];
  const nav = element("nav", "attempts");
  nav.setAttribute("aria-label", "Attempts");
  const link = (name, at, className) => {
    const made = element("a", className, name);
    made.href = addressOf(index, place, at);
    nav.append(made);
    return made;
  };
  if (chosen > 0) link("‹ previous", attempts[chosen - 1][0]).rel = "prev";
  attempts.forEach(([at, kind], each) => {
    const made = link(`${at} ${LETTERS[kinds[kind]]}`, at, `k${kind}`);
    made.title = kinds[kind];
    if (each === chosen) made.setAttribute("aria-current", "true");
  });
  if (chosen + 1 < attempts.length) link("next ›", attempts[chosen + 1][0]).rel = "next";
  const following = visible().indexOf(rows[index].button) + 1;
  if (following && following < visible().length) {
    const next = rows.findIndex((row) => row.button === visible()[following]);
    const made = link("next task »", null);
    made.href = addressOf(next, Math.max(0, tasks[next].runs.findIndex(Boolean)), null);
  }
  const body = [tabs, html(panels.statement)];
  if (error) body.push(element("p", "", error));
  if (!attempts.length) body.push(element("p", "", "No attempt was made."));
  body.push(nav);
  if (attempts.length) body.push(html(attempts[chosen][2]));
  rows[index].body.replaceChildren(...body);
}

// Addresses: #HumanEval/7/2/1@37f249 is a task, a sample, an attempt, and the run.

function follow() {
  let address = location.hash.slice(1);
  try { address = decodeURIComponent(address); } catch { /* A stray per cent sign is one. */ }
  if (address.startsWith("tasks?")) return select(new URLSearchParams(address.slice("tasks?".length)));
  const end = address.lastIndexOf("@");
  const run = runs.findIndex((each) => each.short === address.slice(end + 1));
  const rest = end >= 0 && run >= 0 ? address.slice(0, end) : address;
  const found = tasks.map((task, index) => ({ id: task.id, index, task }))
    .filter(({ id, task }) => (rest === id || rest.startsWith(`${id}/`))
      && (run < 0 || end < 0 || benchmarks[task.benchmark].includes(run)))
    .sort((a, b) => b.id.length - a.id.length)[0];
  if (!found) return undefined;
  const place = end >= 0 && run >= 0 ? benchmarks[found.task.benchmark].indexOf(run) : undefined;
  if (rows[found.index].item.hidden) clear();
  const at = rest.slice(found.id.length + 1) || undefined;
  return open(found.index, { place, at, remember: false });
}

function select(wanted) {
  const run = runs.findIndex((each) => each.short === wanted.get("run"));
  byId("run").value = run < 0 ? "" : String(run);
  byId("status").value = wanted.get("status") ?? "";
  const kind = kinds.indexOf(wanted.get("verdict"));
  byId("verdict").value = kind < 0 ? "" : String(kind);
  filter();
  byId("tasks").scrollIntoView();
}
addEventListener("hashchange", follow);
