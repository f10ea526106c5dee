// Keeps the board live, and its filter. Without it the page shows the lamps as they were when it was opened.
"use strict";

const [filter, head, lamps, clock] = ["filter", "head", "lamps", "clock"].map((id) => document.getElementById(id));
const kiosk = document.documentElement.classList.contains("kiosk");
const workshop = document.createElement("template");
/** The version of the lamps on the page, until a stream has begun. */
let since = lamps.dataset.version;

const made = (html) => {
  workshop.innerHTML = html;
  return workshop.content.firstElementChild;
};
const lamp = (number) => document.getElementById(`l${number}`);

/** So many lamps are in a block (board/draw.rs). */
const BLOCK = 12;
const block = () => made('<div class="block"></div>');

/** The lamp after this one. */
const following = (shown) => shown.nextElementSibling ?? shown.parentNode.nextElementSibling?.firstElementChild ?? null;

/** Puts a lamp before another, or at the end. */
const insert = (fresh, next) => {
  if (next) next.before(fresh);
  else (lamps.lastElementChild ?? lamps.appendChild(block())).append(fresh);
};

/** Fills every block but the last, so that there is no gap between them. */
const even = () => {
  const focused = document.activeElement;
  for (let at = lamps.firstElementChild; at; at = at.nextElementSibling) {
    while (at.childElementCount > BLOCK) {
      if (!at.nextElementSibling) at.after(block());
      at.nextElementSibling.prepend(at.lastElementChild);
    }
    for (let next; at.childElementCount < BLOCK && (next = at.nextElementSibling); ) {
      if (next.childElementCount) at.append(next.firstElementChild);
      else next.remove();
    }
  }
  // A lamp that was moved has lost the keyboard's focus.
  if (document.activeElement !== focused) focused.focus({ preventScroll: true });
};

/** The filter as an address has it, without what is empty. */
const query = () => {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(filter)) if (value) wanted.append(name, value);
  return wanted;
};

const take = ({ clock: time, head: above, all, put, gone }) => {
  if (time) [clock.textContent, clock.dateTime] = time;
  if (above !== undefined) {
    const fresh = head.cloneNode(false);
    fresh.innerHTML = above;
    const title = `${fresh.querySelector("[data-title]").dataset.title} – Busylamp`;
    if (document.title !== title) document.title = title;
    settle(head, fresh);
  }
  if (all !== undefined) lamps.innerHTML = all;
  for (const number of gone) lamp(number)?.remove();
  for (const { number, before, html } of put) {
    const shown = lamp(number);
    const next = before === null ? null : lamp(before);
    if (shown && following(shown) === next) settle(shown, made(html));
    else {
      shown?.remove();
      insert(made(html), next);
    }
  }
  even();
  since = undefined;
};

const start = follow(
  () => {
    const wanted = query();
    if (kiosk) wanted.append("kiosk", "true");
    // The lamps that the page came with need not be sent again.
    if (since) wanted.append("since", since);
    return `/lamps?${wanted}`;
  },
  document.getElementById("lost"),
  take,
);

// The filter acts as it is typed. The address follows, so that it can be kept and passed on.
const choose = () => {
  const wanted = query();
  const written = wanted.size ? `?${wanted}` : "";
  history.replaceState(null, "", `${location.pathname}${written}`);
  document.getElementById("clear").hidden = !written;
  const view = document.getElementById("view");
  view.href = `${new URL(view.href).pathname}${written}`;
  since = undefined;
  start();
};

let typed;
filter.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(choose, 150);
});
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typed);
  choose();
});
document.getElementById("apply").hidden = true;

/** The field that keeps the chosen state. */
const state = filter.elements.state ?? document.createElement("input");
[state.type, state.name] = ["hidden", "state"];
filter.append(state);

const plain = (event) => event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
head.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || !plain(event)) return;
  event.preventDefault();
  state.value = new URL(link.href).searchParams.get("state") ?? "";
  choose();
});
document.getElementById("clear").addEventListener("click", (event) => {
  if (!plain(event)) return;
  event.preventDefault();
  for (const field of filter.elements) if (field.name) field.value = "";
  filter.elements.q.focus();
  choose();
});
