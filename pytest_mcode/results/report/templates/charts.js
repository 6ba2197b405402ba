// Charts: drawn as wide as there is room, and saved as what a paper needs.

const looks = { renderer: "svg", actions: false, tooltip: { theme: "custom" } };

/** Legends are lists beside the chart, which wrap and can be read aloud; a saved chart has its own. */
function drawn(spec) {
  const bare = JSON.parse(JSON.stringify(spec), (name, value) => (name === "legend" ? null : value));
  const autosize = { type: "fit-x", contains: "padding" };
  return { ...bare, config: { view: { stroke: null } }, width: "container", background: null, autosize };
}
charts.forEach((chart, index) => { vegaEmbed(`#chart${index}`, drawn(chart.spec), looks); });

function save(name, content, type) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  URL.revokeObjectURL(link.href);
}

function csvOf(rows) {
  const names = Object.keys(rows[0]).filter((name) => name !== "href");
  const quoted = (value) => /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))];
  return lines.map((line) => line.map((value) => quoted(String(value))).join(",") + "\r\n").join("");
}

async function contentOf(chart, format) {
  if (format === "csv") return [csvOf(chart.spec.data.values), "text/csv"];
  const spec = { ...chart.spec, background: "white", title: chart.title };
  const { view } = await vegaEmbed(document.createElement("div"), spec, looks);
  try {
    if (format === "svg") return [await view.toSVG(), "image/svg+xml"];
    const canvas = await view.toCanvas(2);
    return [await new Promise((resolve) => canvas.toBlob(resolve)), "image/png"];
  } finally {
    view.finalize();
  }
}

document.querySelectorAll("button[data-chart]").forEach((button) => {
  const chart = charts[button.dataset.chart];
  button.setAttribute("aria-label", `${chart.title} as ${button.dataset.as.toUpperCase()}`);
  button.addEventListener("click", async () => {
    const name = `${chart.title.replaceAll(/[^\w+-]+/g, "-")}.${button.dataset.as}`;
    save(name, ...await contentOf(chart, button.dataset.as));
  });
});
