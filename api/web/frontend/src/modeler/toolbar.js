// The buttons above the canvas and the line that says how things stand.
import { make } from '../island.js';

export class Toolbar {
  constructor({ undo, redo, save, check }) {
    this.undo = button('Undo', 'button button--quiet', undo);
    this.redo = button('Redo', 'button button--quiet', redo);
    this.save = button('Save draft', 'button', save);
    this.check = button('Check', 'button button--quiet', check);
    this.status = make('p', { className: 'modeler-status' });
    this.status.setAttribute('aria-live', 'polite');
    this.element = make(
      'div',
      { className: 'modeler-toolbar' },
      this.undo,
      this.redo,
      this.check,
      this.save,
      this.status,
    );
  }

  say(text, { isProblem = false } = {}) {
    this.status.textContent = text;
    this.status.classList.toggle('is-problem', isProblem);
  }

  follow(commandStack) {
    this.undo.disabled = !commandStack.canUndo();
    this.redo.disabled = !commandStack.canRedo();
  }

  set isBusy(isBusy) {
    this.save.disabled = isBusy;
    this.check.disabled = isBusy;
  }
}

function button(label, className, press) {
  return make('button', { type: 'button', className, onclick: press }, label);
}
