// The record page: moves in a dialog, colleagues called by @ in a comment, what was folded away stays so.
"use strict";
(() => {
  const { say, announce, ask, element, later, enhance, onEach, remembered } = window.guicheng;

  const dialog = document.getElementById("move-dialog");
  const body = dialog?.querySelector("[data-move-body]");

  function show(html) {
    body.innerHTML = html;
    const title = body.querySelector("[data-dialog-title]");
    dialog.querySelector("header h2").replaceChildren(...(title?.childNodes ?? []));
    title?.remove();
    const form = body.querySelector("form");
    form?.addEventListener("submit", (event) => { if (!event.defaultPrevented) send(event, form); });
    enhance(body);
    if (!dialog.open) dialog.showModal();
    (body.querySelector("[aria-invalid='true']") ?? form?.querySelector("textarea, select, input:not([type='hidden']), button"))?.focus();
  }

  dialog?.addEventListener("close", () => body.replaceChildren());

  // What is no fragment with a form (a refusal, the sign-in page) is shown as the page that it is.
  async function fragment(url, options) {
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html, application/json;q=.9" }, ...options });
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) return { goTo: (await answer.json()).url };
    const html = await answer.text();
    return html.includes("data-dialog-title") && html.includes("<form") ? { html } : {};
  }

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-move]");
    if (!link || !dialog || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const url = new URL(link.href);
    url.searchParams.set("part", "dialog");
    link.setAttribute("aria-busy", "true");
    const { html } = await fragment(url).catch(() => ({}));
    link.removeAttribute("aria-busy");
    if (html) show(html); else location.assign(link.href);
  });

  async function send(event, form) {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    let answer;
    try { answer = await fragment(form.action, { method: "POST", body: new FormData(form) }); } catch { answer = null; }
    if (answer?.goTo) {
      form.dispatchEvent(new Event("sent"));
      body.replaceChildren(); // what was sent is no unsaved work
      return void location.assign(answer.goTo);
    }
    if (answer?.html) return show(answer.html);
    form.removeAttribute("aria-busy");
    if (answer) return void location.reload();
    announce(say("noAnswer"));
    form.prepend(element("p", { className: "notice bad", textContent: say("noAnswer") }, { role: "alert" }));
  }

  onEach("details[data-remember]", (part) => {
    const key = `fold:${part.dataset.remember}`;
    part.open = remembered(key) ? remembered(key) === "open" : innerWidth > 640;
    part.addEventListener("toggle", () => remembered(key, part.open ? "open" : "closed"));
    const place = part.querySelector(".drawing .current rect");
    const frame = place?.closest("div.drawing");
    if (frame) frame.scrollLeft = place.getBBox().x - frame.clientWidth / 2;
  });

  // Typing @ offers colleagues who may read the record; composing Chinese characters is left alone.
  onEach("textarea[data-mentions]", (area) => {
    const list = element("ul", { id: `${area.id}-people`, className: "people" }, { role: "listbox", "aria-label": area.labels[0]?.textContent.trim() ?? "" });
    const popup = element("div", { className: "picker-popup", hidden: true }, {}, list);
    if (popup.showPopover) popup.popover = "manual";
    area.after(popup);
    area.setAttribute("aria-controls", list.id);
    area.setAttribute("aria-autocomplete", "list");
    let found = [];
    let active = 0;
    let turn = 0;

    const typed = () => area.value.slice(0, area.selectionStart).match(/(?:^|[^\w.@-])@([^\s@]{0,30})$/);

    function close() {
      turn += 1;
      if (popup.hidden) return;
      popup.hidePopover?.();
      popup.hidden = true;
      area.removeAttribute("aria-activedescendant");
    }
    function activate(index) {
      active = (index + found.length) % found.length;
      [...list.children].forEach((option, at) => { option.classList.toggle("active", at === active); option.setAttribute("aria-selected", String(at === active)); });
      area.setAttribute("aria-activedescendant", list.children[active].id);
    }
    function open() {
      list.replaceChildren(...found.map(({ login, name, note }, at) => element("li", { id: `${list.id}-${at}` }, { role: "option" },
        element("span", { textContent: `${name} @${login}` }), element("span", { className: "note", textContent: note }))));
      popup.hidden = false;
      popup.showPopover?.();
      const field = area.getBoundingClientRect();
      Object.assign(popup.style, { left: `${field.left}px`, top: `${field.bottom + 3}px`, minWidth: `${Math.min(field.width, 320)}px`, maxHeight: "16rem" });
      activate(0);
      announce(say("matches", { n: found.length }));
    }
    async function search() {
      const word = typed();
      if (!word) return close();
      const mine = (turn += 1);
      const url = new URL(area.dataset.mentions, location.href);
      url.searchParams.set("query", word[1]);
      try {
        const { ok, data } = await ask(url);
        if (mine !== turn) return;
        found = ok ? data.results : [];
      } catch { found = []; }
      if (found.length && document.activeElement === area) open(); else close();
    }
    function choose() {
      const word = typed();
      if (word) area.setRangeText(`@${found[active].login} `, area.selectionStart - word[1].length - 1, area.selectionStart, "end");
      close();
    }
    const searchSoon = later(150, search);
    area.addEventListener("input", (event) => { if (!event.isComposing) searchSoon(); });
    area.addEventListener("compositionend", searchSoon);
    area.addEventListener("blur", close);
    popup.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role='option']");
      if (option) { active = [...list.children].indexOf(option); choose(); }
    });
    area.addEventListener("keydown", (event) => {
      if (popup.hidden || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") activate(active + (event.key === "ArrowDown" ? 1 : -1));
      else if (event.key === "Enter" || event.key === "Tab") choose();
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  });
})();
