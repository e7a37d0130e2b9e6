// The page to draw on.

import { Bars, percent } from "./bars.js";
import { dataUrl } from "./chart.js";
import { Pad } from "./pad.js";
import { ask, base64, latest } from "./server.js";

const page = document.getElementById("draw");
const find = (id) => document.getElementById(id);
const [answer, doubt, told, strip] = ["answer", "doubt", "told", "strip"].map(find);

if (page) {
  const { run, labels, pen } = JSON.parse(page.dataset.reader);
  const string = page.dataset.mode === "string";
  const bars = string ? null : new Bars(find("bars"), labels);
  const canvas = find("pad");
  const recognize = latest(async () => {
    if (pad.empty) return show(null);
    const { ink, width, height } = pad.ink();
    const bytes = Uint8Array.from(ink, (value) => Math.round(255 * value));
    if (!bytes.some((value) => value > 0)) return show(null);
    try {
      show(await ask(string ? "/api/read" : "/api/recognize", { method: "POST", body: { run, width, height, ink: base64(bytes) } }));
    } catch (error) {
      show(null);
      told.textContent = error.message;
    }
  });
  const pad = new Pad(canvas, { pen: pen * canvas.height, changed: recognize });

  function show(found) {
    told.textContent = "";
    if (string) return showString(found);
    bars?.show(found?.probabilities ?? null);
    answer.textContent = found ? labels[found.probabilities.indexOf(Math.max(...found.probabilities))] : "–";
    find("seen").hidden = !found;
    if (found) find("seen-image").src = dataUrl(found.image);
    doubt.textContent = found?.doubt ? inDoubt(found.doubt) : "";
    answer.dataset.count = Number(answer.dataset.count ?? 0) + 1;
  }

  function showString(found) {
    answer.textContent = found ? found.digits.map((digit) => digit.label).join("") : "–";
    strip.replaceChildren(...(found?.digits ?? []).map((digit) => {
      const item = document.createElement("li");
      const image = item.appendChild(document.createElement("img"));
      image.src = dataUrl(digit.image);
      image.alt = `segment read as ${digit.label}`;
      item.appendChild(document.createElement("span")).textContent = `${digit.label}, ${percent(digit.probability)}`;
      return item;
    }));
    answer.dataset.count = Number(answer.dataset.count ?? 0) + 1;
  }

  function inDoubt({ probabilities, deviations, entropy, most }) {
    const best = probabilities.indexOf(Math.max(...probabilities));
    const share = entropy / most;
    const word = share < 0.05 ? "hardly any doubt" : share < 0.25 ? "some doubt" : share < 0.6 ? "much doubt" : "it does not know";
    return `The posterior: ${labels[best]} with ${percent(probabilities[best])} ± ${(100 * deviations[best]).toFixed(1)}\u00a0%; ${word} (entropy ${entropy.toFixed(2)} of ${most.toFixed(2)} nats).`;
  }

  find("clear").addEventListener("click", () => { pad.clear(); canvas.focus(); });
  find("undo").addEventListener("click", () => pad.undo());
  find("picture").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    if (file.size > 20e6) { told.textContent = "A picture of at most 20 MB, please."; return; }
    try { pad.show(await inkOf(file, canvas.width, canvas.height)); } catch { told.textContent = `${file.name} cannot be read as a picture.`; }
    event.target.value = "";
  });
  find("run").addEventListener("change", (event) => event.target.form.requestSubmit());
  show(null);
}

document.getElementById("demo")?.addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    await ask("/api/demo", { method: "POST" });
    location.reload();
  } catch (error) {
    told.textContent = error.message;
    event.target.disabled = false;
  }
});

// A photograph or a scan as ink: grey, paper taken away, dark on light or light on dark.
async function inkOf(file, width, height) {
  const source = await createImageBitmap(file);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const scale = Math.min(width / source.width, height / source.height);
  const [w, h] = [source.width * scale, source.height * scale];
  context.drawImage(source, (width - w) / 2, (height - h) / 2, w, h);
  const image = context.getImageData(0, 0, width, height);
  const inside = (place) => image.data[4 * place + 3] > 127;
  const grey = Float64Array.from({ length: width * height }, (_, k) => 0.299 * image.data[4 * k] + 0.587 * image.data[4 * k + 1] + 0.114 * image.data[4 * k + 2]);
  const known = Array.from(grey.filter((_, k) => inside(k))).sort((a, b) => a - b);
  const [low, middle, high] = [0.01, 0.5, 0.99].map((share) => known[Math.floor(share * (known.length - 1))] ?? 0);
  const dark = middle - low > high - middle;
  const reach = Math.max(dark ? middle - low : high - middle, 1);
  grey.forEach((value, k) => {
    const ink = inside(k) ? Math.min(Math.max(((dark ? middle - value : value - middle) / reach - 0.35) / 0.5, 0), 1) : 0;
    image.data.set([128, 128, 128, Math.round(255 * ink)], 4 * k);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
