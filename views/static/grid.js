// Grids: walking rows and cells by keys, choosing rows for bulk moves, and editing cells in place.
"use strict";
(() => {
  const { say, element, announce, ask, isoDay, flagOf, sheetOf, remembered, onEach } = window.guicheng;

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
      const hits = scope.querySelector("[data-select-all-hits]");
      if (hits && count < boxes().length) hits.checked = false;
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
    addEventListener("pageshow", show, { once: true });
    show();
    if (boxes().length) table.setAttribute("aria-multiselectable", "true");
  }

  // Rows are walked by up and down, all cells of a row by left and right; a list of records is one stop for Tab.
  function walk(table) {
    const rows = () => [...table.tBodies[0].rows];
    const cellsOf = (row) => [...row.cells].filter((cell) => !cell.classList.contains("pick"));
    function step(row, by, cell) {
      const next = rows()[row.sectionRowIndex + by];
      if (next) (cell ? next.cells[cell.cellIndex] : next).focus();
    }
    function sideways(row, by, cell) {
      const cells = cellsOf(row);
      const at = cell ? cells.indexOf(cell) + by : by > 0 ? 0 : -1;
      (cells[at] || (by < 0 ? row : null))?.focus();
    }
    const firstToEdit = (row) => row.querySelector("[data-inline]");
    function open(cell) {
      if (cell.matches("[data-inline]")) edit(cell);
      else cell.querySelector("a[href], summary, button")?.click();
    }
    const isList = Boolean(table.closest("[data-list]"));
    const isSheet = () => table.classList.contains("as-sheet"); // then sheet.js has the keys
    rows().forEach((row, index) => {
      row.tabIndex = index ? -1 : 0;
      cellsOf(row).forEach((cell) => { cell.tabIndex = -1; });
      if (isList) row.querySelectorAll("a, summary, input").forEach((one) => { one.tabIndex = -1; });
    });
    table.setAttribute("role", "grid");
    table.addEventListener("focusin", (event) => {
      const entered = isSheet() ? null : event.target.closest("tbody tr");
      if (entered) rows().forEach((row) => { row.tabIndex = row === entered ? 0 : -1; });
    });
    table.addEventListener("keydown", (event) => {
      const row = event.target.closest("tbody tr");
      if (!row || isSheet() || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".editing")) return;
      const cell = event.target.closest("td:not(.pick)");
      const isAtRest = event.target === cell || event.target === row;
      const keys = {
        ArrowDown: () => step(row, 1, cell), j: () => step(row, 1, cell),
        ArrowUp: () => step(row, -1, cell), k: () => step(row, -1, cell),
        ArrowRight: () => sideways(row, 1, cell), ArrowLeft: () => sideways(row, -1, cell),
        x: () => row.querySelector("[data-select-row]")?.click(),
        F2: () => { const wanted = cell?.matches("[data-inline]") ? cell : firstToEdit(row); if (wanted) edit(wanted); },
        Enter: isAtRest ? () => (cell ? open(cell) : row.querySelector("a[href]")?.click()) : null,
        Escape: cell ? () => row.focus() : null,
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    table.addEventListener("keydown", (event) => {
      if (isSheet() || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z" || event.target.closest(".editing")) return;
      event.preventDefault();
      takeBack();
    });
    table.addEventListener("dblclick", (event) => {
      const cell = event.target.closest("[data-inline]");
      if (cell && !isSheet() && !event.target.closest("a, button, input, select")) edit(cell);
    });
    table.addEventListener("paste", (event) => {
      const cell = event.target.closest("[data-inline]");
      if (!cell || isSheet() || event.target.closest(".editing")) return;
      event.preventDefault();
      pasteDown(cell, event.clipboardData.getData("text/plain"));
    });
  }

  // Cells copied from a spreadsheet go into this cell, those beside it and those below; the first refusal stops. What has
  // no place, since its column cannot be edited here or its row is on another page, is said before and after.
  async function pasteDown(cell, text) {
    const rows = [...cell.closest("tbody").rows].slice(cell.closest("tr").sectionRowIndex);
    const wanted = sheetOf(text).flatMap((values, at) => values.map((value, by) => ({ value, place: rows[at]?.cells[cell.cellIndex + by] })));
    const fitting = wanted.filter(({ place }) => place?.matches("[data-inline]"));
    const left = wanted.filter(({ value, place }) => value && !place?.matches("[data-inline]")).length;
    if (left && !confirm(say("pasteSome", { n: fitting.length, left }))) return;
    let kept = 0;
    for (const { value, place } of fitting) {
      if (!await edit(place, choiceOf(place, value))()) break;
      kept += 1;
    }
    const missing = left + fitting.length - kept;
    if (missing || fitting.length > 1) tell(missing ? say("pasted", { n: kept, left: missing }) : say("pastedAll", { n: kept }), missing ? "warn" : "good");
  }

  // Above the list, so that it is seen and not only heard.
  function tell(text, tone) {
    document.querySelector("[data-list-fault]")?.replaceChildren(element("div", { className: `notice ${tone}`, textContent: text }));
    announce(text);
  }

  // Cells that stand open. Before their list is drawn anew they are saved, as Tab does; a refusal keeps the list.
  const editors = new Set();
  const openOnes = () => [...editors].filter(({ cell }) => cell.isConnected);
  window.guicheng.settleCells = async () => {
    for (const one of openOnes()) if (!await one.save()) return false;
    return true;
  };
  addEventListener("beforeunload", (event) => {
    if (openOnes().some(({ isChanged }) => isChanged())) event.preventDefault();
  });

  // The values that cells had before, newest last; taking one back is one more change through the same door.
  const before = [];
  async function takeBack() {
    const last = before.pop();
    if (!last?.cell.isConnected) return announce(say("nothingToUndo"));
    const kept = await edit(last.cell, last.value)();
    if (kept) before.pop(); // taking back is not itself taken back
    return kept;
  }

  // What is copied from a list is the label of a choice; what is kept is its key.
  function choiceOf({ dataset }, text) {
    const found = JSON.parse(dataset.choices || "[]").find(([key, label]) => label === text || key === text);
    return found ? found[0] : text;
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

  const isChanged = (control, was) => (control.type === "checkbox" ? control.checked !== /^(true|1)$/i.test(was) : control.value !== was);
  const valueOf = (control) => (control.type === "checkbox" ? String(control.checked) : control.value);
  const button = (textContent, label, onclick) => element("button", { type: "button", className: "btn quiet square", textContent, onclick }, { "aria-label": label });

  // Opens a cell; with a value it is filled in. Returns what saves it.
  function edit(cell, given) {
    if (cell.classList.contains("editing")) return async () => false;
    const shown = [...cell.childNodes];
    const control = controlFor(cell.dataset);
    const heading = cell.closest("table").tHead?.rows[0]?.cells[cell.cellIndex]?.textContent.trim();
    control.setAttribute("aria-label", heading || cell.dataset.name);
    const error = element("span", { className: "cell-error" }, { role: "alert" });
    const close = (content) => {
      editors.forEach((one) => { if (one.cell === cell) editors.delete(one); });
      cell.classList.remove("editing");
      cell.replaceChildren(...content);
      cell.focus();
    };
    const save = () => saveCell({ cell, control, error, shown, close });
    const unfit = async () => {
      if (control.type !== "checkbox") control.value = cell.dataset.value;
      error.textContent = say("notAChoice", { text: given });
      announce(error.textContent);
      return false;
    };
    const editor = element("span", { className: "editor" }, {}, control, button("✓", say("save"), save), button("✗", say("cancel"), () => close(shown)));
    editor.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && event.target === control) { event.preventDefault(); save(); }
      if (event.key === "Escape") { event.preventDefault(); close(shown); }
      if (event.key === "Tab" && event.target === control) { event.preventDefault(); saveAndGoOn(cell, save, event.shiftKey ? -1 : 1); }
    });
    editors.add({ cell, save, isChanged: () => isChanged(control, cell.dataset.value) });
    cell.classList.add("editing");
    cell.classList.remove("saved");
    cell.replaceChildren(editor, error);
    if (given !== undefined && control.type === "checkbox") {
      const flag = given ? flagOf(given) : false;
      if (flag === null) return unfit;
      control.checked = flag;
    }
    else if (given !== undefined) control.value = control.type === "date" ? isoDay(given) : given;
    control.focus();
    control.select?.();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" }); // with its buttons, clear of the columns that stay
    return given && control.type !== "checkbox" && !control.value ? unfit : save;
  }

  async function saveAndGoOn(cell, save, by) {
    const cells = [...cell.closest("tbody").querySelectorAll("[data-inline]")];
    const next = cells[cells.indexOf(cell) + by];
    if (await save() && next) edit(next);
  }

  // True once the value is kept (or was not changed); else the sentence stands in the cell, and what was typed too.
  async function saveCell({ cell, control, error, shown, close }) {
    if (control.disabled) return false;
    const { id, name, version, url, value: was } = cell.dataset;
    const value = valueOf(control);
    if (!isChanged(control, was)) {
      close(shown);
      return true;
    }
    const body = new FormData();
    Object.entries({ id, name, value, version }).forEach(([key, part]) => body.append(key, part));
    control.disabled = true;
    let data = { ok: false, message: say("noAnswer") };
    try { ({ data } = await ask(url, { body })); } catch { /* the sentence above says it */ }
    control.disabled = false;
    if (!data.ok) {
      error.textContent = data.message || say("noAnswer");
      control.setAttribute("aria-invalid", "true");
      control.focus();
      return false;
    }
    const row = cell.closest("tr");
    before.push({ cell, value: was });
    cell.dataset.value = data.value;
    row.querySelectorAll("[data-inline]").forEach((one) => { if (one.dataset.id === id) one.dataset.version = data.version; });
    row.querySelectorAll("[data-select-row]").forEach((box) => { box.value = `${id}:${data.version}`; });
    close([data.text]);
    cell.classList.add("saved");
    announce(say("saved"));
    return true;
  }

  onEach("table.grid", (table) => {
    if (!table.tBodies[0]) return;
    followSelection(table);
    walk(table);
  });

  // From one record to its neighbours in the list that one came from.
  document.addEventListener("keydown", (event) => {
    const way = { "[": "previous", "]": "next" }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey || remembered("shortcuts") === "off") return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    document.querySelector(`[data-walk="${way}"]`)?.click();
  });
})();
