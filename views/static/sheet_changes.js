// What was typed into a sheet and is not saved: by record and column, with what is said of it, and what undo needs.
"use strict";
(() => {
  const STEPS = 200;

  class Changes {
    constructor() {
      this.rows = new Map(); // by record: version, title, cells by column, verdict, said, turn
      this.known = new Map(); // by record: version, title, and the text that each cell was read with
      this.forgetSteps();
    }

    forgetSteps() {
      this.past = [];
      this.future = [];
    }

    // A record as it was read: cells are texts by column.
    learn(id, { version, title, texts }) {
      const before = this.known.get(id);
      this.known.set(id, { version: version ?? before?.version, title: title ?? before?.title ?? "", texts: { ...before?.texts, ...texts } });
    }

    cell(id, name) { return this.rows.get(id)?.cells.get(name); }
    stored(id, name) { return this.known.get(id)?.texts[name] ?? ""; }
    text(id, name) { return this.cell(id, name)?.text ?? this.stored(id, name); }

    // One step: each edit has id, name and text. The records that it touched; none where nothing is changed by it.
    take(edits) {
      const step = edits.map(({ id, name, text }) => ({ id, name, before: this.text(id, name), after: text })).filter(({ before, after }) => before !== after);
      if (!step.length) return [];
      this.past.push(step);
      this.past.splice(0, Math.max(0, this.past.length - STEPS));
      this.future = [];
      return this.#put(step, "after");
    }

    // How many records would hold changes with these edits.
    rowsWith(edits) {
      const more = edits.filter(({ id, name, text }) => text !== this.text(id, name)).map(({ id }) => id);
      return new Set([...this.rows.keys(), ...more]).size;
    }

    undo() { return this.#step(this.past, this.future, "before"); }
    redo() { return this.#step(this.future, this.past, "after"); }

    #step(from, to, side) {
      const step = from.pop();
      if (!step) return null;
      to.push(step);
      return { touched: this.#put(step, side), step };
    }

    #put(step, side) {
      for (const { id, name, [side]: text } of step) this.#set(id, name, text);
      return [...new Set(step.map(({ id }) => id))];
    }

    #set(id, name, text) {
      const { version, title } = this.known.get(id) ?? {};
      const row = this.rows.get(id) ?? { id, version, title, cells: new Map(), said: "", turn: 0 };
      if (text === this.stored(id, name)) row.cells.delete(name);
      else row.cells.set(name, { text, base: row.cells.get(name)?.base ?? this.stored(id, name), shown: text, verdict: "new", said: "" });
      row.turn += 1;
      row.verdict = "new";
      row.confirmed = false;
      if (row.cells.size) this.rows.set(id, row);
      else this.rows.delete(id);
    }

    // What the server says of a row; `read` gives the text of a cell that it sent, as it is typed.
    judge(answer, turn, read) {
      const row = this.rows.get(answer.id);
      if (!row || (turn !== undefined && row.turn !== turn)) return;
      row.verdict = answer.verdict;
      row.said = answer.problems[""] ?? "";
      if (answer.verdict === "conflict") return void this.#clash(row, answer, read);
      if (answer.verdict === "same") return void this.rows.delete(answer.id);
      for (const [name, cell] of row.cells) {
        const said = answer.problems[name];
        Object.assign(cell, { said: said ?? "", verdict: said ? (answer.verdict === "doubt" ? "doubt" : "bad") : "good" });
        if (answer.verdict === "change") cell.shown = answer.cells[name]?.text ?? cell.text;
      }
    }

    // Somebody else has changed the record: only what both have changed, each to something else, is left to choose.
    #clash(row, answer, read) {
      for (const [name, cell] of [...row.cells]) {
        const theirs = read(name, answer.cells[name]);
        if (theirs === cell.text) row.cells.delete(name);
        else if (theirs === cell.base) Object.assign(cell, { verdict: "new", said: "", theirs: undefined });
        else Object.assign(cell, { verdict: "conflict", theirs });
      }
      this.learn(row.id, { version: answer.version, texts: Object.fromEntries(Object.entries(answer.cells).map(([name, cell]) => [name, read(name, cell)])) });
      this.#settle(row);
    }

    // One's own text, or theirs, in a cell that both have changed.
    choose(id, name, isMine) {
      const row = this.rows.get(id);
      const cell = row?.cells.get(name);
      if (cell?.theirs === undefined) return;
      if (isMine) Object.assign(cell, { base: cell.theirs, theirs: undefined, verdict: "new", said: "" });
      else row.cells.delete(name);
      row.turn += 1;
      this.#settle(row);
    }

    #settle(row) {
      if (!row.cells.size) return void this.rows.delete(row.id);
      if ([...row.cells.values()].some(({ theirs }) => theirs !== undefined)) return;
      row.version = this.known.get(row.id).version;
      row.verdict = "new";
    }

    drop(id) { this.rows.delete(id); }

    clear() {
      this.rows.clear();
      this.forgetSteps();
    }

    sent(rows) {
      return rows.map(({ id, version, cells, confirmed }) => ({ id, version, confirmed: Boolean(confirmed), cells: Object.fromEntries([...cells].map(([name, { text }]) => [name, text])) }));
    }

    counts() {
      const all = [...this.rows.values()];
      const those = (verdict) => all.filter((row) => row.verdict === verdict).length;
      return { rows: all.length, cells: all.reduce((sum, { cells }) => sum + cells.size, 0), bad: those("refused") + those("gone"), conflict: those("conflict"), doubt: those("doubt") };
    }

    // As a draft keeps it, and back; `known` alone says what a record holds now.
    packed() {
      return [...this.rows.values()].map(({ id, version, title, cells }) => ({ id, version, title, cells: Object.fromEntries([...cells].map(([name, { text, base }]) => [name, { text, base }])) }));
    }

    unpack(rows) {
      for (const { id, version, title, cells } of rows) {
        if (!this.known.has(id)) continue;
        const row = { id, version, title, said: "", verdict: "new", turn: 0, cells: new Map() };
        for (const [name, { text, base }] of Object.entries(cells)) row.cells.set(name, { text, base, shown: text, verdict: "new", said: "" });
        this.rows.set(id, row);
      }
    }
  }
  window.guicheng.Changes = Changes;
})();
