(() => {
  "use strict";
  const said = document.body.dataset;
  const bar = document.getElementById("filters");
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) {
      navigator.clipboard.writeText(button.previousElementSibling.textContent).then(
        () => { button.textContent = said.copied; },
        () => { button.textContent = said.notCopied; },
      );
      setTimeout(() => { button.textContent = said.copy; }, 2000);
    }
    const link = event.target.closest("a[href^='#']");
    const details = link && document.querySelector(`${link.getAttribute("href")} > details`);
    if (details) details.open = true;
  });
  if (navigator.clipboard) for (const button of all("button.copy")) button.hidden = false;
  if (!bar) return;

  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const clear = document.getElementById("clear");
  const buttons = all("button[data-filter]", bar);
  const entries = all("article.entry").map((node) => ({
    node,
    words: node.querySelector("h3").textContent.toLowerCase(),
    status: [node.dataset.status],
    fields: node.dataset.fields.split(" "),
    origin: (node.dataset.origin || "").split(" "),
  }));
  const sections = all("main > section").filter((node) => node.querySelector("article.entry"));
  const others = all("main > section.table");
  const listings = all("main > section.listing").map((node) => ({
    node,
    details: node.querySelector("details"),
    items: null,
    narrowed: false,
  }));
  const total = entries.length;

  const pick = (name) => new Set(
    buttons.filter((each) => each.dataset.filter === name && each.getAttribute("aria-pressed") === "true")
      .map((each) => each.dataset.key),
  );
  const passes = (picked, values) => picked.size === 0 || values.some((value) => picked.has(value));

  const narrow = () => {
    const words = search.value.trim().toLowerCase();
    const status = pick("status");
    const fields = pick("fields");
    const origin = pick("origin");
    const filtered = words !== "" || status.size > 0 || fields.size > 0 || origin.size > 0;
    let count = 0;
    for (const entry of entries) {
      const fits = entry.words.includes(words) && passes(status, entry.status)
        && passes(fields, entry.fields) && passes(origin, entry.origin);
      entry.node.hidden = !fits;
      count += fits;
    }
    for (const section of sections) section.hidden = !section.querySelector("article.entry:not([hidden])");
    for (const other of others) other.hidden = filtered;
    let named = 0;
    for (const listing of listings) {
      const fits = fields.size === 0 && origin.size === 0 && passes(status, [listing.node.dataset.status]);
      let found = fits ? 1 : 0;
      if (fits && (words !== "" || listing.narrowed)) {
        listing.items ??= all("li", listing.node).map((node) => ({
          node, words: node.firstElementChild.textContent.toLowerCase(),
        }));
        found = 0;
        for (const item of listing.items) {
          item.node.hidden = !item.words.includes(words);
          found += !item.node.hidden;
        }
        listing.narrowed = words !== "";
        named += listing.narrowed ? found : 0;
      }
      listing.node.hidden = found === 0;
      listing.details.open = filtered && found > 0;
    }
    const sentence = named ? bar.dataset.named : bar.dataset.shown;
    const numbers = { count, total, named };
    shown.textContent = filtered ? sentence.replace(/\{(\w+)\}/g, (_, name) => numbers[name]) : "";
    clear.hidden = !filtered;
  };

  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button === clear) {
      search.value = "";
      for (const each of buttons) each.setAttribute("aria-pressed", "false");
      search.focus();
    } else {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    }
    narrow();
  });
  search.addEventListener("input", narrow);
  bar.hidden = false;
})();
