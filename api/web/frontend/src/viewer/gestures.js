// Keeps a diagram from trapping the reader: the page scrolls on, a finger moves the drawing sideways.

/** The wheel scrolls the page; with Ctrl (or a pinch on a trackpad) it zooms the diagram. */
export function letThePageScroll(frame) {
  const passOn = (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  };
  frame.addEventListener('wheel', passOn, { capture: true, passive: true });
}

/** diagram-js listens to the mouse only. CSS leaves vertical swipes to the page (touch-action). */
export function panByTouch(frame, canvas) {
  let last = null;
  frame.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' && event.isPrimary) last = event;
  });
  frame.addEventListener('pointermove', (event) => {
    if (last?.pointerId !== event.pointerId) return;
    canvas.scroll({ dx: event.clientX - last.clientX, dy: event.clientY - last.clientY });
    last = event;
  });
  for (const end of ['pointerup', 'pointercancel']) {
    frame.addEventListener(end, () => { last = null; });
  }
}
