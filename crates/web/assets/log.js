// Follows a log, if somebody wants that. Without it the page shows the lines as they were when it was opened.
"use strict";

/** The page holds no more lines than this; the oldest go. */
const MOST = 2000;

const form = document.getElementById("filter");
const follow = document.getElementById("follow");
const lost = document.getElementById("lost");
const lines = document.getElementById("lines");
const log = lines.closest(".log");
let stream;

const take = (event) => {
  if (event.type === "gap") lines.insertAdjacentHTML("beforeend", '<tr class="gap"><td colspan="4">…</td></tr>');
  lines.insertAdjacentHTML("beforeend", event.data);
  while (lines.rows.length > MOST) lines.rows[0].remove();
  lines.dataset.last = event.lastEventId;
  lost.hidden = true;
};

const begin = () => {
  const asked = new URLSearchParams(location.search);
  asked.set("after", lines.dataset.last);
  stream = new EventSource(`${form.dataset.live}?${asked}`);
  stream.onmessage = take;
  stream.addEventListener("gap", take);
  stream.onopen = () => {
    lost.hidden = true;
  };
  // The browser connects again by itself, and says which line it had last.
  stream.onerror = () => {
    lost.hidden = false;
  };
  log.removeAttribute("aria-live");
};

const end = () => {
  stream?.close();
  stream = undefined;
  lost.hidden = true;
  log.setAttribute("aria-live", "off");
};

follow.addEventListener("change", () => {
  // The address says it too, so that the page can be opened again as it is.
  const address = new URL(location.href);
  if (follow.checked) address.searchParams.set("follow", "on");
  else address.searchParams.delete("follow");
  history.replaceState(null, "", address);
  if (follow.checked) begin();
  else end();
});
for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
if (follow.checked) begin();
