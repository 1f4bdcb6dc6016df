// The button of the menu, which narrow windows have, hears of fingers and mice only: what the keyboard
// does to it is passed on as theirs.
addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("#tsd-toolbar-menu-trigger");
  button?.setAttribute("role", "button");
  button?.addEventListener("click", ({ detail }) => {
    if (detail > 0) return; // it was pressed
    for (const type of ["mouseup", "touchend"]) {
      button.dispatchEvent(new Event(type, { bubbles: true }));
    }
  });
});
