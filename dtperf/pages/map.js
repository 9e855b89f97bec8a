"use strict";
// drawMap(container, rows, options): four wheel × sector maps, for mouse, finger and keys.
// A row: {name, station, wheel, sector, passed, total, value, low, high, alarm, few, reason?, trend?, note?};
// value is null without probes, trend is [[run, passed, total], …], note one more line of text.
// Options: onSelect(row); selected: a name; kind: "efficiency", "difference" or "uncertainty"; unsure: what few means.
// Another call with the same chambers updates the map, and keeps focus and tooltip.
const drawMap = (() => {
  const { svg, html, short, colours, legend, lines, fillTip } = dtParts;
  const CELL_W = 38, CELL_H = 26, LEFT = 34, TOP = 20, BOTTOM = 18, COLUMNS = 14, WHEELS = 5;
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] };
  const states = new WeakMap();
  const keyOf = (station, wheel, sector) => `${station} ${wheel} ${sector}`;

  function showTip(state, cell) {
    const { container, tip } = state;
    state.shown = cell;
    fillTip(tip, state.rows.get(cell.dataset.name), state.kind);
    tip.classList.add("dt-shown");
    const box = container.getBoundingClientRect(), at = cell.getBoundingClientRect();
    const left = at.left - box.left + at.width / 2 - tip.offsetWidth / 2;
    const isAbove = at.top > tip.offsetHeight + 12;
    const top = isAbove ? at.top - tip.offsetHeight - 6 : at.bottom + 6;
    tip.style.left = `${Math.max(0, Math.min(left, box.width - tip.offsetWidth))}px`;
    tip.style.top = `${top - box.top}px`;
  }

  function hideTip(state) {
    state.shown = null;
    state.tip.classList.remove("dt-shown");
    state.tip.replaceChildren();
  }

  function select(state, cell) {
    if (state.onSelect) state.onSelect(state.rows.get(cell.dataset.name));
  }

  function move(state, cell, step) {
    const row = state.rows.get(cell.dataset.name);
    const next = state.positions.get(keyOf(row.station, row.wheel + step[0], row.sector + step[1]));
    if (!next) return;
    cell.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  function onKey(state, cell, event) {
    const isChoice = event.key === "Enter" || event.key === " ";
    if (event.key === "Escape") hideTip(state);
    if (isChoice) select(state, cell);
    if (STEPS[event.key]) move(state, cell, STEPS[event.key]);
    if (isChoice || STEPS[event.key]) event.preventDefault(); // it would scroll the page
  }

  function listen(state, cell) {
    cell.addEventListener("pointerenter", () => showTip(state, cell));
    cell.addEventListener("pointerleave", () => hideTip(state));
    cell.addEventListener("focus", () => showTip(state, cell));
    cell.addEventListener("blur", () => hideTip(state));
    cell.addEventListener("keydown", (event) => onKey(state, cell, event));
    cell.addEventListener("click", () => select(state, cell));
  }

  function addCell(state, picture, row, isFirst) {
    const x = LEFT + (row.sector - 1) * CELL_W, y = TOP + (2 - row.wheel) * CELL_H;
    const cell = svg("g", { class: "dt-cell", role: "button", tabindex: isFirst ? "0" : "-1" });
    cell.dataset.name = row.name;
    const corner = `M${x + CELL_W - 12} ${y + 1}h11v11z`;
    cell.append(
      svg("rect", { x: x + 1, y: y + 1, width: CELL_W - 2, height: CELL_H - 2 }),
      svg("text", { x: x + CELL_W / 2, y: y + CELL_H / 2 + 4, class: "dt-value" }),
      svg("path", { d: corner, class: "dt-flag" }),
    );
    listen(state, cell);
    picture.append(cell);
    state.cells.set(row.name, cell);
    state.positions.set(keyOf(row.station, row.wheel, row.sector), cell);
  }

  function hatch(id) {
    const defs = svg("defs"), size = { width: 6, height: 6, patternUnits: "userSpaceOnUse" };
    const pattern = svg("pattern", { id, patternTransform: "rotate(45)", ...size });
    pattern.append(svg("rect", { width: 6, height: 6, fill: "#fff" }));
    pattern.append(svg("rect", { width: 2, height: 6, fill: "#aaa" }));
    defs.append(pattern);
    return defs;
  }

  function addStation(state, station, rows) {
    const width = LEFT + COLUMNS * CELL_W + 2, height = TOP + WHEELS * CELL_H + BOTTOM;
    const label = `MB${station}, wheel against sector: arrow keys go from chamber to chamber`;
    const box = { viewBox: `0 0 ${width} ${height}`, class: "dt-station", role: "group" };
    const picture = svg("svg", { ...box, "aria-label": label });
    if (!state.cells.size) picture.append(hatch(state.hatch));
    picture.append(svg("text", { x: LEFT + 1, y: 14, class: "dt-title" }, `MB${station}`));
    for (let wheel = -2; wheel <= 2; wheel += 1) {
      const y = TOP + (2 - wheel) * CELL_H + CELL_H / 2 + 4;
      const name = `W${wheel > 0 ? "+" : ""}${wheel}`.replace("-", "−");
      picture.append(svg("text", { x: LEFT - 3, y, class: "dt-wheel" }, name));
    }
    for (let sector = 1; sector <= Math.max(...rows.map((row) => row.sector)); sector += 1) {
      const x = LEFT + (sector - 0.5) * CELL_W;
      picture.append(svg("text", { x, y: height - 4, class: "dt-sector" }, `S${sector}`));
    }
    rows.forEach((row, at) => addCell(state, picture, row, at === 0));
    state.grid.append(picture);
  }

  function build(container, rows) {
    const state = { container, cells: new Map(), positions: new Map(), shown: null };
    // of its own: that of a map that is hidden would not be drawn
    state.hatch = `dt-hatch-${Math.random().toString(36).slice(2)}`;
    state.tip = html("div", "dt-tip");
    state.tip.setAttribute("role", "status");
    state.tip.setAttribute("aria-live", "polite");
    state.grid = html("div", "dt-stations");
    state.legend = html("div", "dt-legend");
    container.classList.add("dt-map");
    container.replaceChildren(state.legend, state.grid, state.tip);
    for (const station of [...new Set(rows.map((row) => row.station))].sort()) {
      addStation(state, station, rows.filter((row) => row.station === station));
    }
    states.set(container, state);
    return state;
  }

  function update(state, cell, row, selected) {
    const [box, text, flag] = cell.children;
    const isEmpty = row.value === null;
    const [fill, ink] = isEmpty ? [`url(#${state.hatch})`, "#000"] : colours(row, state.kind);
    box.setAttribute("fill", fill);
    text.style.fill = ink;
    text.textContent = isEmpty ? "" : short(row.value);
    flag.style.display = row.reason ? "" : "none";
    cell.classList.toggle("dt-under", state.kind === "efficiency" && row.alarm);
    cell.classList.toggle("dt-selected", row.name === selected);
    const parts = [...lines(row, state.kind), ...(row.reason ? [`flagged: ${row.reason}`] : [])];
    cell.setAttribute("aria-label", `${row.name}: ${parts.join("; ")}`);
  }

  return function draw(container, rows, options = {}) {
    let state = states.get(container);
    const isSame = state && state.cells.size === rows.length;
    if (!isSame || !rows.every((row) => state.cells.has(row.name))) state = build(container, rows);
    state.kind = options.kind || "efficiency";
    state.onSelect = options.onSelect;
    state.rows = new Map(rows.map((row) => [row.name, row]));
    const unsure = options.unsure || `fewer than ${dtColours.few} probes`;
    state.legend.replaceChildren(...legend(state.kind, `url(#${state.hatch})`, unsure));
    for (const row of rows) update(state, state.cells.get(row.name), row, options.selected);
    if (state.shown) showTip(state, state.shown);
  };
})();
