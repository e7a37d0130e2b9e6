// A run while it is trained: where it stands, its curves, what can be done; or several runs beside each other.

import { drawChart } from "./chart.js";
import { ask } from "./server.js";

const page = document.getElementById("run-page");
const names = JSON.parse(page.dataset.runs);
const figures = document.getElementById("curves");
const told = document.getElementById("told");
const histories = new Map(names.map((name) => [name, []]));
const COLUMNS = [
  ["loss", "Loss", /^(validation_|training_)?loss$/],
  ["accuracy", "Accuracy", /^(validation_|training_)?accuracy$/],
  ["error", "Squared error", /^(validation_|training_)?(squared_error|absolute_error)$/],
  ["deviance", "Deviance", /^(validation_|training_)?deviance$/],
  ["gradient", "Gradient norm", /^gradient_norm$/],
  ["rate", "Learning rate", /^learning_rate$/],
];
const PROBES = [
  ["speed", "Speed of learning ‖∂C/∂b‖", "bias_gradient_norm/"],
  ["step", "Length of a step ‖Δθ‖ / ‖θ‖", "update_ratio/"],
  ["saturated", "Share of saturated units", "saturated/"],
  ["dead", "Share of dead units", "dead/"],
];

function drawProbes(rows) {
  const place = document.getElementById("probes");
  if (!place || rows.length < 2) return;
  const shown = [];
  for (const [id, title, prefix] of PROBES) {
    const columns = Object.keys(rows[0]).filter((column) => column.startsWith(prefix));
    const series = columns.map((column, k) => ({
      name: `layer ${k + 1}`, kind: "line", x: rows.map((row) => row.epoch), y: rows.map((row) => row[column]),
    })).filter(({ y }) => y.some((value) => value !== null && value > 0));
    if (series.length) shown.push([figureNamed(`probe-${id}`, place), { title, series, log: id === "speed" || id === "step" }]);
  }
  place.parentElement.hidden = !shown.length;
  draw(shown);
}

function figureNamed(id, place) {
  return document.getElementById(id) ?? place.appendChild(Object.assign(document.createElement("figure"), { id }));
}

// All figures are on the page before the first is drawn: each is as wide as there is room beside the others.
function draw(shown) {
  for (const [figure, { title, series, log }] of shown) drawChart(figure, { title, x: "epoch", y: title.toLowerCase(), series, log, whole: true });
}

async function showFindings() {
  const place = document.getElementById("found");
  if (!place || page.dataset.found) return;
  page.dataset.found = "asked";
  const answer = await fetch(`/runs/${encodeURIComponent(names[0])}/findings`);
  if (!answer.ok) return;
  place.innerHTML = await answer.text();
  place.parentElement.hidden = false;
  page.dataset.found = "shown";
  const tone = ["bad", "warning"].find((one) => place.querySelector(`.badge.${one}`));
  if (tone) document.getElementById("badge").className = `badge ${tone}`;
}

function redraw() {
  const known = new Set([...histories.values()].flatMap((rows) => (rows.length ? Object.keys(rows[0]) : [])));
  const shown = [];
  for (const [id, title, pattern] of COLUMNS) {
    const columns = [...known].filter((column) => pattern.test(column));
    if (!columns.length) continue;
    const series = names.flatMap((name) => columns.map((column) => ({
      name: [names.length > 1 ? name : "", column.replaceAll("_", " ")].filter(Boolean).join(": "),
      x: histories.get(name).map((row) => row.epoch),
      y: histories.get(name).map((row) => (Number.isFinite(row[column]) ? row[column] : null)),
      kind: "line",
    }))).filter(({ x }) => x.length);
    const values = series.flatMap(({ y }) => y.filter((value) => value > 0));
    const log = id !== "accuracy" && values.length > 0 && Math.max(...values) > 30 * Math.min(...values);
    shown.push([figureNamed(`curve-${id}`, figures), { title, series, log }]);
  }
  draw(shown);
  document.getElementById("no-curves").hidden = known.size > 0;
}

function follow(name) {
  const events = new EventSource(`/api/runs/${encodeURIComponent(name)}/events`);
  events.onmessage = (event) => {
    const { from, rows, probes, standing } = JSON.parse(event.data);
    histories.set(name, [...histories.get(name).slice(0, from), ...rows]);
    if (rows.length || from === 0) redraw();
    if (document.getElementById("badge")) {
      stand(standing);
      drawProbes(probes ?? []);
      if (["finished", "interrupted"].includes(standing.state)) showFindings();
    }
    if (standing.over) events.close();
  };
}

function stand(standing) {
  const badge = document.getElementById("badge");
  const { text, tone } = WORDS[standing.state] ?? { text: standing.state, tone: "warning" };
  badge.textContent = text;
  badge.className = `badge ${tone}`;
  document.getElementById("sentence").textContent = standing.sentence;
  page.dataset.state = standing.state;
  for (const button of document.querySelectorAll("[data-when]")) button.hidden = !button.dataset.when.split(" ").includes(standing.state);
  const score = document.getElementById("score");
  score.textContent = standing.result;
  const log = document.getElementById("log");
  log.textContent = standing.log;
  log.parentElement.hidden = !standing.log;
}

const WORDS = {
  waiting: { text: "Waiting", tone: "warning" },
  running: { text: "Training", tone: "good" },
  stopping: { text: "Stopping", tone: "warning" },
  finished: { text: "Finished", tone: "good" },
  interrupted: { text: "Interrupted", tone: "warning" },
  unfinished: { text: "Cut short", tone: "warning" },
  failed: { text: "Failed", tone: "bad" },
  new: { text: "Not started", tone: "warning" },
  gone: { text: "Gone", tone: "bad" },
};

for (const button of document.querySelectorAll("[data-does]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.textContent = "";
    try {
      await ask(`/api/runs/${encodeURIComponent(names[0])}/${button.dataset.does}`, { method: "POST" });
      follow(names[0]);
    } catch (error) {
      told.textContent = error.message;
    }
    button.disabled = false;
  });
}

names.forEach(follow);
