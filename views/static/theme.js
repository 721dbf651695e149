// Applies the stored theme and menu before the first paint, so that no page flashes or jumps.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js"); // what only scripts can use shows itself by this
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("side") === "closed") root.dataset.side = "closed";
  } catch (refused) { /* a browser without storage gets the system's theme and an open menu */ }
})();
