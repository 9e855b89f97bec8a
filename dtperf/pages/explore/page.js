// A model for explore.js over HTTP: what is set goes to the server, what it measures comes back.
import explore from "./explore.js";

const state = JSON.parse(document.getElementById("state").textContent);
const listeners = new Map();
let isBusy = false, isWaiting = false;

const tell = (event) => (listeners.get(event) || []).forEach((listener) => listener());

// one request at a time; what is set meanwhile goes with the next one, the newest alone
async function measure() {
  if (isBusy) {
    isWaiting = true;
    return;
  }
  isBusy = true;
  const cuts = state.cuts;
  try {
    const found = await fetch("measure", { method: "POST", body: JSON.stringify(cuts), cache: "no-store" });
    state.answer = { ...(await found.json()), cuts };
    tell("change:answer");
  } catch {
    tell("comm_live_update");
  }
  isBusy = false;
  if (isWaiting) {
    isWaiting = false;
    measure();
  }
}

const model = {
  get: (name) => state[name],
  set: (name, value) => Object.assign(state, { [name]: value }),
  save_changes: measure,
  on: (event, listener) => listeners.set(event, [...(listeners.get(event) || []), listener]),
};
explore.render({ model, el: document.querySelector("main") });
