// A drawn digit as MNIST's digits are: cut out, scaled to a box, moved so that its centre of mass is the image's centre.
// The same as shinso.data.centred_digit.

export function centredDigit(ink, width, height, size) {
  let top = height, left = width, bottom = -1, right = -1;
  const faint = 0.1 * ink.reduce((most, value) => Math.max(most, value), 0);
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    if (ink[row * width + column] > faint) {
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  }
  if (bottom < 0) return null;
  const [cutHeight, cutWidth] = [bottom - top + 1, right - left + 1];
  const box = boxSide(size);
  const scale = box / Math.max(cutHeight, cutWidth);
  const [rows, columns] = [cutHeight, cutWidth].map((length) => Math.max(1, Math.floor(length * scale + 0.5)));
  const [down, across] = [shares(cutHeight, rows), shares(cutWidth, columns)];
  const small = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) for (const [row, a] of down[r]) for (let c = 0; c < columns; c++) {
    let sum = 0;
    for (const [column, b] of across[c]) sum += b * ink[(top + row) * width + left + column];
    small[r * columns + c] += a * sum;
  }
  const most = small.reduce((largest, value) => Math.max(largest, value), 0);
  let mass = 0, massDown = 0, massAcross = 0;
  small.forEach((value, place) => {
    mass += value;
    massDown += value * Math.floor(place / columns);
    massAcross += value * (place % columns);
  });
  const from = [[massDown, rows], [massAcross, columns]].map(([moment, length]) =>
    Math.min(Math.max(Math.floor(size / 2 - moment / mass + 0.5), 0), size - length));
  const image = new Float64Array(size * size);
  small.forEach((value, place) => {
    image[(from[0] + Math.floor(place / columns)) * size + from[1] + (place % columns)] = value / most;
  });
  return image;
}

function boxSide(size) {
  return size >= 20 ? Math.floor((size * 20) / 28 + 0.5) : size;
}

// Which share of each of `before` pixels falls into each of `after` equal parts of the same line, their mean.
function shares(before, after) {
  return Array.from({ length: after }, (_, part) => {
    const [start, end] = [(part * before) / after, ((part + 1) * before) / after];
    const found = [];
    for (let place = Math.floor(start); place < Math.min(Math.ceil(end), before); place++) {
      const overlap = Math.min(end, place + 1) - Math.max(start, place);
      if (overlap > 1e-9) found.push([place, overlap / (end - start)]);
    }
    return found;
  });
}
