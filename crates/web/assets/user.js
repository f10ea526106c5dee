// The cursor on the time line, and the page kept as it is in truth. Without it links and a form ask for instants.
"use strict";

const line = document.getElementById("line");
const why = document.getElementById("why");
const ask = document.querySelector(".ask");
const base = location.pathname;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const plots = () => [...line.querySelectorAll(".plot")];
const span = (plot) => [Number(plot.dataset.from), Number(plot.dataset.to)];

/** What has the keyboard's focus: over the lines, and not around them, since there are links in these. */
const handle = document.createElement("div");

/** Where the cursor is, in milliseconds since 1970. */
let at = Date.parse(why.querySelector("time").dateTime);
/** Whether somebody has put it there. If not, the page shows what is now. */
let chosen = new URLSearchParams(location.search).has("at");

const draw = () => {
  for (const plot of plots()) {
    const [from, to] = span(plot);
    const cursor = plot.querySelector(".cursor");
    const here = from <= at && at < to;
    cursor.toggleAttribute("hidden", !here);
    if (!here) continue;
    const place = `${((at - from) / (to - from)) * 100}%`;
    cursor.setAttribute("x1", place);
    cursor.setAttribute("x2", place);
  }
};

const instant = () => new Date(at).toISOString().replace(".000Z", "Z");

let asking;
const explain = async () => {
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(`${base}/why?at=${instant()}`, { signal: asking.signal });
    if (!answer.ok) return;
    const fresh = why.cloneNode(false);
    fresh.innerHTML = await answer.text();
    settle(why, fresh);
    tell();
  } catch (error) {
    // Another question was asked meanwhile, or there is no connection, which the stream tells.
    if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
  }
};

/** Tells a screen reader where the cursor is. */
const tell = () => {
  const [first, last] = [plots()[0], plots().at(-1)];
  handle.setAttribute("aria-valuemin", span(first)[0] / MINUTE);
  handle.setAttribute("aria-valuemax", span(last)[1] / MINUTE);
  handle.setAttribute("aria-valuenow", Math.round(at / MINUTE));
  handle.setAttribute("aria-valuetext", why.querySelector("time").textContent);
};

let later;
const move = (to) => {
  const [first, last] = [span(plots()[0])[0], span(plots().at(-1))[1]];
  at = Math.min(Math.max(Math.round(to / MINUTE) * MINUTE, first), last - MINUTE);
  chosen = true;
  draw();
  clearTimeout(later);
  later = setTimeout(() => {
    const address = new URLSearchParams(location.search);
    address.delete("done");
    // The days stay where they are, whatever instant is asked for.
    address.set("day", ask.elements.day.value);
    address.set("at", instant());
    history.replaceState(null, "", `${base}?${address}`);
    explain();
  }, 120);
};

for (const [name, value] of Object.entries({ role: "slider", tabindex: "0" })) handle.setAttribute(name, value);
handle.setAttribute("aria-label", line.dataset.label);
handle.setAttribute("aria-describedby", line.dataset.describedby);
handle.id = "cursor";
line.append(handle);
document.getElementById("keys").hidden = false;
tell();

line.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = event.shiftKey ? MINUTE : 15 * MINUTE;
  const [from, to] = span(plots().find((plot) => span(plot)[0] <= at && at < span(plot)[1]) ?? plots()[0]);
  const target = {
    ArrowLeft: at - step,
    ArrowDown: at - step,
    ArrowRight: at + step,
    ArrowUp: at + step,
    PageDown: at - DAY,
    PageUp: at + DAY,
    Home: from,
    End: to - MINUTE,
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  move(target);
});

const pointed = (event, plot) => {
  const box = plot.getBoundingClientRect();
  const [from, to] = span(plot);
  const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  move(from + share * (to - from));
};
line.addEventListener("click", (event) => {
  const plot = event.target.closest(".plot");
  if (!plot || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  pointed(event, plot);
  handle.focus({ preventScroll: true });
});
line.addEventListener("pointermove", (event) => {
  const plot = event.target.closest(".plot");
  if (plot && event.buttons === 1) pointed(event, plot);
});
line.addEventListener("dragstart", (event) => event.preventDefault());

/** Parts of the page that follow the user. */
const PARTS = ["person", "flags", "days", "facts", "table"];
const refresh = async () => {
  const answer = await fetch(location.href).catch(() => undefined);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of PARTS) {
    const part = fresh.getElementById(id);
    if (part) settle(document.getElementById(id), document.adoptNode(part));
  }
  if (!chosen) {
    settle(why, document.adoptNode(fresh.getElementById("why")));
    at = Date.parse(why.querySelector("time").dateTime);
  }
  draw();
  tell();
};

const [, , instance, account] = base.split("/").map(decodeURIComponent);
let known = false;
follow(
  () => `/lamps?${new URLSearchParams({ instance, account })}`,
  document.getElementById("lost"),
  ({ all, put, gone }) => {
    // The first message has what the page has.
    if (known && (all !== undefined || put.length > 0 || gone.length > 0)) refresh();
    known = true;
  },
);
// What is past grows even if nothing changes.
setInterval(() => document.hidden || refresh(), MINUTE);
