// The read-only diagram: what ran, where the work stands now, what failed.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import '../styles/viewer.css';

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import OutlineModule from 'diagram-js/lib/features/outline';

import { fetchXml, hideFallback, make } from '../island.js';
import { paintMarks } from '../viewer/marks.js';
import { letThePageScroll, panByTouch } from '../viewer/gestures.js';
import { linkRows } from '../viewer/rows.js';
import { fit, heightFor, zoomTo } from '../viewport.js';

// The page's own colours, so that the drawing follows light and dark by itself.
const COLOURS = {
  defaultFillColor: 'var(--paper, #fff)',
  defaultStrokeColor: 'var(--ink, #1b1f24)',
  defaultLabelColor: 'var(--ink, #1b1f24)',
};
// Scales of the drawing.
const READABLE = 0.45;
const CLOSE_UP = 0.8;

export async function start(island, props) {
  const xml = await fetchXml(props.xmlUrl);
  const frame = make('div', { className: 'diagram-canvas' });
  const bar = make('div', { className: 'diagram-bar' });
  island.append(frame, bar);
  const viewer = new NavigatedViewer({
    container: frame,
    bpmnRenderer: COLOURS,
    // Without it the first drag with the mouse would only focus the canvas.
    canvas: { autoFocus: true },
    additionalModules: [OutlineModule],
  });
  await viewer.importXML(xml);
  hideFallback(island);

  const canvas = viewer.get('canvas');
  bar.append(paintMarks(viewer, props), zoomButtons(viewer));
  linkRows(viewer, island, props.selected);
  letThePageScroll(frame);
  panByTouch(frame, canvas);
  keepInView(frame, viewer, props);
}

function zoomButtons(viewer) {
  const button = (label, press) =>
    make('button', { type: 'button', className: 'button button--quiet', onclick: press }, label);
  return make(
    'div',
    { className: 'diagram-zoom' },
    button('Zoom in', () => viewer.get('zoomScroll').stepZoom(1)),
    button('Zoom out', () => viewer.get('zoomScroll').stepZoom(-1)),
    button('Fit', () => fit(viewer.get('canvas'))),
  );
}

/** Sizes the frame to the diagram; starts close to the work when the whole would be too small to read. */
function keepInView(frame, viewer, { failed = [], current = [], selected }) {
  const canvas = viewer.get('canvas');
  const focus = viewer.get('elementRegistry').get(selected ?? failed[0] ?? current[0]);
  let width = 0;
  new ResizeObserver(() => {
    // Zero while the page hides the diagram.
    if (!frame.clientWidth || frame.clientWidth === width) return;
    width = frame.clientWidth;
    frame.style.height = `${heightFor(canvas, Math.max(width, 640))}px`;
    canvas.resized();
    if (fit(canvas) < READABLE && focus && !focus.waypoints) zoomTo(canvas, focus, CLOSE_UP);
  }).observe(frame);
}
