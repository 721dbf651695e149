// What every page shares: words, requests, dialogs, menus, guarded forms, computed values, uploads and shortcuts.
"use strict";
window.guicheng = (() => {
  const words = JSON.parse(document.body.dataset.words || "{}");
  const enhancers = [];
  const later = (wait, run, timer) => () => { clearTimeout(timer); timer = setTimeout(run, wait); };
  const say = (key, values = {}) => (words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  function element(tag, properties = {}, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // A date input takes ISO dates only. What could mean two days is no date: the server guesses nothing either.
  function isoDay(text) {
    const plain = text.normalize("NFKC").trim();
    const found = plain.match(/^(\d{4})(\d{2})(\d{2})$/) ?? plain.match(/^(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?$/);
    const [, year = String(new Date().getFullYear()), month, day] = found ?? [];
    const iso = found ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : "";
    return iso && isThere(iso) ? iso : "";
  }

  function isThere(iso) {
    const date = new Date(`${iso}T00:00:00Z`);
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso);
  }

  // Yes, no, or neither (null), in the words that the server knows, too.
  function flagOf(text) {
    const plain = text.normalize("NFKC").trim().toLowerCase();
    const [yes, no] = JSON.parse(document.body.dataset.flags || "[[],[]]");
    if (yes.includes(plain)) return true;
    return no.includes(plain) ? false : null;
  }

  // What is copied from a spreadsheet, as rows of cells: one that holds tabs, lines or quotation marks stands in these.
  function sheetOf(text) {
    const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    const rows = [[]];
    const cell = /(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))([\t\n]|$)/gy;
    for (let found = cell.exec(plain); found; found = cell.exec(plain)) {
      rows.at(-1).push((found[1] === undefined ? found[2] : found[1].replaceAll('""', '"')).trim());
      if (found[3] === "\n") rows.push([]);
      if (!found[3]) break;
    }
    return rows;
  }

  // What an input method takes for itself, such as the Enter that ends a composition, is no key of ours. Safari sends
  // that one after the composition, with code 229 alone.
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation();
  }, true);

  // Readers speak a change, so the same sentence twice needs an empty moment between.
  function announce(text) {
    const live = document.getElementById("live");
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  }

  // A sign-in page instead of JSON throws here, so that callers have one failure to speak about.
  async function ask(url, { body, signal } = {}) {
    const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang, "X-Requested-With": "XMLHttpRequest" }; // of who is signed out, the server knows no other
    if (body) headers["X-CSRFToken"] = document.querySelector("meta[name='csrf-token']")?.content || "";
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, signal, headers, credentials: "same-origin" });
    return { ok: answer.ok, status: answer.status, data: await answer.json() };
  }

  function remembered(key, value) {
    try {
      if (value !== undefined) localStorage.setItem(key, value);
      return localStorage.getItem(key);
    } catch { return null; } // private windows may refuse storage
  }

  function enhance(root) {
    for (const [selector, run] of enhancers) root.querySelectorAll(selector).forEach((one) => run(one));
  }

  function onEach(selector, run) {
    enhancers.push([selector, run]);
    document.querySelectorAll(selector).forEach((one) => run(one));
  }
  return { say, element, announce, ask, isoDay, flagOf, sheetOf, later, remembered, enhance, onEach };
})();

