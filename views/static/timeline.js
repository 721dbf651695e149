// Timelines: a bar is dragged, or shifted by the arrow keys, by whole days; both lead to the page that moves it.
"use strict";
(() => {
  const room = document.querySelector("[data-timeline]");
  if (!room) return;
  const width = Number(room.dataset.day);
  const shifted = new Map();

  const later = (day, count) => {
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + count);
    return date.toISOString().slice(0, 10);
  };
  const address = (bar, count) => {
    const url = new URL(bar.href.baseVal, location.href);
    url.searchParams.set("first", later(bar.dataset.first, count));
    url.searchParams.set("last", later(bar.dataset.last, count));
    return url.toString();
  };
  const show = (bar, count) => {
    shifted.set(bar, count);
    bar.firstElementChild.setAttribute("transform", `translate(${count * width} 0)`);
  };
  const go = (bar) => { location.href = address(bar, shifted.get(bar) || 0); };

  for (const bar of room.querySelectorAll("[data-bar]")) {
    let from = null;
    bar.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) show(bar, (shifted.get(bar) || 0) + by);
      else if (event.key === "Escape") show(bar, 0);
      else if (event.key === "Enter" && shifted.get(bar)) go(bar);
      else return;
      event.preventDefault();
    });
    bar.addEventListener("dragstart", (event) => event.preventDefault());
    bar.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = event.clientX;
      bar.setPointerCapture(event.pointerId);
    });
    bar.addEventListener("pointermove", (event) => {
      if (from !== null) show(bar, Math.round((event.clientX - from) / width));
    });
    bar.addEventListener("pointercancel", () => { from = null; show(bar, 0); });
    bar.addEventListener("pointerup", () => { from = null; });
    bar.addEventListener("click", (event) => {
      if (!shifted.get(bar)) return;
      event.preventDefault();
      go(bar);
    });
  }
})();
