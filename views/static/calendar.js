// Calendars: a record is dragged to another day, or moved by a dialog; the gate decides, and a move can be taken back.
"use strict";
(() => {
  const { say, announce, ask } = window.guicheng;

  // On a phone the days stand one below the other: what is over is above, the page begins at today.
  const isFresh = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (isFresh && matchMedia("(max-width: 40rem)").matches) document.querySelector(".calendar:not(.day) .today:not(.outside)")?.scrollIntoView();

  const dialog = document.getElementById("move-date");
  const toast = document.querySelector("[data-toast]");
  const place = () => document.querySelector("[data-calendar][data-move-url]");
  if (!place() || !dialog || !toast) return;
  const form = dialog.querySelector("form");
  const [said, undo] = toast.children;
  let dragged = null;
  let hides;

  function tell(text, back) {
    clearTimeout(hides);
    said.textContent = text;
    undo.hidden = !back;
    undo.onclick = back || null;
    toast.hidden = false;
    if (!back) hides = setTimeout(() => { toast.hidden = true; }, 8000);
  }

  // What moved may push others out of sight, so the days are fetched again and the focus goes back to the record.
  async function refresh(id) {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-calendar]");
    if (!answer.ok || !fresh) return location.reload();
    place().replaceChildren(...fresh.childNodes);
    focus(id);
  }
  const focus = (id) => document.querySelector(`[data-event="${CSS.escape(id)}"] a`)?.focus();

  const undoing = Object.assign((text) => tell(text), { done: () => tell(toast.dataset.undone) });

  async function move({ id, version, to }, shown = tell) {
    const body = new FormData();
    Object.entries({ id, version, to, date: place().dataset.field }).forEach(([name, value]) => body.append(name, value));
    place().setAttribute("aria-busy", "true");
    try {
      const { ok, data } = await ask(place().dataset.moveUrl, { body });
      if (!ok) return shown(data.message || say("noAnswer"));
      await refresh(id);
      const back = data.was && data.was !== to ? () => move({ id, version: data.version, to: data.was }, undoing) : null;
      return (shown.done ?? tell)(data.message, back);
    } catch {
      return shown(say("noAnswer"));
    } finally {
      place().removeAttribute("aria-busy");
    }
  }

  function open(event) {
    const [problem] = form.querySelectorAll("[data-move-problem]");
    problem.hidden = true;
    form.elements.id.value = event.dataset.event;
    form.elements.version.value = event.dataset.version;
    form.elements.to.value = event.closest("[data-day]").dataset.day;
    form.querySelector("[data-move-what]").textContent = event.querySelector("a").textContent;
    dialog.showModal();
    form.elements.to.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = form.querySelector("[data-move-problem]");
    const refused = (text) => {
      problem.hidden = false;
      problem.firstElementChild.textContent = text;
      form.elements.to.focus();
    };
    refused.done = (text, back) => { dialog.close(); tell(text, back); focus(form.elements.id.value); };
    move({ id: form.elements.id.value, version: form.elements.version.value, to: form.elements.to.value }, refused);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-move-date]");
    if (!opener || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(opener.closest("[data-event]"));
  });
  document.addEventListener("keydown", (event) => {
    const found = event.target.closest?.("[data-event][data-version]");
    if (!found || event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    open(found);
  });

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-event][data-version]") || null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.querySelector("a").textContent);
    dragged.classList.add("dragged");
  });
  const dayUnder = (event) => (dragged ? event.target.closest?.("[data-day]") : null);
  const clear = () => document.querySelectorAll(".day.over").forEach((one) => one.classList.remove("over"));
  document.addEventListener("dragover", (event) => {
    const day = dayUnder(event);
    if (!day) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    if (!day.classList.contains("over")) { clear(); day.classList.add("over"); }
  });
  document.addEventListener("drop", (event) => {
    const day = dayUnder(event);
    if (!day) return;
    event.preventDefault();
    const { event: id, version } = dragged.dataset;
    if (day.dataset.day !== dragged.closest("[data-day]").dataset.day) {
      move({ id, version, to: day.dataset.day });
      announce(day.querySelector("time").textContent);
    }
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    clear();
  });
})();
