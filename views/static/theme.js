// Applies the stored theme before the first paint, so that no page flashes in the wrong colours.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js"); // what only scripts can use shows itself by this
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (refused) { /* a browser without storage gets the system's theme */ }
})();
