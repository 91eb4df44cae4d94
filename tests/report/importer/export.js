// Runs in speedscope's page, before and beside its own script: once the trace
// is open, ask for a file of it (Ctrl+S) and put that into the page as text.
"use strict";

URL.createObjectURL = (blob) => {
  blob.text().then((text) => {
    const element = document.createElement("pre");
    element.id = "exported";
    element.textContent = encodeURIComponent(text);
    document.body.appendChild(element);
    clearInterval(timer);
  });
  return "#";
};

const timer = setInterval(() => {
  if (!document.getElementById("exported"))
    window.dispatchEvent(
      new KeyboardEvent("keydown", { key: "s", ctrlKey: true }),
    );
}, 200);
