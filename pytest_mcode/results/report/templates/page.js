"use strict";

const { kinds, tasks, runs, benchmarks, charts } = JSON.parse(document.getElementById("data").textContent);
const LETTERS = {
  passed: "✓", repaired: "↻", assertion: "A", exception: "E", syntax: "S", timeout: "T", memory: "M",
  output_limit: "O", exited_early: "X", no_solution: "N", truncated: "C", context_overflow: "W",
  content_filter: "L",
  unresolved: "U", apply_failed: "F", infra: "I",
};
const byId = (id) => document.getElementById(id);

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
