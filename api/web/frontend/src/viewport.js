// Brings a diagram, or one part of it, into view.
// On the drawing, around the diagram; at the bottom there is room for the mark of bpmn.io.
const MARGIN = { left: 28, top: 20, right: 28, bottom: 44 };

function show(canvas, centre, scale) {
  const { outer } = canvas.viewbox();
  const width = outer.width / scale;
  const height = outer.height / scale;
  canvas.viewbox({ x: centre.x - width / 2, y: centre.y - height / 2, width, height });
}

function centreOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

function withMargin({ x, y, width, height }) {
  const { left, top, right, bottom } = MARGIN;
  return { x: x - left, y: y - top, width: width + left + right, height: height + top + bottom };
}

/** The whole diagram, never larger than drawn, beside `covered` pixels at the left; answers the scale. */
export function fit(canvas, covered = 0) {
  const { inner, outer } = canvas.viewbox();
  const box = withMargin(inner);
  const scale = Math.min(1, (outer.width - covered) / box.width, outer.height / box.height);
  const { x, y } = centreOf(box);
  show(canvas, { x: x - covered / 2 / scale, y }, scale);
  return scale;
}

export function zoomTo(canvas, element, scale) {
  show(canvas, centreOf(element), scale);
}

/** The height in which the whole diagram fits the given width. */
export function heightFor(canvas, width) {
  const box = withMargin(canvas.viewbox().inner);
  return box.height * Math.min(1, width / box.width);
}
