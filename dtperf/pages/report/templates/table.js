// Tables whose heads sort, and the form that filters their rows.
const dtTable = (() => {
  // empty values stay last, whichever way one sorts
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const numbers = [Number(a), Number(b)];
    if (numbers.every((number) => !Number.isNaN(number))) return sign * (numbers[0] - numbers[1]);
    return sign * a.localeCompare(b, "en", { numeric: true });
  }

  function sort(table, head) {
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    const heads = [...head.parentNode.children], column = heads.indexOf(head);
    for (const each of heads) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const value = (row) => row.children[column].dataset.value;
    const body = table.tBodies[0], sign = isUp ? 1 : -1;
    body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b), sign)));
  }

  function filter(table, form) {
    const { text, station, wheel, flagged } = form.elements;
    const sought = text.value.trim().toLowerCase().replace("−", "-");
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const { name, station: itsStation, wheel: itsWheel } = row.dataset;
      const fits = [
        name.toLowerCase().includes(sought),
        !station.value || station.value === itsStation,
        !wheel.value || wheel.value === itsWheel,
        !flagged || !flagged.checked || "flagged" in row.dataset,
      ];
      row.hidden = !fits.every(Boolean);
    }
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${rows.length} chambers`;
  }

  function start() {
    for (const table of document.querySelectorAll("table.sortable")) {
      for (const head of table.tHead.rows[0].children) {
        head.querySelector("button").addEventListener("click", () => sort(table, head));
      }
    }
    for (const form of document.querySelectorAll("form[data-filters]")) {
      const table = document.getElementById(form.dataset.filters);
      form.addEventListener("input", () => filter(table, form));
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("reset", () => setTimeout(() => filter(table, form)));
      filter(table, form); // a browser keeps what was typed when it loads the page again
    }
  }

  return { start };
})();
