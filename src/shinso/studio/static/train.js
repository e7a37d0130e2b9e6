// The form of a training.

import { ask } from "./server.js";

const form = document.getElementById("training");
const told = document.getElementById("told");
const source = document.getElementById("source");

document.getElementById("upload").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  told.textContent = `Uploading ${file.name} …`;
  try {
    const { source: path } = await ask(`/api/uploads?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
    source.value = path;
    await columns();
  } catch (error) {
    told.textContent = error.message;
  }
  event.target.value = "";
});

source.addEventListener("change", columns);

// What a table's columns are, for the target.
async function columns() {
  const list = document.getElementById("targets");
  list.replaceChildren();
  told.textContent = "";
  if (!/\.(csv|tsv|txt|json|jsonl|xlsx|xls|ods|parquet|sqlite3?|db)$/i.test(source.value)) return;
  told.textContent = "Reading the table …";
  try {
    const reading = await ask(`/api/columns?source=${encodeURIComponent(source.value)}`);
    list.replaceChildren(...reading.columns.map(({ name, kind }) => Object.assign(document.createElement("option"), { value: name, label: kind })));
    told.textContent = `${reading.rows} rows. Columns: ${reading.columns.map(({ name, kind }) => `${name} (${kind})`).join(", ")}.`;
  } catch (error) {
    told.textContent = error.message;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const entries = [...new FormData(form)].filter(([name, value]) => name !== "source" && value !== "");
  const button = document.getElementById("start");
  button.disabled = true;
  told.textContent = "";
  try {
    const { run } = await ask("/api/runs", { method: "POST", body: { source: source.value, settings: Object.fromEntries(entries) } });
    location.assign(`/runs/${encodeURIComponent(run)}`);
  } catch (error) {
    told.textContent = error.message;
    button.disabled = false;
  }
});

const compare = document.getElementById("compare");
compare?.addEventListener("submit", (event) => {
  if (new FormData(compare).getAll("run").length < 2) {
    event.preventDefault();
    told.textContent = "Choose two runs or more to compare.";
  }
});
