// Probabilities as a list of bars, which is made once and then only changed.

export class Bars {
  constructor(list, labels) {
    this.rows = labels.map((label) => {
      const row = document.createElement("li");
      const [name, bar, value] = ["span", "meter", "span"].map((tag) => row.appendChild(document.createElement(tag)));
      name.textContent = label;
      name.className = "bar-label";
      value.className = "bar-value";
      bar.min = 0;
      bar.max = 1;
      bar.setAttribute("aria-label", `probability of ${label}`);
      list.append(row);
      return { row, bar, value };
    });
  }

  show(probabilities) {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    this.rows.forEach(({ row, bar, value }, k) => {
      bar.value = probabilities ? probabilities[k] : 0;
      value.textContent = probabilities ? percent(probabilities[k]) : "";
      row.classList.toggle("best", k === best);
    });
  }
}

// Never "100 %" for less than all, nor "0 %" for more than none.
export function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1\u00a0%";
  if (share < 1 && share > 0.999) return "> 99.9\u00a0%";
  return `${(100 * share).toFixed(share === 0 || share === 1 ? 0 : 1)}\u00a0%`;
}
