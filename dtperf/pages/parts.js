"use strict";
// What maps and pages share: elements, numbers, colours, legend, tooltip. Stands before map.js.
const dtParts = (() => {
  const SCALES = {
    // that of static maps, too: see assets.py; what lies below the first edge leaves it in colour and border
    efficiency: {
      edges: dtScale.edges,
      fills: dtScale.fills.slice(1, -1),
      under: dtScale.fills[0],
      over: dtScale.fills[dtScale.fills.length - 1],
    },
    // orange to blue over white
    difference: {
      edges: [-0.05, -0.02, -0.01, -0.005, 0.005, 0.01, 0.02, 0.05],
      fills: ["#c7640c", "#f0a24a", "#fdd9a8", "#f4f4f4", "#cfdcf0", "#93b4dd", "#4a7fc1"],
      under: "#7f3b08",
      over: "#173f7f",
    },
  };
  const probe = document.createElement("template");
  probe.innerHTML = "<svg></svg>";
  const SVG = probe.content.firstChild.namespaceURI; // so that the page names no address

  function svg(tag, attributes = {}, text = "") {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text) node.textContent = text;
    return node;
  }

  function html(tag, className, text = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.textContent = text;
    return node;
  }

  const count = (number) => number.toLocaleString("en-US");
  const percent = (value, digits = 2) => `${(100 * value).toFixed(digits)} %`;
  const signed = (value) => `${value < 0 ? "−" : "+"}${(100 * Math.abs(value)).toFixed(2)} %`;

  // what fits into a cell
  function short(value) {
    const scaled = 100 * value;
    const text = scaled.toFixed(Math.abs(scaled) < 99.95 && scaled > -10 ? 1 : 0);
    return text.replace(/^-0\.0$/, "0.0").replace("-", "−");
  }

  // black or white, whichever can be read on the colour
  function ink(fill) {
    const linear = [1, 3, 5].map((at) => (parseInt(fill.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.18 ? "#000" : "#fff";
  }

  function colours(value, kind) {
    const { edges, fills, under, over } = SCALES[kind];
    const step = edges.findIndex((edge) => value < edge);
    const fill = step === 0 ? under : step < 0 ? over : fills[step - 1];
    return [fill, ink(fill)];
  }

  function swatch(fill, text) {
    const item = html("span", "dt-swatch");
    const box = svg("svg", { viewBox: "0 0 16 12", "aria-hidden": "true" });
    box.append(svg("rect", { width: 16, height: 12, fill }));
    item.append(box, text);
    return item;
  }

  function legend(kind, hatch) {
    const { edges, fills, under, over } = SCALES[kind];
    const tenth = (edge) => `${Number((100 * edge).toFixed(1))}`.replace("-", "−");
    const first = tenth(edges[0]), last = tenth(edges[edges.length - 1]);
    const steps = fills.map((fill, at) => swatch(fill, `${tenth(edges[at])} to ${tenth(edges[at + 1])}`));
    const ends = kind === "difference" ? [swatch(over, `over ${last}`)] : [];
    const all = [swatch(under, `under ${first}`), ...steps, ...ends, swatch(hatch, "no value")];
    return [kind === "difference" ? "in points of %:" : "in %:", ...all];
  }

  function lines(row, kind) {
    const note = row.note ? [row.note] : [];
    if (row.value === null) return note.length ? note : ["no probes"];
    if (kind === "difference") return [signed(row.value), ...note];
    const interval = `${percent(row.low)} to ${percent(row.high)}`;
    const probes = `${count(row.passed)} of ${count(row.total)} probes passed`;
    return [`${percent(row.value)}, interval ${interval}`, probes, ...note];
  }

  function sparkline(trend) {
    const points = trend.filter(([, , total]) => total > 0);
    if (points.length < 2) return null;
    const values = points.map(([, passed, total]) => passed / total);
    const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
    const x = (at) => (4 + (192 * at) / (values.length - 1)).toFixed(1);
    const y = (value) => (36 - (32 * (value - low)) / span).toFixed(1);
    const picture = svg("svg", { viewBox: "0 0 200 40", class: "dt-trend", "aria-hidden": "true" });
    const path = values.map((value, at) => `${x(at)},${y(value)}`).join(" ");
    picture.append(svg("polyline", { points: path }));
    values.forEach((value, at) => picture.append(svg("circle", { cx: x(at), cy: y(value), r: 2 })));
    const box = html("div", "dt-trend-box");
    const first = points[0][0], last = points[points.length - 1][0];
    const runs = `${typeof first === "number" ? "run " : ""}${first} to ${last}`;
    box.append(picture, html("small", "", `${runs}: ${percent(low)} to ${percent(high)}`));
    return box;
  }

  function fillTip(tip, row, kind) {
    tip.replaceChildren(html("strong", "", row.name));
    for (const line of lines(row, kind)) tip.append(html("div", "", line));
    if (row.reason) tip.append(html("div", "dt-reason", `⚑ ${row.reason}`));
    const trend = row.trend && sparkline(row.trend);
    if (trend) tip.append(trend);
  }

  return { svg, html, short, count, percent, signed, colours, legend, lines, fillTip };
})();
