// A long form: focus goes to what is wrong, the index marks the part one is in, dates take what a sheet holds.
"use strict";
(() => {
  const { onEach } = window.guicheng;
  onEach("[data-problems]", (place) => place.focus());

  // Of the controls that say how often something comes again, those that go with the chosen unit.
  onEach("[data-repeat]", (box) => {
    const unit = box.querySelector("select[name$='.unit']");
    const on = box.querySelector("select[name$='.on']");
    function show() {
      for (const row of box.querySelectorAll("[data-units]")) {
        row.hidden = !row.dataset.units.split(" ").includes(unit.value) || (row.dataset.on ?? on.value) !== on.value;
      }
    }
    for (const control of [unit, on]) control.addEventListener("change", show);
    show();
  });

  // A link to a field puts the cursor into it, also where the field is a table of lines.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-problems] a[href^='#']");
    const place = link && document.getElementById(link.hash.slice(1));
    if (!place) return;
    const control = place.matches("input, select, textarea") ? place : place.querySelector("input:not([type='hidden']), select, textarea, button");
    if (!control) return;
    event.preventDefault();
    control.focus();
    control.scrollIntoView({ block: "center" });
  });

  onEach("[data-form-index]", (index) => {
    const links = new Map([...index.querySelectorAll("a[href^='#part-']")].map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
      const first = [...links.keys()].find((id) => seen.has(id));
      if (first) mark(first);
    }, { rootMargin: "-15% 0px -55% 0px" });
    function mark(id) {
      for (const [one, link] of links) {
        if (one === id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      }
    }
    for (const id of links.keys()) {
      const part = document.getElementById(id);
      watch.observe(part);
      part.addEventListener("focusin", () => mark(id));
    }
  });
})();
