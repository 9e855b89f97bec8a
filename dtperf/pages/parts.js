"use strict";
// What maps and pages share: elements, numbers, colours, legend, tooltip. Stands before map.js.
const dtParts = (() => {
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

  // a row that is marked as few is pale; only one that is marked as an alarm leaves the scale
  function colours(row, kind) {
    const { edges, fills } = dtColours[kind];
    const below = edges.filter((edge) => row.value >= edge).length;
    const step = kind !== "efficiency" ? below : Math.min(Math.max(below - 1, 0), fills.length - 1);
    const isAlarm = kind === "efficiency" && row.alarm;
    const fill = isAlarm ? dtColours.alarm : row.few ? dtColours.pale[fills[step]] : fills[step];
    return [fill, ink(fill)];
  }

  function swatch(fill, text) {
    const item = html("span", "dt-swatch");
    const box = svg("svg", { viewBox: "0 0 16 12", "aria-hidden": "true" });
    box.append(svg("rect", { width: 16, height: 12, fill }));
    item.append(box, text);
    return item;
  }

  // unsure: what pale means
  function legend(kind, hatch, unsure) {
    const { edges, fills } = dtColours[kind];
    const tenth = (edge) => `${Number((100 * edge).toFixed(1))}`.replace("-", "−");
    const range = (fill, at) => swatch(fill, `${tenth(edges[at])} to ${tenth(edges[at + 1])}`);
    const first = tenth(edges[0]), last = tenth(edges[edges.length - 1]);
    const faint = dtColours.pale[fills[kind === "efficiency" ? fills.length - 1 : 1]];
    const ends = [swatch(faint, `pale: ${unsure}`), swatch(hatch, "no value")];
    if (kind === "efficiency") {
      return ["in %:", swatch(dtColours.alarm, `surely under ${first}`), ...fills.map(range), ...ends];
    }
    const steps = [swatch(fills[0], `under ${first}`), ...fills.slice(1, -1).map(range)];
    return ["in points of %:", ...steps, swatch(fills[fills.length - 1], `over ${last}`), ...ends];
  }

  function lines(row, kind) {
    const note = row.note ? [row.note] : [];
    if (row.value === null) return note.length ? note : ["no probes"];
    if (kind === "difference") return [signed(row.value), ...note];
    if (kind === "uncertainty") return [`± ${percent(row.value, 3)}`, ...note];
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

  return { svg, html, short, count, percent, signed, ink, colours, swatch, legend, lines, fillTip };
})();
