// The day of one flow at a time: what the house drew, what passed the meter, what batteries did.

const data = JSON.parse(document.getElementById("data").textContent);
const host = document.getElementById("panels");
const readout = document.getElementById("readout");
const start = Date.parse(data.start + "Z");
const midnight = start / 1000 % 86400;
const STRIP = 12, MINUTE = 60;
const REASONS = ["#7c9cbf", "#d9a05b", "#8bb174", "#b58bc2", "#cf7a7a", "#6fb3b0", "#a89f68",
  "#8d8dc9", "#c78fb0", "#79a37f"];
let flow, kinds, panels, view, pointer = null, waiting = false;

async function unpacked(text) {
  if (!text) return null;
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const view = new DataView(await new Response(stream).arrayBuffer());
  const values = new Int16Array(view.byteLength / 2);
  let value = 0;
  for (let k = 0; k < values.length; k++) {
    value = (value + view.getInt16(2 * k, true)) << 16 >> 16;
    values[k] = value;
  }
  return values;
}

async function unpack() {
  data.load = await unpacked(data.load);
  data.sun = await unpacked(data.sun);
  for (const item of data.flows) {
    item.grid = await unpacked(item.grid);
    for (const battery of item.batteries) {
      for (const name of ["power", "setpoint", "soc"]) battery[name] = await unpacked(battery[name]);
      battery.spans = battery.reasons.map(([from, what], k) =>
        [from, k + 1 < battery.reasons.length ? battery.reasons[k + 1][0] : item.grid.length, what]);
    }
  }
}

/** By how many seconds the clock on the wall was changed until then: summer time comes and goes. */
const changed = second =>
  data.changes.filter(([at]) => at <= second).reduce((sum, [, by]) => sum + by, 0);

function clock(second, step) {
  const date = new Date(start + (second + changed(second)) * 1000);
  const two = value => String(value).padStart(2, "0");
  if (step >= 86400) return `${two(date.getUTCDate())}.${two(date.getUTCMonth() + 1)}.`;
  const text = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return step < 60 ? `${text}:${two(date.getUTCSeconds())}` : text;
}

/** Reasons that differ by their numbers only are one: `delivers 300W at most`. */
const kind = word => word.replace(/[-+]?\d[\d.,:]*\s?(k?Wh?|s|%)?/g, "…");

/** A colour for each kind of reason, the same for all batteries; the commonest come first. */
function colored() {
  const shares = new Map();
  for (const battery of flow.batteries) {
    for (const [from, to, what] of battery.spans) {
      const word = kind(battery.words[what]);
      if (word) shares.set(word, (shares.get(word) || 0) + to - from);
    }
  }
  const order = [...shares].sort((a, b) => b[1] - a[1]);
  return new Map(order.map(([word], k) => [word, REASONS[k % REASONS.length]]));
}

const colors = battery => battery.words.map(word => kinds.get(kind(word)) || "transparent");

function range(view, ...all) {
  let low = 0, high = 0;
  const from = Math.max(0, Math.floor(view.from)), to = Math.ceil(view.to);
  for (const series of all) {
    if (!series) continue;
    for (let k = from; k < Math.min(to, series.length); k++) {
      if (series[k] === NONE) continue;
      if (series[k] < low) low = series[k];
      if (series[k] > high) high = series[k];
    }
  }
  return high - low < 100 ? [low - 50, high + 50] : [low, high];
}

function build() {
  host.replaceChildren();
  const sun = data.sun ? [["--sun", "roof"]] : [];
  panels = {
    house: new Panel(host, "House", 150, [["--load", data.sun ? "load less roof" : "load"], ...sun]),
    grid: new Panel(host, "Grid", 170, [["--import", "import"], ["--export", "export"]]),
    batteries: flow.batteries.map((battery, k) => new Panel(host, battery.name,
      150 + STRIP + (k === flow.batteries.length - 1 ? AXIS : 0),
      [["--gives", "gives"], ["--takes", "takes"], ["--setpoint", "setpoint"], ["--soc", "charge"]])),
  };
}

