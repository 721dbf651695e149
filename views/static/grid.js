// Grids: walking rows by keys, choosing rows for bulk moves, and editing one cell in place.
"use strict";
(() => {
  const { say, element, announce, ask, onEach } = window.guicheng;

  function followSelection(table) {
    const scope = table.closest("[data-grid-scope], form") || document;
    const boxes = () => [...table.querySelectorAll("[data-select-row]")];
    const all = table.querySelector("[data-select-all]");
    let last = null;
    function show() {
      const count = boxes().filter((box) => box.checked).length;
      boxes().forEach((box) => {
        const row = box.closest("tr");
        row.classList.toggle("selected", box.checked);
        row.setAttribute("aria-selected", String(box.checked));
      });
      if (all) {
        all.checked = count > 0 && count === boxes().length;
        all.indeterminate = count > 0 && !all.checked;
      }
      scope.querySelectorAll("[data-selected-count]").forEach((place) => { place.textContent = count; });
      scope.querySelectorAll("[data-bulk]").forEach((bar) => { bar.hidden = !count; });
    }
    table.addEventListener("click", (event) => {
      const box = event.target.closest("[data-select-row]");
      if (!box) return;
      if (event.shiftKey && last?.isConnected) {
        const list = boxes();
        const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
        list.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
      }
      last = box;
      show();
    });
    table.addEventListener("change", show);
    all?.addEventListener("click", () => {
      boxes().forEach((box) => { box.checked = all.checked; });
      show();
    });
    addEventListener("pageshow", show);
    show();
    if (boxes().length) table.setAttribute("aria-multiselectable", "true");
  }

  function walk(table) {
    const rows = () => [...table.tBodies[0].rows];
    const cellsOf = (row) => [...row.querySelectorAll("[data-inline]")];
    function step(row, by, cell) {
      const next = rows()[row.sectionRowIndex + by];
      if (!next) return;
      const twin = cell && cellsOf(next).find((one) => one.dataset.name === cell.dataset.name);
      (twin || next).focus();
    }
    function sideways(row, by, cell) {
      const cells = cellsOf(row);
      const at = cell ? cells.indexOf(cell) + by : by > 0 ? 0 : -1;
      (cells[at] || (by < 0 ? row : null))?.focus();
    }
    rows().forEach((row, index) => {
      row.tabIndex = index ? -1 : 0;
      cellsOf(row).forEach((cell) => { cell.tabIndex = -1; });
    });
    table.setAttribute("role", "grid");
    table.addEventListener("focusin", (event) => {
      const entered = event.target.closest("tbody tr");
      if (entered) rows().forEach((row) => { row.tabIndex = row === entered ? 0 : -1; });
    });
    table.addEventListener("keydown", (event) => {
      const row = event.target.closest("tbody tr");
      if (!row || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".editing")) return;
      const cell = event.target.closest("[data-inline]");
      const keys = {
        ArrowDown: () => step(row, 1, cell), j: () => step(row, 1, cell),
        ArrowUp: () => step(row, -1, cell), k: () => step(row, -1, cell),
        ArrowRight: () => sideways(row, 1, cell), ArrowLeft: () => sideways(row, -1, cell),
        x: () => row.querySelector("[data-select-row]")?.click(),
        F2: () => (cell ? edit(cell) : sideways(row, 1, null)),
        Enter: event.target === cell ? () => edit(cell) : event.target === row ? () => row.querySelector("a[href]")?.click() : null,
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    table.addEventListener("dblclick", (event) => {
      const cell = event.target.closest("[data-inline]");
      if (cell && !event.target.closest("a, button, input, select")) edit(cell);
    });
  }

  function controlFor({ kind, value, choices }) {
    if (kind === "choice") {
      const options = JSON.parse(choices || "[]").map(([key, label]) => new Option(label, key, false, String(key) === value));
      return element("select", {}, {}, ...options);
    }
    if (kind === "bool") return element("input", { type: "checkbox", checked: /^(true|1)$/i.test(value) });
    if (kind === "number") return element("input", { className: "number", inputMode: "decimal", value });
    return element("input", { type: kind === "date" ? "date" : "text", value });
  }

  const valueOf = (control) => (control.type === "checkbox" ? String(control.checked) : control.value);
  const button = (textContent, label, onclick) => element("button", { type: "button", className: "btn quiet square", textContent, onclick }, { "aria-label": label });

  function edit(cell) {
    if (cell.classList.contains("editing")) return;
    const shown = [...cell.childNodes];
    const control = controlFor(cell.dataset);
    const heading = cell.closest("table").tHead?.rows[0]?.cells[cell.cellIndex]?.textContent.trim();
    control.setAttribute("aria-label", heading || cell.dataset.name);
    const error = element("span", { className: "cell-error" }, { role: "alert" });
    const close = (content) => {
      cell.classList.remove("editing");
      cell.replaceChildren(...content);
      cell.focus();
    };
    const save = () => saveCell({ cell, control, error, shown, close });
    const editor = element("span", { className: "editor" }, {}, control, button("✓", say("save"), save), button("✗", say("cancel"), () => close(shown)));
    editor.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && event.target === control) { event.preventDefault(); save(); }
      if (event.key === "Escape") { event.preventDefault(); close(shown); }
      event.stopPropagation();
    });
    cell.classList.add("editing");
    cell.classList.remove("saved");
    cell.replaceChildren(editor, error);
    control.focus();
    control.select?.();
  }

  async function saveCell({ cell, control, error, shown, close }) {
    if (control.disabled) return;
    const { id, name, version, url, value: before } = cell.dataset;
    const value = valueOf(control);
    if (value === before) return close(shown);
    const body = new FormData();
    Object.entries({ id, name, value, version }).forEach(([key, part]) => body.append(key, part));
    control.disabled = true;
    let data = { ok: false, message: say("noAnswer") };
    try { ({ data } = await ask(url, { body })); } catch { /* the sentence above says it */ }
    control.disabled = false;
    if (!data.ok) {
      error.textContent = data.message || say("noAnswer");
      control.setAttribute("aria-invalid", "true");
      return control.focus();
    }
    cell.dataset.value = data.value;
    cell.closest("tr").querySelectorAll("[data-inline]").forEach((one) => { if (one.dataset.id === id) one.dataset.version = data.version; });
    const made = document.createElement("template");
    made.innerHTML = data.html; // escaped by the server, as on the page; the CSP runs nothing in it
    close([...made.content.childNodes]);
    cell.classList.add("saved");
    return announce(say("saved"));
  }

  onEach("table.grid", (table) => {
    if (!table.tBodies[0]) return;
    followSelection(table);
    walk(table);
  });
})();
