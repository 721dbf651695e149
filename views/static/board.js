// Boards: a card asks once which moves there are, is dragged to a column that one of them leads to, or opens a menu; what
// is held back from its reader stands there with the way to the course.
"use strict";
(() => {
  const { say, element, ask } = window.guicheng;
  const board = document.querySelector("[data-board]");
  const menu = document.getElementById("card-menu");
  const toast = document.querySelector("[data-toast]");
  if (!board || !menu || !toast) return;
  const known = new Map();
  let dragged = null;
  let allowed = [];
  let hides;
  let opener = null;

  function tell(text) {
    clearTimeout(hides);
    toast.firstElementChild.textContent = text;
    toast.hidden = false;
    hides = setTimeout(() => { toast.hidden = true; }, 8000);
  }

  function movesOf(card) {
    const key = `${card.dataset.card}:${card.dataset.version}`;
    if (!known.has(key)) {
      const asked = ask(`${board.dataset.board}moves/?id=${card.dataset.card}`).then(({ ok, data }) => {
        if (!ok) throw new Error(data.message || say("noAnswer"));
        return data;
      });
      asked.catch(() => known.delete(key));
      known.set(key, asked);
    }
    return known.get(key);
  }

  async function refresh(id) {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-board]");
    if (!answer.ok || !fresh) return location.reload();
    const across = board.scrollLeft;
    board.replaceChildren(...fresh.childNodes);
    board.scrollLeft = across;
    board.querySelector(`[data-card="${CSS.escape(id)}"] a`)?.focus();
  }

  // What a move still asks for is filled in on its page, which leads back here.
  async function make(card, move) {
    if (move.asks) return location.assign(`${move.url}&next=${encodeURIComponent(location.pathname + location.search)}`);
    const body = new FormData();
    const { card: id, version } = card.dataset;
    Object.entries({ id, version, verb: move.verb }).forEach(([name, value]) => body.append(name, value));
    board.setAttribute("aria-busy", "true");
    try {
      const { data } = await ask(`${board.dataset.board}move/`, { body });
      tell(data.message || say("noAnswer"));
      await refresh(id);
    } catch {
      tell(say("noAnswer"));
    } finally {
      board.removeAttribute("aria-busy");
    }
  }

  function openMenu(card, moves, held, beside) {
    if (!moves.length && !held.length) return tell(toast.dataset.none);
    const items = moves.map((move) => element("button", {
      type: "button", textContent: move.asks ? `${move.label} …` : move.label, className: move.is_danger ? "danger" : "",
      onclick: () => { menu.hidePopover(); make(card, move); },
    }, { role: "menuitem", tabindex: "-1" }));
    const courses = held.map(({ label, why, url }) => element("a", {
      href: url, textContent: `${label}${toast.dataset.colon}${why}`, className: "held",
    }, { role: "menuitem", tabindex: "-1" }));
    menu.replaceChildren(...items, ...courses);
    opener = beside;
    menu.showPopover();
    const place = beside.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(place.left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = `${Math.max(8, Math.min(place.bottom + 4, innerHeight - menu.offsetHeight - 8))}px`;
    menu.firstElementChild.focus();
  }

  async function askAndOpen(card) {
    const beside = card.querySelector("[data-card-menu]");
    try {
      const { moves, held } = await movesOf(card);
      openMenu(card, moves, held, beside);
    } catch (problem) { tell(problem.message || say("noAnswer")); }
  }

  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const at = items.indexOf(document.activeElement);
    const goes = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Tab") menu.hidePopover();
    if (event.key === "Escape") { event.preventDefault(); menu.hidePopover(); }
    if (goes === undefined) return;
    event.preventDefault();
    items[(goes + items.length) % items.length].focus();
  });
  menu.addEventListener("toggle", (event) => { if (event.newState === "closed" && opener?.isConnected) opener.focus(); });

  board.addEventListener("click", (event) => {
    const button = event.target.closest("[data-card-menu]");
    if (button) askAndOpen(button.closest("[data-card]"));
  });
  board.addEventListener("keydown", (event) => {
    const card = event.target.closest("[data-card]");
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = card.closest("[data-state]");
    const columns = [...board.querySelectorAll("[data-state]")].filter((one) => one === column || one.querySelector("[data-card]"));
    const at = [...column.querySelectorAll("[data-card]")].indexOf(card);
    const cardAt = (one, index) => { const all = one?.querySelectorAll("[data-card]") || []; return all[Math.min(index, all.length - 1)]; };
    const beside = (by) => cardAt(columns[columns.indexOf(column) + by], at);
    const next = {
      ArrowDown: () => column.querySelectorAll("[data-card]")[at + 1], ArrowUp: () => column.querySelectorAll("[data-card]")[at - 1],
      ArrowRight: () => beside(1), ArrowLeft: () => beside(-1),
    }[event.key];
    if (next) {
      event.preventDefault();
      next()?.querySelector("a").focus();
    } else if (event.key === "m") {
      event.preventDefault();
      askAndOpen(card);
    }
  });

  const clear = () => board.querySelectorAll("[data-state]").forEach((one) => one.classList.remove("allowed", "barred", "over"));
  board.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.("[data-card]");
    if (!card) return;
    dragged = card;
    allowed = [];
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.querySelector("a").textContent);
    card.classList.add("dragged");
    movesOf(card).then(({ moves, held }) => {
      if (dragged !== card) return;
      allowed = moves;
      if (!moves.length) tell(held.length ? held[0].why : toast.dataset.none);
      board.querySelectorAll("[data-state]").forEach((one) => one.classList.add(moves.some((move) => move.target === one.dataset.state) ? "allowed" : "barred"));
    }, (problem) => tell(problem.message || say("noAnswer")));
  });
  const columnUnder = (event) => {
    const column = dragged && event.target.closest?.("[data-state]");
    return column && allowed.some((move) => move.target === column.dataset.state) ? column : null;
  };
  board.addEventListener("dragover", (event) => {
    const column = columnUnder(event);
    board.querySelectorAll(".over").forEach((one) => one !== column && one.classList.remove("over"));
    if (!column) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    column.classList.add("over");
  });
  board.addEventListener("drop", (event) => {
    const column = columnUnder(event);
    if (!column) return;
    event.preventDefault();
    const moves = allowed.filter((move) => move.target === column.dataset.state);
    if (moves.length === 1) make(dragged, moves[0]);
    else openMenu(dragged, moves, [], column.querySelector("h2"));
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    clear();
  });
})();