function draw() {
  waiting = false;
  const { house, grid, batteries } = panels;
  house.begin(view, ...range(view, data.load, data.sun));
  if (data.sun) house.line(data.sun, "--sun");
  house.line(data.load, "--load");
  const alone = !batteries.length;
  grid.begin(view, ...range(view, flow.grid), { axis: alone });
  grid.area(flow.grid, "--import", "--export");
  flow.batteries.forEach((battery, k) => {
    const panel = batteries[k], last = k === batteries.length - 1;
    panel.begin(view, ...range(view, battery.power, battery.setpoint), { axis: last, strip: STRIP });
    panel.area(battery.power, "--gives", "--takes");
    const near = (view.to - view.from) / panel.width < 15;  // else the line is a black band
    panel.line(battery.setpoint, "--setpoint", { width: 1, alpha: near ? 0.8 : 0.3 });
    panel.percent(battery.soc, MINUTE, "--soc");
    panel.strip(battery.spans, colors(battery), STRIP);
  });
  (batteries.at(-1) || grid).times(midnight, clock);
  if (pointer) mark();
}

function later() {
  if (!waiting) { waiting = true; requestAnimationFrame(draw); }
}

function mark() {
  const all = [panels.house, panels.grid, ...panels.batteries];
  const second = Math.round(all[0].view.from
    + (pointer.x - LEFT) / all[0].width * (view.to - view.from));
  if (second < 0 || second >= flow.grid.length || pointer.x < LEFT) { readout.hidden = true; return; }
  for (const panel of all) panel.mark(second);
  tell(second);
}

function tell(second) {
  const row = (name, value) => `<tr><th>${name}</th><td>${value}</td></tr>`;
  let text = row("load", watts(data.load[second]));
  if (data.sun) text += row("roof", watts(data.sun[second]));
  text += row("grid", watts(flow.grid[second]));
  for (const battery of flow.batteries) {
    const wanted = battery.setpoint[second];
    const charge = battery.soc[Math.min(battery.soc.length - 1, Math.floor(second / MINUTE))] / 10;
    const span = battery.spans.find(([from, to]) => from <= second && second < to);
    text += row(`<b></b> gives`, watts(battery.power[second]));
    text += row("setpoint", wanted === NONE ? "its own" : watts(wanted));
    text += row("charge", `${charge.toFixed(1)} %`);
    if (span && battery.words[span[2]]) text += `<tr><td class="why" colspan="2"></td></tr>`;
  }
  readout.innerHTML = `<b>${clock(second, 1)}</b><table>${text}</table>`;
  const names = readout.querySelectorAll("th b"), why = readout.querySelectorAll(".why");
  let at = 0;
  flow.batteries.forEach((battery, k) => {
    names[k].textContent = battery.name;
    const span = battery.spans.find(([from, to]) => from <= second && second < to);
    if (span && battery.words[span[2]]) why[at++].textContent = battery.words[span[2]];
  });
  place();
}

function place() {
  readout.hidden = false;
  const box = document.getElementById("day").getBoundingClientRect();
  const left = pointer.x + host.offsetLeft + 18, width = readout.offsetWidth;
  readout.style.left = `${left + width > box.width ? left - width - 36 : left}px`;
  const top = Math.min(pointer.page - box.top - 20, box.height - readout.offsetHeight - 8);
  readout.style.top = `${Math.max(0, top)}px`;
}

function show(from, to) {
  const length = flow.grid.length, span = Math.min(length, Math.max(20, to - from));
  const begin = Math.min(Math.max(0, from), length - span);
  view = { from: begin, to: begin + span };
  later();
}

function zoom(factor, x) {
  const part = Math.min(1, Math.max(0, (x - LEFT) / panels.house.width));
  const middle = view.from + part * (view.to - view.from), span = (view.to - view.from) * factor;
  show(middle - part * span, middle + (1 - part) * span);
}

