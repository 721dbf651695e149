// Sheet mode: the rows of a list as the cells of a spreadsheet. What is typed stays here, marked, until it is saved; it
// outlives sorting, filtering and turning the page. This file has keys, mouse and the switch; the others stand beside.
"use strict";
(() => {
  const { announce, onEach, SheetServer, WorkSheet, cells: clip, shared } = window.guicheng;
  const { changes } = shared;
  let sheet = null; // the list that is shown now
  let isOn = false;

  // Keys. What an input method takes never comes here (app.js).
  function moves(event, at) {
    const all = event.ctrlKey || event.metaKey;
    const [lastRow, lastColumn] = [sheet.rows.length - 1, sheet.columns.length - 1];
    const page = Math.max(1, Math.floor(sheet.wrap.clientHeight / (sheet.rows[0]?.offsetHeight || 32)) - 2);
    return {
      ArrowDown: { r: all ? lastRow : at.r + 1, c: at.c }, ArrowUp: { r: all ? 0 : at.r - 1, c: at.c },
      ArrowRight: { r: at.r, c: all ? lastColumn : at.c + 1 }, ArrowLeft: { r: at.r, c: all ? 0 : at.c - 1 },
      Home: { r: all ? 0 : at.r, c: 0 }, End: { r: all ? lastRow : at.r, c: lastColumn },
      PageDown: { r: at.r + page, c: at.c }, PageUp: { r: at.r - page, c: at.c },
    }[event.key];
  }

  // The next cell that can be edited, by rows; at the end of them Tab goes on through the page.
  function tab(event) {
    const by = event.shiftKey ? -1 : 1;
    const width = sheet.columns.length;
    for (let n = sheet.at.r * width + sheet.at.c + by; n >= 0 && n < sheet.rows.length * width; n += by) {
      const to = { r: Math.floor(n / width), c: n % width };
      if (!sheet.isOpen(sheet.cell(to))) continue;
      event.preventDefault();
      tabbedFrom ??= sheet.at.c;
      return sheet.go(to);
    }
    return sheet.commit();
  }
  let tabbedFrom;

  function enter(event) {
    event.preventDefault();
    const c = tabbedFrom ?? sheet.at.c;
    tabbedFrom = undefined;
    sheet.go({ r: sheet.at.r + (event.shiftKey ? -1 : 1), c });
  }

  const withControl = {
    z: (event) => sheet.step(event.shiftKey ? "redo" : "undo"), y: () => sheet.step("redo"), s: () => sheet.save(), d: () => sheet.fillDown(),
    a: () => { sheet.from = { r: 0, c: 0 }; sheet.go({ r: sheet.rows.length - 1, c: sheet.columns.length - 1 }, { extend: true }); },
    enter: () => sheet.cell({ r: sheet.at.r, c: 0 }).querySelector("a[href]")?.click(),
  };

  function onKey(event) {
    const { key } = event;
    if (event.altKey && key !== "Enter") return;
    const isControl = event.ctrlKey || event.metaKey;
    const done = () => { event.preventDefault(); event.stopPropagation(); };
    if (key === "Tab") return void tab(event);
    if (key === "Enter" && event.altKey && sheet.control?.tagName === "TEXTAREA") {
      done();
      if (!sheet.isEditing) sheet.edit();
      return void sheet.control.setRangeText("\n", sheet.control.selectionStart, sheet.control.selectionEnd, "end");
    }
    if (key === "Enter" && !isControl) return void enter(event);
    if (isControl && key.toLowerCase() === "s") { done(); return void sheet.save(); }
    if (key === "F6") { done(); return void [...sheet.bar.querySelectorAll("button")].find((one) => !one.disabled && one.offsetParent)?.focus(); }
    if (key === "F8") { done(); return void sheet.nextFault(); }
    if (sheet.isEditing) {
      event.stopPropagation();
      if (key === "Escape") { event.preventDefault(); sheet.giveUp(); }
      return;
    }
    const to = moves(event, sheet.at);
    if (to) {
      done();
      tabbedFrom = undefined;
      return void sheet.go(to, { extend: event.shiftKey });
    }
    if (isControl && withControl[key.toLowerCase()]) { done(); return void withControl[key.toLowerCase()](event); }
    if (isControl) return;
    if (key === "F2") { done(); return void sheet.edit(); }
    if (key === "Delete" || key === "Backspace") { done(); return void sheet.empty(); }
    if (key === "Escape") { done(); return void sheet.go(sheet.at); }
    if (key.length === 1) {
      event.stopPropagation(); // no single key of the page
      if (!sheet.control) { event.preventDefault(); sheet.refuse(); }
    }
  }

  // The mouse: a press goes to a cell, a drag selects, the small square fills down.
  function onPress(event) {
    const cell = event.target.closest("tbody td");
    if (event.button || !cell || cell.classList.contains("pick")) return;
    if (event.target === sheet.control && sheet.isEditing) return;
    const place = placeOf(cell);
    if (event.target === sheet.handle) {
      event.preventDefault();
      return void drag(event, true);
    }
    if ((event.ctrlKey || event.metaKey) && event.target.closest("a")) return;
    event.preventDefault();
    tabbedFrom = undefined;
    sheet.go(place, { extend: event.shiftKey });
    if (event.pointerType === "mouse") drag(event, false);
  }
  const placeOf = (cell) => ({ r: sheet.placeOf.get(cell.closest("tr")), c: sheet.columns.findIndex(({ at }) => at === cell.cellIndex) });

  function drag(event, isFill) {
    const source = sheet.range;
    let to = source.bottom;
    const over = (moved) => {
      const cell = document.elementFromPoint(moved.clientX, moved.clientY)?.closest?.("table.as-sheet tbody td:not(.pick)");
      if (!cell) return;
      const place = placeOf(cell);
      if (isFill) {
        to = Math.max(source.bottom, place.r);
        sheet.mark({ ...source, bottom: to });
      } else if (place.r !== sheet.at.r || place.c !== sheet.at.c) sheet.go(place, { extend: true });
    };
    const end = () => {
      removeEventListener("pointermove", over);
      if (isFill && to > source.bottom) sheet.fill(source, to);
    };
    addEventListener("pointermove", over);
    addEventListener("pointerup", end, { once: true });
  }

  const actions = {
    undo: () => sheet.step("undo"), redo: () => sheet.step("redo"), save: () => sheet.save(), discard: () => sheet.discard(),
    next: () => sheet.nextFault(), mine: () => sheet.choose(true), theirs: () => sheet.choose(false),
  };

  function bind(one) {
    const { table, bar } = one;
    const whenOn = (run) => (event) => { if (isOn && sheet === one) run(event); };
    table.addEventListener("keydown", whenOn((event) => { if (event.target.closest("tbody")) onKey(event); }));
    table.addEventListener("pointerdown", whenOn(onPress));
    table.addEventListener("click", whenOn((event) => { if (event.target.closest("tbody a") && !event.ctrlKey && !event.metaKey && event.detail) event.preventDefault(); }));
    table.addEventListener("dblclick", whenOn((event) => {
      const link = event.target.closest("tbody a");
      if (link) location.assign(link.href);
      else if (event.target.closest("tbody td:not(.pick)") && !one.isEditing) one.edit();
    }));
    for (const name of ["input", "compositionstart"]) {
      table.addEventListener(name, whenOn(({ target }) => {
        if (target !== one.control) return;
        if (!one.isEditing) one.edit(false);
        one.lookUp();
      }));
    }
    table.addEventListener("focusout", whenOn(({ target, relatedTarget }) => { if (target === one.control && relatedTarget && !table.contains(relatedTarget)) one.commit(); }));
    for (const name of ["copy", "cut"]) {
      table.addEventListener(name, whenOn((event) => {
        if (one.isEditing) return;
        one.copy(event);
        if (name === "cut") one.empty();
      }));
    }
    table.addEventListener("paste", whenOn((event) => {
      if (one.isEditing) return;
      event.preventDefault();
      one.paste(clip.rowsOf(event.clipboardData));
    }));
    one.wrap.addEventListener("scroll", whenOn(() => { if (one.wrap.scrollTop + 2 * one.wrap.clientHeight > one.wrap.scrollHeight) one.more(); }), { passive: true });
    bar.addEventListener("click", ({ target }) => actions[target.closest("[data-sheet-do]")?.dataset.sheetDo]?.());
    bar.addEventListener("keydown", (event) => {
      if (event.key !== "F6" && event.key !== "Escape") return;
      event.preventDefault();
      one.go(one.at);
    });
  }

  function turn(on) {
    if (!on && changes.rows.size) return void sheet.note(sheet.say("saveFirst"), true);
    isOn = on;
    const url = new URL(location.href);
    if (on) url.searchParams.set("sheet", "1");
    else url.searchParams.delete("sheet");
    history.replaceState(history.state, "", url);
    if (!on) {
      sheet.close();
      return void announce(sheet.say("off"));
    }
    sheet.open();
    sheet.go(sheet.at);
    announce(sheet.say("on"));
    return void sheet.offerDraft();
  }

  onEach("table[data-sheet]", (table) => {
    sheet = new WorkSheet(table);
    const one = sheet;
    one.learn([...one.rows]);
    shared.server ??= new SheetServer(one.facts, changes, {
      read: (name, cell) => sheet.read(name, cell),
      onJudged: (ids) => { ids.forEach((id) => sheet.show(id)); sheet.refresh(); sheet.tell(); },
      onFault: (message, status) => sheet.note(message || sheet.say(status === 413 ? "tooLarge" : "noAnswer"), true),
      onKept: () => {},
    });
    bind(one);
    if (isOn) one.open();
  });

  // The rows are drawn before the button that belongs to them is used; both come anew with each list.
  onEach("[data-sheet-toggle]", (button) => {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isOn));
    button.addEventListener("click", () => turn(!isOn));
  });
  if (sheet && new URLSearchParams(location.search).get("sheet")) turn(true);

  // Before the list is drawn anew: what stands open is taken, and the other rows keep what was typed into them.
  const settleCells = window.guicheng.settleCells;
  window.guicheng.settleCells = async () => {
    if (isOn) sheet?.commit();
    return settleCells();
  };
  document.addEventListener("keydown", (event) => {
    if (!isOn || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    sheet.save();
  }, true);
  addEventListener("beforeunload", (event) => {
    if (!isOn) return;
    sheet.commit();
    if (changes.rows.size && !shared.server.isKept) event.preventDefault();
  });
  addEventListener("pagehide", () => { if (isOn) shared.server.keep(); });
})();
