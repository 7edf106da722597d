// Marks what ran, waits or failed on the drawing: an outline and a badge, never colour alone.
import { is } from 'bpmn-js/lib/util/ModelUtil';

import { make } from '../island.js';

// Drawn in a 12 x 12 box.
const MARKS = {
  done: { label: 'Done', icon: 'M2.5 6.5 5 9l4.5-6' },
  fired: { label: 'Timer fired', icon: 'M6 2.5V6l2.5 1.5M6 .8a5.2 5.2 0 1 0 .01 0' },
  current: { label: 'Here now', icon: 'M6 4.5a1.5 1.5 0 1 0 .01 0' },
  failed: { label: 'Failed', icon: 'M6 2v5M6 9.5v.3' },
};

/** Paints the diagram and answers the legend of what was painted. */
export function paintMarks(viewer, { done = [], current = [], failed = [], counts = {} }) {
  const registry = viewer.get('elementRegistry');
  const marks = new Map();
  for (const id of done) marks.set(id, hasTimer(registry.get(id)) ? 'fired' : 'done');
  for (const id of current) marks.set(id, 'current');
  for (const id of failed) marks.set(id, 'failed');

  for (const [id, mark] of marks) paint(viewer, registry.get(id), mark);
  for (const [id, count] of Object.entries(counts)) addCount(viewer, registry.get(id), count);
  return legend(new Set(marks.values()));
}

function hasTimer(element) {
  const definitions = element?.businessObject.eventDefinitions ?? [];
  return definitions.some((definition) => is(definition, 'bpmn:TimerEventDefinition'));
}

function paint(viewer, element, mark) {
  // The diagram may be of another version than the run.
  if (!element) return;
  viewer.get('canvas').addMarker(element, `is-${mark}`);
  if (element.waypoints) return;
  const html = badge(mark);
  html.title = MARKS[mark].label;
  viewer.get('overlays').add(element, 'mark', { position: corner(element), html });
}

// Tasks carry their name inside; gateways and events beside them, mostly above to the right.
function corner(element) {
  return is(element, 'bpmn:Activity') ? { top: -9, right: 9 } : { top: -3, left: -3 };
}

function addCount(viewer, element, count) {
  if (!element || element.waypoints) return;
  const html = make('span', { className: 'mark-count', title: `${count} times` }, `${count}×`);
  viewer.get('overlays').add(element, 'count', { position: { bottom: 9, left: -9 }, html });
}

function badge(mark) {
  const html = make('span', { className: `mark mark--${mark}`, ariaHidden: 'true' });
  html.innerHTML = `<svg viewBox="0 0 12 12"><path d="${MARKS[mark].icon}"/></svg>`;
  return html;
}

function legend(present) {
  const lines = Object.entries(MARKS)
    .filter(([mark]) => present.has(mark))
    .map(([mark, { label }]) => make('li', {}, badge(mark), label));
  return make('ul', { className: 'diagram-legend' }, ...lines);
}
