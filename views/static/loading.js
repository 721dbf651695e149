// While the demo company is being loaded: the line moves by itself, and the page is shown anew when all is there.
"use strict";
(() => {
  const { ask, onEach } = window.guicheng;
  onEach("[data-loading]", (line) => {
    const text = line.querySelector("[data-loading-text]");
    const bar = line.querySelector("progress");
    const look = async () => {
      try {
        const { ok, status, data } = await ask(line.dataset.loading);
        if (ok && data.is_loading) {
          line.classList.toggle("bad", data.has_failed);
          line.querySelector("[data-loading-on]").hidden = data.has_failed;
          text.textContent = data.sentence;
          bar.value = data.percent;
        } else if (ok || status === 404) { // a server that was started since knows nothing of it
          line.remove();
          if (document.body.dataset.login && location.pathname === "/admin/") location.reload();
          return;
        }
      } catch { /* the server is away for a moment: the next look may find it */ }
      setTimeout(look, 2000);
    };
    setTimeout(look, 2000);
  });
})();
