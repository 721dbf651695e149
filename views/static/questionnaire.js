// Shows a list of questions as cards with what each kind needs, and lets them be dragged; the table works without.
"use strict";
(() => {
  const CHOICES = ["single", "multiple", "ranking", "matrix"];
  const PLAIN = ["section", "note"];
  const USED = {
    code: (kind) => !PLAIN.includes(kind),
    options: (kind) => CHOICES.includes(kind),
    rows: (kind) => kind === "matrix",
    other: (kind) => ["single", "multiple"].includes(kind),
    required: (kind) => !PLAIN.includes(kind),
    least: (kind) => ["number", "multiple", "ranking"].includes(kind),
    most: (kind) => ["number", "multiple", "ranking"].includes(kind),
    points: (kind) => ["rating", "promoter"].includes(kind),
    divides: (kind) => ["single", "rating", "promoter"].includes(kind),
  };
  const table = document.querySelector("[data-builder] table[data-lines]");
  if (!table) return;
  const body = table.tBodies[0];
  const labels = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim().replace(/\s*[（(][^（(]*[)）]$/, "")); // how it is typed is no part of its name here
  const columnOf = (cell) => [...cell.querySelectorAll("[name]")].at(-1)?.name.split("-").at(-1) || "";
  const inputOf = (row, column) => row.querySelector(`[name$="-${column}"]`);
  const isFilled = (input) => (input.type === "checkbox" ? input.checked : input.value.trim() !== "");

  function codes() {
    return new Set([...body.rows].map((row) => inputOf(row, "code")?.value.trim()).filter(Boolean));
  }

  // A question that takes answers gets the next free code, which may be changed.
  function name(row) {
    const [kind, code] = [inputOf(row, "kind"), inputOf(row, "code")];
    if (!code || code.value.trim() || !kind.value || PLAIN.includes(kind.value)) return;
    const taken = codes();
    let number = 1;
    while (taken.has(`q${number}`)) number += 1;
    code.value = `q${number}`;
  }

  function fit(row) {
    const kind = inputOf(row, "kind")?.value || "";
    for (const cell of row.querySelectorAll("td[data-column]")) {
      const isUsed = USED[cell.dataset.column];
      const input = inputOf(row, cell.dataset.column);
      cell.hidden = Boolean(isUsed && kind && !isUsed(kind) && input && !isFilled(input));
    }
  }

  function draw(row) {
    [...row.cells].forEach((cell, at) => {
      const column = cell.matches("td:not(.line-actions)") ? columnOf(cell) : "";
      if (column) { cell.dataset.column = column; cell.dataset.label = labels[at]; }
    });
    row.querySelector("[data-line-number]").draggable = true;
    fit(row);
  }

  let dragged = null;
  body.addEventListener("dragstart", (event) => {
    const handle = event.target.closest?.("[data-line-number]");
    if (!handle) return;
    dragged = handle.closest("tr");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(dragged, 0, 0);
  });
  body.addEventListener("dragover", (event) => {
    const row = event.target.closest("tr");
    if (!dragged || !row) return;
    event.preventDefault();
    if (row === dragged) return;
    const middle = row.getBoundingClientRect().top + row.offsetHeight / 2;
    if (event.clientY < middle) row.before(dragged); else row.after(dragged);
  });
  body.addEventListener("dragend", () => {
    if (dragged) dragged.dispatchEvent(new CustomEvent("line-moved", { bubbles: true }));
    dragged = null;
  });
  body.addEventListener("change", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    if (event.target.name?.endsWith("-kind")) name(row);
    fit(row);
  });
  new MutationObserver((changes) => {
    for (const change of changes) {
      change.addedNodes.forEach((node) => {
        if (!node.matches?.("tr")) return;
        draw(node);
        const [code, kind] = [inputOf(node, "code"), inputOf(node, "kind")];
        if (document.activeElement === code && !code.value) kind?.focus(); // its code is given by itself
      });
    }
  }).observe(body, { childList: true });
  table.classList.add("cards");
  [...body.rows].forEach(draw);
})();
