// Wide tables scroll sideways: let the keyboard reach them. The theme wraps tables once the page is there.
const reach = () => {
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) {
    table.tabIndex = 0;
  }
};
new MutationObserver(reach).observe(document.documentElement, { childList: true, subtree: true });
reach();
