"use strict";
// Everything that comes from a customer is set as text, never as markup.

const SHOWN = 100;
const EVERY_MS = 1500;
const WORDS = {
  accepted: "accepted",
  failed: "failed, so far",
  rejected: "rejected",
  withdrawn: "withdrawn",
};
const byId = (id) => document.getElementById(id);

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function notificationCard(item) {
  const card = element("li", item.status);
  card.append(
    element("div", "top", element("span", "key", item.key), element("span", "status", WORDS[item.status])),
    facts(item),
  );
  if (item.reason) card.append(element("p", "trouble", `Quill said: ${item.reason}`));
  if (item.story_error) card.append(element("p", "trouble", `No story: ${item.story_error}`));
  if (item.story_key) card.append(story(item));
  return card;
}

function facts(item) {
  const words = [
    `project ${item.project}`,
    item.size === 1 ? "1 byte" : `${item.size} bytes`,
    item.uploaded_by ? `by ${item.uploaded_by}` : "by nobody known",
    new Date(item.received_at).toLocaleTimeString(),
    item.attempts === 1 ? "1 attempt" : `${item.attempts} attempts`,
  ];
  if (item.status === "accepted" && !item.story_key && !item.story_error) words.push("story under way");
  return element("p", "facts", ...words.map((each) => element("span", "", each)));
}

function story(item) {
  const text = element("pre", "", "Loading");
  text.tabIndex = 0;
  const box = element("details", "", element("summary", "", `Story: ${item.story_key}`), text);
  box.addEventListener("toggle", async () => {
    if (!box.open) return;
    const answer = await fetch(`/_quill/story?id=${encodeURIComponent(item.id)}`).catch(() => null);
    text.textContent = answer?.ok ? await answer.text() : "The story cannot be shown now. Close and open it again.";
  });
  return box;
}

function faultRow(fault) {
  const { ordered, fired, times, ...rest } = fault;
  const what = Object.entries(rest).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  const left = fired === ordered ? "used up" : `${ordered - fired} to come`;
  return element("li", fired === ordered ? "used" : "", `${what.join(", ")}: fired ${fired} of ${ordered}, ${left}`);
}

// Only what changed is drawn again: an open story stays open, the focus stays where it is.
function draw(list, items, nameOf, make) {
  const old = new Map([...list.children].map((child) => [child.dataset.name, child]));
  items.forEach((item, place) => {
    const [name, drawn] = [nameOf(item, place), JSON.stringify(item)];
    let child = old.get(name);
    old.delete(name);
    if (child?.dataset.drawn !== drawn) {
      const fresh = make(item);
      Object.assign(fresh.dataset, { name, drawn });
      child?.remove();
      child = fresh;
    }
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null);
  });
  old.forEach((child) => child.remove());
}

async function items(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()).items;
}

async function refresh() {
  try {
    const [told, faults] = await Promise.all([items(`/_quill/notifications?last=${SHOWN}`), items("/_quill/faults")]);
    draw(byId("notifications"), told.reverse(), (item) => item.id, notificationCard);
    draw(byId("faults"), faults, (_, place) => String(place), faultRow);
    say("summary", told.length ? `Newest first, the last ${SHOWN} at most.` : "None yet: upload a file over SFTP.");
    live("Live", false);
  } catch {
    live("Quill does not answer. Trying again.", true);
  }
}

function live(words, lost) {
  say("live", words);
  byId("live").classList.toggle("lost", lost);
}

function say(id, words) {
  if (byId(id).textContent !== words) byId(id).textContent = words;
}

async function change(method, path, body, done) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body }).catch(() => null);
  say("told", answer?.ok ? done : "That did not work: Quill refused or does not answer.");
  await refresh();
}

byId("orders").addEventListener("click", ({ target }) => {
  if (target.dataset.fault) change("POST", "/_quill/faults", target.dataset.fault, `Ordered: ${target.textContent}`);
});
byId("clear").addEventListener("click", () => {
  if (confirm("Forget all notifications and faults?")) change("DELETE", "/_quill/state", undefined, "Cleared.");
});

async function run() {
  if (!document.hidden) await refresh();
  setTimeout(run, EVERY_MS);
}
document.addEventListener("visibilitychange", () => document.hidden || refresh());
run();
