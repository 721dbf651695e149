// The command palette (Ctrl+K): asks the server as one types, and follows the chosen address.
"use strict";
(() => {
  const { say, element, ask, later, remembered } = window.guicheng;
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role='listbox']");
  const status = dialog.querySelector("[data-palette-status]");
  const key = `recent:${dialog.dataset.person}`;
  const RECENT_MAX = 8;
  let running;
  let active = -1;
  let answered = null; // the text that the options answer to
  let entered = null; // Enter came before its answer

  const named = () => {
    const found = /^\/admin\/([a-z_]+)\/(details|edit|move|history)\/$/.exec(location.pathname);
    const id = new URLSearchParams(location.search).get("id");
    return found && id ? `${found[1]}:${id}` : "";
  };
  const recent = () => (remembered(key) || "").split(",").filter(Boolean);
  const options = () => [...list.querySelectorAll("[role='option']")];

  function remember() {
    const here = named();
    if (here && location.pathname.endsWith("/details/")) remembered(key, [here, ...recent().filter((one) => one !== here)].slice(0, RECENT_MAX).join(","));
  }

  function choose(at) {
    const all = options();
    active = all.length ? (at + all.length) % all.length : -1;
    all.forEach((one, index) => one.setAttribute("aria-selected", String(index === active)));
    if (active < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    }
  }

  function optionFor(told, id) {
    const made = element("div", { id }, { role: "option", "data-url": told.url, "data-press": told.press ?? "" }, element("span", { className: "palette-label", textContent: told.label }));
    if (told.state) made.append(element("span", { className: `badge tone-${told.tone}`, textContent: told.state }));
    if (told.note) made.append(element("span", { className: "note", textContent: told.note }));
    return made;
  }

  function show({ groups, said }) {
    let count = 0;
    list.replaceChildren(...groups.map((group, at) => {
      const heading = element("div", { className: "palette-group", id: `palette-group-${at}`, textContent: group.label }, { role: "presentation" });
      const made = group.options.map((one) => optionFor(one, `palette-option-${count++}`));
      return element("div", {}, { role: "group", "aria-labelledby": heading.id }, heading, ...made);
    }));
    list.hidden = !count;
    input.setAttribute("aria-expanded", String(count > 0));
    status.textContent = said || (count ? say("matches", { n: count }) : say("noMatch"));
    choose(0);
  }

  async function load() {
    running?.abort();
    const mine = new AbortController();
    const text = input.value;
    running = mine;
    const query = new URLSearchParams({ q: input.value, on: named(), recent: input.value.trim() ? "" : recent().join(",") });
    list.setAttribute("aria-busy", "true");
    try {
      const { ok, data } = await ask(`${dialog.dataset.url}?${query}`, { signal: mine.signal });
      if (!ok) throw new Error("refused");
      if (mine !== running) return;
      show(data);
      answered = text;
      if (entered && text === input.value) follow(options()[active], entered.apart);
    } catch {
      if (mine === running && !mine.signal.aborted) status.textContent = say("noAnswer");
    } finally {
      if (mine === running) list.removeAttribute("aria-busy");
    }
  }
  const soon = later(120, load);

  function follow(option, apart) {
    entered = null;
    if (!option) return;
    const { press } = option.dataset;
    if (press) {
      dialog.close();
      return void document.querySelector(`[data-pressed-as="${CSS.escape(press)}"]`)?.click();
    }
    if (apart) window.open(option.dataset.url, "_blank", "noopener");
    else location.assign(option.dataset.url);
    dialog.close();
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    answered = null;
    load();
  }

  // What an input method is still composing is no text yet.
  input.addEventListener("input", (event) => {
    entered = null;
    if (!event.isComposing) soon();
  });
  input.addEventListener("compositionend", soon);
  input.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / 40));
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (event.key in steps) {
      event.preventDefault();
      const last = options().length - 1;
      const far = Math.abs(steps[event.key]) > 1;
      choose(far ? Math.min(last, Math.max(0, active + steps[event.key])) : active + steps[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const apart = event.ctrlKey || event.metaKey;
      if (answered === input.value) return follow(options()[active], apart);
      entered = { apart }; // who types fast means the answer to what they typed, not what stood there before
      load();
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => follow(event.target.closest("[role='option']"), event.ctrlKey || event.metaKey));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    running?.abort();
    input.value = "";
    answered = entered = null;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-palette-open]");
    if (!opener || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  remember();
})();
