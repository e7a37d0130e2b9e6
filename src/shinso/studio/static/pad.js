// A pad to draw on, by mouse, finger, pen or keyboard: arrows move the cursor, Space lowers and lifts the pen, Delete clears.

const STEP = 10;

export class Pad {
  constructor(canvas, { pen, changed }) {
    this.canvas = canvas;
    this.pen = pen;
    this.changed = changed;
    this.cursor = [canvas.width / 2, canvas.height / 2];
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.strokes = [];
    this.stroke = null;
    canvas.addEventListener("pointerdown", (event) => this.began(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.ended());
    canvas.addEventListener("keydown", (event) => this.pressed(event));
    canvas.addEventListener("blur", () => this.ended());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  get empty() {
    return this.strokes.length === 0;
  }

  clear() {
    this.strokes = [];
    this.stroke = null;
    this.redraw();
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.redraw();
    this.changed();
  }

  // Ink from 0 to 1, row after row.
  ink() {
    const { width, height } = this.canvas;
    const pixels = this.context.getImageData(0, 0, width, height).data;
    return { width, height, ink: Float64Array.from({ length: width * height }, (_, place) => pixels[4 * place + 3] / 255) };
  }

  // A picture instead of strokes: dark ink on light paper, or light on dark, whichever there is less of.
  show(image) {
    this.strokes = [{ image }];
    this.redraw();
    this.changed();
  }

  began(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    if (event.isTrusted) this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.place(event)];
    this.strokes.push(this.stroke);
    this.redraw();
    this.changed();
  }

  moved(event) {
    if (!this.stroke || event.buttons === 0) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.stroke.push(this.place(one));
    this.redraw();
    this.changed();
  }

  ended() {
    if (!this.stroke) return;
    this.stroke = null;
    this.redraw();
  }

  pressed(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (event.key === " ") {
      this.stroke = this.stroke ? null : [[...this.cursor]];
      if (this.stroke) this.strokes.push(this.stroke);
    } else if (move) {
      const limits = [this.canvas.width, this.canvas.height];
      this.cursor = this.cursor.map((at, axis) => Math.min(Math.max(at + STEP * move[axis], 0), limits[axis]));
      this.stroke?.push([...this.cursor]);
    } else return;
    event.preventDefault();
    this.redraw(true);
    if (this.stroke) this.changed();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.canvas.width,
      ((event.clientY - box.top) / box.height) * this.canvas.height,
    ];
  }

  redraw(withCursor = false) {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = this.pen;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      if (stroke.image) {
        context.drawImage(stroke.image, 0, 0, canvas.width, canvas.height);
        continue;
      }
      context.beginPath();
      if (stroke.length === 1) {
        context.fillStyle = context.strokeStyle;
        context.arc(...stroke[0], this.pen / 2, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      context.moveTo(...stroke[0]);
      for (const place of stroke.slice(1)) context.lineTo(...place);
      context.stroke();
    }
    canvas.dataset.cursor = withCursor ? this.cursor.join(" ") : "";
  }
}
