// A live part of a page asks for itself again and again: only while somebody sees it, not while it
// is paused, and not while the keyboard is in it, which would lose its place.
(() => {
  const button = document.querySelector("[data-live-pause]");
  if (!button) return;
  const isPaused = () => button.getAttribute("aria-pressed") === "true";

  button.addEventListener("click", () => button.setAttribute("aria-pressed", String(!isPaused())));
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-live]")) return;
    const isInUse = part.contains(document.activeElement);
    if (isPaused() || document.hidden || isInUse) event.preventDefault();
  });
  // What cannot be had at this moment leaves what is shown, with its time; it is asked for again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.matches("[data-live]") && xhr.status >= 400) event.detail.shouldSwap = false;
  });
  // Without this script nothing could be paused.
  document.querySelector("[data-live-control]").hidden = false;
})();
