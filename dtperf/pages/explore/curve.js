"use strict";
// drawCurve(container, now, before): efficiency of the four stations against pT, as points with bars.
// Both: [{name, points: [[from, to, passed, total, value, low, high], …]}, …]; before stands behind.
const drawCurve = (() => {
  const { svg, html, percent, count } = dtParts;
  const WIDTH = 900, HEIGHT = 330, LEFT = 62, RIGHT = 12, TOP = 12, BOTTOM = 46;
  const MARKERS = ["circle", "square", "up", "diamond"];
  const TICKS = [1, 2, 5, 10, 20, 30, 50, 70, 100, 200, 300, 500, 700, 1000, 2000, 5000];
  const FEW = dtColours.few, MANY = 200; // probes: bins with few are left out, the bars of many fit the scale

  function pathOf(kind, x, y, r = 4) {
    const [l, t] = [x - r, y - r];
    if (kind === "square") return `M${l} ${t}h${2 * r}v${2 * r}h${-2 * r}z`;
    if (kind === "up") return `M${x} ${t}l${r} ${2 * r}h${-2 * r}z`;
    if (kind === "diamond") return `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z`;
    return `M${l} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  }

  const coloured = (number) => ({ class: "dt-series", fill: dtColours.stations[number], stroke: dtColours.stations[number] });

  function scales(points) {
    const from = Math.max(1, Math.min(...points.map((p) => p[0]).filter((edge) => edge > 0)));
    const to = Math.max(...points.map((p) => p[1]));
    const lowest = Math.min(0.99, ...points.map((p) => (p[3] >= MANY ? p[5] : p[4])));
    const step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((s) => (1 - lowest) / s <= 6) || 0.2;
    const bottom = Math.floor(Math.min(lowest, 1 - step) / step - 1e-9) * step;
    const inner = WIDTH - LEFT - RIGHT, height = HEIGHT - TOP - BOTTOM, top = 1 + 0.15 * step;
    const part = (pt) => Math.log(Math.max(pt, from) / from) / Math.log(to / from);
    return {
      from, to, bottom, step,
      x: (pt) => LEFT + inner * part(pt),
      y: (value) => TOP + (height * (top - Math.max(value, bottom))) / (top - bottom),
    };
  }

  function frame(picture, scale) {
    const right = WIDTH - RIGHT, floor = HEIGHT - BOTTOM;
    for (let n = 0; 1 - n * scale.step >= scale.bottom - 1e-9; n += 1) {
      const value = 1 - n * scale.step, y = scale.y(value);
      picture.append(svg("line", { x1: LEFT, x2: right, y1: y, y2: y, class: "dt-grid" }));
      const text = Number((100 * value).toFixed(1));
      picture.append(svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, `${text} %`));
    }
    for (const pt of TICKS.filter((tick) => tick >= scale.from && tick <= scale.to)) {
      const x = scale.x(pt), line = { x1: x, x2: x, y1: TOP, y2: floor, class: "dt-grid" };
      picture.append(svg("line", line));
      picture.append(svg("text", { x, y: floor + 17, "text-anchor": "middle" }, `${pt}`));
    }
    const box = { x: LEFT, y: TOP, width: right - LEFT, height: floor - TOP, class: "dt-box" };
    picture.append(svg("rect", box));
    const label = { x: right, y: HEIGHT - 8, "text-anchor": "end" };
    picture.append(svg("text", label, "pT of the probe [GeV]"));
  }

  function point(scale, number, station, [from, to, passed, total, value, low, high]) {
    const kind = MARKERS[number % MARKERS.length];
    const left = scale.x(from), right = scale.x(to);
    const x = (left + right) / 2 + 4 * (number - 1.5); // side by side
    const group = svg("g", coloured(number));
    group.append(svg("line", { x1: x, x2: x, y1: scale.y(low), y2: scale.y(high), "stroke-width": 1.5 }));
    // below the axis only its bar reaches in
    if (value >= scale.bottom) group.append(svg("path", { d: pathOf(kind, x, scale.y(value)) }));
    const probes = `${count(passed)} of ${count(total)} probes passed`;
    const interval = `${percent(low)} to ${percent(high)}`;
    const text = `${station}, ${from} to ${to} GeV: ${percent(value)}, ${interval}; ${probes}`;
    group.append(svg("title", {}, text));
    return group;
  }

  function legend(picture, stations) {
    stations.forEach(({ name }, number) => {
      const x = LEFT + 16 + 75 * number, y = HEIGHT - 12, group = svg("g", coloured(number));
      group.append(svg("path", { d: pathOf(MARKERS[number % MARKERS.length], x, y) }));
      picture.append(group);
      picture.append(svg("text", { x: x + 10, y: y + 4 }, name));
    });
  }

  function filled(stations, least) {
    const kept = (points) => points.filter((p) => p[3] >= least);
    return stations.map(({ name, points }) => ({ name, points: kept(points) }));
  }

  const pointsOf = (stations) => stations.flatMap((station) => station.points);

  return function draw(container, now, before) {
    const most = Math.max(0, ...pointsOf(now).map((p) => p[3]));
    if (!most) {
      container.replaceChildren("no probes");
      return;
    }
    const least = most < FEW ? 1 : FEW;
    const layers = { before: filled(before, least), now: filled(now, least) };
    const points = [...pointsOf(layers.before), ...pointsOf(layers.now)], scale = scales(points);
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    picture.setAttribute("aria-label", "Fiducial efficiency of the stations against the probe’s pT");
    frame(picture, scale);
    for (const [className, stations] of Object.entries(layers)) {
      const layer = svg("g", { class: `dt-${className}` });
      stations.forEach(({ name, points: each }, number) => {
        for (const one of each) layer.append(point(scale, number, name, one));
      });
      picture.append(layer);
    }
    legend(picture, now);
    const note = `Pale: the config’s cuts.${least === 1 ? "" : ` Bins with fewer than ${FEW} probes are left out.`}`;
    container.replaceChildren(picture, html("p", "dt-soft", note));
  };
})();
