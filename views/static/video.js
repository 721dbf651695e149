// The page of a lesson that is a video: it goes on where somebody was, and tells which stretches were really watched.
"use strict";
(() => {
  const EVERY = 10_000, RETRY = 4000, STEP_MAX = 2.5, NEAR_END = 5, STRETCHES_MAX = 100;
  const box = document.querySelector("[data-video]");
  if (!box) return;
  const { url, lesson, position, saved, unsaved } = box.dataset;
  const video = box.querySelector("video"), note = box.querySelector("[data-note]"), done = box.querySelector("[data-finished]");
  const token = () => document.querySelector("meta[name='csrf-token']").content;
  let launch = "", last = null, unsent = [], isSending = false, timer = 0, sentAt = performance.now(), isPlaced = false;

  function post(sent) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token(), "X-Requested-With": "XMLHttpRequest" };
    return fetch(url, { method: "POST", body: JSON.stringify(sent), headers, keepalive: true });
  }

  // Of a session that has ended the person is told, and begins it again on this page.
  async function comeBack() {
    const { freshen, signIn } = window.guicheng;
    if (!(await freshen())) await signIn();
  }

  async function open() {
    try {
      const answer = await post({ verb: "open", lesson, place: 0 });
      if (!answer.ok) throw new Error(String(answer.status));
      launch = (await answer.json()).launch;
    } catch {
      note.textContent = unsaved;
      setTimeout(open, RETRY);
    }
  }

  function place() {
    const at = Number(position);
    if (!isPlaced && at > 1 && at < video.duration - NEAR_END) video.currentTime = at;
    isPlaced = true;
  }

  // A step of the clock counts as watched; a jump does not.
  function noteStep() {
    const now = video.currentTime;
    if (!video.seeking && last !== null && now > last && now - last <= STEP_MAX) {
      const stretch = unsent.at(-1);
      if (stretch && stretch[1] === last) stretch[1] = now;
      else unsent.push([last, now]);
    }
    last = video.seeking ? null : now;
    if (performance.now() - sentAt > EVERY) send();
  }

  async function send() {
    clearTimeout(timer);
    if (isSending || !launch || !Number.isFinite(video.duration)) return;
    isSending = true;
    sentAt = performance.now();
    const seen = unsent.slice(0, STRETCHES_MAX);
    unsent = unsent.slice(STRETCHES_MAX);
    try {
      const answer = await post({ verb: "watch", launch, at: video.currentTime, duration: video.duration, seen });
      if (answer.status === 404) { launch = ""; open(); }
      if (answer.status === 400 || answer.status === 401) await comeBack();
      if (!answer.ok) throw new Error(String(answer.status));
      const facts = await answer.json();
      note.textContent = saved.replace("{share}", facts.share);
      if (facts.done) done.hidden = false;
    } catch {
      unsent = [...seen, ...unsent];
      note.textContent = unsaved;
      timer = setTimeout(send, RETRY);
    } finally {
      isSending = false;
    }
  }

  if (video.readyState >= 1) place();
  video.addEventListener("loadedmetadata", place);
  video.addEventListener("timeupdate", noteStep);
  video.addEventListener("seeking", () => { last = null; });
  video.addEventListener("pause", () => { noteStep(); send(); });
  video.addEventListener("ended", () => { noteStep(); send(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(); });
  open();
})();
