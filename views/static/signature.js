// A place to sign in: drawn by mouse, pen or finger, or an image that is chosen. Without it a typed name signs.
"use strict";
(() => {
  const INK = "#000";

  function pad(box) {
    const canvas = box.querySelector("canvas");
    const value = box.querySelector("[data-signature-value]");
    const pen = canvas.getContext("2d");
    let last = null;
    const clear = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.strokeStyle = INK;
      pen.lineWidth = 3;
      pen.lineCap = pen.lineJoin = "round";
      value.value = "";
    };
    const place = (event) => {
      const room = canvas.getBoundingClientRect();
      return [((event.clientX - room.left) * canvas.width) / room.width, ((event.clientY - room.top) * canvas.height) / room.height];
    };
    const stroke = (to) => {
      pen.beginPath();
      pen.moveTo(...last);
      pen.lineTo(...to);
      pen.stroke();
      last = to;
    };
    const keep = () => {
      value.value = canvas.toDataURL("image/png");
      value.dispatchEvent(new Event("input", { bubbles: true }));
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      last = place(event);
      stroke([last[0] + 0.1, last[1]]);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (last) stroke(place(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => {
        if (last) keep();
        last = null;
      });
    }
    box.querySelector("[data-signature-clear]").addEventListener("click", () => {
      clear();
      value.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const show = (address) => {
      const image = new Image();
      image.addEventListener("load", () => {
        const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
        pen.drawImage(image, 0, 0, image.width * scale, image.height * scale);
      });
      image.src = address;
    };
    const said = box.querySelector("[data-signature-said]");
    box.querySelector("input[type=file]").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (!file) return;
      said.textContent = file.size > Number(box.dataset.largest) ? box.dataset.tooLarge : "";
      if (said.textContent) return;
      const reader = new FileReader();
      reader.addEventListener("load", () => {
        clear();
        value.value = reader.result;
        value.dispatchEvent(new Event("input", { bubbles: true }));
        show(reader.result);
      });
      reader.readAsDataURL(file);
    });
    const before = value.value;
    clear();
    if (before) {
      value.value = before;
      show(before);
    }
    box.querySelector("[data-signature-pad]").hidden = false;
  }

  function begin(root) {
    for (const box of root.querySelectorAll("[data-signature]:not([data-begun])")) {
      box.dataset.begun = "";
      pad(box);
    }
  }
  const start = () => {
    begin(document);
    new MutationObserver(() => begin(document)).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
