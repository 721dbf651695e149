// Refused rows of an import: what is typed into a cell is sent when the cell is left, one row after the other, and what
// is said of the row then stands beside it. Nothing typed waits for a button.
"use strict";
(() => {
  const { element, ask, announce, onEach } = window.guicheng;
  onEach("form[data-correct]", (form) => {
    let queue = Promise.resolve();
    const show = (row, said) => {
      row.classList.toggle("is-good", said.ok);
      for (const cell of said.cells) {
        const input = row.querySelector(`[name="${cell.name}"]`);
        const why = input?.parentElement.querySelector(".why");
        if (!input) continue;
        input.toggleAttribute("aria-invalid", false);
        if (cell.reasons.length) input.setAttribute("aria-invalid", "true");
        why.textContent = cell.reasons.join(" ");
      }
      const beside = row.querySelector("[data-said]");
      beside.replaceChildren(...[said.words, ...said.reasons].filter(Boolean).map((text) => element("div", { textContent: text })));
      announce([said.words, ...said.reasons, ...said.cells.flatMap((cell) => cell.reasons)].filter(Boolean).join(" "));
    };
    const send = async (row) => {
      const body = new FormData();
      for (const name of ["id", "turn"]) body.append(name, form.elements[name].value);
      for (const input of row.querySelectorAll("input[name^='cell-']")) body.append(input.name, input.value);
      try {
        const { ok, data } = await ask(form.action, { body });
        if (!ok) throw new Error(data.error?.message || "");
        for (const said of data.rows) show(row, said);
        for (const [name, text] of Object.entries(data.counts)) {
          for (const place of document.querySelectorAll(`[data-import-count="${name}"]`)) place.textContent = text;
        }
      } catch (fault) {
        row.querySelector("[data-said]").textContent = fault.message || form.dataset.failed;
        announce(form.dataset.failed);
      }
    };
    form.addEventListener("change", (event) => {
      const row = event.target.closest("tr");
      if (row) queue = queue.then(() => send(row));
    });
    form.addEventListener("keydown", (event) => { // Enter goes down, as in a spreadsheet
      if (event.key !== "Enter" || !event.target.matches("input[name^='cell-']")) return;
      event.preventDefault();
      const column = [...event.target.closest("tr").children].indexOf(event.target.closest("td"));
      const next = event.target.closest("tr").nextElementSibling;
      if (next) next.children[column].querySelector("input")?.focus();
      else event.target.blur();
    });
  });
})();
