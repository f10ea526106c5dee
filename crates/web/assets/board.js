// Keeps the board live. Without it the page shows the lamps as they were when it was opened.
"use strict";

// Makes what is shown equal to what has arrived and leaves alone what is equal already: whoever reads with a screen
// reader keeps their place, and a selection stays.
const settle = (shown, fresh) => {
  if (shown.isEqualNode(fresh)) return;
  const alike = shown.nodeName === fresh.nodeName && shown.childNodes.length === fresh.childNodes.length;
  if (!alike || !fresh.hasChildNodes()) {
    shown.replaceWith(fresh);
    return;
  }
  for (const name of shown.getAttributeNames()) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of fresh.attributes) shown.setAttribute(name, value);
  // Replacing takes nodes out of the fresh list, hence the copy.
  const arrived = [...fresh.childNodes];
  [...shown.childNodes].forEach((child, index) => settle(child, arrived[index]));
};

const lost = document.getElementById("lost");
const lamps = new EventSource("/lamps");
lamps.onmessage = (event) => {
  const shown = document.getElementById("board");
  const fresh = shown.cloneNode(false);
  fresh.innerHTML = event.data;
  const title = `${fresh.querySelector("[data-title]").dataset.title} – Busylamp`;
  if (document.title !== title) document.title = title;
  settle(shown, fresh);
  lost.hidden = true;
};
// The browser connects again by itself; until then nobody shall take old lamps for new ones.
lamps.onerror = () => {
  lost.hidden = false;
};
