// What a sheet shows: rows as the cells of a grid, which cell one is in, what is marked, and the bar below.
"use strict";
(() => {
  const { element, announce, ask, later, Changes } = window.guicheng;
  const shared = { changes: new Changes(), server: null }; // outlive the list, which is drawn anew
  const { changes } = shared;
  const wordsOf = (bar) => JSON.parse(bar?.dataset.words || "{}");
  const BLOCK = 50;
  const between = (value, least, most) => Math.min(most, Math.max(least, value));

  class Sheet {
    constructor(table) {
      this.table = table;
      this.wrap = table.closest("[data-list-rows]");
      this.scope = table.closest("[data-list]");
      this.bar = this.scope.querySelector("[data-sheet-bar]");
      this.words = wordsOf(this.bar);
      this.facts = JSON.parse(table.dataset.sheet);
      this.next = this.scope.querySelector(".pager a[rel='next']")?.href;
      this.columns = [...table.tHead.rows[0].cells].flatMap((head) => (head.dataset.column ? [{ name: head.dataset.column, at: head.cellIndex, label: head.textContent.trim(), ...this.facts.columns[head.dataset.column], isEdited: head.dataset.column in this.facts.columns }] : []));
      this.byId = new Map();
      this.rows = [...table.tBodies[0].rows];
      this.placeOf = new Map(); // of each row its number
      this.marked = new Set();
      this.at = this.from = { r: 0, c: Math.max(0, this.columns.findIndex(({ isEdited }) => isEdited)) };
      this.control = null;
      this.isEditing = false;
    }

    say(key, values = {}) { return (this.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole); }
    cell({ r, c }) { return this.rows[r]?.cells[this.columns[c]?.at]; }
    isOpen(cell) { return Boolean(cell?.hasAttribute("data-inline")); }
    read = (name, { text, value }) => (this.facts.columns[name]?.isSaid ? text : value);

    // Reading the rows: texts as they are typed, and what makes a table a grid for a reader.
    learn(rows) {
      for (const row of rows) {
        const { id, version } = row.dataset;
        this.byId.set(id, row);
        const texts = {};
        for (const { name, at, isSaid } of this.columns) {
          const cell = row.cells[at];
          if (this.isOpen(cell)) texts[name] = isSaid ? cell.textContent.trim() : cell.dataset.value;
        }
        changes.learn(id, { version: Number(version), title: row.cells[this.columns[0].at].textContent.trim(), texts });
      }
    }

    begin(rows) {
      this.rows.forEach((row, r) => this.placeOf.set(row, r));
      for (const row of rows) {
        row.removeAttribute("tabindex");
        row.setAttribute("role", "row");
        row.setAttribute("aria-rowindex", this.placeOf.get(row) + 2);
        this.columns.forEach(({ at }, c) => {
          const cell = row.cells[at];
          cell.setAttribute("role", "gridcell");
          cell.setAttribute("aria-colindex", c + 1);
          if (!this.isOpen(cell)) cell.setAttribute("aria-readonly", "true");
          cell.tabIndex = -1;
          cell.querySelectorAll("a, summary").forEach((one) => { one.tabIndex = -1; one.draggable = false; });
        });
      }
      this.stack(rows);
      [...changes.rows.keys()].forEach((id) => this.show(id));
    }

    // Blocks of rows, each of a known height, so that the browser lays out those in sight alone.
    stack(rows) {
      for (let at = 0; at < rows.length; at += BLOCK) {
        const some = rows.slice(at, at + BLOCK);
        const block = element("tbody", {}, { role: "rowgroup" }, ...some);
        block.style.setProperty("--sheet-rows", some.length);
        this.table.append(block);
      }
    }

    open() {
      const { table } = this;
      const widths = this.columns.map(({ at }) => Math.ceil(table.tHead.rows[0].cells[at].getBoundingClientRect().width));
      table.style.setProperty("--sheet-columns", widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" "));
      table.style.setProperty("--sheet-width", `${widths.reduce((sum, width) => sum + width, 0)}px`);
      table.classList.add("as-sheet");
      table.tHead.setAttribute("role", "rowgroup");
      table.tHead.rows[0].setAttribute("role", "row");
      this.scope.toggleAttribute("data-in-sheet", true);
      table.setAttribute("aria-multiselectable", "true");
      table.setAttribute("aria-colcount", this.columns.length);
      table.setAttribute("aria-rowcount", Number(table.dataset.rows) < 0 ? -1 : Number(table.dataset.rows) + 1);
      table.setAttribute("aria-describedby", "sheet-note");
      [...table.tHead.rows[0].cells].forEach((head) => { head.querySelectorAll("a, .resizer").forEach((one) => { one.tabIndex = -1; }); });
      this.columns.forEach(({ at }, c) => {
        const head = table.tHead.rows[0].cells[at];
        head.setAttribute("role", "columnheader");
        head.setAttribute("aria-colindex", c + 1);
      });
      this.begin(this.rows);
      this.bar.hidden = false;
      this.scope.querySelectorAll("[data-sheet-toggle]").forEach((button) => button.setAttribute("aria-pressed", "true"));
      this.scope.querySelectorAll("[data-select-row]:checked, [data-select-all]:checked").forEach((box) => box.click());
      this.tell();
    }

    close() {
      const { table } = this;
      this.leave();
      this.mark(null);
      this.cell(this.at)?.classList.remove("active");
      table.classList.remove("as-sheet");
      table.querySelectorAll("[role='row'], [role='rowgroup'], [role='columnheader'], [role='gridcell']").forEach((part) => part.removeAttribute("role"));
      this.scope.removeAttribute("data-in-sheet");
      for (const name of ["aria-colcount", "aria-rowcount", "aria-describedby"]) table.removeAttribute(name);
      table.tBodies[0].append(...this.rows);
      [...table.tBodies].slice(1).forEach((block) => block.remove());
      this.rows.forEach((row, r) => { row.tabIndex = r ? -1 : 0; });
      this.scope.querySelectorAll("[data-sheet-toggle]").forEach((button) => button.setAttribute("aria-pressed", "false"));
      this.bar.hidden = true;
    }

    // What a cell shows; the input that may stand in it keeps the focus.
    contentOf(cell) { return [...cell.childNodes].filter((one) => one !== this.control && one !== this.handle); }
    put(cell, content) {
      this.contentOf(cell).forEach((one) => one.remove());
      cell.prepend(...content);
    }

    // One changed row as it stands: what was typed, or what the server reads it as, marked; else as it was.
    show(id) {
      const row = this.byId.get(id);
      if (!row?.isConnected) return;
      const typed = changes.rows.get(id);
      for (const { name, at } of this.columns) {
        const cell = row.cells[at];
        const change = typed?.cells.get(name);
        if (!change && !cell.was) continue;
        if (change && !cell.was) cell.was = this.contentOf(cell);
        this.put(cell, change ? [change.shown] : cell.was);
        if (!change) cell.was = null;
        const verdict = change ? (change.verdict === "good" && typed.said ? (typed.verdict === "doubt" ? "doubt" : "bad") : change.verdict) : "";
        cell.classList.toggle("typed", Boolean(change));
        for (const one of ["bad", "conflict", "doubt"]) cell.classList.toggle(one, verdict === one);
        if (verdict === "bad" || verdict === "conflict") cell.setAttribute("aria-invalid", "true");
        else cell.removeAttribute("aria-invalid");
        const said = change ? this.saidOf(id, name) : "";
        if (said) cell.title = said;
        else cell.removeAttribute("title");
      }
      row.classList.toggle("typed-row", Boolean(typed));
      row.classList.toggle("bad-row", Boolean(typed?.said));
    }

    // The sentence about a cell: why it was refused, what somebody else has entered, or what it was before.
    saidOf(id, name) {
      const row = changes.rows.get(id);
      const change = row?.cells.get(name);
      if (!change) return "";
      if (change.theirs !== undefined) return this.say("theirs", { theirs: change.theirs || this.say("theirsEmpty"), mine: change.text || this.say("theirsEmpty") });
      return [change.said, row.said].filter(Boolean).join(" ") || this.say("was", { text: change.base || this.say("theirsEmpty") });
    }

    // What a row holds now, from an answer of the server.
    store(answer) {
      changes.learn(answer.id, { version: answer.version, texts: Object.fromEntries(Object.entries(answer.cells).map(([name, cell]) => [name, this.read(name, cell)])) });
      const row = this.byId.get(answer.id);
      if (!row) return;
      row.dataset.version = answer.version;
      row.querySelectorAll("[data-inline]").forEach((cell) => { cell.dataset.version = answer.version; });
      row.querySelectorAll("[data-select-row]").forEach((box) => { box.value = `${answer.id}:${answer.version}`; });
      for (const { name, at } of this.columns) {
        const cell = row.cells[at];
        if (!answer.cells[name] || !this.isOpen(cell)) continue;
        cell.dataset.value = answer.cells[name].value;
        const link = (cell.was ?? this.contentOf(cell)).find(({ nodeName }) => nodeName === "A"); // the way to the record stays
        if (link) link.textContent = answer.cells[name].text || "—";
        if (cell.was) cell.was = [link ?? answer.cells[name].text];
        else this.put(cell, [link ?? answer.cells[name].text]);
      }
    }

    // Where one is. A cell that can be edited holds the input already, so that an input method begins in it.
    go({ r, c }, { extend = false, focus = true } = {}) {
      this.commit();
      const to = { r: between(r, 0, this.rows.length - 1), c: between(c, 0, this.columns.length - 1) };
      const before = this.cell(this.at);
      before?.classList.remove("active");
      before?.setAttribute("tabindex", "-1");
      this.at = to;
      if (!extend) this.from = to;
      const cell = this.cell(to);
      if (!cell) return;
      cell.classList.add("active");
      if (this.isOpen(cell)) this.place(cell);
      else {
        this.leave();
        cell.tabIndex = 0;
      }
      if (focus) (this.isOpen(cell) ? this.control : cell).focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.mark(this.range);
      this.tell();
      if (to.r > this.rows.length - 30) this.more();
    }

    place(cell) {
      const { offers, isPicked, label } = this.columns[this.at.c];
      this.leave();
      const { id } = cell.closest("tr").dataset;
      const text = changes.text(id, cell.dataset.name);
      const isLine = Boolean(offers?.length || isPicked);
      this.control = element(isLine ? "input" : "textarea", { className: "cell-input", value: text, autocomplete: "off", spellcheck: false }, { "aria-label": `${label} · ${changes.known.get(id)?.title ?? ""}`, "aria-describedby": "sheet-note" });
      if (isLine) this.control.setAttribute("list", "sheet-offers");
      if (cell.hasAttribute("aria-invalid")) this.control.setAttribute("aria-invalid", "true");
      cell.append(this.control);
      this.list = element("datalist", { id: "sheet-offers" }, {}, ...(offers ?? []).map((text) => new Option(text, text)));
      this.bar.append(this.list);
      this.control.select();
    }

    lookUp = later(200, async () => {
      const { isPicked, name } = this.columns[this.at.c];
      if (!isPicked || !this.isEditing) return;
      const list = this.list;
      try {
        const answer = await ask(`${this.facts.base}ajax/lookup/?${new URLSearchParams({ field: name, query: this.control.value })}`);
        list.replaceChildren(...(answer.data.results ?? []).map(({ label, note }) => element("option", { value: label, label: note && note !== label ? `${label} · ${note}` : label })));
      } catch { /* what is typed is read by the server in any case */ }
    });

    leave() {
      this.isEditing = false;
      this.raise(this.control?.closest("td"), false);
      this.control?.remove();
      this.list?.remove();
      this.control = null;
    }

    // What is typed may be larger than its cell, and then lies above the rows and blocks below.
    raise(cell, isTyping) {
      for (const part of [cell, cell?.parentNode, cell?.closest("tbody")]) part?.classList.toggle("typing", isTyping);
    }

    edit(isAtEnd = true) {
      if (!this.control) return void this.refuse();
      this.isEditing = true;
      this.raise(this.control.closest("td"), true);
      if (isAtEnd) this.control.setSelectionRange(this.control.value.length, this.control.value.length);
    }

    giveUp() {
      const cell = this.cell(this.at);
      this.isEditing = false;
      this.raise(cell, false);
      this.control.value = changes.text(cell.closest("tr").dataset.id, cell.dataset.name);
      this.control.select();
    }

    commit() {
      if (!this.isEditing) return;
      const cell = this.cell(this.at);
      const text = this.control.value;
      this.isEditing = false;
      this.raise(cell, false);
      this.take([{ id: cell.closest("tr").dataset.id, name: cell.dataset.name, text: text.trim() === "" ? "" : text }]);
    }

    refuse() {
      const { isEdited, label } = this.columns[this.at.c];
      this.note(isEdited ? this.say("readOnlyRow") : this.say("readOnlyColumn", { label }), true);
    }

    // Edits as one step; false where they would be too many, which is said.
    take(edits) {
      const rows = changes.rowsWith(edits);
      if (rows > this.facts.rows) {
        this.note(this.say("tooMany", { n: rows, most: this.facts.rows }), true);
        return false;
      }
      this.touched(changes.take(edits));
      return true;
    }

    touched(ids) {
      if (!ids.length) return;
      ids.forEach((id) => this.show(id));
      shared.server.changed(ids);
      this.refresh();
      this.tell();
    }

    // The input shows what its cell holds, unless somebody is typing there.
    refresh() {
      const cell = this.cell(this.at);
      if (!this.control || this.isEditing || !this.isOpen(cell)) return;
      this.control.value = changes.text(cell.closest("tr").dataset.id, cell.dataset.name);
      if (document.activeElement === this.control) this.control.select();
    }

    get range() {
      const [a, b] = [this.at, this.from];
      return { top: Math.min(a.r, b.r), bottom: Math.max(a.r, b.r), left: Math.min(a.c, b.c), right: Math.max(a.c, b.c) };
    }

    *within({ top, bottom, left, right }) {
      for (let r = top; r <= bottom; r += 1) for (let c = left; c <= right; c += 1) yield { r, c, cell: this.cell({ r, c }) };
    }

    mark(range) {
      const wanted = new Set(range ? [...this.within(range)].map(({ cell }) => cell) : []);
      for (const cell of this.marked) if (!wanted.has(cell)) { cell.classList.remove("in-range"); cell.setAttribute("aria-selected", "false"); }
      const isMany = wanted.size > 1;
      for (const cell of wanted) {
        if (!this.marked.has(cell)) cell.setAttribute("aria-selected", "true");
        cell.classList.toggle("in-range", isMany);
      }
      this.marked = wanted;
      this.handle?.parentNode?.classList.remove("range-end");
      this.handle?.remove();
      if (!range) return;
      this.handle ??= element("span", { className: "fill-handle" }, { "aria-hidden": "true" });
      const end = this.cell({ r: range.bottom, c: range.right });
      end?.append(this.handle);
      end?.classList.add("range-end");
    }

    // The bar: how much is changed, what is wrong, and the sentence of the cell that one is in.
    tell() {
      const { rows, cells, bad, conflict, doubt } = changes.counts();
      const { bar } = this;
      const hidden = [...changes.rows.keys()].filter((id) => !this.byId.get(id)?.isConnected).length;
      const parts = rows ? [this.say("count", { cells, rows }), hidden ? this.say("elsewhere", { n: hidden }) : ""] : [this.say("nothing")];
      bar.querySelector("[data-sheet-count]").textContent = parts.filter(Boolean).join(" · ");
      const faults = [bad ? this.say("bad", { n: bad }) : "", conflict ? this.say("conflict", { n: conflict }) : "", doubt ? this.say("doubt", { n: doubt }) : ""].filter(Boolean);
      const next = bar.querySelector("[data-sheet-do='next']");
      next.hidden = !faults.length;
      next.textContent = faults.join(" · ");
      bar.querySelector("[data-sheet-doubt]").hidden = !doubt;
      bar.querySelector("[data-sheet-how]").hidden = !rows;
      for (const name of ["save", "discard"]) bar.querySelector(`[data-sheet-do='${name}']`).disabled = !rows;
      bar.querySelector("[data-sheet-do='undo']").disabled = !changes.past.length;
      bar.querySelector("[data-sheet-do='redo']").disabled = !changes.future.length;
      const { top, bottom, left, right } = this.range;
      const cell = this.cell(this.at);
      const id = cell?.closest("tr").dataset.id;
      const change = changes.cell(id, cell?.dataset.name);
      const size = top !== bottom || left !== right ? this.say("range", { rows: bottom - top + 1, columns: right - left + 1 }) : "";
      const said = this.saidOf(id, cell?.dataset.name);
      this.note([said, size].filter(Boolean).join(" · ") || [this.say("hint"), this.next ? this.say("shown", { n: this.rows.length }) : ""].filter(Boolean).join(" "));
      bar.querySelector("[data-sheet-note]").classList.toggle("late", Boolean(change && ["bad", "conflict"].includes(change.verdict)));
      bar.querySelector("[data-sheet-clash]").hidden = change?.theirs === undefined;
      if (change?.said || change?.theirs !== undefined) announce(said);
    }

    note(text, isSaid = false) {
      this.bar.querySelector("[data-sheet-note]").textContent = text;
      if (isSaid) announce(text);
    }
  }
  Object.assign(window.guicheng, { Sheet, shared });
})();