(() => {
  const { element, announce, ask, later, remembered, onEach } = window.guicheng;
  const isTyping = (target) => target.matches?.("input:not([type='checkbox'], [type='radio'], [type='button'], [type='submit']), textarea, select, [contenteditable]");

  // Computed values: only the newest answer counts, and mistakes show only where the person has already been. What was
  // chosen since the last answer is named, so that the answer brings what it fills beside it.
  onEach("form[data-compute-url]", (form) => {
    const touched = new Set();
    const chosen = new Set();
    let turn = 0;
    let running;
    const recompute = later(300, async () => {
      const mine = turn;
      const asked = [...chosen].filter((input) => input.isConnected);
      running = new AbortController();
      const body = new FormData(form);
      for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
      for (const { name } of asked) body.append("chosen", name);
      try {
        const { ok, data } = await ask(form.dataset.computeUrl, { body, signal: running.signal });
        if (mine !== turn || !ok) return;
        for (const [name, text] of Object.entries(data.values || {})) {
          form.querySelectorAll(`[data-computed="${CSS.escape(name)}"]`).forEach((place) => { place.textContent = text; });
        }
        if (!touched.size && form.dataset.guard === "dirty") Object.keys(data.errors || {}).forEach((name) => touched.add(name));
        showErrors(form, data.errors || {}, touched);
        delete form.dataset.computing;
        asked.forEach((input) => chosen.delete(input));
        fill(data.fills || {});
        note(form, data.notes);
      } catch { /* the old numbers stay, greyed by data-computing, until an answer comes */ }
    });
    function fill(texts) {
      for (const [name, text] of Object.entries(texts)) {
        const control = form.elements[name];
        if (!control || control.value) continue;
        control.value = text;
        control.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
    function refresh() {
      turn += 1;
      running?.abort();
      form.dataset.computing = "";
      recompute();
    }
    const changed = ({ target }) => {
      if (target.name) touched.add(target.name);
      if (target.matches("[data-picker] > input[type='hidden']") && target.value) chosen.add(target);
      refresh();
    };
    for (const type of ["input", "change"]) form.addEventListener(type, changed);
    document.addEventListener("signedin", refresh);
    if (form.dataset.guard === "dirty" || "computeNow" in form.dataset) refresh();
  });

  // What a choice could not bring along is said above the form, and read to who does not see it.
  function note(form, sentences) {
    if (!sentences) return;
    const text = sentences.join(" ");
    const place = form.querySelector("[data-notes]") ?? form.insertBefore(element("p", { className: "notice warn" }, { "data-notes": "" }), form.firstChild);
    place.textContent = text;
    announce(text);
  }

  function showErrors(form, errors, touched) {
    form.querySelectorAll("[data-errors]").forEach((list) => {
      const name = list.dataset.errors;
      if (!touched.has(name)) return;
      const sentences = [errors[name] || []].flat();
      list.replaceChildren(...sentences.map((sentence) => element("li", { textContent: sentence })));
      list.hidden = !sentences.length;
      form.querySelector(`[aria-describedby~="${CSS.escape(list.id)}"]`)?.setAttribute("aria-invalid", String(sentences.length > 0));
    });
  }

  // Guarded forms: leaving asks, unless kept.js keeps what is typed; sending happens once, Ctrl+S and Ctrl+Enter send.
  onEach("form[data-guard]", (form) => {
    const contents = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name + value.size : value]));
    const before = contents();
    let sent = false;
    const mark = (busy) => {
      sent = busy;
      form.setAttribute("aria-busy", String(busy));
      for (const part of form.elements) if (part.type === "submit") part.setAttribute("aria-disabled", String(busy));
    };
    addEventListener("beforeunload", (event) => {
      if (!sent && form.isConnected && form.dataset.guard !== "kept" && (form.dataset.guard === "dirty" || contents() !== before)) event.preventDefault();
    });
    addEventListener("pageshow", (event) => { if (event.persisted) mark(false); });
    form.addEventListener("submit", (event) => {
      if (sent || event.defaultPrevented) return event.preventDefault();
      if (event.submitter?.formTarget) return; // opens beside, nothing is saved
      mark(true);
      setTimeout(mark, 12000, false); // a lost connection must not lock the form; the server drops doubles
    });
  });

  function sendFormAt(target) {
    const within = document.querySelector("dialog[open]") || document;
    const shown = [...within.querySelectorAll("form[data-guard]")].filter((one) => !one.closest("dialog:not([open])"));
    const likely = shown.filter((one) => one.dataset.guard !== "kept"); // a comment is not what the page is for
    const form = target.closest?.("form[data-guard]") || (likely.length === 1 ? likely[0] : null);
    if (!form) return false;
    document.activeElement?.dispatchEvent(new Event("commit", { bubbles: true }));
    form.requestSubmit([...form.elements].find((element) => element.type === "submit"));
    return true;
  }

  onEach("input[type='file'][data-upload]", (input) => {
    const list = element("ul", { className: "files" });
    input.after(element("div", {}, { role: "status" }, list));
    const size = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 });
    input.addEventListener("change", () => {
      const isLarge = (file) => file.size > Number(input.dataset.maxBytes || Infinity);
      list.replaceChildren(...[...input.files].map((file) => element("li", {
        className: isLarge(file) ? "late" : "",
        textContent: `${file.name} · ${size.format(file.size / 1048576)}${isLarge(file) ? ` · ${input.dataset.tooLarge}` : ""}`,
      })));
      const refused = [...input.files].some(isLarge);
      input.setCustomValidity(refused ? input.dataset.tooLarge : "");
      input.setAttribute("aria-invalid", String(refused));
    });
  });

  // Arrow keys walk through a closed list and would send at every step; they wait for Enter or leaving.
  onEach("select[data-autosubmit]", (select) => {
    let isWalking = false;
    const first = select.value;
    const send = () => { if (select.value !== first) select.form.requestSubmit(); };
    select.form?.querySelectorAll("[data-autosubmit-button]").forEach((button) => { button.hidden = true; });
    select.addEventListener("keydown", ({ key }) => {
      isWalking = key !== "Enter";
      if (!isWalking) send();
    });
    select.addEventListener("pointerdown", () => { isWalking = false; });
    select.addEventListener("change", () => { if (!isWalking) send(); });
    select.addEventListener("blur", send);
  });

  onEach("[data-theme-toggle]", (button) => {
    const { dataset } = document.documentElement;
    const isDark = () => (dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
    const show = () => button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      dataset.theme = isDark() ? "light" : "dark";
      remembered("theme", dataset.theme);
      show();
    });
    button.hidden = false;
    show();
  });

  // The menu: beside the page, or away until it is asked for; each browser remembers.
  onEach("[data-side-toggle]", (button) => {
    const { dataset } = document.documentElement;
    const menu = button.closest("[popover]");
    const show = () => button.setAttribute("aria-pressed", String(dataset.side !== "closed"));
    button.addEventListener("click", () => {
      const closes = dataset.side !== "closed";
      if (closes) dataset.side = "closed";
      else {
        delete dataset.side;
        if (menu.matches(":popover-open")) menu.hidePopover();
      }
      remembered("side", closes ? "closed" : "open");
      show();
      if (closes) document.querySelector(`[popovertarget="${menu.id}"]`)?.focus();
    });
    button.hidden = false;
    show();
  });

  onEach("[data-shortcuts-toggle]", (box) => {
    box.checked = remembered("shortcuts") !== "off";
    box.addEventListener("change", () => remembered("shortcuts", box.checked ? "on" : "off"));
  });

  onEach("details.nav-group", (group) => {
    const key = `nav:${group.dataset.key}`;
    if (remembered(key) && !group.querySelector("[aria-current]")) group.open = remembered(key) === "open";
    group.addEventListener("toggle", () => remembered(key, group.open ? "open" : "closed"));
  });

  // A page that is there to be filled in begins in its first field, or in the first at fault; no other page takes the focus.
  onEach("form[data-focus-first]", (form) => {
    if (location.hash || document.activeElement !== document.body) return;
    const fields = [...form.querySelectorAll("input:not([type='hidden'], [readonly]), select, textarea")].filter((one) => !one.disabled && one.offsetParent);
    (fields.find((one) => one.matches("[aria-invalid='true']")) ?? fields[0])?.focus();
  });

  const MENUS = "details:is(.pop, .filters)[open]";
  document.addEventListener("click", (event) => {
    const way = event.composedPath(); // what a click took away is still on its way
    document.querySelectorAll(MENUS).forEach((menu) => { if (!way.includes(menu)) menu.open = false; });
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const opener = event.target.closest("[data-dialog-open]");
    const dialog = opener && document.getElementById(opener.dataset.dialogOpen);
    const closer = event.target.closest("[data-dialog-close]");
    if (dialog || closer) event.preventDefault();
    if (dialog && !dialog.open) dialog.showModal();
    if (closer) closer.closest("dialog").close();
  });

  // Single keys can be switched off in the shortcuts dialog; keys with Ctrl always work.
  const places = { h: "[data-go='home']", i: "[data-go='inbox']" };
  let waitsForPlace = false;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const menu = event.target.closest?.(MENUS) ?? document.querySelector(MENUS);
    if (event.key === "Escape" && menu && !document.querySelector("dialog[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if ((event.ctrlKey || event.metaKey) && !event.altKey && (event.key.toLowerCase() === "s" || event.key === "Enter")) {
      if (sendFormAt(event.target)) event.preventDefault();
      return;
    }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || isTyping(event.target) || remembered("shortcuts") === "off" || document.querySelector("dialog[open]")) return;
    const goesTo = waitsForPlace && places[event.key];
    waitsForPlace = event.key === "g";
    if (waitsForPlace) setTimeout(() => { waitsForPlace = false; }, 1200);
    const shortcuts = document.getElementById("shortcuts");
    const search = document.querySelector("[data-search]");
    if (goesTo) document.querySelector(goesTo)?.click();
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "b") document.querySelector("[data-side-toggle]")?.click();
    else if (event.key === "?" && shortcuts) { event.preventDefault(); shortcuts.showModal(); }
    else if (event.key === "j" && event.target === document.body) document.querySelector(".grid tbody tr[tabindex='0']")?.focus();
  });
  announce(document.querySelector("[data-flash]")?.textContent.trim() ?? "");
})();
