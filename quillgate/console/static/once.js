// A form is sent once: who clicks again while the answer is on its way would be told by a second
// answer that all of it is done already. After a while another try may be meant.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  form.setAttribute("aria-busy", "true");
  setTimeout(() => form.removeAttribute("aria-busy"), 10_000);
});
