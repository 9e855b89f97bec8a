"use strict";
// drawCurve(container, now, before, about): a measurement of each station, as points with bars.
// Both: [{name, points: [[from, to, passed, total, value, low, high], …]}, …]; before stands behind.
// about: {title, x, label, kind: efficiency, entries or mean, is_log_x, is_log_y, is_category, range,
// note}, see curves.py.
const drawCurve = (() => {
  const { svg, html, percent, count } = dtParts;
  const WIDTH = 900, HEIGHT = 330, LEFT = 62, RIGHT = 12, TOP = 12, BOTTOM = 46;
  const MARKERS = ["circle", "square", "up", "diamond"];
  const TICKS = [1, 2, 5, 10, 20, 30, 50, 70, 100, 200, 300, 500, 700, 1000, 2000, 5000];
  const MOST_NAMES = 12;
  const FEW = dtColours.few, MANY = 200; // probes: bins with few are left out, the bars of many fit the scale

  function pathOf(kind, x, y, r = 4) {
    const [l, t] = [x - r, y - r];
    if (kind === "square") return `M${l} ${t}h${2 * r}v${2 * r}h${-2 * r}z`;
    if (kind === "up") return `M${x} ${t}l${r} ${2 * r}h${-2 * r}z`;
    if (kind === "diamond") return `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z`;
    return `M${l} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  }

  const coloured = (number) => ({ class: "dt-series", fill: dtColours.stations[number], stroke: dtColours.stations[number] });

  // 1, 2 or 5 times a power of ten: at most so many of them in a range
  function niceStep(range, most) {
    const power = 10 ** Math.floor(Math.log10(range / most));
    return [1, 2, 5, 10].map((n) => n * power).find((step) => range / step <= most);
  }

  function multiples(step, from, to) {
    const first = Math.ceil(from / step - 1e-9), last = Math.floor(to / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
  }

  const steps = (from, to, most) => multiples(niceStep(to - from || 1, most), from, to);

  // ticks and place of a value of x
  function scaleX(points, about) {
    const inner = WIDTH - LEFT - RIGHT;
    if (about.is_category) {
      const all = [...new Set(points.map((p) => p[0]))].sort((a, b) => a - b);
      const every = Math.ceil(all.length / MOST_NAMES), width = inner / all.length;
      const place = new Map(all.map((value, at) => [value, LEFT + (at + 0.5) * width]));
      return { ticks: all.filter((_, at) => at % every === 0), x: (value) => place.get(value), width };
    }
    const edges = points.flatMap((p) => [p[0], p[1]]), to = Math.max(...edges);
    if (about.is_log_x && edges.some((edge) => edge > 0)) {
      const from = Math.max(Math.min(...edges.filter((edge) => edge > 0)), to / 1e4);
      const ticks = TICKS.filter((tick) => tick >= from && tick <= to);
      const part = (value) => Math.log(Math.max(value, from) / from) / Math.log(to / from);
      return { ticks: ticks.length > 1 ? ticks : [from, to], x: (value) => LEFT + inner * part(value) };
    }
    const from = Math.min(...edges);
    return { ticks: steps(from, to, 10), x: (value) => LEFT + (inner * (value - from)) / (to - from) };
  }

  // ticks, ends and place of what is measured
  function rangeY(points, about) {
    if (about.range) {
      const [bottom, top] = about.range;
      return { bottom, top, step: niceStep(top - bottom, 6) };
    }
    if (about.kind === "efficiency") {
      const lowest = Math.min(0.99, ...points.map((p) => (p[3] >= MANY ? p[5] : p[4])));
      const step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((s) => (1 - lowest) / s <= 6) || 0.2;
      const bottom = Math.max(0, Math.floor(Math.min(lowest, 1 - step) / step - 1e-9) * step);
      return { bottom, top: 1 + 0.15 * step, step };
    }
    const known = points.filter((p) => about.kind === "entries" || p[3] >= FEW);
    const used = known.length ? known : points;
    const low = about.kind === "entries" ? 0 : Math.min(...used.map((p) => p[5]));
    const high = Math.max(...used.map((p) => p[6])), margin = 0.05 * (high - low || 1);
    const bottom = about.kind === "entries" ? 0 : low - margin;
    return { bottom, top: high + margin, step: niceStep(high - low || 1, 6) };
  }

  // ticks and ends of numbers of entries on a logarithmic scale: below one entry there is nothing
  function logarithmicY(points, about) {
    const [least, most] = about.range || [0, 1.5 * Math.max(...points.map((p) => p[6]))];
    const bottom = least > 0 ? least : 0.5, top = Math.max(most, 4 * bottom);
    const [first, last] = [bottom, top].map(Math.log10), every = Math.max(1, niceStep(last - first, 8));
    const factors = last - first < 3 ? [1, 2, 5] : [1];
    const all = multiples(every, Math.floor(first), last).flatMap((n) => factors.map((factor) => factor * 10 ** n));
    return { bottom, top, values: all.filter((value) => value >= bottom && value <= top) };
  }

  function linearY(points, about) {
    const { bottom, top, step } = rangeY(points, about);
    return { bottom, top, values: multiples(step, bottom, top) };
  }

  function scales(points, about) {
    const { bottom, top, values } = (about.is_log_y ? logarithmicY : linearY)(points, about);
    const height = HEIGHT - TOP - BOTTOM, scaled = about.is_log_y ? Math.log : Number;
    const part = (value) => (scaled(top) - scaled(value)) / (scaled(top) - scaled(bottom));
    return { ...scaleX(points, about), bottom, values, y: (value) => TOP + height * part(Math.min(top, Math.max(value, bottom))) };
  }

  const written = (value) => Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  const writtenValue = (value, about) => (about.kind === "efficiency" ? percent(value) : written(value));

  function frame(picture, scale, about) {
    const right = WIDTH - RIGHT, floor = HEIGHT - BOTTOM;
    for (const value of scale.values) {
      const y = scale.y(value);
      picture.append(svg("line", { x1: LEFT, x2: right, y1: y, y2: y, class: "dt-grid" }));
      const text = about.kind === "efficiency" ? `${Number((100 * value).toFixed(1))} %` : written(value);
      picture.append(svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, text));
    }
    for (const tick of scale.ticks) {
      const x = scale.x(tick), line = { x1: x, x2: x, y1: TOP, y2: floor, class: "dt-grid" };
      picture.append(svg("line", line));
      const text = about.is_category ? `${tick}` : written(tick);
      picture.append(svg("text", { x, y: floor + 17, "text-anchor": "middle" }, text));
    }
    const box = { x: LEFT, y: TOP, width: right - LEFT, height: floor - TOP, class: "dt-box" };
    picture.append(svg("rect", box));
    const label = { x: right, y: HEIGHT - 8, "text-anchor": "end" };
    picture.append(svg("text", label, about.x));
  }

  // after four the colours come again, with other markers
  const markerOf = (number) => MARKERS[(number + Math.floor(number / 4)) % MARKERS.length];
  const groupOf = (number) => svg("g", coloured(number % 4));

  function point(scale, about, place, name, [from, to, passed, total, value, low, high]) {
    const { number, many } = place, kind = markerOf(number);
    const x = (scale.x(from) + scale.x(to)) / 2 + 4 * (number - (many - 1) / 2); // side by side
    const group = groupOf(number);
    group.append(svg("line", { x1: x, x2: x, y1: scale.y(low), y2: scale.y(high), "stroke-width": 1.5 }));
    // beyond the axis only its bar reaches in
    if (value >= scale.bottom) group.append(svg("path", { d: pathOf(kind, x, scale.y(value)) }));
    const counts = about.kind === "efficiency" ? `${count(passed)} of ${count(total)} passed` : `${count(total)} entries`;
    const interval = `${writtenValue(low, about)} to ${writtenValue(high, about)}`;
    const bin = from === to ? `${from}` : `${written(from)} to ${written(to)}`;
    const text = `${name ? `${name}, ` : ""}${about.x} ${bin}: ${writtenValue(value, about)}, ${interval}; ${counts}`;
    group.append(svg("title", {}, text));
    return group;
  }

  function legend(picture, groups) {
    const room = WIDTH / 2, width = Math.max(75, 12 * Math.max(...groups.map(({ name }) => name.length)));
    groups.slice(0, Math.floor(room / width)).forEach(({ name }, number) => {
      if (!name) return;
      const x = LEFT + 16 + width * number, y = HEIGHT - 12, group = groupOf(number);
      group.append(svg("path", { d: pathOf(markerOf(number), x, y) }));
      picture.append(group);
      picture.append(svg("text", { x: x + 10, y: y + 4 }, name));
    });
  }

  function filled(stations, least) {
    const kept = (points) => points.filter((p) => p[3] >= least);
    return stations.map(({ name, points }) => ({ name, points: kept(points) }));
  }

  const pointsOf = (stations) => stations.flatMap((station) => station.points);

  return function draw(container, now, before, about) {
    const most = Math.max(0, ...pointsOf(now).map((p) => p[3]));
    if (!most) {
      container.replaceChildren(about.kind === "efficiency" ? "no probes" : "no entries");
      return;
    }
    const least = most < FEW || about.kind === "entries" ? 1 : FEW;
    const layers = { before: filled(before, least), now: filled(now, least) };
    const points = [...pointsOf(layers.before), ...pointsOf(layers.now)], scale = scales(points, about);
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    picture.setAttribute("aria-label", about.title);
    frame(picture, scale, about);
    for (const [className, stations] of Object.entries(layers)) {
      const layer = svg("g", { class: `dt-${className}` });
      stations.forEach(({ name, points: each }, number) => {
        const place = { number, many: stations.length };
        for (const one of each) layer.append(point(scale, about, place, name, one));
      });
      picture.append(layer);
    }
    legend(picture, now);
    const few = least === 1 ? "" : ` Bins with fewer than ${FEW} ${about.kind === "mean" ? "entries" : "probes"} are left out.`;
    const kind = about.kind === "efficiency" ? "" : about.label;
    const said = [kind, about.note, before.length ? "pale: the config’s cuts" : ""].filter(Boolean);
    const note = `${said.join("; ")}${said.length ? "." : ""}${few}`.trim();
    container.replaceChildren(picture, html("p", "dt-soft", note.slice(0, 1).toUpperCase() + note.slice(1)));
  };
})();
