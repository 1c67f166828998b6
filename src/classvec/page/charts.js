"use strict";
// Shared by the pages: data, small makers of elements, colours that follow the theme, and the F1 curves.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const redrawn = [];  // what to draw again when the theme changes

// Text is only ever set as text; names come from files and are not trusted.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Plotly reads a little HTML in its labels.
const plain = words => String(words).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function chart(id, traces, layout) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), automargin: true };
  const themed = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 55, r: 15, t: 30, b: 45 },
    font: { color: colour("ink"), family: "system-ui, sans-serif", size: 13 },
    hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("line"), font: { color: colour("ink") } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("faint"), activecolor: colour("accent") },
    ...layout,
  };
  for (const name of Object.keys(themed).filter(name => /^[xy]axis/.test(name))) themed[name] = { ...axis, ...themed[name] };
  return Plotly.react(id, traces, themed, {
    responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"],
    showSendToCloud: false, plotlyServerURL: "",  // a button that would send the data away
  });
}

function drawWithTheme(draw) {
  redrawn.push(draw);
  draw();
}
dark.addEventListener("change", () => redrawn.forEach(draw => draw()));

const CURVES = ["#2563eb", "#d9480f", "#2b8a3e", "#862e9c", "#0b7285", "#a61e4d", "#7c6cf0", "#846358"];
const GREY = "#8a95a1";

const faded = hex => hex + "2e";

function band(all, low, high, fill) {
  const rows = all.filter(row => row[low] !== null), k = rows.map(row => row.k);
  return {
    x: [...k, ...k.slice().reverse()], y: [...rows.map(row => row[high]), ...rows.map(row => row[low]).reverse()],
    fill: "toself", fillcolor: fill, line: { width: 0 }, hoverinfo: "skip", showlegend: false, mode: "lines",
  };
}

function curveTraces({ name, rows }, i) {
  const ink = CURVES[i % CURVES.length], group = { legendgroup: `run${i}` }, k = rows.map(row => row.k);
  const words = rows.map(row => plain(name));
  const p = rows.map(row => [row.f1_chance, row.p]);
  const line = { line: { color: ink, width: 2 }, mode: "lines+markers", marker: { size: 5 }, text: words, customdata: p };
  return [
    { ...band(rows, "f1_low", "f1_high", faded(ink)), ...group },
    { ...band(rows, "f1_adjusted_low", "f1_adjusted_high", faded(ink)), ...group, xaxis: "x2", yaxis: "y2" },
    { x: k, y: rows.map(row => row.f1_mean), ...line, ...group, name: plain(name),
      hovertemplate: "%{text}<br>k = %{x}: F1 %{y:.3f}<br>chance %{customdata[0]:.3f}, %{customdata[1]}<extra></extra>" },
    { x: k, y: rows.map(row => row.f1_adjusted), ...line, ...group, xaxis: "x2", yaxis: "y2", showlegend: false,
      hovertemplate: "%{text}<br>k = %{x}: adjusted F1 %{y:.3f}<extra></extra>" },
  ];
}

// What all curves are read against: the range of their chance levels, drawn once, and each level of the ontology itself.
function referenceTraces() {
  const alone = data.curves.length === 1;
  const levels = data.levels.flatMap(({ name, k, f1, adjusted }, i) => {
    const level = { x: k, mode: "lines", line: { color: GREY, dash: "dashdot", width: 1.5 }, legendgroup: `ontology${i}`,
      name: plain(name), hovertemplate: "the ontology itself %{y:.3f}<extra></extra>" };
    return [{ ...level, y: f1 }, { ...level, y: adjusted, xaxis: "x2", yaxis: "y2", showlegend: false }];
  });
  const mean = { x: data.chance.map(row => row.k), y: data.curves[0].rows.map(row => row.f1_chance), mode: "lines",
    line: { color: GREY, dash: "dash", width: 1.5 }, showlegend: false, hovertemplate: "chance %{y:.3f}<extra></extra>" };
  return [
    { ...band(data.chance, "low", "high", GREY + "66"), showlegend: true, name: alone ? "chance" : "chance, range of all curves" },
    ...alone ? [mean] : [], ...levels,
  ];
}

function drawCurves(id) {
  const adjusted = data.curves.flatMap(run => run.rows.map(row => Math.min(row.f1_adjusted ?? 0, row.f1_adjusted_low ?? 0)));
  const bottom = Math.min(0, ...adjusted) * 1.05;
  chart(id, [...referenceTraces(), ...data.curves.flatMap(curveTraces)], {
    xaxis: { domain: [0, .56], title: { text: "number of clusters k" } }, yaxis: { range: [0, 1.02], title: { text: "mean best F1" } },
    xaxis2: { domain: [.66, 1], title: { text: "number of clusters k" }, anchor: "y2" },
    yaxis2: { range: [bottom, 1.02], title: { text: "adjusted F1" }, anchor: "x2" },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom" },
    shapes: [{ type: "line", xref: "x2 domain", yref: "y2", x0: 0, x1: 1, y0: .1, y1: .1, line: { color: GREY, dash: "dot", width: 1.5 } }],
    annotations: [{ text: "hardly above chance", xref: "x2 domain", yref: "y2", x: 1, y: .1, xanchor: "right", yanchor: "top", showarrow: false, font: { size: 11, color: GREY } }],
  });
}
