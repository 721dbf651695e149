// Attached files: previews over the page, uploads one after the other with progress and cancel, files dropped on the form.
"use strict";
(() => {
  const { element, announce, enhance, onEach } = window.guicheng;
  const dialog = document.getElementById("preview");
  const place = dialog?.querySelector("[data-preview-place]");
  let turn = 0;

  // Only the newest answer is shown; without an answer the page of its own opens, which says what is wrong.
  async function show(url) {
    turn += 1;
    const mine = turn;
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" });
      const text = await answer.text();
      if (mine !== turn) return;
      const inside = new DOMParser().parseFromString(text, "text/html").querySelector("[data-preview-inside]");
      if (!answer.ok || !inside) throw new Error(answer.statusText);
      const way = place.contains(document.activeElement) && document.activeElement.rel;
      place.replaceChildren(document.adoptNode(inside));
      (way && place.querySelector(`a[rel="${way}"]`) || place.querySelector(".sheet-wrap") || dialog).focus();
      enhance(place);
      ahead(place.querySelector("a[rel='next']"));
    } catch {
      if (mine === turn) location.assign(url);
      return;
    }
    place.removeAttribute("aria-busy");
  }

  // The next page is drawn while this one is read.
  function ahead(next) {
    const sheet = place.querySelector("img.sheet");
    if (!next || !sheet) return;
    const number = new URL(next.href).searchParams.get("page");
    sheet.addEventListener("load", () => { new Image().src = sheet.src.replace(/\/page\/\d+/, `/page/${number}`); }, { once: true });
  }

  function open(link) {
    const title = dialog.querySelector("h2");
    title.textContent = link.dataset.title || link.textContent.trim();
    place.replaceChildren();
    if (!dialog.open) dialog.showModal();
    show(link.href);
  }

  if (dialog) {
    dialog.classList.add("wide");
    document.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const opener = event.target.closest("a[data-preview]");
      const inner = event.target.closest("#preview .toolbar a:not([download])");
      if (!opener && !inner) return;
      event.preventDefault();
      if (opener) open(opener);
      else show(inner.href);
    });
    dialog.addEventListener("submit", (event) => {
      const form = event.target.closest("[data-preview-go]");
      if (!form) return;
      event.preventDefault();
      show(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input, .sheet-wrap") || event.ctrlKey || event.altKey || event.metaKey) return;
      const way = { ArrowLeft: "prev", PageUp: "prev", ArrowRight: "next", PageDown: "next" }[event.key];
      const link = way && place.querySelector(`a[rel='${way}']`);
      if (!link) return;
      event.preventDefault();
      link.click();
    });
    dialog.addEventListener("close", () => { turn += 1; place.replaceChildren(); });
  }

  // One file at a time: the server stores it while it comes in, and what is cancelled leaves nothing.
  function send(form, file, words, list) {
    const bar = element("progress", { max: file.size || 1, value: 0 }, { "aria-label": file.name });
    const cancel = element("button", { type: "button", className: "btn quiet small", textContent: words.cancel });
    const note = element("span", { className: "quiet-text" });
    list.append(element("li", {}, {}, element("bdi", { textContent: file.name }), bar, cancel, note));
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const end = (ok, message) => {
        bar.remove();
        cancel.remove();
        note.textContent = message;
        note.className = ok ? "quiet-text" : "late";
        announce(`${file.name}: ${message}`);
        resolve(ok);
      };
      const body = new FormData(form);
      body.delete("file");
      body.append("file", file, file.name);
      request.upload.addEventListener("progress", (event) => { bar.max = event.total; bar.value = event.loaded; });
      request.addEventListener("load", () => {
        let told = {};
        try { told = JSON.parse(request.responseText); } catch { /* a page, such as the one for signing in */ }
        end(Boolean(told.ok), told.message || (told.ok ? words.done : words.cut));
      });
      request.addEventListener("error", () => end(false, words.cut));
      request.addEventListener("abort", () => end(false, words.cancelled));
      cancel.addEventListener("click", () => request.abort());
      request.open("POST", form.action);
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name='csrf-token']")?.content || "");
      request.send(body);
    });
  }

  onEach("form[data-attach]", (form) => {
    const words = JSON.parse(form.dataset.attach);
    const input = form.querySelector("input[type='file']");
    const list = element("ul", { className: "files uploads" }, { "aria-label": input.labels[0]?.textContent || "" });
    const drop = element("p", { className: "quiet-text drop-note", textContent: words.more });
    form.append(drop, list);
    let busy = false;

    async function sendAll(files) {
      if (busy || !files.length) return;
      busy = true;
      list.replaceChildren();
      let failed = false;
      for (const file of files) if (!await send(form, file, words, list)) failed = true;
      busy = false;
      input.value = "";
      const here = `${location.pathname}${location.search}`;
      if (failed) list.append(element("li", {}, {}, element("a", { href: here, textContent: words.reload })));
      else location.replace(here);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sendAll([...input.files]);
    });
    for (const type of ["dragenter", "dragover"]) {
      form.addEventListener(type, (event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        form.classList.add("dropping");
      });
    }
    form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) form.classList.remove("dropping"); });
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("dropping");
      const most = Number(input.dataset.maxBytes || Infinity);
      const files = [...event.dataTransfer.files];
      const large = files.find((file) => file.size > most);
      if (large) list.replaceChildren(element("li", { className: "late", textContent: `${large.name} · ${input.dataset.tooLarge}` }));
      else sendAll(files);
    });
  });
})();
