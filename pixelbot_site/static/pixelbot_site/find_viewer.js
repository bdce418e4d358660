"use strict";
// “/” moves to the search for a viewer, unless it is typed into a field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.getElementById("find-viewer-name");
  event.preventDefault();
  field.focus();
  field.select();
});
