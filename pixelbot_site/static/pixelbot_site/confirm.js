"use strict";
// A form with data-confirm asks that question before it is sent. Handlers in attributes do not run under the pages' policy.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
