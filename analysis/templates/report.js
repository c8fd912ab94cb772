"use strict";

// Headers of tables become buttons, by which their rows are sorted.
const valueOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
};

const compare = (a, b) => {
  const numbers = [Number(a), Number(b)];
  return numbers.some(Number.isNaN) ? a.localeCompare(b, "en", { numeric: true }) : numbers[0] - numbers[1];
};

const sortRows = (body, column, sign) => {
  const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
  const known = rows.filter(([value]) => value !== "");
  const unknown = rows.filter(([value]) => value === "");
  known.sort(([a], [b]) => sign * compare(a, b));
  body.append(...[...known, ...unknown].map(([, row]) => row));
};

const makeSortable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const rises = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", rises ? "ascending" : "descending");
      for (const body of table.tBodies) sortRows(body, column, rises ? 1 : -1);
    });
  });
};

// A file larger than browsers take as an address is saved all the same.
const saveAsBlob = (link) => {
  link.addEventListener("click", () => {
    if (!link.href.startsWith("data:")) return;
    const [head, text] = link.href.split(/,(.*)/s);
    const blob = new Blob([decodeURIComponent(text)], { type: head.slice("data:".length) });
    link.href = URL.createObjectURL(blob);
  });
};

// A figure is as large on paper as in the papers, and larger on a screen.
const SCREEN_SCALE = 1.6;

const draw = async (box) => {
  const spec = JSON.parse(document.getElementById(box.dataset.spec).textContent);
  const actions = { export: true, source: false, compiled: false, editor: false };
  const options = { renderer: "svg", actions, downloadFileName: box.dataset.name };
  await vegaEmbed(box, spec, options);
  const svg = box.querySelector("svg.marks");
  svg.style.width = `${SCREEN_SCALE * svg.viewBox.baseVal.width}px`;
};

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("a[download]").forEach(saveAsBlob);
Promise.all([...document.querySelectorAll(".chart")].map(draw)).then(() => {
  document.documentElement.dataset.drawn = "true";
});