function listen() {
  const held = new Map();
  const place = event => ({
    x: event.clientX - host.getBoundingClientRect().left, page: event.clientY,
  });
  host.addEventListener("wheel", event => {
    event.preventDefault();
    zoom(1.0015 ** event.deltaY, place(event).x);
  }, { passive: false });
  host.addEventListener("pointerdown", event => {
    pointer = place(event);
    later();
    held.set(event.pointerId, pointer.x);
    host.setPointerCapture(event.pointerId);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    host.addEventListener(name, event => held.delete(event.pointerId));
  }
  host.addEventListener("pointermove", event => {
    const now = place(event), before = held.get(event.pointerId);
    const others = [...held].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    if (before !== undefined && others.length) {
      zoom(Math.abs(before - others[0]) / Math.max(1, Math.abs(now.x - others[0])), others[0]);
    } else if (before !== undefined) {
      const moved = (before - now.x) / panels.house.width * (view.to - view.from);
      show(view.from + moved, view.to + moved);
    }
    if (before !== undefined) held.set(event.pointerId, now.x);
    pointer = now;
    later();
  });
  const leave = () => { pointer = null; readout.hidden = true; later(); };
  host.addEventListener("pointerleave", event => {
    if (event.pointerType !== "touch") leave();  // a finger that is lifted leaves what it pointed at
  });
  document.addEventListener("pointerdown", event => { if (!host.contains(event.target)) leave(); });
  host.addEventListener("dblclick", () => show(0, flow.grid.length));
  window.addEventListener("resize", later);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
}

function tabs() {
  const row = document.getElementById("flows");
  data.flows.forEach((item, k) => {
    const tab = document.createElement("button");
    tab.textContent = item.name;
    tab.role = "tab";
    tab.addEventListener("click", () => choose(k));
    row.append(tab);
  });
  row.hidden = data.flows.length < 2;
  const spans = document.getElementById("spans");
  for (const [name, seconds] of [["all", 1e9], ["6 h", 21600], ["1 h", 3600], ["10 min", 600], ["1 min", 60]]) {
    if (seconds < 1e9 && seconds >= flow.grid.length) continue;
    const button = document.createElement("button");
    button.textContent = name;
    button.addEventListener("click", () => {
      const middle = (view.from + view.to) / 2;
      show(middle - seconds / 2, middle + seconds / 2);
    });
    spans.append(button);
  }
}

function choose(k) {
  flow = data.flows[k];
  kinds = colored();
  [...document.getElementById("flows").children].forEach((tab, j) =>
    tab.setAttribute("aria-selected", j === k));
  build();
  reasons();
  if (view) later(); else show(0, flow.grid.length);
}

/** How long each kind of reason held, and how often it came. */
function reasons() {
  const section = document.getElementById("reasons");
  section.replaceChildren();
  for (const battery of flow.batteries) {
    if (!battery.words.some(Boolean)) continue;
    const shares = new Map();
    for (const [from, to, what] of battery.spans) {
      const word = kind(battery.words[what]), [held, count] = shares.get(word) || [0, 0];
      shares.set(word, [held + to - from, count + 1]);
    }
    const box = document.createElement("div");
    box.innerHTML = "<h2></h2><table></table>";
    box.firstChild.textContent = `Why ${battery.name} got what it got`;
    for (const [word, [held, count]] of [...shares].sort((a, b) => b[1][0] - a[1][0])) {
      const line = box.lastChild.insertRow();
      line.innerHTML = `<td><i style="background:${kinds.get(word) || "transparent"}"></i></td>`
        + `<td>${count === 1 ? "once" : `${count} times`}</td><td>${(100 * held / flow.grid.length).toFixed(1)} %</td>`;
      line.firstChild.append(word || "no reason given");
    }
    section.append(box);
  }
}

unpack().then(() => {
  if (!data.flows.length) { document.getElementById("day").hidden = true; return; }
  flow = data.flows[0];
  tabs();
  choose(0);
  listen();
});
