"use strict";
// Panels over one axis of time, drawn on canvases. Powers in W; times in seconds of the run.

const NONE = -32768;
const LEFT = 58, RIGHT = 46, AXIS = 22;
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Ticks at round numbers, some `about` of them. */
function ticks(low, high, about) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + 1e-9; at += step) found.push(at);
  return found;
}

const TIMES = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** Ticks at round times of day. */
function timeTicks(view, width, offset) {
  const step = TIMES.find(k => k / (view.to - view.from) * width >= 76) || 86400;
  const found = [];
  const first = Math.ceil((view.from + offset) / step) * step;
  for (let at = first; at <= view.to + offset; at += step) found.push(at - offset);
  return { found, step };
}

const watts = value => Math.abs(value) >= 1000 ? `${+(value / 1000).toFixed(2)} kW` : `${value} W`;

/** Least and greatest of a series in the seconds that each pixel stands for. */
function envelope(series, view, width) {
  const low = new Float32Array(width), high = new Float32Array(width);
  const per = (view.to - view.from) / width;
  for (let x = 0; x < width; x++) {
    const begin = Math.max(0, Math.floor(view.from + x * per));
    const end = Math.min(series.length, Math.max(begin + 1, Math.ceil(view.from + (x + 1) * per)));
    let least = Infinity, most = -Infinity;
    for (let k = begin; k < end; k++) {
      const value = series[k];
      if (value === NONE) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    low[x] = least;
    high[x] = most;
  }
  return { low, high };
}

class Panel {
  constructor(host, name, height, keys) {
    this.box = document.createElement("div");
    this.box.className = "panel";
    this.canvas = document.createElement("canvas");
    this.canvas.style.height = `${height}px`;
    this.height = height;
    const label = document.createElement("div");
    label.className = "name";
    label.innerHTML = "<b></b>" + keys.map(([color, text]) =>
      `<span class="key"><i style="background:var(${color})"></i>${text}</span>`).join("");
    label.firstChild.textContent = name;
    this.box.append(this.canvas, label);
    host.append(this.box);
  }

  /** Begin anew: the place to draw in, and how watts map to it. */
  begin(view, low, high, { axis = false, strip = 0 } = {}) {
    const ratio = window.devicePixelRatio || 1;
    const width = this.box.clientWidth;
    this.canvas.width = width * ratio;
    this.canvas.height = this.height * ratio;
    const pen = this.pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, this.height);
    this.view = view;
    this.width = width - LEFT - RIGHT;
    this.top = 26;
    this.bottom = this.height - (axis ? AXIS : 6) - strip;
    const room = (high - low) * 0.06 || 1;
    this.low = low - room;
    this.high = high + room;
    this.scale();
  }

  x(second) {
    return LEFT + (second - this.view.from) / (this.view.to - this.view.from) * this.width;
  }

  y(value) {
    return this.bottom - (value - this.low) / (this.high - this.low) * (this.bottom - this.top);
  }

  scale() {
    const pen = this.pen;
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of ticks(this.low, this.high, Math.max(2, (this.bottom - this.top) / 24))) {
      const y = Math.round(this.y(value)) + 0.5;
      pen.strokeStyle = value === 0 ? css("--soft") : css("--line");
      pen.beginPath();
      pen.moveTo(LEFT, y);
      pen.lineTo(LEFT + this.width, y);
      pen.stroke();
      pen.fillStyle = css("--soft");
      pen.fillText(watts(value), LEFT - 7, y);
    }
  }

  times(offset, label) {
    const pen = this.pen;
    const { found, step } = timeTicks(this.view, this.width, offset);
    pen.textAlign = "center";
    pen.textBaseline = "top";
    pen.fillStyle = css("--soft");
    for (const second of found) pen.fillText(label(second, step), this.x(second), this.height - AXIS + 6);
  }

  clip() {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(LEFT, this.top - 2, this.width, this.bottom - this.top + 4);
    this.pen.clip();
  }

  /** Fill between zero and a series, each side in its own colour. */
  area(series, above, below) {
    const pen = this.pen, width = Math.round(this.width);
    const { low, high } = envelope(series, this.view, width);
    const zero = this.y(0);
    this.clip();
    for (const [edge, color, far] of [[high, above, 1], [low, below, -1]]) {
      pen.fillStyle = css(color);
      pen.globalAlpha = 0.8;
      pen.beginPath();
      pen.moveTo(LEFT, zero);
      for (let x = 0; x < width; x++) {
        const value = edge[x] * far > 0 && isFinite(edge[x]) ? edge[x] : 0;
        pen.lineTo(LEFT + x, this.y(value));
        pen.lineTo(LEFT + x + 1, this.y(value));
      }
      pen.lineTo(LEFT + width, zero);
      pen.fill();
    }
    pen.restore();
  }

  /** A line that holds each value until the next; many seconds in a pixel become a band. */
  line(series, color, { width: thick = 1.2, alpha = 1 } = {}) {
    const pen = this.pen, width = Math.round(this.width);
    const { low, high } = envelope(series, this.view, width);
    this.clip();
    pen.strokeStyle = css(color);
    pen.lineWidth = thick;
    pen.globalAlpha = alpha;
    pen.beginPath();
    let on = false;
    for (let x = 0; x < width; x++) {
      if (!isFinite(low[x])) { on = false; continue; }
      const first = this.y(high[x]), last = this.y(low[x]);
      if (on) pen.lineTo(LEFT + x, first); else pen.moveTo(LEFT + x, first);
      pen.lineTo(LEFT + x, last);
      pen.lineTo(LEFT + x + 1, last);
      on = true;
    }
    pen.stroke();
    pen.restore();
  }

  /** A thin line of percent, with its own scale on the right. */
  percent(values, every, color) {
    const pen = this.pen;
    const y = value => this.bottom - value / 100 * (this.bottom - this.top);
    this.clip();
    pen.strokeStyle = css(color);
    pen.lineWidth = 1.4;
    pen.setLineDash([5, 3]);
    pen.beginPath();
    values.forEach((value, k) => pen.lineTo(this.x(k * every), y(value / 10)));
    if (values.length) pen.lineTo(this.x(values.length * every), y(values.at(-1) / 10));
    pen.stroke();
    pen.restore();
    pen.fillStyle = css(color);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (const value of [0, 50, 100]) pen.fillText(`${value} %`, LEFT + this.width + 6, y(value));
  }

  /** A strip of colours under the panel: what held, and until when. */
  strip(spans, colors, height) {
    const pen = this.pen, top = this.bottom + 3;
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, top, this.width, height - 4);
    pen.clip();
    for (const [from, to, what] of spans) {
      if (to < this.view.from || from > this.view.to) continue;
      pen.fillStyle = colors[what];
      const x = this.x(from);
      pen.fillRect(x, top, Math.max(0.6, this.x(to) - x), height - 4);
    }
    pen.restore();
  }

  /** A line through the pointer. */
  mark(second) {
    const pen = this.pen, x = Math.round(this.x(second)) + 0.5;
    pen.strokeStyle = css("--soft");
    pen.beginPath();
    pen.moveTo(x, this.top);
    pen.lineTo(x, this.bottom);
    pen.stroke();
  }
}
