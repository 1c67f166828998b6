"use strict";
// The page of one run. One number of clusters, chosen at the top, rules the table, the matrix, the map and the splits.

const n = data.classes.length;
let chosen = data.first;

const clusterColour = i => `hsl(${(i * 137.5 + 215) % 360} ${i % 2 ? 55 : 70}% ${dark.matches ? 65 : 45}%)`;
const label = i => `${data.names[i]} (${data.classes[i]})`;
const clusters = () => data.clusters[chosen].clusters;

// cluster of every class, as its place in the list of clusters, for every k
const clusterOf = data.clusters.map(({ clusters }) => {
  const of = new Array(n);
  clusters.forEach(({ members }, place) => members.forEach(i => { of[i] = place; }));
  return of;
});

// ---- small pictures

if (data.thumbnails) {
  document.head.append(make("style", { textContent: `.thumb { background-image: url(${data.thumbnails.sheet}); }` }));
}

function thumbnail(i) {
  if (!data.thumbnails) return "";
  const { side, columns } = data.thumbnails;
  const box = make("span", { className: "thumb", role: "img", ariaLabel: data.names[i] });
  box.style.width = box.style.height = `${side}px`;
  box.style.backgroundPosition = `${-side * (i % columns)}px ${-side * Math.floor(i / columns)}px`;
  return box;
}

const nameButton = i => make("button", { className: "name", type: "button", title: data.classes[i], textContent: data.names[i],
  onclick: () => { showClass(i); byId("class").scrollIntoView({ block: "nearest" }); } });

// ---- table of clusters

const concept = (match, words = match.name, className = "") => make("span", { className, textContent: words,
  title: [match.synset, `${match.n} classes`, ...match.same.map(s => `same classes: ${s}`)].join("; ") });
const number = value => make("td", { className: "number", textContent: value });
const figures = match => [match.f1, match.precision, match.recall].map(value => number(value.toFixed(2)));

const quiet = standsOut => standsOut ? "" : "quiet";  // grey: a label that does not stand out from chance

function clusterRow({ members, matches, shown, stands_out, chance, adjusted, p, q }, place) {
  const [first, second, ...rest] = matches;
  const swatch = make("span", { className: "swatch" });
  swatch.style.background = clusterColour(place);
  const others = rest.map(match => `${match.name} ${match.f1.toFixed(2)}`).join(", ");
  const runnerUp = second
    ? make("td", { title: others && `then ${others}` }, concept(second), make("span", { className: "quiet", textContent: ` ${second.f1.toFixed(2)}` }))
    : make("td");
  const listed = make("details", {}, make("summary", { textContent: members.slice(0, 5).map(i => data.names[i]).join(", ") + (members.length > 5 ? ", ..." : "") }));
  listed.addEventListener("toggle", () => {  // a thousand buttons only where they are asked for
    if (listed.open && listed.children.length === 1) listed.append(make("div", { className: "members" }, ...members.map(nameButton)));
  });
  const tested = [chance?.toFixed(2) ?? "", adjusted, p, q].map(number);
  return make("tr", {}, make("td", {}, swatch, concept(first, shown, quiet(stands_out))), ...figures(first), ...tested, number(members.length), runnerUp, make("td", {}, listed));
}

function drawClusterTable() {
  const titles = ["concept", "F1", "precision", "recall", "chance", "adjusted", "p", "q", "classes", "second best", "members, most typical first"];
  const head = make("tr", {}, ...titles.map(words => make("th", { scope: "col", textContent: words })));
  byId("cluster-table").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...clusters().map(clusterRow))));
}

// ---- matrix

const steps = Uint8Array.from(atob(data.matrix.bytes), c => c.charCodeAt(0));
const stepAt = (i, j) => i < j ? steps[i * n - i * (i + 1) / 2 + j - i - 1] : steps[j * n - j * (j + 1) / 2 + i - j - 1];
const valueAt = (i, j) => i === j ? data.matrix.self : data.matrix.low + stepAt(i, j) / 255 * (data.matrix.high - data.matrix.low);

const rgb = words => words[0] === "#" ? [1, 3, 5].map(at => parseInt(words.slice(at, at + 2), 16)) : words.match(/\d+/g).map(Number);
const palette = (() => {  // a colour for each of the 256 steps
  const stops = data.matrix.colours.map(rgb), [from, to] = data.matrix.shown;
  return Array.from({ length: 256 }, (_, step) => {
    const value = data.matrix.low + step / 255 * (data.matrix.high - data.matrix.low);
    const at = Math.min(1, Math.max(0, (value - from) / (to - from || 1))) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(at));
    return stops[left].map((c, channel) => c + (stops[left + 1][channel] - c) * (at - left));
  });
})();
const brightest = rgb(data.matrix.colours[data.matrix.self >= data.matrix.high ? data.matrix.colours.length - 1 : 0]);

