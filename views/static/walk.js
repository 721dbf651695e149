// One thing after the other: the number of an answer gives it; in the note, numbers are numbers.
"use strict";
(() => {
  const form = document.querySelector("form[data-walk]");
  if (!form) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const button = form.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
})();
