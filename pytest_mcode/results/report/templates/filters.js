// Search, filter, order.

async function textOf(index) {
  const { statement, runs: found } = await panelsOf(index);
  const texts = found.flatMap((each) => each?.attempts.map((attempt) => attempt[2]) ?? []);
  return html([statement, ...texts].join("\n")).textContent.toLowerCase();
}

function matches(task) {
  const status = byId("status").value;
  const verdict = byId("verdict").value;
  const run = byId("run").value;
  const place = run === "" ? -1 : benchmarks[task.benchmark].indexOf(Number(run));
  if (run !== "" && !task.runs[place]) return false;
  if (status === "differs") {
    if (new Set(task.runs.map((outcome) => outcome?.status)).size === 1) return false;
  }
  const outcomes = (run === "" ? task.runs : [task.runs[place]]).filter(Boolean);
  if (status && status !== "differs" && !outcomes.some((outcome) => outcome.status === status)) return false;
  return !verdict || outcomes.some((outcome) => outcome.kinds.includes(Number(verdict)));
}

let searching = 0;
async function filter() {
  const mine = ++searching;
  const wanted = byId("search").value.trim().toLowerCase();
  const inTexts = byId("texts").checked && wanted;
  let found = 0;
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
    found += fits;
  }
  byId("count").value = found === tasks.length ? `${found} tasks` : `${found} of ${tasks.length} tasks`;
  focusable(visible()[0]);
}

function clear() {
  for (const id of ["run", "status", "verdict", "search"]) byId(id).value = "";
  filter();
}

function passes(task) {
  const good = (kind) => kinds[kind] === "passed" || kinds[kind] === "repaired";
  const shares = task.runs.filter(Boolean).map(({ kinds: found }) => found.filter(good).length / Math.max(1, found.length));
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}

function order() {
  const indices = tasks.map((_, index) => index);
  if (byId("order").value === "passes") indices.sort((a, b) => passes(tasks[a]) - passes(tasks[b]) || a - b);
  lists.forEach((list, benchmark) => {
    list.append(...indices.filter((index) => tasks[index].benchmark === benchmark).map((index) => rows[index].item));
  });
  focusable(visible()[0]);
}

for (const id of ["run", "status", "verdict", "texts"]) byId(id).addEventListener("change", filter);
byId("search").addEventListener("input", filter);
byId("order").addEventListener("change", order);
byId("filters").addEventListener("submit", (event) => event.preventDefault());

// Keyboard: the list is one stop, arrows move within it.

const visible = () => [...document.querySelectorAll(".list .task:not([hidden]) > button")];

function focusable(button) {
  document.querySelectorAll('.task > button[tabindex="0"]').forEach((each) => { each.tabIndex = -1; });
  if (button) button.tabIndex = 0;
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".task > button")) return;
  const buttons = visible();
  const next = buttons[buttons.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  focusable(next);
  next.focus();
}
lists.forEach((list) => list.addEventListener("keydown", move));

/** Go to the attempt, or the run, before or after the one that is shown. */
function step(key) {
  const { panels, place, chosen } = shown;
  const by = { "[": -1, "]": 1, "{": -1, "}": 1 }[key];
  if (key === "[" || key === "]") {
    const at = panels.runs[place].attempts[chosen + by]?.[0];
    if (at) open(shownTask, { place, at });
    return;
  }
  for (let next = place + by; next >= 0 && next < panels.runs.length; next += by) {
    if (panels.runs[next]) return open(shownTask, { place: next });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey) return;
  if (event.key === "/") {
    event.preventDefault();
    byId("search").focus();
  }
  if (shown && "[]{}".includes(event.key)) step(event.key);
});

order();
filter();
if (location.hash) follow();
