// Columns of a table to the vector a network reads, as shinso.data encodes them; a value left empty is missing.

export function encoded(inputs, values) {
  return Float64Array.from(inputs.columns.flatMap((column) => ENCODERS[column.type](column, values[column.name] ?? "")));
}

const ENCODERS = {
  number: (column, text) => {
    const missing = text === "";
    const value = drawnIn(missing ? column.median : Number(text), column.low, column.high);
    const scaled = (value - column.mean) / column.std;
    return column.indicator ? [scaled, missing ? 1 : 0] : [scaled];
  },
  category: (column, text) => {
    const place = column.categories.indexOf(text);
    const missing = text === "";
    const unknown = place < 0 && !missing;
    const shares = (unknown && !column.rare.length) || (missing && !column.missing);
    const features = shares ? [...column.shares] : column.categories.map((_, k) => (k === place ? 1 : 0));
    if (column.rare.length) features.push(unknown ? 1 : 0);
    if (column.missing) features.push(missing ? 1 : 0);
    return features;
  },
  date: (column, text) => {
    const parts = dateParts(text);
    const features = column.numbers.map((number) => {
      const part = parts?.[number.name.slice(column.name.length + 1)];
      return (drawnIn(part ?? number.median, number.low, number.high) - number.mean) / number.std;
    });
    for (const cycle of column.cycles) {
      const angle = (2 * Math.PI * (parts?.[cycle] ?? 0)) / PERIODS[cycle];
      features.push(...(parts ? [Math.sin(angle), Math.cos(angle)] : [0, 0]));
    }
    if (column.indicator) features.push(parts ? 0 : 1);
    return features;
  },
  constant: () => [],
};

const PERIODS = { month: 12, weekday: 7, hour: 24 };

function dateParts(text) {
  if (text === "") return null;
  const time = /^\d\d:\d\d/.test(text);
  const moment = new Date(`${time ? `1970-01-01T${text}` : text.length > 10 ? text : `${text}T00:00`}Z`);
  const hour = moment.getUTCHours() + moment.getUTCMinutes() / 60;
  if (time) return { hour };
  return {
    trend: moment.getTime() / 86_400_000,
    year: moment.getUTCFullYear(),
    month: moment.getUTCMonth(),
    weekday: (moment.getUTCDay() + 6) % 7,
    hour,
  };
}

// Values outside of those of training, drawn in smoothly.
function drawnIn(value, low, high) {
  const edge = Math.min(Math.max(value, low), high);
  const width = high - low;
  return width > 0 && value !== edge ? edge + width * Math.tanh((value - edge) / width) : edge;
}
