// Lists: only the list is fetched anew when one sorts, filters or pages; columns, widths, roomy rows, the menu of a row,
// copying rows, sums. Without this script all of it is links and forms.
"use strict";
(() => {
  const { element, announce, ask, later, remembered, enhance, onEach } = window.guicheng;
  const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);
  const words = JSON.parse(part("list")?.dataset.gridWords || "{}");
  const say = (key, values = {}) => (words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

  // Reading the list anew: the old rows stay, dimmed, until the new ones are there, and for good when they do not come.
  let running;
  async function load(url, { push = true } = {}) {
    if (!await window.guicheng.settleCells()) return;
    running?.abort();
    const mine = running = new AbortController();
    part("list").setAttribute("aria-busy", "true");
    let answer, page;
    try {
      answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin", signal: mine.signal });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      if (!mine.signal.aborted) fail(url, push);
      return;
    }
    if (mine.signal.aborted) return;
    if (!part("list", page)) {
      if (answer.status >= 500) fail(url, push);
      else location.assign(url); // signed out, or no longer allowed: the whole page says it
      return;
    }
    if (push) history.pushState({ list: true }, "", url);
    swap(page);
  }

  function fail(url, push) {
    const list = part("list");
    list.setAttribute("aria-busy", "false");
    const again = element("button", { type: "button", className: "btn small", textContent: say("again"), onclick: () => load(url, { push }) });
    const notice = element("div", { className: "notice bad" }, { role: "alert" }, element("div", {}, {}, element("p", { textContent: say("noAnswer") }), again));
    list.querySelector("[data-list-fault]").replaceChildren(notice);
  }

  function swap(page) {
    const back = whereFocusIs();
    const left = document.querySelector("[data-list-rows]")?.scrollLeft || 0;
    for (const name of ["ways", "export", "list", "columns"]) {
      const [old, fresh] = [part(name), part(name, page)];
      if (!old || !fresh) continue;
      old.replaceWith(document.adoptNode(fresh));
      enhance(fresh);
    }
    const rows = document.querySelector("[data-list-rows]");
    if (rows) rows.scrollLeft = left;
    back();
    document.querySelectorAll("form[action='/language'] [name='next']").forEach((input) => { input.value = location.pathname + location.search; });
    announce(say("rows", { n: document.querySelectorAll("[data-list-rows] tbody tr").length }));
  }

  // Where the focus is in the list, as a way to put it back there among the new elements.
  function whereFocusIs() {
    const active = document.activeElement;
    if (!active || !part("list").contains(active)) return () => {};
    const link = active.closest("[data-list-link]")?.dataset.listLink;
    const isInRows = Boolean(active.closest("tbody"));
    const { id, selectionStart: caret } = active;
    const rel = active.closest(".pager") && active.getAttribute("rel");
    return () => {
      const list = part("list");
      const same = (link && list.querySelector(`[data-list-link="${CSS.escape(link)}"]`)) || (rel && list.querySelector(`[rel="${rel}"]`)) || (id && list.querySelector(`#${CSS.escape(id)}`));
      const first = isInRows ? list.querySelector("tbody tr") : list.querySelector("[data-list-rows]");
      const place = same || first || list.querySelector("a, button");
      place?.focus({ preventScroll: Boolean(same) });
      if (same?.type === "search" && caret !== null) same.setSelectionRange(caret, caret);
    };
  }

  if (part("list")) {
    history.replaceState({ list: true }, "", location.href);
    addEventListener("popstate", (event) => { if (event.state?.list && part("list")) load(location.href, { push: false }); });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || !part("list").contains(link) || event.defaultPrevented || event.button || event.shiftKey || !isPlain(event)) return;
      const url = new URL(link.href);
      if (url.origin !== location.origin || url.pathname !== location.pathname || url.hash) return;
      event.preventDefault();
      load(url.href);
    });
    document.addEventListener("submit", (event) => {
      if (!event.target.matches("form[data-list-form]") || event.defaultPrevented) return;
      event.preventDefault();
      const pairs = [...new FormData(event.target)].filter(([, value]) => value !== "");
      load(`${event.target.action}?${new URLSearchParams(pairs)}`);
    });
    rememberPlace();
  }

  // Coming back from a record, by the browser or by a link of the page, finds the list where it was left.
  function rememberPlace() {
    const rows = () => document.querySelector("[data-list-rows]");
    const key = () => `list:${location.pathname}${location.search}`;
    addEventListener("pagehide", () => {
      const row = document.activeElement?.closest?.("[data-list-rows] tbody tr");
      try { sessionStorage.setItem(key(), JSON.stringify([rows()?.scrollTop || 0, row ? row.sectionRowIndex : -1])); } catch { /* then it begins at the top */ }
    });
    const { type } = performance.getEntriesByType("navigation")[0] ?? {};
    const before = type === "navigate" && document.referrer ? new URL(document.referrer) : null;
    const isBelow = before?.origin === location.origin && before.pathname !== location.pathname && before.pathname.startsWith(location.pathname);
    if ((type !== "back_forward" && !isBelow) || !rows()) return;
    const all = [...rows().querySelectorAll("tbody tr")];
    const idOf = (row) => new URL(row.querySelector("a[href]")?.href ?? location.href).searchParams.get("id");
    const same = isBelow && before.searchParams.get("id") ? all.find((row) => idOf(row) === before.searchParams.get("id")) : null;
    try {
      const [top, row] = JSON.parse(sessionStorage.getItem(key()) || "[0,-1]");
      rows().scrollTop = top;
      (same ?? all[row])?.focus({ preventScroll: !same });
    } catch { same?.focus(); }
  }

  // The first column and the state stay in sight; what one goes to comes clear of them, and a shadow and a button say
  // that there are columns behind the state.
  onEach("[data-list-rows]", (wrap) => {
    const table = wrap.querySelector("table");
    const on = part("list").querySelector("[data-scroll-on]");
    const widthOf = (cell) => (cell && getComputedStyle(cell).position === "sticky" ? cell.offsetWidth : 0);
    function measure() {
      const cells = [...table.tHead.rows[0].cells];
      const first = cells.findIndex((cell) => !cell.classList.contains("pick"));
      const isFrozen = cells.at(-1).classList.contains("state");
      wrap.style.scrollPaddingInlineStart = `${cells.slice(0, first + 1).reduce((sum, cell) => sum + widthOf(cell), 0)}px`;
      wrap.style.scrollPaddingInlineEnd = `${isFrozen ? widthOf(cells.at(-1)) : 0}px`;
      const isMore = wrap.scrollLeft + wrap.clientWidth < wrap.scrollWidth - 1;
      wrap.toggleAttribute("data-more", isMore);
      if (on) on.hidden = !isMore;
    }
    // Long texts give way to each other until all columns stand side by side; where that is not to be had, none does.
    const WIDEST = 26, NARROWEST = 6;
    function fit() {
      const { style } = table;
      const isOver = () => wrap.scrollWidth > wrap.clientWidth;
      style.removeProperty("--cell-max");
      wrap.removeAttribute("data-tight");
      if (!isOver()) return;
      style.setProperty("--cell-max", `${NARROWEST}rem`);
      wrap.toggleAttribute("data-tight", isOver());
      if (isOver()) {
        wrap.removeAttribute("data-tight");
        return void style.removeProperty("--cell-max");
      }
      let [fits, over] = [NARROWEST, WIDEST];
      while (over - fits > .5) {
        const between = (fits + over) / 2;
        style.setProperty("--cell-max", `${between}rem`);
        if (isOver()) over = between; else fits = between;
      }
      style.setProperty("--cell-max", `${fits}rem`);
    }
    on?.addEventListener("click", () => {
      wrap.scrollBy({ left: wrap.clientWidth / 2 });
      wrap.focus({ preventScroll: true }); // the arrow keys go on from here
    });
    wrap.addEventListener("scroll", measure, { passive: true });
    const watch = new ResizeObserver(() => {
      if (!wrap.querySelector(".editing, .as-sheet")) fit();
      measure();
    });
    watch.observe(wrap);
    watch.observe(table);
  });

  // Roomy or dense rows, remembered on this device, as the theme is.
  onEach("[data-density-toggle]", (button) => {
    const { dataset } = document.documentElement;
    const show = () => button.setAttribute("aria-pressed", String(dataset.rows === "roomy"));
    button.addEventListener("click", () => {
      dataset.rows = dataset.rows === "roomy" ? "dense" : "roomy";
      remembered("rows", dataset.rows);
      show();
    });
    button.hidden = false;
    show();
  });

  // Columns: the buttons of the page move lines here at once, and lines can be dragged.
  onEach("form[data-columns]", (form) => {
    const list = form.querySelector("ol");
    let dragged = null;
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-column-up], [data-column-down]");
      if (!button) return;
      event.preventDefault();
      const line = button.closest("li");
      if (button.matches("[data-column-up]")) line.previousElementSibling?.before(line);
      else line.nextElementSibling?.after(line);
      button.focus();
      announce(`${line.textContent.trim()} ${[...list.children].indexOf(line) + 1} / ${list.children.length}`);
    });
    list.querySelectorAll("li").forEach((line) => { line.draggable = true; });
    list.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("li");
      dragged.classList.add("dragged");
      event.dataTransfer.effectAllowed = "move";
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!dragged || !over) return;
      event.preventDefault();
      const box = over.getBoundingClientRect();
      if (over !== dragged) over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    });
    list.addEventListener("drop", (event) => event.preventDefault());
    list.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; });
  });

  // Widths: each head has a separator that is dragged or moved by the arrow keys; Delete gives the width back.
  const LEAST = 4, MOST = 40;
  onEach("table.grid[data-state]", (table) => {
    table.querySelectorAll("th[data-column]").forEach((head) => head.append(resizer(table, head)));
    const cells = table.tHead.rows[0];
    if (table.dataset.totals) showTotals(table, cells);
  });

  function resizer(table, head) {
    const label = head.textContent.trim();
    const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
    const now = () => Math.round(head.getBoundingClientRect().width / rem());
    const bar = element("span", { className: "resizer", tabIndex: 0 }, {
      role: "separator", "aria-orientation": "vertical", "aria-label": say("width", { label }), "aria-valuemin": LEAST, "aria-valuemax": MOST, "aria-valuenow": Math.min(MOST, Math.max(LEAST, now())),
    });
    let wanted = null;
    const current = () => wanted || Number(/(?:^| )w(\d+)/.exec(head.className)?.[1]) || now();
    const send = later(500, async () => {
      const body = new FormData();
      Object.entries({ column: head.dataset.column, width: wanted, state: table.dataset.state }).forEach(([key, value]) => body.append(key, value));
      try { if (!(await ask(`${table.dataset.base}columns/`, { body })).ok) announce(say("notKept")); } catch { announce(say("notKept")); }
    });
    function set(width) {
      const size = wanted = width === "" ? "" : Math.min(MOST, Math.max(LEAST, width));
      for (const row of table.rows) {
        const cell = row.cells[head.cellIndex];
        if (!cell) continue;
        cell.classList.remove("sized", ...[...cell.classList].filter((name) => /^w\d+$/.test(name)));
        if (size !== "") cell.classList.add("sized", `w${size}`);
      }
      bar.setAttribute("aria-valuenow", size === "" ? now() : size);
      send();
    }
    bar.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: () => current() - 1, ArrowRight: () => current() + 1, Home: () => LEAST, End: () => MOST, Delete: () => "" };
      if (!steps[event.key] || !isPlain(event)) return;
      event.preventDefault();
      set(steps[event.key]());
    });
    bar.addEventListener("dblclick", () => set(""));
    bar.addEventListener("pointerdown", (event) => {
      const [start, x] = [head.getBoundingClientRect().width, event.clientX];
      const move = (moved) => {
        const width = Math.round((start + moved.clientX - x) / rem());
        if (width !== Number(bar.getAttribute("aria-valuenow"))) set(width);
      };
      bar.setPointerCapture(event.pointerId);
      bar.classList.add("active");
      bar.addEventListener("pointermove", move);
      bar.addEventListener("lostpointercapture", () => { bar.removeEventListener("pointermove", move); bar.classList.remove("active"); }, { once: true });
    });
    return bar;
  }

  async function showTotals(table, heads) {
    let data;
    try { ({ data } = await ask(table.dataset.totals)); } catch { return; } // the list is whole without its sums
    if (!data.totals?.length || !table.isConnected) return;
    const texts = Object.fromEntries(data.totals.map((one) => [one.name, one.texts]));
    const cells = [...heads.cells].map((head, at) => {
      const found = texts[head.dataset.column];
      const name = [...head.classList].join(" ");
      if (at === 0 && head.classList.contains("pick")) return element("td", { className: name });
      if (found) return element("td", { className: name }, {}, ...found.map((text) => element("div", { textContent: text })));
      return element("td", { className: name });
    });
    const label = cells.findIndex((cell) => !cell.classList.contains("pick") && !cell.hasChildNodes());
    if (label >= 0) cells[label].replaceWith?.(cells[label] = element("th", { className: cells[label].className, textContent: say("total") }, { scope: "row" }));
    table.append(element("tfoot", {}, {}, element("tr", {}, {}, ...cells)));
  }

  // The menu of a row: one button at the end of the row under the pointer; m opens it for the row of the focus.
  let menu, opener, hovered;
  const more = element("button", { type: "button", className: "btn row-more", textContent: "⋯", tabIndex: -1, hidden: true }, { "aria-haspopup": "menu" });
  more.addEventListener("click", () => openMenu(hovered, more));
  const nameOf = (row) => row.querySelector("td:not(.pick)").textContent.trim();
  function offerMenu(event) {
    if (event.target === more) return;
    const row = event.target.closest?.("table.grid[data-state] tbody tr");
    more.hidden = !row || Boolean(row.querySelector(".editing"));
    if (more.hidden || row === hovered) return;
    hovered = row;
    more.setAttribute("aria-label", say("more", { label: nameOf(row) }));
    const wrap = row.closest("[data-list-rows]");
    wrap.after(more);
    const [edge, line] = [wrap.getBoundingClientRect(), row.getBoundingClientRect()];
    more.style.left = `${edge.left + wrap.clientWidth - more.offsetWidth - 4}px`;
    more.style.top = `${line.top + (line.height - more.offsetHeight) / 2}px`;
  }
  document.addEventListener("pointerover", offerMenu);
  document.addEventListener("scroll", () => { more.hidden = true; hovered = null; }, { capture: true, passive: true });

  async function openMenu(row, beside = row.querySelector("td:not(.pick)")) {
    const table = row.closest("table");
    const id = new URL(row.querySelector("td:not(.pick) a").href).searchParams.get("id");
    let answer;
    try { answer = await fetch(`${table.dataset.base}row/?id=${id}`, { credentials: "same-origin" }); } catch { /* said below */ }
    if (!answer?.ok || answer.redirected) return announce(say("noAnswer"));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // our own fragment; nothing in it runs
    menu?.remove();
    menu = element("div", { className: "row-menu" }, { role: "menu", popover: "auto", "aria-label": nameOf(row) }, ...page.body.childNodes);
    menu.querySelectorAll("a").forEach((link) => { link.tabIndex = -1; });
    menu.querySelectorAll("[data-with-next]").forEach((link) => { link.href += `&next=${encodeURIComponent(location.pathname + location.search)}`; });
    opener = row;
    table.closest("[data-list-rows]").after(menu);
    menu.addEventListener("keydown", walkMenu);
    menu.addEventListener("toggle", (event) => { if (event.newState === "closed" && menu.contains(document.activeElement)) opener.focus(); });
    menu.showPopover();
    place(menu, beside.getBoundingClientRect());
    menu.querySelector("a").focus();
    return undefined;
  }

  function place(box, beside) {
    const { width, height } = box.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(beside.right - 8, innerWidth - width - 8))}px`;
    box.style.top = `${Math.max(8, Math.min(beside.top, innerHeight - height - 8))}px`;
  }

  function walkMenu(event) {
    const links = [...menu.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); menu.hidePopover(); opener.focus(); }
    if (to === undefined) return;
    event.preventDefault();
    links[(to + links.length) % links.length].focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "m" || !isPlain(event) || remembered("shortcuts") === "off" || event.target.closest("input, select, textarea, .editing")) return;
    const row = event.target.closest("table.grid[data-state]:not(.as-sheet) tbody tr");
    if (row) { event.preventDefault(); openMenu(row); }
  });

  // Copying without selected text takes the chosen rows, or the row or cell of the focus, as cells of a spreadsheet.
  document.addEventListener("copy", (event) => {
    if (String(getSelection()) || event.target.closest?.("input, textarea, select, table.as-sheet")) return;
    const active = document.activeElement?.closest?.("[data-list-rows] tbody :is(tr, td)");
    const chosen = [...document.querySelectorAll("[data-list-rows] tbody tr.selected")];
    if (!chosen.length && !active) return;
    const isCell = !chosen.length && active.tagName === "TD";
    const rows = chosen.length ? chosen : [active.closest("tr")];
    const text = isCell ? textOf(active) : rows.map((row) => [...row.cells].filter((cell) => !cell.classList.contains("pick")).map(textOf).join("\t")).join("\n");
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    if (!isCell) announce(say("copied", { n: rows.length }));
  });

  function textOf(cell) {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".ago").forEach((one) => one.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }
})();
