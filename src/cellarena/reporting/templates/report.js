"use strict";
// Undefined values stay at the end in both directions.
function compare(a, b, direction) {
  const [x, y] = [a.dataset.sort, b.dataset.sort];
  if (x !== undefined && y !== undefined) return direction * (Number(x) - Number(y));
  if (x !== undefined) return -1;
  if (y !== undefined) return 1;
  return direction * a.textContent.localeCompare(b.textContent, undefined, { numeric: true });
}

function sort(table, column) {
  const heading = table.tHead.rows[0].cells[column];
  const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => compare(a.cells[column], b.cells[column], direction));
  table.tBodies[0].append(...rows);
}

function addSorting(table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, column));
    heading.append(button);
  });
}

// Every word must stand somewhere in the row.
function filter(table, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies[0].rows];
  for (const row of rows) {
    const content = [...row.cells].map((cell) => cell.textContent.toLowerCase()).join(" ");
    row.hidden = !words.every((word) => content.includes(word));
  }
  return `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
}

function addFilter(table) {
  const [line, label, input, count] = ["p", "label", "input", "output"].map((name) => document.createElement(name));
  line.className = "filter";
  input.type = "search";
  label.append("Filter rows: ", input);
  input.addEventListener("input", () => { count.textContent = filter(table, input.value); });
  line.append(label, count);
  table.parentElement.before(line);
}

for (const table of document.querySelectorAll("table")) addSorting(table);
for (const table of document.querySelectorAll("table.searchable")) addFilter(table);

// A link into a folded section unfolds it.
addEventListener("hashchange", () => {
  const part = document.getElementById(location.hash.slice(1));
  if (part instanceof HTMLDetailsElement) part.open = true;
});
