// Pictures of groups of measurements, drawn of the page's numbers: maps at once, the others when
// their fold is opened.
(() => {
  const { svg, html, count, ink, swatch } = dtParts;
  const data = JSON.parse(document.getElementById("data").textContent);
  const CELL_W = 38, CELL_H = 26, LEFT = 34, TOP = 20, COLUMNS = 14;
  const STEPS = [-1, -0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1]; // parts of the scale's end
  const MOSTLY = 0.95; // of the chambers lie within the scale's end

  const written = (value) => {
    const text = Math.abs(value) < 99.95 ? value.toFixed(1) : value.toFixed(0);
    return text.replace(/^-0\.0$/, "0.0").replace("-", "−");
  };

  function chambersOf(rows) {
    return data.rows.map(({ name, station, wheel, sector }, at) => {
      const [passed, total, low, high, alarm, few] = rows[at];
      const value = total ? passed / total : null;
      return { name, station, wheel, sector, passed, total, value, low, high, alarm: !!alarm, few: !!few };
    });
  }

  function choose({ name }) {
    const row = document.querySelector(`tr[data-name="${name}"]`);
    if (row) row.scrollIntoView({ block: "center" });
  }

  // of signed values symmetrical about 0, of others from 0 up
  function scaleOf(values, isSigned) {
    const sizes = values.filter(Boolean).map(([value]) => Math.abs(value)).sort((a, b) => a - b);
    const end = sizes[Math.floor(MOSTLY * (sizes.length - 1))] || 1;
    const { fills } = isSigned ? dtColours.difference : dtColours.efficiency;
    const steps = isSigned ? STEPS : fills.slice(1).map((_, at) => (at + 1) / fills.length);
    return { isSigned, fills, edges: steps.map((step) => step * end) };
  }

  function fillOf(value, error, { isSigned, fills, edges }) {
    const fill = fills[edges.filter((edge) => value >= edge).length];
    return isSigned && Math.abs(value) < dtColours.sure * error ? dtColours.pale[fill] : fill;
  }

  function addCell(picture, row, found, scale) {
    const x = LEFT + (row.sector - 1) * CELL_W, y = TOP + (2 - row.wheel) * CELL_H;
    const cell = svg("g", { class: "dt-cell" });
    const [value, error, entries] = found || [];
    const fill = found ? fillOf(value, error, scale) : "#ddd";
    cell.append(svg("rect", { x: x + 1, y: y + 1, width: CELL_W - 2, height: CELL_H - 2, fill }));
    if (found) {
      const text = svg("text", { x: x + CELL_W / 2, y: y + CELL_H / 2 + 4, class: "dt-value" }, written(value));
      text.style.fill = ink(fill);
      cell.append(text);
    }
    const told = found ? `${value} ± ${error}; ${count(entries)} entries` : "too few entries";
    cell.append(svg("title", {}, `${row.name}: ${told}`));
    picture.append(cell);
  }

  function legend({ fills, edges }) {
    const last = fills.length - 1;
    return fills.map((fill, at) => {
      const ends = [at && written(edges[at - 1]), at < last && written(edges[at])];
      return swatch(fill, at === 0 ? `under ${ends[1]}` : at === last ? `over ${ends[0]}` : ends.join(" to "));
    });
  }

  // means or parts, a number for each chamber
  function drawValues(container, { values, label, is_signed: isSigned }) {
    const scale = scaleOf(values, isSigned);
    const grid = html("div", "dt-stations"), key = html("div", "dt-legend");
    const pale = isSigned ? `pale: within ${dtColours.sure} sigma of 0; ` : "";
    key.append(`${label}:`, ...legend(scale), `${pale}grey: fewer than ${dtColours.few} entries`);
    for (const station of [1, 2, 3, 4]) {
      const width = LEFT + COLUMNS * CELL_W + 2, height = TOP + 5 * CELL_H + 18;
      const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "dt-station", role: "img" });
      picture.setAttribute("aria-label", `MB${station}: ${label}, wheel against sector`);
      picture.append(svg("text", { x: LEFT + 1, y: 14, class: "dt-title" }, `MB${station}`));
      for (let wheel = -2; wheel <= 2; wheel += 1) {
        const y = TOP + (2 - wheel) * CELL_H + CELL_H / 2 + 4;
        const name = `W${wheel > 0 ? "+" : ""}${wheel}`.replace("-", "−");
        picture.append(svg("text", { x: LEFT - 3, y, class: "dt-wheel" }, name));
      }
      data.rows.forEach((row, at) => {
        if (row.station !== station) return;
        addCell(picture, row, values[at], scale);
        if (row.wheel === 0) {
          const x = LEFT + (row.sector - 0.5) * CELL_W;
          picture.append(svg("text", { x, y: height - 4, class: "dt-sector" }, `S${row.sector}`));
        }
      });
      grid.append(picture);
    }
    container.replaceChildren(key, grid);
  }

  function draw(container) {
    const picture = data.pictures[container.dataset.picture];
    if (picture.rows) drawMap(container, chambersOf(picture.rows), { onSelect: choose });
    else if (picture.values) drawValues(container, picture);
    else {
      container.classList.add("dt-curve", "dt-scroll");
      drawCurve(container, picture.groups, [], picture.about);
    }
  }

  for (const container of document.querySelectorAll("[data-picture]")) {
    const fold = container.closest("details");
    if (!fold) draw(container);
    else fold.addEventListener("toggle", () => {
      if (fold.open && !container.firstChild) draw(container);
    });
  }
})();
