"use strict";
// The page of `dtperf explore`: cuts go to the server, what it measures comes back.
(() => {
  const { html, percent } = dtParts;
  const DEBOUNCE_MS = 120;
  const $ = (id) => document.getElementById(id);
  const setup = JSON.parse($("setup").textContent); // {sliders, before: a first measurement}
  const values = new Map(), cuts = [];
  let shown = setup.before, timer = 0, isBusy = false, isWaiting = false;

  // only what differs from the config: it keeps values that no slider could stand at
  function moved() {
    const changed = cuts.filter(({ slider }) => values.get(slider.key) !== slider.value);
    return Object.fromEntries(changed.map(({ slider }) => [slider.key, values.get(slider.key)]));
  }

  function describe(slider) {
    return `${slider.label}${slider.unit ? ` [${slider.unit}]` : ""}`;
  }

  function input(type, slider, id) {
    const field = html("input");
    const limits = { min: slider.low, max: slider.high, step: slider.step };
    const typed = { step: slider.is_whole ? 1 : "any" };
    Object.assign(field, { type, id }, type === "range" ? limits : typed);
    return field;
  }

  function addCut(fieldset, slider, number) {
    const row = html("div", "cut"), label = html("label", "", describe(slider));
    const range = input("range", slider, `cut-${number}`);
    const typed = input("number", slider, `typed-${number}`);
    label.htmlFor = range.id;
    typed.setAttribute("aria-label", `${describe(slider)}, exact value`);
    row.append(label, range, typed, html("span", "soft", slider.unit));
    const cut = { slider, row, range, typed, check: null };
    range.addEventListener("input", () => set(cut, Number(range.value)));
    typed.addEventListener("input", () => {
      if (typed.value !== "" && Number.isFinite(typed.valueAsNumber)) set(cut, typed.valueAsNumber, true);
    });
    typed.addEventListener("change", () => show(cut));
    if (slider.without) addWithout(cut, number);
    fieldset.append(row);
    cuts.push(cut);
  }

  function addWithout(cut, number) {
    cut.check = Object.assign(html("input"), { type: "checkbox", id: `without-${number}` });
    const label = html("label", "without");
    label.append(cut.check, ` no such cut: ${cut.slider.without}`);
    cut.row.append(label);
    cut.check.addEventListener("change", () => {
      set(cut, cut.check.checked ? null : Number(cut.range.value));
    });
  }

  function show({ slider, row, range, typed, check }, isTyping = false) {
    const value = values.get(slider.key), isMade = value !== null;
    range.value = isMade ? value : slider.start;
    if (!isTyping) typed.value = isMade ? String(value) : "";
    range.disabled = typed.disabled = !isMade;
    if (check) check.checked = !isMade;
    range.setAttribute("aria-valuetext", isMade ? `${value} ${slider.unit}`.trim() : slider.without);
    row.classList.toggle("moved", value !== slider.value);
  }

  function set(cut, value, isTyping = false) {
    values.set(cut.slider.key, value);
    show(cut, isTyping);
    $("measured").classList.add("stale");
    clearTimeout(timer);
    timer = setTimeout(measure, DEBOUNCE_MS);
  }

  // one request at a time; what is moved meanwhile goes with the next one, the newest alone
  async function measure() {
    if (isBusy) {
      isWaiting = true;
      return;
    }
    isBusy = true;
    $("state").textContent = "measuring …";
    try {
      const body = JSON.stringify(moved());
      const answer = await fetch("measure", { method: "POST", body, cache: "no-store" });
      take(await answer.json());
    } catch {
      $("problem").textContent = "The server does not answer: does `dtperf explore` still run?";
      $("state").textContent = "";
    }
    isBusy = false;
    if (isWaiting) {
      isWaiting = false;
      measure();
    }
  }

  function take(found) {
    $("problem").textContent = found.problem || "";
    if (found.problem) {
      $("state").textContent = "nothing measured with these cuts; below is what was before";
      return;
    }
    shown = found;
    draw();
    if (!isWaiting) $("measured").classList.remove("stale");
  }

  function drawTable(stations) {
    const kinds = ["fiducial", "acceptance"];
    const columns = kinds.flatMap((kind) => [kind, `${kind}_counts`, `${kind}_change`]);
    const body = $("stations").tBodies[0];
    for (const row of stations) {
      let line = [...body.rows].find((each) => each.dataset.name === row.name);
      if (!line) {
        line = body.insertRow();
        line.dataset.name = row.name;
        line.append(Object.assign(html("th", "", row.name), { scope: "row" }));
        for (const column of columns) line.insertCell().className = `number ${column}`;
      }
      columns.forEach((column, at) => {
        const cell = line.cells[at + 1];
        if (cell.textContent !== row[column]) cell.textContent = row[column];
      });
    }
  }

  function differences() {
    const before = new Map(setup.before.chambers.map((row) => [row.name, row]));
    return shown.chambers.map((row) => {
      const then = before.get(row.name).value, isBoth = row.value !== null && then !== null;
      const value = isBoth ? row.value - then : null;
      return { ...row, value, note: `${percentOf(row.value)}, with the config’s cuts ${percentOf(then)}` };
    });
  }

  const percentOf = (value) => (value === null ? "no probes" : percent(value));

  function drawChambers() {
    const kind = $("kind").querySelector(":checked").value;
    drawMap($("map"), kind === "difference" ? differences() : shown.chambers, { kind });
  }

  function draw() {
    drawTable(shown.stations);
    drawCurve($("curve"), shown.curves, setup.before.curves);
    drawChambers();
    $("command").textContent = shown.command;
    $("state").textContent = `${shown.took}: ${shown.found}`;
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText($("command").textContent);
      $("copied").textContent = "copied";
    } catch {
      getSelection().selectAllChildren($("command"));
      $("copied").textContent = "selected: copy with the keyboard";
    }
  }

  function reset() {
    for (const cut of cuts) set(cut, cut.slider.value);
  }

  function start() {
    const groups = new Map();
    setup.sliders.forEach((slider, number) => {
      if (!groups.has(slider.group)) {
        const fieldset = html("fieldset");
        fieldset.append(html("legend", "", slider.group));
        $("sliders").append(fieldset);
        groups.set(slider.group, fieldset);
      }
      values.set(slider.key, slider.value);
      addCut(groups.get(slider.group), slider, number);
      show(cuts[cuts.length - 1]);
    });
    $("cuts").addEventListener("reset", (event) => {
      event.preventDefault();
      reset();
    });
    $("cuts").addEventListener("submit", (event) => event.preventDefault());
    $("kind").addEventListener("change", drawChambers);
    $("copy").addEventListener("click", copy);
    draw();
  }

  start();
})();
