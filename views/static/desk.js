// The camera of the borrowing desk: reads the QR code of a label and looks it up, as if it had been typed.
import { decodeQR } from "./vendor/qr/decode.js";

const form = document.querySelector("[data-desk]");
const panel = document.querySelector("[data-scanner]");
const start = document.querySelector("[data-scan]");

if (form && panel && start && navigator.mediaDevices?.getUserMedia) {
  const video = panel.querySelector("video");
  const status = panel.querySelector("[role=status]");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const native = await nativeReader();
  let timer = 0;

  start.hidden = false;
  start.addEventListener("click", begin);
  panel.querySelector("[data-scan-stop]").addEventListener("click", stop);
  window.addEventListener("pagehide", stop);

  async function begin() {
    panel.hidden = false;
    status.textContent = panel.dataset.looking;
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1280 } };
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
      await video.play();
      timer = window.setInterval(look, 200);
    } catch {
      status.textContent = panel.dataset.noCamera;
    }
  }

  function stop() {
    window.clearInterval(timer);
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    panel.hidden = true;
    start.focus();
  }

  async function look() {
    if (!timer || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const code = await read();
    if (!code || !timer) return;
    window.clearInterval(timer);
    timer = 0;
    status.textContent = panel.dataset.read.replace("{code}", code);
    form.elements.code.value = code;
    video.srcObject?.getTracks().forEach((track) => track.stop());
    form.requestSubmit();
  }

  async function read() {
    if (native) return (await native.detect(video).catch(() => []))[0]?.rawValue;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return ""; // no code in this picture
    }
  }
}

async function nativeReader() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : null;
}
