// Requests to the studio: what it refuses comes as a sentence.

export async function ask(path, { method = "GET", body = null, signal = undefined } = {}) {
  const raw = body instanceof Blob;
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: body && !raw ? { "content-type": "application/json" } : {},
      body: body && !raw ? JSON.stringify(body) : body,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer; is it still running?");
  }
  const text = await response.text();
  let found = null;
  try { found = JSON.parse(text); } catch { found = null; }
  if (!response.ok) throw new Error(typeof found?.detail === "string" ? found.detail : text.slice(0, 300) || `The studio answered ${response.status}.`);
  return found;
}

// Bytes in base64, without running out of arguments.
export function base64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}

// The latest request only: while one is under way others wait, and of those that wait the last is sent.
export function latest(work) {
  let busy = false, waiting = null;
  return async function run(...asked) {
    if (busy) { waiting = asked; return; }
    busy = true;
    try { await work(...asked); } finally {
      busy = false;
      if (waiting) { const next = waiting; waiting = null; run(...next); }
    }
  };
}
