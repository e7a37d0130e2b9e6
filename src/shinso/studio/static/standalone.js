// The page of one network: a pad for a digit, or a form for the columns of a table.

import { Bars } from "./bars.js";
import { centredDigit } from "./digit.js";
import { decoded, predictMean } from "./network.js";
import { Pad } from "./pad.js";
import { encoded } from "./table.js";

const network = decoded(JSON.parse(document.getElementById("network").textContent));
const answer = document.getElementById("answer");
const { targets } = network;
const bars = network.shows_bars ? new Bars(document.getElementById("bars"), targets.labels) : null;

function show(input) {
  const mean = input ? predictMean(network, input) : null;
  bars?.show(mean && (targets.classes && mean.length === 1 ? [1 - mean[0], mean[0]] : mean));
  answer.textContent = mean ? inWords(mean) : "–";
}

function inWords(mean) {
  if (targets.classes) {
    const chosen = mean.length === 1 ? Number(mean[0] > 0.5) : mean.indexOf(Math.max(...mean));
    return targets.labels[chosen];
  }
  if (targets.kind === "multilabel") return targets.labels.filter((_, k) => mean[k] > 0.5).join(", ") || "none";
  const values = mean.map((value, k) => (targets.std ? value * targets.std[k] + targets.mean[k] : value));
  return values.map((value, k) => `${values.length > 1 ? `${targets.labels[k]} ` : ""}${Number(value.toPrecision(5))}`).join(", ");
}

const canvas = document.getElementById("pad");
if (canvas) {
  const pad = new Pad(canvas, { pen: network.pen, changed: () => requestAnimationFrame(recognize) });
  const recognize = () => {
    const { ink, width, height } = pad.ink();
    show(centredDigit(ink, width, height, network.input_shape[0]));
  };
  document.getElementById("clear").addEventListener("click", () => pad.clear());
  show(null);
} else {
  const form = document.getElementById("columns");
  const update = () => show(encoded(network.inputs, Object.fromEntries(new FormData(form))));
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
}
