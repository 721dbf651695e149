// What is done in a sheet beyond one cell: copying, pasting, filling, undoing, saving, more rows, the draft of a crash.
"use strict";
(() => {
  const { element, announce, cells: clip, Sheet, shared } = window.guicheng;
  const { changes } = shared;
  const PAGE = 200;

  class WorkSheet extends Sheet {
    // Copying: what cells say as it is typed, so that a spreadsheet reads days and numbers.
    textAt(r, c) {
      const cell = this.cell({ r, c });
      const { name } = this.columns[c];
      if (this.isOpen(cell)) return changes.text(cell.closest("tr").dataset.id, name);
      const copy = cell.cloneNode(true);
      copy.querySelectorAll(".ago, .fill-handle").forEach((one) => one.remove());
      return copy.textContent.replace(/\s+/g, " ").trim();
    }

    copy(event) {
      const { top, bottom, left, right } = this.range;
      const rows = [];
      for (let r = top; r <= bottom; r += 1) rows.push(Array.from({ length: right - left + 1 }, (_, by) => this.textAt(r, left + by)));
      event.clipboardData.setData("text/plain", clip.textOf(rows));
      event.clipboardData.setData("text/html", clip.htmlOf(rows));
      event.preventDefault();
      this.note(this.say("copied", { n: rows.length * rows[0].length }), true);
    }

    editsAt(places) {
      return places.filter(({ cell }) => this.isOpen(cell)).map(({ cell, text }) => ({ id: cell.closest("tr").dataset.id, name: cell.dataset.name, text }));
    }

    // One value goes into the whole range; a block that fits into it several times comes again; else from the first cell.
    paste(rows) {
      const [height, width] = [rows.length, Math.max(...rows.map((row) => row.length))];
      const { top, bottom, left, right } = this.range;
      const fits = (bottom - top + 1) % height === 0 && (right - left + 1) % width === 0;
      const to = fits ? { top, bottom, left, right } : { top, left, bottom: top + height - 1, right: left + width - 1 };
      const places = [...this.within(to)].map((place) => ({ ...place, text: rows[(place.r - top) % height][(place.c - left) % width] ?? "" }));
      const edits = this.editsAt(places);
      const left_ = places.filter(({ cell, text }) => text && !this.isOpen(cell)).length;
      if (!this.take(edits)) return;
      this.from = { r: to.top, c: to.left };
      const end = { r: Math.min(to.bottom, this.rows.length - 1), c: Math.min(to.right, this.columns.length - 1) };
      this.mark({ top: to.top, left: to.left, bottom: end.r, right: end.c });
      this.note([this.say("pasted", { n: edits.length }), left_ ? this.say("noPlace", { n: left_ }) : ""].filter(Boolean).join(" "), true);
    }

    empty() {
      const edits = this.editsAt([...this.within(this.range)].map((place) => ({ ...place, text: "" })));
      if (edits.length) this.take(edits);
      else this.refuse();
    }

    // Below `source` rows of a range, down to its end: days and numbers by their pattern, else again.
    async fill(source, bottom) {
      const edits = [];
      for (let c = source.left; c <= source.right; c += 1) {
        const count = bottom - source.bottom;
        const texts = [];
        for (let r = source.top; r <= source.bottom; r += 1) texts.push(this.textAt(r, c));
        const further = texts.length > 1 && this.columns[c].isEdited ? await shared.server.fill(this.columns[c].name, texts, count) : null;
        edits.push(...this.editsAt(Array.from({ length: count }, (_, n) => ({ cell: this.cell({ r: source.bottom + 1 + n, c }), text: further?.[n] ?? texts[n % texts.length] }))));
      }
      if (!edits.length) return void this.refuse();
      if (!this.take(edits)) return;
      this.from = { r: source.top, c: source.left };
      this.mark({ ...source, bottom });
      this.note(this.say("pasted", { n: edits.length }), true);
    }

    // Ctrl+D: the filled cells at the top of the range go on into the empty ones below; where none is empty, the first.
    fillDown() {
      const range = this.range;
      if (range.top === range.bottom) {
        if (!range.top) return undefined;
        return this.fill({ ...range, top: range.top - 1, bottom: range.top - 1 }, range.bottom);
      }
      const isEmpty = (r) => Array.from({ length: range.right - range.left + 1 }, (_, by) => this.textAt(r, range.left + by)).every((text) => !text);
      let filled = range.top;
      while (filled < range.bottom && !isEmpty(filled + 1)) filled += 1;
      return this.fill({ ...range, bottom: filled < range.bottom ? filled : range.top }, range.bottom);
    }

    step(way) {
      const done = way === "undo" ? changes.undo() : changes.redo();
      if (!done) return void this.note(this.say(way === "undo" ? "nothingToUndo" : "nothingToRedo"), true);
      this.touched(done.touched);
      const { id, name } = done.step[0];
      this.goTo(id, name);
      this.note(this.say(way === "undo" ? "undone" : "redone"), true);
    }

    goTo(id, name) {
      const row = this.byId.get(id);
      const c = this.columns.findIndex((column) => column.name === name);
      if (row?.isConnected && c >= 0) this.go({ r: this.placeOf.get(row), c });
    }

    // To the next cell with something to mend, from here on and around.
    nextFault() {
      const faults = [...changes.rows.values()].flatMap((row) => [...row.cells].filter(([, { verdict }]) => row.said || ["bad", "conflict", "doubt"].includes(verdict)).map(([name]) => ({ r: this.placeOf.get(this.byId.get(row.id)) ?? -1, c: this.columns.findIndex((column) => column.name === name) }))).filter(({ r, c }) => r >= 0 && c >= 0).sort((a, b) => a.r - b.r || a.c - b.c);
      const to = faults.find(({ r, c }) => r > this.at.r || (r === this.at.r && c > this.at.c)) ?? faults[0];
      if (to) this.go(to);
    }

    async save() {
      this.commit();
      if (!changes.rows.size) return void this.note(this.say("nothing"), true);
      const isDoubtTaken = this.bar.querySelector("[data-sheet-doubt] input").checked;
      for (const row of changes.rows.values()) row.confirmed = row.verdict === "doubt" && isDoubtTaken;
      if (this.bar.hasAttribute("aria-busy")) return;
      this.bar.setAttribute("aria-busy", "true");
      const answer = await shared.server.save();
      this.bar.removeAttribute("aria-busy");
      if (!answer) return;
      for (const row of answer.rows) {
        if (["saved", "conflict"].includes(row.verdict)) this.store(row);
        if (row.verdict === "saved") changes.drop(row.id);
        this.show(row.id);
        if (row.verdict === "saved") this.byId.get(row.id)?.classList.add("saved-row");
      }
      if (answer.saved) changes.forgetSteps();
      shared.server.isKept = false;
      shared.server.keep();
      this.refresh();
      this.tell();
      this.tellSaved(answer);
      if (changes.rows.size) this.nextFault();
    }

    tellSaved({ saved, url }) {
      const left = changes.rows.size;
      const text = [this.say("saved", { n: saved }), left ? this.say("left", { n: left }) : ""].filter(Boolean).join(" ");
      const link = url ? [" ", element("a", { href: url, textContent: this.say("takeBack") })] : [];
      this.scope.querySelector("[data-list-fault]").replaceChildren(element("div", { className: `notice ${left ? "warn" : "good"}` }, {}, element("p", {}, {}, text, ...link)));
      announce(text);
    }

    discard() {
      const { size } = changes.rows;
      if (!size || !confirm(this.say("discard", { n: size }))) return;
      const ids = [...changes.rows.keys()];
      changes.clear();
      ids.forEach((id) => this.show(id));
      shared.server.isKept = false;
      shared.server.keep();
      this.refresh();
      this.tell();
      this.note(this.say("discarded"), true);
    }

    choose(isMine) {
      const cell = this.cell(this.at);
      const { id } = cell.closest("tr").dataset;
      changes.choose(id, cell.dataset.name, isMine);
      this.show(id);
      shared.server.changed([id]);
      this.go(this.at);
    }

    // The next rows by the paging of the list, up to the most that a sheet shows.
    async more() {
      if (this.isReading || !this.next) return;
      if (this.rows.length >= this.facts.shown) return void this.note(this.say("mostShown", { n: this.rows.length }));
      this.isReading = true;
      try {
        const url = new URL(this.next);
        url.searchParams.set("size", PAGE);
        const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("table[data-sheet]");
        this.next = fresh ? page.querySelector(".pager a[rel='next']")?.href : this.next;
        if (fresh) this.append([...fresh.tBodies[0].rows]);
      } catch { this.note(this.say("noAnswer"), true); }
      this.isReading = false;
    }

    append(rows) {
      const fresh = rows.filter(({ dataset }) => !this.byId.get(dataset.id)?.isConnected);
      this.learn(fresh);
      this.rows.push(...fresh.map((row) => document.adoptNode(row)));
      this.begin(fresh);
      this.tell();
    }

    // The draft of a crash: offered once, with the rows that it is about.
    async offerDraft() {
      const { rows, at } = await shared.server.draft();
      if (!rows?.length || changes.rows.size) return;
      const place = this.scope.querySelector("[data-list-fault]");
      const close = () => place.replaceChildren();
      const goOn = element("button", { type: "button", className: "btn small", textContent: this.say("goOn"), onclick: () => { close(); this.goOn(rows); } });
      const drop = element("button", { type: "button", className: "btn small quiet", textContent: this.say("drop"), onclick: () => { close(); shared.server.isKept = false; shared.server.keep(); } });
      const text = this.say("draft", { n: rows.length, at });
      place.replaceChildren(element("div", { className: "notice info" }, { "data-sheet-draft": "" }, element("div", {}, {}, element("p", { textContent: text }), goOn, " ", drop)));
      announce(text);
    }

    async goOn(rows) {
      const missing = rows.filter(({ id }) => !this.byId.get(id)?.isConnected);
      if (missing.length) {
        const body = new FormData();
        missing.forEach(({ id }) => body.append("id", id));
        body.append("csrf_token", document.querySelector("meta[name='csrf-token']").content);
        try {
          const answer = await fetch(`${this.facts.base}sheet/rows/${location.search}`, { method: "POST", body, credentials: "same-origin" });
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          this.append([...(page.querySelector("table[data-sheet]")?.tBodies[0].rows ?? [])]);
        } catch { return void this.note(this.say("noAnswer"), true); }
      }
      changes.unpack(rows);
      const gone = rows.filter(({ id }) => !changes.rows.has(id)).length;
      this.touched([...changes.rows.keys()]);
      const [first] = changes.rows.values();
      if (first) this.goTo(first.id, [...first.cells.keys()][0]);
      if (gone) this.note(this.say("draftGone", { n: gone }), true);
    }
  }
  window.guicheng.WorkSheet = WorkSheet;
})();
