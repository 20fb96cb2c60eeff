"use strict";
// Comforts only: the values under the pointer, and a button that copies. The page says everything without them.
for (const plot of document.querySelectorAll(".plot")) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  plot.append(tip);
  let shown = null;
  const leave = () => { tip.hidden = true; if (shown) shown.classList.remove("on"); shown = null; };
  for (const column of plot.querySelectorAll(".col")) {
    const title = column.querySelector("title");
    const [head, ...rows] = title.textContent.split("\n");
    title.remove(); // the panel says the same at once; the browser's own hint would cover it
    const show = () => {
      if (shown === column) return;
      leave();
      shown = column;
      column.classList.add("on");
      const bold = document.createElement("b");
      bold.textContent = head;
      tip.replaceChildren(bold, ...rows.map((row) => {
        const line = document.createElement("span"), cut = row.indexOf("\t");
        const name = document.createElement("i"), value = document.createElement("i");
        name.textContent = row.slice(0, cut); value.textContent = row.slice(cut + 1);
        name.style.fontStyle = value.style.fontStyle = "normal";
        line.append(name, value);
        return line;
      }));
      tip.hidden = false;
      const frame = plot.getBoundingClientRect(), hair = column.querySelector(".hair").getBoundingClientRect();
      const at = hair.left - frame.left, room = plot.clientWidth - tip.offsetWidth - 6;
      const left = at + 14 > room ? at - tip.offsetWidth - 14 : at + 14;
      tip.style.left = Math.max(6, Math.min(left, room)) + "px";
      tip.style.top = Math.max(6, hair.bottom - frame.top - tip.offsetHeight - 12) + "px";
    };
    column.addEventListener("pointerenter", show);
    column.addEventListener("pointerdown", show);
  }
  plot.addEventListener("pointerleave", leave);
}
for (const block of document.querySelectorAll("pre")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button"; button.className = "copy"; button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(block.textContent); button.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(block); button.textContent = "Selected"; }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  block.before(button);
}
