"use strict";
const { runs, means, claims, leftOut } = JSON.parse(document.getElementById("data").textContent);
const part = (id, inner) => document.querySelector(`#${id} ${inner}`);

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "circle", "line", "text", "title"].includes(tag);
  const element = svg ? document.createElementNS(document.documentElement.dataset.svg, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
// the name of SVG's namespace, read off the parser: it looks like an address, and this page has none
document.documentElement.dataset.svg = new DOMParser().parseFromString("<svg/>", "text/html").querySelector("svg").namespaceURI;

function table(place, all, rows) {
  const columns = all.filter(([, key]) => rows.some((row) => (row[key] ?? "") !== ""));
  const body = make("tbody");
  const fill = (sorted) => body.replaceChildren(...sorted.map((row) => make("tr", {}, ...columns.map(([, key, digits]) => {
    const value = row[key], number = typeof value === "number";
    const shown = value === null || value === undefined ? "" : number ? value.toFixed(digits ?? 0) : value;
    const kind = value === "holds" ? "holds" : value === "does not hold" ? "fails" : "";
    return make("td", { class: number ? "number" : kind }, shown);
  }))));
  const heads = columns.map(([title, key]) => {
    const head = make("th", {}, make("button", { type: "button" }, title));
    head.firstChild.onclick = () => {
      const up = head.getAttribute("aria-sort") === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      // numbers, then words (also in place of a number), then what is missing
      const rank = (value) => (value ?? null) === null ? 2 : typeof value === "number" ? 0 : 1;
      const order = (a, b) => rank(a[key]) - rank(b[key])
        || (a[key] === b[key] || rank(a[key]) === 2 ? 0 : (a[key] < b[key] ? -1 : 1) * (up ? 1 : -1));
      rows.sort(order); show();
    };
    return head;
  });
  let words = "";
  const show = () => fill(rows.filter((row) => JSON.stringify(columns.map(([, key]) => row[key])).toLowerCase().includes(words)));
  place.replaceChildren(make("thead", {}, make("tr", {}, ...heads)), body);
  show();
  return (text) => { words = text.toLowerCase(); show(); };
}

function chart(points, { logX = false, logY = false, lines = null, diagonal = false, x = "", y = "" }) {
  const width = 640, height = lines ? 300 : 360, left = 52, low = 40;
  const scale = (values, log, from, to) => {
    const f = log ? Math.log10 : (v) => v;
    let least = Math.min(...values.map(f)), most = Math.max(...values.map(f));
    if (least === most) { least -= 1; most += 1; }
    const at = (v) => from + (f(v) - least) / (most - least) * (to - from);
    const ticks = [0, .25, .5, .75, 1].map((share) => least + share * (most - least)).map((v) => log ? 10 ** v : v);
    return { at, ticks };
  };
  const both = points.flatMap((p) => [p.x, p.y]); // a line on which nothing is gained wants one scale for both
  const across = scale(diagonal ? both : points.map((p) => p.x), logX, left, width - 12);
  const up = scale(diagonal ? both : points.map((p) => p.y), logY, height - low, 10);
  const label = (v) => Math.abs(v) >= 1e4 || (v && Math.abs(v) < 1e-2) ? v.toExponential(0) : String(+v.toPrecision(3));
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${y} against ${x}` });
  across.ticks.forEach((v, i) => svg.append(make("text", { x: across.at(v), y: height - low + 16,
    "text-anchor": i + 1 < across.ticks.length ? "middle" : "end" }, label(v))));
  for (const v of up.ticks) svg.append(make("line", { class: "axis", x1: left, x2: width - 12, y1: up.at(v), y2: up.at(v) }),
    make("text", { x: left - 6, y: up.at(v) + 4, "text-anchor": "end" }, label(v)));
  svg.append(make("text", { x: width / 2, y: height - 6, "text-anchor": "middle" }, `${x}; upwards ${y}`));
  if (diagonal) {
    const from = Math.min(...both), to = Math.max(...both);
    svg.append(make("line", { class: "axis", x1: across.at(from), x2: across.at(to), y1: up.at(from), y2: up.at(to) }));
  }
  if (!lines) for (const p of points) svg.append(make("circle", { cx: across.at(p.x), cy: up.at(p.y), r: 5 }, make("title", {}, p.name)));
  for (const line of lines ?? []) svg.append(make("path", { style: `stroke: ${line.colour}`,
    d: line.points.map((p, i) => `${i ? "L" : "M"}${across.at(p.x).toFixed(1)} ${up.at(p.y).toFixed(1)}`).join("") }, make("title", {}, line.name)));
  return svg;
}

function slider(run, [before, after]) {
  const box = make("div", { class: "slider" }, make("img", { src: before, alt: "before", loading: "lazy" }),
    make("div", { class: "after" }, make("img", { src: after, alt: "after", loading: "lazy" })));
  const range = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "how much of the blurred image is shown" });
  range.oninput = () => box.style.setProperty("--cut", `${range.value}%`);
  box.onclick = (event) => {
    const frame = box.getBoundingClientRect();
    box.style.setProperty("--x", `${(event.clientX - frame.left) / frame.width * 100}%`);
    box.style.setProperty("--y", `${(event.clientY - frame.top) / frame.height * 100}%`);
    box.classList.toggle("near");
  };
  return make("figure", {}, box, range, make("figcaption", {}, `${run.name}: ${run.method}, ${run.blur}, ${run.gain >= 0 ? "+" : ""}${run.gain.toFixed(2)} dB`));
}

for (const run of [...runs, ...means]) if (run.crime) run.blur += " (inverse crime)";
// a figure may be missing, or be words where it was no finite number
const isRestorer = (run) => !run.crime && [run.blurred, run.psnr, run.gain].every(Number.isFinite);
const restorers = runs.filter(isRestorer);
const gainOf = (run) => Number.isFinite(run.gain) ? run.gain : -1e9;
document.getElementById("summary").textContent = `${runs.length} tested runs${claims.length ? `, ${claims.length} claims` : ""}.`
  + (leftOut.length ? ` Left out, being damaged: ${leftOut.length}.` : "");
const only = table(part("leaderboard", "table"), [["method", "method"], ["blur", "blur"], ["budget", "budget"], ["steps", "steps"],
  ["seeds", "seeds"], ["images", "images"], ["blurred, dB", "blurred", 2], ["PSNR, dB", "psnr", 2], ["gain, dB", "gain", 2],
  ["\u00b1 95 %", "half", 2], ["SSIM", "ssim", 3], ["accuracy", "accuracy", 4],
  ["parameters", "parameters"], ["seconds", "seconds"], ["run", "name"], ["protocol", "protocol"]], [...means].sort((a, b) => a.crime - b.crime || gainOf(b) - gainOf(a)));
document.getElementById("filter").oninput = (event) => only(event.target.value);
const usable = means.filter((run) => isRestorer(run) && run.blur && run.method !== "OracleWiener");
const tests = Object.groupBy(usable, (run) => [run.blur, run.budget, run.images, run.blurred.toFixed(1)].join());
table(part("choice", "table"), [["blur", "blur"], ["budget", "budget"], ["blurred, dB", "blurred", 2], ["best method", "method"], ["PSNR, dB", "psnr", 2],
  ["gain, dB", "gain", 2], ["\u00b1 95 %", "half", 2], ["seeds", "seeds"], ["parameters", "parameters"], ["next", "next"], ["gain, dB", "nextGain", 2], ["images", "images"], ["run", "name"]],
  Object.values(tests).map((among) => among.sort((a, b) => b.gain - a.gain)).map(([best, ...others]) => {
    if (best.gain <= 0) return { blur: best.blur, budget: best.budget, blurred: best.blurred, images: best.images, method: "none: no run gains" };
    const next = others.find((run) => run.method !== best.method);
    return { ...best, next: next?.method, nextGain: next?.gain };
  }));
const named = (run, x, y) => ({ x, y, name: `${run.name}: ${run.method}, ${run.gain.toFixed(2)} dB` });
const strengths = restorers.map((run) => named(run, run.blurred, run.psnr));
if (strengths.length) part("strength", ".chart").append(chart(strengths, { diagonal: true, x: "PSNR of the blurred images, dB", y: "of the restored, dB" }));
const costs = restorers.filter((run) => run.parameters).map((run) => named(run, run.parameters, run.gain));
if (costs.length) part("cost", ".chart").append(chart(costs, { logX: true, x: "parameters", y: "gain, dB" }));
const families = Object.groupBy(runs.filter((run) => run.curve.filter(([, loss]) => loss > 0).length > 2), (run) => run.name.replace(/\/?[^/]*$/, ""));
for (const [family, members] of Object.entries(families)) {
  const lines = members.map((run, i) => ({ name: run.name.slice(family.length ? family.length + 1 : 0), colour: `hsl(${i * 360 / members.length} 65% 50%)`,
    points: run.curve.filter(([, loss]) => loss > 0).map(([x, y]) => ({ x, y })) }));
  const names = lines.map(({ name, colour }) => make("span", { style: `color: ${colour}` }, name));
  part("curves", ".many").append(make("figure", {}, chart(lines.flatMap((line) => line.points), { logY: true, lines, x: "step", y: "loss" }),
    make("figcaption", {}, `${family || "runs"}: `, ...names.flatMap((name) => [name, " "]))));
}
for (const run of [...restorers].sort((a, b) => b.gain - a.gain)) for (const pair of run.pictures) part("pictures", ".many").append(slider(run, pair));
for (const run of runs.filter((run) => run.filters)) part("filters", ".many").append(make("figure", {}, make("img", { src: run.filters, alt: "filters", loading: "lazy" }), make("figcaption", {}, run.name)));
table(part("claims", "table"), [["claim", "id"], ["in words", "claim"], ["claimed", "claimed"], ["measured", "measured"], ["interval", "interval"],
  ["verdict", "verdict"], ["data", "data"], ["budget", "budget"], ["reason", "reason"]], claims);
table(part("left", "table"), [["run", "name"], ["why", "reason"]], leftOut);
for (const section of document.querySelectorAll("section")) if (!section.querySelector("tbody tr, svg, figure")) {
  section.hidden = true;
  document.querySelector(`nav [href="#${section.id}"]`).remove();
}
part("claims", "details").open = claims.some((claim) => claim.measured);
