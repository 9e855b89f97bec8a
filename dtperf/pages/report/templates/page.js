// The maps of a page, and the way from a chamber in a map to its row in the table.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const map = document.querySelector("[data-map]");
  let kind = data.kind || "efficiency";

  // a row may carry both an efficiency and its difference to the reference
  const shown = (row) => {
    if (kind !== "difference" || data.kind) return row;
    return { ...row, value: row.difference ?? null, few: row.is_unsure };
  };

  function choose(row) {
    const target = document.querySelector(`tr[data-name="${row.name}"]`);
    if (!target) return;
    if (target.hidden) document.querySelector("form[data-filters]").reset();
    target.hidden = false;
    for (const old of document.querySelectorAll("tr.chosen")) old.classList.remove("chosen");
    target.classList.add("chosen");
    target.tabIndex = -1;
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  }

  const draw = () => {
    const unsure = kind === "difference" ? `within ${dtColours.sure} sigma` : "";
    drawMap(map, data.rows.map(shown), { kind, unsure, onSelect: choose });
  };

  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => {
      kind = button.dataset.kind;
      for (const each of document.querySelectorAll("[data-kind]")) {
        each.setAttribute("aria-pressed", String(each === button));
      }
      draw();
    });
  }
  dtTable.start();
  draw();
})();
