// The sliders, and the table, curve and map that follow them: one module for notebooks (anywidget) and
// for the page of `dtperf explore` (page.js), after map.js and curve.js. The model that it is given holds
//   setup   what stays: {title, loaded, is_whole, sliders, before, lost, saved}, see session.py;
//   cuts    what differs from the config, by key;
//   answer  what was measured, with which cuts; or a problem.
const { html, percent } = dtParts;
const PATIENCE_MS = 8000;
const SETTLED_MS = 1000;
const COLUMNS = ["fiducial", "acceptance"].flatMap((kind) => [kind, `${kind}_counts`, `${kind}_change`]);
const FRAME = `
<form class="dt-cuts" aria-label="Cuts">
  <div class="dt-groups"></div>
  <button type="reset">back to the config’s cuts</button>
</form>
<div class="dt-numbers">
  <p class="dt-loaded dt-soft"></p>
  <p class="dt-state dt-soft" role="status"></p>
  <p class="dt-problem" role="alert"></p>
  <div class="dt-measured dt-scroll">
    <table class="dt-table">
      <caption>Efficiency in %, with Clopper–Pearson intervals of one standard deviation. Change: from the config’s
        cuts, in points of %; both have probes in common.</caption>
      <thead>
        <tr><th scope="col" rowspan="2">station</th><th scope="colgroup" colspan="3">fiducial</th>
          <th scope="colgroup" colspan="3">× acceptance</th></tr>
        <tr>${"<th scope='col'>%</th><th scope='col'>passed / total</th><th scope='col'>change</th>".repeat(2)}</tr>
      </thead>
      <tbody></tbody>
    </table>
  </div>
  <p class="dt-heading dt-about" role="heading" aria-level="2"></p>
  <label class="dt-choose">curve <select></select></label>
  <div class="dt-curve dt-measured"></div>
</div>
<div class="dt-chambers">
  <p class="dt-heading" role="heading" aria-level="2">Fiducial efficiency of the chambers</p>
  <div class="dt-kinds" role="group" aria-label="What the map shows">
    <button type="button" data-kind="efficiency">efficiency</button>
    <button type="button" data-kind="difference">change from the config’s cuts</button>
  </div>
  <div class="dt-drawing dt-measured"></div>
</div>
<div class="dt-commands">
  <p class="dt-heading" role="heading" aria-level="2"></p>
</div>`;

const describe = (slider) => `${slider.label}${slider.unit ? ` [${slider.unit}]` : ""}`;
const percentOf = (value) => (value === null ? "no probes" : percent(value));

