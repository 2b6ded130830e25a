// Sort and filter the routes; open on paper what is closed. Everything is on the page without this file; text is only
// ever set as text.
(() => {
  "use strict";
  // Browsers without `::details-content` (Firefox before 143) print what is closed as closed.
  const closed = [];
  addEventListener("beforeprint", () => {
    closed.push(...document.querySelectorAll("details:not([open])"));
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed.splice(0)) one.open = false;
  });

  const table = document.getElementById("route-table");
  if (!table) return;
  const body = table.tBodies[0];
  const headers = [...table.querySelectorAll("th[data-sort]")];
  const number = (row, key) => (row.dataset[key] === "" ? -Infinity : Number(row.dataset[key]));

  const sort = (header) => {
    const key = header.dataset.sort;
    const down = header.getAttribute("aria-sort") !== "descending";
    for (const other of headers) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) => number(a, key) - number(b, key));
    body.append(...(down ? rows.reverse() : rows));
  };

  for (const header of headers) {
    if (!header.hasAttribute("aria-sort")) header.setAttribute("aria-sort", "none");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.setAttribute("aria-label", "Sort by " + header.textContent.trim());
    button.addEventListener("click", () => sort(header));
    header.append(" ", button);
  }

  const filter = document.querySelector(".filter");
  if (!filter) return;
  filter.hidden = false;
  filter.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    const on = pressed.getAttribute("aria-pressed") !== "true";
    for (const button of filter.querySelectorAll("button")) button.setAttribute("aria-pressed", String(on && button === pressed));
    for (const row of document.querySelectorAll("#routes tr[data-v]")) row.hidden = on && row.dataset.v !== pressed.dataset.v;
    const rest = document.querySelector("#routes .rest");
    if (rest) rest.open = on;
  });
})();
