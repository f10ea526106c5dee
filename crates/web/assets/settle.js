// What live pages share.
"use strict";

// Makes what is shown equal to what has arrived and leaves alone what is equal already: whoever reads with a screen
// reader keeps their place, and a selection stays. An element of the same name stays the same element, whatever becomes of
// it, so that scripts may keep it and listen at it.
const settle = (shown, fresh) => {
  if (shown.isEqualNode(fresh)) return;
  if (shown.nodeName !== fresh.nodeName || shown.nodeType !== Node.ELEMENT_NODE) {
    shown.replaceWith(fresh);
    return;
  }
  for (const name of shown.getAttributeNames()) {
    // What somebody has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") shown.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) shown.setAttribute(name, value);
  // Moving takes nodes out of the fresh list, hence the copy.
  const arrived = [...fresh.childNodes];
  if (arrived.length === shown.childNodes.length) {
    [...shown.childNodes].forEach((child, index) => settle(child, arrived[index]));
  } else {
    shown.replaceChildren(...arrived);
  }
};

/** Waits this long before a stream that was refused is asked for again, in milliseconds. */
const AGAIN = 5000;

/**
 * Follows a stream. `address` gives where it is; `lost` is shown while there is no connection, since nobody shall take
 * what is old for new. Hands out how to start anew, from another address.
 */
const follow = (address, lost, take) => {
  let stream;
  let later;
  const start = () => {
    stream?.close();
    clearTimeout(later);
    stream = new EventSource(address());
    stream.onmessage = (event) => {
      take(JSON.parse(event.data));
      lost.hidden = true;
    };
    stream.onerror = async () => {
      lost.hidden = false;
      // A cut connection the browser makes again by itself; a refusal it takes for final.
      if (stream.readyState !== EventSource.CLOSED) return;
      later = setTimeout(start, AGAIN);
      // Whoever is not signed in any more is led to where that can be done.
      const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" }).catch(() => undefined);
      if (answer?.type === "opaqueredirect") location.reload();
    };
  };
  start();
  return start;
};
