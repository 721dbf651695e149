// Charts are drawn from the tables behind them, in the colours of the page; a bar leads where its number does.
// One that takes longer than the page is fetched after it.
"use strict";
(() => {
  const { Chart } = window;
  const figures = [...document.querySelectorAll("figure[data-chart]")].filter((figure) => figure.querySelector("tbody tr"));
  const late = [...document.querySelectorAll("figure[data-late]")];
  if (!Chart || !(figures.length || late.length)) return;
  const drawn = [];
  const ROW = 30;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const toneOf = (tone) => colour({ neutral: "line-firm", progress: "progress", wait: "wait", good: "good", bad: "bad" }[tone] || "accent");

  // Rows of one label are parts of one bar, in the order of the table.
  function read(figure) {
    const labels = [];
    const parts = [];
    for (const row of figure.querySelectorAll("tbody tr")) {
      const { label, value, tone, url, name } = row.dataset;
      if (!labels.includes(label)) { labels.push(label); parts.push([]); }
      parts[labels.indexOf(label)].push({ value: Number(value), tone, url, name: name || label });
    }
    return { labels, parts };
  }

  function draw(figure) {
    const { labels, parts } = read(figure);
    const most = Math.max(...parts.map((all) => all.length));
    const datasets = Array.from({ length: most }, (_, at) => ({
      data: parts.map((all) => all[at]?.value ?? null),
      backgroundColor: parts.map((all) => toneOf(all[at]?.tone)),
      borderColor: colour("surface"), borderWidth: { right: most > 1 ? 1 : 0 }, borderRadius: 2, barThickness: 16,
    }));
    const room = figure.querySelector(".chart-room");
    room.hidden = false;
    room.style.height = `${labels.length * ROW + 34}px`;
    const partAt = ({ datasetIndex, index }) => parts[index][datasetIndex];
    const ticks = { color: colour("ink-2"), font: { size: 12 } };
    return new Chart(figure.querySelector("canvas"), {
      type: "bar",
      data: { labels, datasets },
      options: {
        animation: false, indexAxis: "y", maintainAspectRatio: false, locale: document.documentElement.lang,
        font: { family: getComputedStyle(document.body).fontFamily },
        scales: {
          x: { stacked: true, beginAtZero: true, ticks: { ...ticks, precision: 0, maxTicksLimit: 5 }, grid: { color: colour("line") }, border: { display: false } },
          y: { stacked: true, ticks: { ...ticks, color: colour("ink"), autoSkip: false }, grid: { display: false }, border: { color: colour("line-mid") } },
        },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { label: ({ datasetIndex, dataIndex, formattedValue }) => `${parts[dataIndex][datasetIndex].name}: ${formattedValue}` } },
        },
        onHover: (event, found) => { event.native.target.style.cursor = found.length ? "pointer" : "default"; },
        onClick: (event, found) => { if (found.length) location.assign(partAt(found[0]).url); },
      },
    });
  }

  // The figure stays with its link where it cannot be had.
  async function fetchLate(figure) {
    const answer = await fetch(figure.dataset.late, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const counted = page.querySelector("figure[data-chart]");
    if (!counted) return;
    figure.replaceWith(counted);
    if (!counted.querySelector("tbody tr")) return;
    counted.querySelector("details").open = false;
    figures.push(counted);
    drawn.push(draw(counted));
  }

  function drawAll() {
    drawn.splice(0).forEach((one) => one.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawn.push(...figures.map(draw));
  }
  figures.forEach((figure) => { figure.querySelector("details").open = false; });
  drawAll();
  late.forEach(fetchLate);
  new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", ({ matches }) => figures.forEach((figure) => { figure.querySelector("details").open = matches; }));
})();
