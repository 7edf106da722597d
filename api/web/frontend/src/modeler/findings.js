// Shows what the checks found: a list under the canvas, and a mark on each element.
import { make } from '../island.js';

const MARK = 'has-finding';

export class Findings {
  constructor(modeler) {
    this.modeler = modeler;
    this.list = make('ul', { className: 'findings' });
    this.marked = [];
  }

  show(findings) {
    this.clear();
    this.list.replaceChildren(...findings.map((finding) => make('li', {}, this.line(finding))));
    for (const finding of findings) this.mark(finding);
  }

  clear() {
    const canvas = this.modeler.get('canvas');
    this.modeler.get('overlays').remove({ type: MARK });
    this.marked.filter((id) => this.find(id)).forEach((id) => canvas.removeMarker(id, MARK));
    this.marked = [];
  }

  find(id) {
    return id && this.modeler.get('elementRegistry').get(id);
  }

  line({ rule, element_id: id, element_name: name, message, severity }) {
    const className = severity === 'warning' ? 'finding is-warning' : 'finding';
    const words = [
      ...(severity === 'warning' ? ['Warning: '] : []),
      ...(name || id ? [make('strong', {}, name || id), ' '] : []),
      message,
      ...(rule ? [' ', make('code', {}, rule)] : []),
    ];
    if (!this.find(id)) return make('span', { className }, ...words);
    const go = () => this.goTo(id);
    return make('button', { type: 'button', className, onclick: go }, ...words);
  }

  /** The author may have removed the element since. */
  goTo(id) {
    const element = this.find(id);
    if (!element) return;
    this.modeler.get('canvas').scrollToElement(element);
    this.modeler.get('selection').select(element);
    this.modeler.get('canvas').focus();
  }

  /** A warning is listed, not marked: the diagram may be deployed as it is. */
  mark({ element_id: id, message, severity }) {
    const element = this.find(id);
    if (!element || this.marked.includes(id) || severity === 'warning') return;
    this.marked.push(id);
    this.modeler.get('canvas').addMarker(element, MARK);
    const html = make('span', { className: 'finding-mark', title: message }, '!');
    const position = { top: -9, left: -9 };
    this.modeler.get('overlays').add(element, MARK, { position, html });
  }
}
