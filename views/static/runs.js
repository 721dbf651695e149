// The page of a run that goes on: the bar moves every second; when it has ended the page is shown anew.
"use strict";
(() => {
  const { element, ask, announce, onEach } = window.guicheng;
  onEach("[data-run-progress]", (panel) => {
    const bar = panel.querySelector("progress");
    const numbers = panel.querySelector(".running .number");
    const log = document.querySelector("[data-run-log]");
    const show = (data) => {
      bar.max = data.total || 1;
      bar.value = data.done;
      numbers.textContent = `${data.done} / ${data.total}`;
      panel.querySelector("[data-run-counts]").textContent = data.counts;
      log?.replaceChildren(...data.lines.map((line) => element("li", {}, {},
        element("p", { textContent: line.text }), element("p", { className: "by", textContent: line.at }))));
    };
    const look = async () => {
      try {
        const { ok, data } = await ask(panel.dataset.runProgress);
        if (ok) show(data);
        if (ok && !data.is_open) {
          announce(data.state);
          location.reload();
          return;
        }
      } catch { /* the server is away for a moment: the next look may find it */ }
      setTimeout(look, 1000);
    };
    setTimeout(look, 1000);
  });
})();
