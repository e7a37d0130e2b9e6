// A network in prediction: elementary operations on one example, [H, W, C] in row-major order.

export function decoded(network) {
  const arrays = {};
  for (const [name, { shape, base64 }] of Object.entries(network.arrays)) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    arrays[name] = { shape, values: new Float32Array(bytes.buffer) };
  }
  return { ...network, arrays };
}

// E[target | x]: probabilities, rates or numbers, the mean over the members of an ensemble.
export function predictMean(network, input) {
  const mean = MEANS[network.mean];
  const members = network.members.map((operations) => mean(outputs(network, operations, input)));
  return members[0].map((_, k) => members.reduce((sum, one) => sum + one[k], 0) / members.length);
}

export function outputs(network, operations, input) {
  let x = Float64Array.from(input);
  let shape = network.input_shape;
  for (const operation of operations) {
    [x, shape] = OPERATIONS[operation.operation](x, shape, operation, network.arrays);
  }
  return Array.from(x);
}

const MEANS = {
  identity: (a) => a,
  exp: (a) => a.map(Math.exp),
  sigmoid: (a) => a.map(sigmoid),
  softmax: (a) => {
    const largest = Math.max(...a);
    const powers = a.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, value) => total + value, 0);
    return powers.map((value) => value / sum);
  },
};

const OPERATIONS = {
  dense: (x, shape, { weight, bias }, arrays) => {
    const [inputs, units] = arrays[weight].shape;
    const w = arrays[weight].values;
    const z = Float64Array.from(arrays[bias].values);
    for (let i = 0; i < inputs; i++) {
      if (x[i] !== 0) for (let j = 0; j < units; j++) z[j] += x[i] * w[i * units + j];
    }
    return [z, [units]];
  },
  convolution: (x, shape, { weight, stride, pads, groups }, arrays) => {
    [x, shape] = padded(x, shape, pads);
    const [height, width, channels] = shape;
    const [kh, kw, inputs, outputs] = arrays[weight].shape;
    const w = arrays[weight].values;
    const rows = Math.floor((height - kh) / stride[0]) + 1;
    const columns = Math.floor((width - kw) / stride[1]) + 1;
    const z = new Float64Array(rows * columns * outputs);
    const share = outputs / groups;
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
      const out = (row * columns + column) * outputs;
      for (let a = 0; a < kh; a++) for (let b = 0; b < kw; b++) {
        const from = ((row * stride[0] + a) * width + column * stride[1] + b) * channels;
        for (let g = 0; g < groups; g++) for (let i = 0; i < inputs; i++) {
          const value = x[from + g * inputs + i];
          if (value === 0) continue;
          const at = ((a * kw + b) * inputs + i) * outputs;
          for (let j = g * share; j < (g + 1) * share; j++) z[out + j] += value * w[at + j];
        }
      }
    }
    return [z, [rows, columns, outputs]];
  },
  add: (x, shape, { bias }, arrays) => {
    const b = arrays[bias].values;
    return [x.map((value, i) => value + b[i % b.length]), shape];
  },
  scale: (x, shape, { factor, shift }, arrays) => {
    const [f, s] = [arrays[factor].values, arrays[shift].values];
    return [x.map((value, i) => value * f[i % f.length] + s[i % s.length]), shape];
  },
  pool: (x, shape, { kind, size, stride }) => {
    const [height, width, channels] = shape;
    const rows = Math.floor((height - size[0]) / stride[0]) + 1;
    const columns = Math.floor((width - size[1]) / stride[1]) + 1;
    const z = new Float64Array(rows * columns * channels);
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) for (let c = 0; c < channels; c++) {
      let largest = -Infinity, sum = 0, squares = 0;
      for (let a = 0; a < size[0]; a++) for (let b = 0; b < size[1]; b++) {
        const value = x[((row * stride[0] + a) * width + column * stride[1] + b) * channels + c];
        largest = Math.max(largest, value);
        sum += value;
        squares += value * value;
      }
      z[(row * columns + column) * channels + c] =
        { max: largest, mean: sum / (size[0] * size[1]), l2: Math.sqrt(squares) }[kind];
    }
    return [z, [rows, columns, channels]];
  },
  pad: (x, shape, { pads }) => padded(x, shape, pads),
  flatten: (x) => [x, [x.length]],
  activation: (x, shape, { name, arguments: numbers }) => [x.map((value) => ACTIVATIONS[name](value, numbers)), shape],
  maxout: (x, shape, { pieces }) => {
    const features = shape[shape.length - 1];
    const units = features / pieces;
    const z = new Float64Array(x.length / pieces).fill(-Infinity);
    x.forEach((value, i) => {
      const at = Math.floor(i / features) * units + (i % units);
      z[at] = Math.max(z[at], value);
    });
    return [z, [...shape.slice(0, -1), units]];
  },
  layer_norm: (x, shape, { scale, bias, epsilon }, arrays) => {
    const [g, b] = [arrays[scale].values, arrays[bias].values];
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const factor = 1 / Math.sqrt(variance + epsilon);
    return [x.map((value, i) => (value - mean) * factor * g[i % g.length] + b[i % b.length]), shape];
  },
};

const ACTIVATIONS = {
  identity: (x) => x,
  sigmoid,
  tanh: Math.tanh,
  gaussian_cdf: (x) => 0.5 * erfc(-x * Math.SQRT1_2),
  erf: (x) => 1 - erfc(x),
  relu: (x) => Math.max(0, x),
  elu: (x, { alpha = 1 }) => (x > 0 ? x : alpha * Math.expm1(x)),
  step: (x) => (x > 0 ? 1 : 0),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  gelu: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
  silu: (x) => x * sigmoid(x),
};

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// 1 − erf: the Taylor series where it converges fast, else Laplace's continued fraction.
function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x > 27) return 0;
  if (x < 2.5) {
    let term = x, sum = x;
    for (let n = 1; n < 60; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

function padded(x, [height, width, channels], [[top, bottom], [left, right]]) {
  const shape = [height + top + bottom, width + left + right, channels];
  if (shape[0] === height && shape[1] === width) return [x, shape];
  const z = new Float64Array(shape[0] * shape[1] * channels);
  for (let row = 0; row < height; row++) {
    z.set(x.subarray(row * width * channels, (row + 1) * width * channels), ((row + top) * shape[1] + left) * channels);
  }
  return [z, shape];
}
