// The two controls a browser lacks: the reference picker (a combobox) and the table of embedded lines.
"use strict";
(() => {
  const { say, element, announce, ask, isoDay, flagOf, sheetOf, later, enhance, onEach } = window.guicheng;
  const pickers = new WeakMap();
  const take = (event) => { event.preventDefault(); event.stopPropagation(); };
  const tellChanged = (place) => place.dispatchEvent(new Event("change", { bubbles: true }));
  let made = 0;
  let opened = null;
  for (const type of ["scroll", "resize"]) addEventListener(type, () => opened?.place(), true);

  class Picker {
    constructor(box) {
      this.box = box;
      this.text = box.querySelector(".picker-text");
      this.isMany = "multiple" in box.dataset;
      this.hidden = this.isMany ? null : box.querySelector("input[type='hidden']");
      this.shown = box.querySelector("[data-shown]"); // posted beside the text: where they differ, the text counts
      this.label = this.isMany ? "" : this.shown?.value ?? this.text.value;
      this.options = [];
      this.active = -1;
      this.turn = 0;
      this.build();
      this.listen();
      if (this.isTyped) this.doubt();
    }
    build() {
      this.text.id ||= `picker-${(made += 1)}`;
      const label = this.text.labels[0]?.textContent.trim() || this.text.getAttribute("aria-label") || this.text.placeholder;
      this.list = element("ul", { id: `${this.text.id}-list`, hidden: true }, { role: "listbox", "aria-label": label });
      this.status = element("p", { className: "picker-status" }, { role: "status" });
      this.popup = element("div", { className: "picker-popup", hidden: true }, {}, this.list, this.status);
      if (this.popup.showPopover) this.popup.popover = "manual";
      this.box.append(this.popup);
      const facts = { role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": this.list.id };
      for (const [name, value] of Object.entries(facts)) this.text.setAttribute(name, value);
    }
    listen() {
      const search = later(150, () => this.search());
      this.text.addEventListener("input", (event) => {
        this.picksFirst = false;
        this.forgive();
        this.turn += 1; // an answer to what was typed before is no longer wanted
        this.pending = true;
        if (!this.text.value && !this.isMany) this.commit({ id: "", label: "" });
        if (!event.isComposing) search();
      });
      this.text.addEventListener("compositionend", search);
      this.text.addEventListener("click", () => { if (!this.isOpen) this.search(); });
      this.text.addEventListener("keydown", (event) => this.key(event));
      for (const type of ["blur", "commit"]) this.text.addEventListener(type, () => this.leave());
      this.popup.addEventListener("pointerdown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role='option']");
        if (option) this.choose([...this.list.children].indexOf(option));
      });
      this.box.addEventListener("click", (event) => {
        if (event.target.closest("[data-chip-remove]")) this.removeChip(event.target.closest(".chip"));
      });
    }
    get isOpen() { return !this.popup.hidden; }
    get isTyped() { return this.text.value !== this.label; }
    async fetch(query) {
      const url = new URL(this.box.dataset.url, location.href);
      url.searchParams.set("query", query);
      const { ok, data } = await ask(url);
      if (ok) return data;
      throw new Error("refused");
    }
    async search() {
      const mine = (this.turn += 1);
      this.pending = true;
      const query = this.isTyped ? this.text.value.trim() : "";
      let answer = { results: [] };
      let failed = false;
      try { answer = await this.fetch(query); } catch { failed = true; }
      if (mine !== this.turn) return;
      this.pending = false;
      if (document.activeElement !== this.text) return;
      this.show(answer, failed, query);
      if (this.picksFirst && this.options.length) this.choose(0);
    }
    show({ results, more }, failed, query) {
      this.options = results;
      this.list.replaceChildren(...results.map((result, index) => {
        const parts = [element("span", { textContent: result.label })];
        if (result.note) parts.push(element("span", { className: "note", textContent: result.note }));
        const isChosen = !this.isMany && result.id === this.hidden.value;
        return element("li", { id: `${this.list.id}-${index}` }, { role: "option", "aria-selected": String(isChosen) }, ...parts);
      }));
      this.list.hidden = !results.length;
      this.status.textContent = failed ? say("noAnswer") : !results.length ? say("noMatch") : more ? say("moreMatches") : say("matches", { n: results.length });
      this.open();
      this.activate(query && results.length ? 0 : -1);
      this.hasMoved = false;
    }
    open() {
      this.popup.hidden = false;
      if (opened !== this) this.popup.showPopover?.();
      opened = this;
      this.text.setAttribute("aria-expanded", String(this.options.length > 0));
      this.place();
    }
    close() {
      this.turn += 1;
      if (!this.isOpen) return;
      this.popup.hidePopover?.();
      this.popup.hidden = true;
      this.text.setAttribute("aria-expanded", "false");
      this.text.removeAttribute("aria-activedescendant");
      opened = null;
    }
    place() {
      const field = this.text.getBoundingClientRect();
      const { style } = this.popup;
      const room = innerHeight - field.bottom;
      const isAbove = room < 200 && field.top > room;
      style.minWidth = `${field.width}px`;
      style.left = `${Math.max(4, Math.min(field.left, innerWidth - this.popup.offsetWidth - 4))}px`;
      style.top = isAbove ? "auto" : `${field.bottom + 3}px`;
      style.bottom = isAbove ? `${innerHeight - field.top + 3}px` : "auto";
      style.maxHeight = `${Math.min(266, (isAbove ? field.top : room) - 8)}px`;
    }
    activate(index) {
      this.list.children[this.active]?.classList.remove("active");
      this.active = index;
      const option = this.list.children[index];
      if (!option) return this.text.removeAttribute("aria-activedescendant");
      option.classList.add("active");
      option.scrollIntoView({ block: "nearest" });
      this.text.setAttribute("aria-activedescendant", option.id);
    }
    key(event) {
      const { key } = event;
      if (key === "ArrowDown" || key === "ArrowUp") this.arrow(event, key === "ArrowDown" ? 1 : -1);
      else if (key === "Enter" && !event.ctrlKey && !event.metaKey) this.enter(event);
      else if (key === "Escape") this.escape(event);
      else if (key === "Tab" && this.isOpen && this.active >= 0 && (this.hasMoved || this.options.length === 1)) this.choose(this.active);
      else if (key === "Backspace" && this.isMany && !this.text.value) this.removeChip([...this.box.querySelectorAll(".chip")].pop());
    }
    arrow(event, step) {
      take(event);
      if (!this.isOpen) return void this.search();
      const count = this.options.length;
      const from = this.active < 0 && step < 0 ? 0 : this.active;
      if (count) this.activate((from + step + count) % count);
      this.hasMoved = true;
    }
    enter(event) {
      const isWaiting = this.isTyped && this.pending;
      if (!this.isOpen && !isWaiting) return;
      take(event);
      if (isWaiting) this.picksFirst = true; // typed faster than the answer
      else if (this.active >= 0) this.choose(this.active);
      else this.close();
    }
    escape(event) {
      if (!this.isOpen && !this.isTyped) return;
      take(event);
      if (!this.isOpen) this.text.value = this.label;
      this.close();
    }
    leave() {
      this.close();
      this.pending = this.picksFirst = false;
      if (!this.isTyped || this.text.hasAttribute("data-unmatched")) return;
      if (this.text.name) this.match(this.text.value.trim()); else this.text.value = this.label;
    }
    choose(index) {
      this.picksFirst = false;
      this.commit(this.options[index]);
      this.close();
    }
    forgive() {
      this.text.removeAttribute("data-unmatched");
      this.text.setAttribute("aria-invalid", "false");
      this.text.setCustomValidity("");
    }
    commit({ id, label }) {
      this.forgive();
      if (this.isMany) return this.addChip({ id, label });
      this.label = this.text.value = label;
      if (this.shown) this.shown.value = label;
      if (this.hidden.value === id) return;
      this.hidden.value = id;
      tellChanged(this.hidden);
    }
    addChip({ id, label }) {
      this.text.value = "";
      if (!id || [...this.box.querySelectorAll("input[type='hidden']")].some((input) => input.value === id)) return;
      const button = element("button", { type: "button", textContent: "×" }, { "data-chip-remove": "", "aria-label": say("removeNamed", { label }) });
      const value = element("input", { type: "hidden", name: this.box.dataset.name, value: id });
      this.text.before(element("span", { className: "chip" }, {}, label, value, button));
      announce(label);
      tellChanged(value);
    }
    removeChip(chip) {
      if (!chip) return;
      chip.remove();
      this.text.focus();
      tellChanged(this.text);
    }
    // A text that names no record is kept: it goes to the server with the form, and into the draft.
    doubt() {
      this.text.dataset.unmatched = "";
      this.text.setAttribute("aria-invalid", "true");
      this.text.setCustomValidity(say("unmatched", { text: this.text.value }));
    }
    // For text that was pasted or left: takes the one record that carries this label or number, else says so and keeps the text.
    async match(text) {
      if (!this.isMany) this.commit({ id: "", label: "" });
      if (!text) return;
      this.text.value = text;
      this.text.dataset.unmatched = "";
      let found = [];
      try { found = (await this.fetch(text)).results; } catch { /* said below, like no match */ }
      const exact = found.filter(({ label, note }) => label === text || note === text || label.split(/\s+/).includes(text));
      const [only] = exact.length === 1 ? exact : found.length === 1 ? found : [];
      if (this.text.value !== text) return; // somebody typed on, or chose, before the answer came
      if (only) return this.commit(only);
      this.doubt();
      tellChanged(this.text);
      announce(say("unmatched", { text }));
    }
  }

  onEach("[data-picker]", (box) => { if (!pickers.has(box)) pickers.set(box, new Picker(box)); });

  const NUMBERED = ["name", "id", "for", "aria-describedby", "aria-labelledby", "aria-controls", "data-computed", "data-errors", "data-name"];
  const CELLS = "input:not([type='hidden'], [type='file'], [readonly], [disabled], [data-part]), select:not([disabled], [data-part]), textarea:not([readonly], [disabled], [data-part])";
  function enter(control, text) {
    const box = control.closest("[data-picker]");
    const value = text.trim();
    if (box) return pickers.get(box)?.match(value);
    if (control.type === "checkbox") {
      const flag = value ? flagOf(value) : false;
      if (flag === null) return announce(say("notAChoice", { text: value }));
      control.checked = flag;
    } else if (control.tagName === "SELECT") {
      const option = [...control.options].find((one) => one.value === value || one.text.trim() === value);
      if (!option) return value && announce(say("notAChoice", { text: value }));
      control.value = option.value;
    } else if (control.type !== "date") control.value = value;
    else {
      if (value && !isoDay(value)) return announce(say("noDay", { text: value }));
      control.value = isoDay(value);
    }
    return tellChanged(control);
  }

  document.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain").trim() || "";
    if (event.defaultPrevented || !event.target.matches?.("input[type='date']") || !text) return;
    event.preventDefault();
    enter(event.target, text);
  });

  // Seen and heard, so that nobody takes a part of a paste for all of it.
  function tellLeft(table, n) {
    const text = say("pasteLeft", { n });
    table.parentElement.querySelector("[data-paste-left]")?.remove();
    table.before(element("p", { className: "notice warn", textContent: text }, { "data-paste-left": "", role: "status" }));
    announce(text);
  }

  // A list that is a grid: Enter goes to the same field of the next row, Ctrl and an arrow key to the next cell.
  onEach("table[data-whole]", (table) => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const inputs = (cell) => [...cell.querySelectorAll('input:not([type="hidden"]), select, textarea')];
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td");
      const step = event.key === "Enter" ? [1, 0] : event.ctrlKey ? steps[event.key] : null;
      if (!cell || !step || event.isComposing || event.target.matches("textarea, button")) return;
      const row = table.tBodies[0].rows[cell.parentElement.sectionRowIndex + step[0]];
      const next = row?.cells[cell.cellIndex + step[1]];
      event.preventDefault();
      if (next?.matches("td")) inputs(next)[inputs(cell).indexOf(event.target)]?.focus();
    });
  });

  onEach("table[data-lines]", (table) => {
    const prefix = table.dataset.lines;
    const body = table.tBodies[0];
    const limit = Number(table.dataset.max || 200);
    const adder = `[data-line-add="${CSS.escape(prefix)}"]`;
    const template = document.querySelector(`template[data-lines-template="${CSS.escape(prefix)}"]`);
    const pattern = new RegExp(`(^|\\s)${prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}-(?:\\d+|__index__)-`, "g");
    const cellsOf = (row) => [...row.querySelectorAll(CELLS)];
    const enterRow = (row) => row && cellsOf(row)[0]?.focus();
    function renumber() {
      [...body.rows].forEach((row, index) => {
        for (const name of NUMBERED) {
          row.querySelectorAll(`[${name}]`).forEach((part) => part.setAttribute(name, part.getAttribute(name).replace(pattern, `$1${prefix}-${index}-`)));
        }
        row.querySelectorAll("[data-line-number]").forEach((place) => { place.textContent = index + 1; });
      });
    }
    function settle(sentence, n) {
      renumber();
      announce(say(sentence, { n }));
      tellChanged(table);
    }
    function add() {
      if (body.rows.length >= limit) return void announce(say("linesLimit", { n: limit }));
      body.append(template.content.cloneNode(true));
      settle("lineAdded", body.rows.length);
      const row = body.rows[body.rows.length - 1];
      enhance(row);
      return row;
    }
    function remove(row) {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      (next ? cellsOf(next)[0] : document.querySelector(adder))?.focus();
      settle("lineRemoved", body.rows.length);
    }
    function shift(row, button, isUp) {
      const other = isUp ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (isUp) other.before(row); else other.after(row);
      button.focus();
      settle("lineMoved", row.sectionRowIndex + 1);
    }
    body.addEventListener("line-moved", (event) => settle("lineMoved", event.target.sectionRowIndex + 1));
    document.addEventListener("click", (event) => { if (event.target.closest(adder)) enterRow(add()); });
    body.addEventListener("click", (event) => {
      const button = event.target.closest("[data-line-remove], [data-line-up], [data-line-down]");
      if (!button) return;
      const row = button.closest("tr");
      if (button.matches("[data-line-remove]")) remove(row); else shift(row, button, button.matches("[data-line-up]"));
    });
    // As in a spreadsheet: Enter goes down the column and adds a line at its end, so that it never sends a half-filled
    // form; arrows go up and down; an empty last line lets Tab and Enter out.
    const valuesOf = (row) => cellsOf(row).map((cell) => (cell.type === "checkbox" ? cell.checked : cell.value.trim()));
    const isTyped = (row) => {
      const blank = valuesOf(template.content.querySelector("tr"));
      return valuesOf(row).some((value, at) => value && value !== blank[at]);
    };
    function goTo(row, at) {
      const cell = cellsOf(row)[at];
      cell?.focus();
      if (cell?.matches("input:not([type='checkbox'], [type='date'])")) cell.select();
    }
    function enterKey(row, at) {
      const cells = cellsOf(row);
      if (row.nextElementSibling) goTo(row.nextElementSibling, at);
      else if (isTyped(row)) enterRow(add());
      else if (at < cells.length - 1) goTo(row, at + 1);
    }
    function lineKey(event, row) {
      const isUp = event.key === "ArrowUp";
      if (event.ctrlKey && event.key === "Delete") remove(row);
      else if (event.altKey && (isUp || event.key === "ArrowDown")) shift(row, event.target, isUp);
      else return false;
      return true;
    }
    function cellKey(event, row) {
      const at = cellsOf(row).indexOf(event.target);
      const isLast = !row.nextElementSibling && at === cellsOf(row).length - 1;
      const walks = event.target.matches("input:not([type='date'], [type='datetime-local'], [role='combobox'])");
      const towards = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[event.key];
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return false;
      if (event.key === "Enter" && !event.target.matches("textarea")) enterKey(row, at);
      else if (event.key === "Tab" && !event.shiftKey && isLast && isTyped(row)) enterRow(add());
      else if (walks && towards) goTo(towards, at);
      else return false;
      return true;
    }
    body.addEventListener("keydown", (event) => {
      const row = event.target.closest("tr");
      if (event.defaultPrevented || !row) return;
      if (lineKey(event, row) || cellKey(event, row)) event.preventDefault();
    });
    body.addEventListener("paste", (event) => {
      const text = (event.clipboardData?.getData("text/plain") || "").replace(/\r\n?/g, "\n").replace(/\n$/, "");
      if (!/[\t\n]/.test(text) || (event.target.matches("textarea") && !text.includes("\t"))) return;
      event.preventDefault();
      let row = event.target.closest("tr");
      let left = 0;
      const from = cellsOf(row).indexOf(event.target);
      for (const [index, values] of sheetOf(text).entries()) {
        if (index) row = row && (row.nextElementSibling || add());
        const cells = row ? cellsOf(row) : [];
        values.forEach((value, column) => {
          if (cells[from + column]) enter(cells[from + column], value);
          else if (value) left += 1;
        });
      }
      if (left) tellLeft(table, left);
    });
  });
})();
