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

// How large a figure is shown is decided by the style, for screens and paper, from its own size.
const draw = async (box) => {
  const spec = JSON.parse(document.getElementById(box.dataset.spec).textContent);
  const actions = { export: true, source: false, compiled: false, editor: false };
  const options = { renderer: "svg", actions, downloadFileName: box.dataset.name };
  await vegaEmbed(box, spec, options);
  const { width, height } = box.querySelector("svg.marks").viewBox.baseVal;
  const figure = box.closest("figure");
  figure.style.setProperty("--wide", `${width}px`);
  figure.style.setProperty("--ratio", width / height);
};

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("a[download]").forEach(saveAsBlob);
Promise.all([...document.querySelectorAll(".chart")].map(draw)).then(() => {
  document.documentElement.dataset.drawn = "true";
});
