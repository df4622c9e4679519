"use strict";
const { runs, means, charts, claims, leftOut } = JSON.parse(document.getElementById("data").textContent);
const part = (id, inner) => document.querySelector(`#${id} ${inner}`);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

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
part("strength", ".chart").innerHTML = charts.strength;
part("cost", ".chart").innerHTML = charts.cost;
for (const [family, drawn] of Object.entries(charts.curves)) {
  const figure = make("figure", {}, make("figcaption", {}, family || "runs"));
  figure.insertAdjacentHTML("afterbegin", drawn);
  part("curves", ".many").append(figure);
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
