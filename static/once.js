// A second click on a button is no second wish; a few seconds later it may be one, for the answer
// may never have come. What opens a tab of its own may be sent at any time.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.target && Date.now() - Number(form.dataset.sent || 0) < 4000) {
    event.preventDefault();
  } else {
    form.dataset.sent = Date.now();
    // What goes on in another tab is told here.
    if (form.target && form.nextElementSibling?.matches(".sent")) {
      form.nextElementSibling.hidden = false;
    }
  }
});
