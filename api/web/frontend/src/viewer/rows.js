// Joins the drawing with the rows of the page that speak of the same element (`data-element`).

export function linkRows(viewer, island, selected) {
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  let marked = null;
  let highlightedRows = [];
  let isScrolling = false;

  function mark(id) {
    if (marked) canvas.removeMarker(marked, 'is-highlighted');
    marked = registry.get(id) ?? null;
    if (!marked) return;
    // diagram-js makes outlines only when they are first needed.
    viewer.get('outline').createOutline(marked);
    canvas.addMarker(marked, 'is-highlighted');
    canvas.scrollToElement(marked, 12);
  }

  function rowsOf(id) {
    const rows = document.querySelectorAll(`[data-element="${CSS.escape(id)}"]`);
    return [...rows].filter((row) => !island.contains(row));
  }

  function showRows(id) {
    highlightedRows.forEach((row) => row.classList.remove('is-highlighted'));
    highlightedRows = rowsOf(id);
    highlightedRows.forEach((row) => row.classList.add('is-highlighted'));
    isScrolling = true;
    highlightedRows[0]?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }

  function follow(event) {
    const row = event.target.closest('[data-element]');
    if (row) mark(row.dataset.element);
  }

  // Rows that our own scrolling brings under a resting pointer are not pointed at.
  document.addEventListener('pointermove', () => { isScrolling = false; });
  document.addEventListener('pointerover', (event) => { if (!isScrolling) follow(event); });
  document.addEventListener('focusin', follow);
  viewer.get('eventBus').on('element.click', ({ element }) => {
    const { id } = element.labelTarget ?? element;
    mark(id);
    showRows(id);
  });
  if (selected) mark(selected);
}
