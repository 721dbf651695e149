// A page of something that goes on is shown anew after two seconds, unless somebody types in it.
"use strict";
setTimeout(() => {
  if (!document.activeElement?.matches("input, select, textarea")) location.reload();
}, 2000);
