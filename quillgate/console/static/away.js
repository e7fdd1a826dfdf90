// What is asked for as somebody types may never come: that is said in its place, where the answer
// before it would pass for the one to what is typed now. A live part says how old it is itself.
document.addEventListener("htmx:sendError", (event) => {
  const { target } = event.detail;
  if (target.matches("[data-live]")) return;
  const words = document.createElement("p");
  words.className = "problems";
  words.setAttribute("role", "alert");
  words.textContent =
    "The console cannot be reached at this moment. What you typed is still here: type on in a minute.";
  target.replaceChildren(words);
});
