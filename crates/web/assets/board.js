// Keeps the board live. Without it the page shows the lamps as they were when it was opened.
"use strict";
const board = document.getElementById("board");
const lamps = new EventSource("/lamps");
lamps.onmessage = (event) => {
  board.innerHTML = event.data;
};
