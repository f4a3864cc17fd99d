"use strict";
(() => {
  const cells = [...document.querySelectorAll("button.cell")];
  const places = new Map(cells.map((cell, n) => [cell.id, n]));

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  // One hour: its figures beside the calendar. Texts are only ever set as text.
  function show(cell) {
    const { labels, hours } = JSON.parse(document.getElementById("figures").textContent);
    const list = document.createElement("dl");
    hours[cell.id].forEach((text, n) => {
      if (text) list.append(element("dt", labels[n]), element("dd", text));
    });
    document.getElementById("hour").replaceChildren(element("h3", `${cell.id} UTC`), list);
    for (const other of document.querySelectorAll('.cell[aria-pressed="true"]')) other.setAttribute("aria-pressed", "false");
    cell.setAttribute("aria-pressed", "true");
    reach(cell);
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    history.replaceState(null, "", `#${cell.id}`);
  }

  // Tab stops at one hour only; the arrow keys go on from there.
  function reach(cell) {
    for (const other of cells) other.tabIndex = -1;
    cell.tabIndex = 0;
  }

  function move(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -24, ArrowDown: 24 }[event.key];
    const next = step && cells[places.get(event.target.id) + step];
    if (!next) return;
    event.preventDefault();
    reach(next);
    next.focus();
  }

  function open() {
    const cell = cells[places.get(location.hash.slice(1))];
    if (cell) show(cell);
  }

  for (const cell of cells) {
    cell.addEventListener("click", () => show(cell));
    cell.addEventListener("keydown", move);
    cell.setAttribute("aria-pressed", "false");
  }
  if (cells.length) reach(cells[0]);
  window.addEventListener("hashchange", open);
  open();

  // Numbers: the greatest first; texts from a to z. A second click turns it. What is not known stays last.
  function sort(head) {
    const rows = [...head.closest("table").tBodies[0].rows];
    const cell = (row) => row.cells[head.cellIndex];
    const numeric = rows.some((row) => "n" in cell(row).dataset);
    const first = numeric ? "descending" : "ascending";
    const other = numeric ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const one of head.parentElement.cells) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const key = (row) => (numeric ? parseFloat(cell(row).dataset.n) : cell(row).textContent);
    const unknown = (value) => Number.isNaN(value);
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (unknown(x) || unknown(y)) return unknown(x) - unknown(y);
      return x === y ? 0 : x < y ? -sign : sign;
    });
    head.closest("table").tBodies[0].append(...rows);
  }

  for (const button of document.querySelectorAll(".sortable th button")) {
    button.addEventListener("click", () => sort(button.closest("th")));
  }
})();