function isSame(one, other) {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

// a cut: its label, a slider, a field for exact values, and a box where it need not be made
function makeCut(slider, onMove) {
  const row = html("div", "dt-cut"), label = html("label", "dt-bar"), typing = html("span", "dt-typing");
  const range = Object.assign(html("input"), { type: "range", min: slider.low, max: slider.high, step: slider.step });
  const typed = Object.assign(html("input"), { type: "number", step: slider.is_whole ? 1 : "any" });
  const check = slider.without ? Object.assign(html("input"), { type: "checkbox" }) : null;
  typed.setAttribute("aria-label", `${describe(slider)}, exact value`);
  label.append(html("span", "dt-label", describe(slider)), range);
  typing.append(typed, html("span", "dt-soft", slider.unit));
  row.append(label, typing);
  const cut = { slider, row, value: slider.value };
  cut.show = (value, isTyping = false) => {
    const isMade = value !== null;
    cut.value = value;
    range.value = isMade ? value : slider.start;
    if (!isTyping) typed.value = isMade ? String(value) : "";
    range.disabled = typed.disabled = !isMade;
    if (check) check.checked = !isMade;
    range.setAttribute("aria-valuetext", isMade ? `${value} ${slider.unit}`.trim() : slider.without);
    row.classList.toggle("dt-moved", value !== slider.value);
  };
  const move = (value, isTyping) => {
    cut.show(value, isTyping);
    onMove();
  };
  range.addEventListener("input", () => move(Number(range.value)));
  typed.addEventListener("input", () => {
    if (typed.value !== "" && Number.isFinite(typed.valueAsNumber)) move(typed.valueAsNumber, true);
  });
  typed.addEventListener("change", () => cut.show(cut.value));
  if (check) {
    const without = html("label", "dt-without");
    without.append(check, html("span", "", `no such cut: ${slider.without}`));
    check.addEventListener("change", () => move(check.checked ? null : Number(range.value)));
    row.append(without);
  }
  cut.show(slider.value);
  return cut;
}

function fillTable(table, stations) {
  const body = table.tBodies[0];
  while (body.rows.length < stations.length) {
    const line = body.insertRow();
    line.append(Object.assign(html("th"), { scope: "row" }));
    for (const column of COLUMNS) line.insertCell().className = column;
  }
  stations.forEach((row, number) => {
    [row.name, ...COLUMNS.map((column) => row[column])].forEach((text, at) => {
      const cell = body.rows[number].cells[at];
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}

function differences(now, before) {
  const then = new Map(before.map((row) => [row.name, row.value]));
  return now.map((row) => {
    const old = then.get(row.name), isBoth = row.value !== null && old !== null;
    const note = `${percentOf(row.value)}, with the config’s cuts ${percentOf(old)}`;
    return { ...row, value: isBoth ? row.value - old : null, note };
  });
}

function addCommand(container, name) {
  const pre = Object.assign(html("pre"), { tabIndex: 0 }), button = html("button", "", "copy");
  const line = html("p", "dt-soft", `${name} `), copied = html("span", "dt-soft");
  pre.setAttribute("aria-label", name);
  copied.setAttribute("role", "status");
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      copied.textContent = " copied";
    } catch {
      getSelection().selectAllChildren(pre);
      copied.textContent = " selected: copy with the keyboard";
    }
  });
  line.append(button, copied);
  container.append(line, pre);
  return pre;
}

function render({ model, el }) {
  const setup = model.get("setup"), root = html("div", "dt-explore"), layout = html("div", "dt-layout");
  layout.innerHTML = FRAME; // nothing in it comes from elsewhere
  root.append(layout);
  const part = (name) => layout.querySelector(`.${name}`);
  let shown = setup.before, kind = "efficiency", about = setup.choices[0], frame = 0, patience = 0, settled = 0;

  const cuts = setup.sliders.map((slider) => makeCut(slider, schedule));
  // only what differs from the config: it keeps values that no slider could stand at
  const moved = () =>
    Object.fromEntries(cuts.filter((c) => c.value !== c.slider.value).map((c) => [c.slider.key, c.value]));

  // as often as the screen is drawn; the model keeps the newest until what it has sent is answered
  function schedule() {
    if (!frame) frame = requestAnimationFrame(send);
  }

  function send() {
    frame = 0;
    const now = moved();
    if (isSame(now, model.get("cuts"))) return;
    model.set("cuts", now);
    model.save_changes();
    watch();
  }

  function watch() {
    clearTimeout(patience);
    clearTimeout(settled);
    const isStale = !isSame(model.get("cuts"), model.get("answer").cuts);
    root.classList.toggle("dt-stale", isStale);
    const wait = () => tell(`No answer for ${PATIENCE_MS / 1000} s: busy, or gone?`);
    if (isStale) patience = setTimeout(wait, PATIENCE_MS);
    else if (setup.saved) settled = setTimeout(() => model.send({ settled: true }), SETTLED_MS);
  }

  const tell = (text) => {
    part("dt-problem").textContent = text;
  };

  function take() {
    const answer = model.get("answer");
    tell(answer.problem || "");
    if (answer.problem) part("dt-state").textContent = "nothing measured with these cuts; this was before:";
    else draw(answer);
    watch();
  }

  function draw(answer) {
    shown = answer;
    fillTable(part("dt-table"), shown.stations);
    drawChosen();
    drawChambers();
    python.textContent = shown.python;
    shell.textContent = shown.command;
    part("dt-state").textContent = `${shown.took}: ${shown.found}`;
  }

  function drawChosen() {
    part("dt-about").textContent = about.title;
    drawCurve(part("dt-curve"), shown.curves[about.name], setup.before.curves[about.name], about);
  }

  function drawChambers() {
    const rows = kind === "difference" ? differences(shown.chambers, setup.before.chambers) : shown.chambers;
    for (const button of part("dt-kinds").children) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    }
    drawMap(part("dt-drawing"), rows, { kind });
  }

  // by another view of the same model, or by Python
  function follow() {
    const now = model.get("cuts");
    if (isSame(now, moved())) return;
    for (const cut of cuts) cut.show(cut.slider.key in now ? now[cut.slider.key] : cut.slider.value);
    watch();
  }

  function lost() {
    clearTimeout(patience);
    tell(setup.lost);
  }

  const groups = new Map();
  for (const cut of cuts) {
    const name = cut.slider.group;
    if (!groups.has(name)) {
      groups.set(name, html("fieldset"));
      groups.get(name).append(html("legend", "", name));
    }
    groups.get(name).append(cut.row);
  }
  part("dt-groups").append(...groups.values());
  part("dt-loaded").textContent = setup.loaded;
  part("dt-cuts").addEventListener("submit", (event) => event.preventDefault());
  part("dt-cuts").addEventListener("reset", (event) => {
    event.preventDefault();
    for (const cut of cuts) cut.show(cut.slider.value);
    schedule();
  });
  const choose = part("dt-choose").querySelector("select");
  choose.append(...setup.choices.map(({ name, title }) => new Option(title, name)));
  part("dt-choose").hidden = setup.choices.length < 2;
  choose.addEventListener("change", () => {
    about = setup.choices[choose.selectedIndex];
    drawChosen();
  });
  part("dt-kinds").addEventListener("click", (event) => {
    kind = event.target.dataset.kind || kind;
    drawChambers();
  });
  const commands = part("dt-commands");
  commands.firstElementChild.textContent = `The same as a run${setup.is_whole ? "" : ", but of all events"}`;
  const python = addCommand(commands, "In Python");
  const shell = addCommand(commands, "In a shell");
  // the saved picture stands for this view where no kernel runs; see saved.py
  if (setup.saved) root.prepend(html("style", "", `#${setup.saved} { display: none; }`));
  const listeners = { "change:answer": take, "change:cuts": follow, comm_live_update: lost };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  draw(setup.before);
  follow();
  if (!isSame(model.get("answer").cuts, {})) take();
  // else JupyterLab takes their arrow keys and Enter for the notebook: it asks the element itself first
  for (const each of root.querySelectorAll("input, select, button, pre")) each.dataset.lmSuppressShortcuts = "true";
  el.append(root);
  return () => {
    clearTimeout(patience);
    clearTimeout(settled);
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default { render };
