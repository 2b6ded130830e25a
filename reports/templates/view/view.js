// Keys and live progress. Every page works without this file; text is only ever set as text.
(() => {
  "use strict";
  const typing = (target) => target.matches("input:not([type=radio]), select, textarea");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const dialog = document.querySelector("dialog[open]");
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (dialog || typing(event.target)) return;
    // Enter and space are the browser's own where something is focused that they work on.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const toggled = [...document.querySelectorAll("details[data-toggle]")].find((e) => e.dataset.toggle === event.key);
    if (toggled) toggled.open = !toggled.open;
    const wanted = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === event.key);
    if (!wanted || event.repeat) return;
    event.preventDefault();
    if (wanted.matches("input")) wanted.focus();
    else wanted.click();
  });

  for (const opener of document.querySelectorAll("[data-opens]")) {
    opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
  }

  // The chosen case is in sight in a long list, without moving the page.
  const chosen = document.querySelector(".cases [aria-current]");
  if (chosen) {
    const list = chosen.closest(".cases");
    list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 3;
  }

  const live = document.querySelector("[data-live]");
  if (live && live.textContent.trim()) {
    const look = async () => {
      try {
        const answer = await fetch(live.dataset.live, { cache: "no-store" });
        const line = (await answer.json()).line;
        if (live.textContent !== line) live.textContent = line;
      } catch {
        return; // The server has ended; the page stays as it is.
      }
      setTimeout(look, 3000);
    };
    setTimeout(look, 3000);
  }
})();
