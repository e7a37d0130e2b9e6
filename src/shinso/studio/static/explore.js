// A page to play on: what is moved is sent to the library, and what it computes is drawn.

import { dataUrl, drawChart, plain } from "./chart.js";
import { ask, latest } from "./server.js";

const form = document.getElementById("controls");
const [charts, pictures, facts, note, told] = ["charts", "pictures", "facts", "note", "told"].map((id) => document.getElementById(id));

const compute = latest(async () => {
  const query = new URLSearchParams(new FormData(form));
  const slow = setTimeout(() => { told.textContent = "The library computes …"; }, 400);
  try {
    show(await ask(`/api/explore/${form.dataset.name}?${query}`));
    told.textContent = "";
  } catch (error) {
    told.textContent = error.message;
  } finally {
    clearTimeout(slow);
    if (told.textContent.endsWith("…")) told.textContent = "";
  }
});

function show(figure) {
  (figure.charts ?? []).forEach((chart, k) => {
    const place = charts.children[k] ?? charts.appendChild(document.createElement("figure"));
    drawChart(place, chart, { dragged });
  });
  pictures.replaceChildren(...(figure.pictures ?? []).map((picture) => {
    const item = document.createElement("li");
    const image = item.appendChild(document.createElement("img"));
    image.src = dataUrl(picture);
    image.alt = ""; // the words below say what it shows
    item.appendChild(document.createElement("span")).textContent = picture.title;
    return item;
  }));
  facts.replaceChildren(...(figure.numbers ?? []).map(([name, value]) => {
    const row = document.createElement("tr");
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    head.textContent = name;
    row.appendChild(document.createElement("td")).textContent = value;
    return row;
  }));
  note.textContent = figure.note ?? "";
  form.dataset.shown = Number(form.dataset.shown ?? 0) + 1;
}

function dragged(values) {
  for (const [name, value] of Object.entries(values)) {
    const slider = form.elements[name];
    slider.value = Math.min(Math.max(value, Number(slider.min)), Number(slider.max));
    label(slider);
  }
  compute();
}

function label(control) {
  const output = document.getElementById(`${control.id}-value`);
  if (output) output.textContent = plain(Number(control.value));
}

form.addEventListener("input", (event) => { label(event.target); compute(); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { for (const control of form.elements) label(control); compute(); }));
compute();