let order = [];
function drawMatrix() {
  order = clusters().flatMap(({ members }) => members);
  const image = new ImageData(n, n), pixels = image.data;
  for (let row = 0, at = 0; row < n; row++) {
    for (let column = 0; column < n; column++, at += 4) {
      const c = row === column ? brightest : palette[stepAt(order[row], order[column])];
      pixels[at] = c[0]; pixels[at + 1] = c[1]; pixels[at + 2] = c[2]; pixels[at + 3] = 255;
    }
  }
  const small = make("canvas", { width: n, height: n });
  small.getContext("2d").putImageData(image, 0, 0);
  const canvas = byId("matrix-canvas"), scale = Math.max(1, Math.ceil(900 / n)), context = canvas.getContext("2d");
  canvas.width = canvas.height = n * scale;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, n * scale, n * scale);
  context.fillStyle = "#ffffff";
  let edge = 0;
  for (const { members } of clusters().slice(0, -1)) {
    edge += members.length;
    context.fillRect(0, edge * scale - 1, n * scale, 2);
    context.fillRect(edge * scale - 1, 0, 2, n * scale);
  }
  byId("matrix-names").replaceChildren(...clusters().map(({ members, shown, stands_out }) => {
    const box = make("div", { className: quiet(stands_out), textContent: shown });
    box.style.flex = `${members.length} 1 0`;
    return box;
  }));
}

function readMatrix(row, column) {
  const i = order[row], j = order[column], of = clusterOf[chosen];
  const where = i => `${label(i)} in ${clusters()[of[i]].shown}`;
  byId("matrix-words").textContent = `${where(i)}; ${where(j)}: ${data.matrix.what} ${valueAt(i, j).toFixed(2)}`;
}

const cursor = { row: 0, column: 0 };
function watchMatrix() {
  const canvas = byId("matrix-canvas"), inside = value => Math.min(n - 1, Math.max(0, value));
  const move = (row, column) => { cursor.row = inside(row); cursor.column = inside(column); readMatrix(cursor.row, cursor.column); };
  canvas.addEventListener("mousemove", event => {
    const box = canvas.getBoundingClientRect();
    move(Math.floor((event.clientY - box.top) / box.height * n), Math.floor((event.clientX - box.left) / box.width * n));
  });
  canvas.addEventListener("click", () => showClass(order[cursor.row]));
  canvas.addEventListener("keydown", event => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    move(cursor.row + step[0], cursor.column + step[1]);
  });
}

// ---- map

const tip = make("div", { className: "tip", hidden: true });
document.body.append(tip);

function drawMap() {
  const traces = clusters().map(({ members, shown }, place) => ({
    type: "scatter", mode: "markers", name: plain(shown), customdata: members, hoverinfo: "none",
    x: members.map(i => data.map[i][0]), y: members.map(i => data.map[i][1]),
    marker: { color: clusterColour(place), size: n > 300 ? 7 : 10, line: { width: .5, color: colour("ground") } },
  }));
  const bare = { showgrid: false, zeroline: false, showticklabels: false };
  chart("map-chart", traces, { xaxis: bare, yaxis: { ...bare, scaleanchor: "x" }, hovermode: "closest", dragmode: "pan", margin: { l: 5, r: 5, t: 30, b: 5 } });
}

function watchMap() {
  const map = byId("map-chart");
  map.on("plotly_hover", ({ points: [point], event }) => {
    const i = point.customdata;
    const cluster = clusters()[clusterOf[chosen][i]].shown;
    tip.replaceChildren(thumbnail(i), make("div", { textContent: label(i) }), make("div", { className: "quiet", textContent: `in ${cluster}` }));
    tip.hidden = false;
    tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
  });
  map.on("plotly_unhover", () => { tip.hidden = true; });
  map.on("plotly_click", ({ points: [point] }) => showClass(point.customdata));
}

// ---- one class

function find(words) {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return -1;
  const tests = [i => label(i).toLowerCase() === wanted, i => data.classes[i].toLowerCase() === wanted,
    i => data.names[i].toLowerCase() === wanted, i => data.names[i].toLowerCase().startsWith(wanted),
    i => data.names[i].toLowerCase().includes(wanted)];
  for (const test of tests) {
    const i = data.classes.findIndex((_, i) => test(i));
    if (i >= 0) return i;
  }
  return -1;
}

function neighbourRow([j, value]) {
  const level = make("span", { className: "level" });
  level.style.width = `${Math.round(90 * (value - LOWEST) / (HIGHEST - LOWEST || 1)) + 5}px`;
  return make("tr", {}, make("td", {}, thumbnail(j)), make("td", {}, nameButton(j)), number(value.toFixed(3)), make("td", {}, level));
}

function showClass(i) {
  byId("search").value = label(i);
  const near = make("table", {}, make("tbody", {}, ...data.neighbours[i].map(neighbourRow)));
  const inside = data.clusters.map(({ k, clusters }, at) => {
    const { members, matches, shown, stands_out, adjusted } = clusters[clusterOf[at][i]];
    const named = concept(matches[0], shown, quiet(stands_out));
    return make("tr", {}, number(k), make("td", {}, named), number(matches[0].f1.toFixed(2)), number(adjusted), number(members.length));
  });
  const head = make("thead", {}, make("tr", {}, ...["k", "cluster", "F1", "adjusted", "classes"].map(words => make("th", { scope: "col", textContent: words }))));
  byId("class-found").replaceChildren(make("div", { className: "one" },
    make("div", {}, make("h3", { textContent: label(i) }), thumbnail(i)),
    make("div", {}, make("h3", { textContent: `nearest by ${data.matrix.what}` }), near),
    make("div", {}, make("h3", { textContent: "its cluster at each k" }), make("table", {}, head, make("tbody", {}, ...inside)))));
}

function watchSearch() {
  byId("search").addEventListener("input", ({ target }) => {
    const i = find(target.value);
    if (i < 0) { byId("class-found").textContent = target.value.trim() ? "No class of that name." : ""; return; }
    const typed = target.value;
    showClass(i);
    target.value = typed;
  });
}

// ---- splits

const MOST_SPLITS = 7;  // more columns than that and the names lie over one another

function drawSplits() {
  if (!byId("splits-chart")) return;
  const last = Math.max(chosen, 1), from = Math.max(0, last - MOST_SPLITS);
  const node = { label: [], color: [], customdata: [], pad: 12, thickness: 14, line: { width: 0 }, hovertemplate: "%{customdata}<extra></extra>" };
  const link = { source: [], target: [], value: [], color: [], hovertemplate: "%{value} classes<extra></extra>" };
  const first = [];  // of each k, the number of its first node
  for (let at = from; at <= last; at++) {
    first[at] = node.label.length;
    data.clusters[at].clusters.forEach(({ members, matches: [best], shown, adjusted }, place) => {
      node.label.push(plain(shown));
      node.color.push(clusterColour(place));
      node.customdata.push(plain(`k = ${data.clusters[at].k}: ${shown}, ${members.length} classes, F1 ${best.f1.toFixed(2)}, adjusted ${adjusted || "undefined"}`));
    });
    if (at === from) continue;
    const flow = new Map();
    for (let i = 0; i < n; i++) {
      const key = clusterOf[at - 1][i] * 1000 + clusterOf[at][i];
      flow.set(key, (flow.get(key) ?? 0) + 1);
    }
    for (const [key, classes] of [...flow].sort((a, b) => a[0] - b[0])) {
      link.source.push(first[at - 1] + Math.floor(key / 1000));
      link.target.push(first[at] + key % 1000);
      link.value.push(classes);
      link.color.push(dark.matches ? "rgba(160,170,185,.28)" : "rgba(90,105,125,.22)");
    }
  }
  data.clusters[last].clusters.forEach(({ members }, place) => {  // unseen, to the right of the last: Plotly turns the
    link.source.push(first[last] + place);                        // names of the last column inwards, over its neighbours'
    link.target.push(node.label.length);
    link.value.push(members.length);
    link.color.push("rgba(0,0,0,0)");
    node.label.push("");
    node.color.push("rgba(0,0,0,0)");
    node.customdata.push(node.customdata[first[last] + place]);
  });
  chart("splits-chart", [{ type: "sankey", node, link, textfont: { size: 12 } }], { margin: { l: 10, r: 10, t: 15, b: 15 } });
}

// ---- the number of clusters

const NEAR = data.neighbours.flat().map(([, value]) => value);
const LOWEST = NEAR.reduce((a, b) => Math.min(a, b)), HIGHEST = NEAR.reduce((a, b) => Math.max(a, b));

function choose(at) {
  chosen = at;
  const k = data.clusters[at].k;
  byId("k-shown").textContent = k;
  byId("k").setAttribute("aria-valuetext", k);
  drawClusterTable();
  drawMatrix();
  drawMap();
  drawSplits();
}

const slider = byId("k");
slider.max = data.clusters.length - 1;
slider.value = chosen;
slider.addEventListener("input", () => choose(Number(slider.value)));
drawWithTheme(() => drawCurves("f1-chart"));
drawWithTheme(() => choose(chosen));
watchMatrix();
watchMap();
watchSearch();
showClass(0);
