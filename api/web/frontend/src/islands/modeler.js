// The process editor: drawing, properties, saving and checking a draft.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import '../styles/modeler.css';

import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
} from 'bpmn-js-properties-panel';
import BpmnModeler from 'bpmn-js/lib/Modeler';

import { fetchXml, hideFallback, make } from '../island.js';
import * as drafts from '../modeler/drafts.js';
import { Findings } from '../modeler/findings.js';
import OfferedModule from '../modeler/offered.js';
import { Toolbar } from '../modeler/toolbar.js';
import moddle from '../spiff/moddle.js';
import StepPropertiesModule from '../spiff/properties.js';
import { fit } from '../viewport.js';

const NARROW = 480;
// Pixels that the palette, open or closed, covers at the left.
const BESIDE_PALETTE = 120;
const BESIDE_TOGGLE = 60;
const KEYS = [
  ['Ctrl+F', 'find'],
  ['A', 'append'],
  ['N', 'create'],
  ['R', 'replace'],
  ['Shift+arrow', 'move'],
  ['Delete', 'remove'],
  ['Ctrl+Z', 'undo'],
];

export async function start(island, props) {
  const xml = await fetchXml(props.xmlUrl);
  const canvas = make('div', { className: 'modeler-canvas' });
  const panel = make('div', { className: 'modeler-panel' });
  const modeler = createModeler(canvas, panel, props);
  const draft = new Draft(modeler, props);
  const desk = make('div', { className: 'modeler-desk' }, canvas, panel);
  island.append(draft.toolbar.element, desk, draft.findings.list, keyboardHelp());

  const { warnings } = await modeler.importXML(xml);
  hideFallback(island);
  bringIntoView(modeler);
  draft.follow();
  if (warnings.length) draft.warnOfLoss(warnings);
}

function createModeler(container, panel, { forms, decisions, operations, groups }) {
  return new BpmnModeler({
    container,
    propertiesPanel: { parent: panel },
    catalogue: {
      forms: forms ?? [],
      decisions: decisions ?? [],
      operations: operations ?? [],
      groups: groups ?? [],
    },
    moddleExtensions: { spiffworkflow: moddle },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CreateAppendAnythingModule,
      OfferedModule,
      StepPropertiesModule,
    ],
  });
}

/** Beside the palette; on a small screen the palette waits behind its toggle. */
function bringIntoView(modeler) {
  const canvas = modeler.get('canvas');
  const isNarrow = canvas.getSize().width < NARROW;
  if (isNarrow) modeler.get('palette').close();
  fit(canvas, isNarrow ? BESIDE_TOGGLE : BESIDE_PALETTE);
}

/** What is being edited: whether it is saved, under which version, and what the checks say. */
class Draft {
  constructor(modeler, { saveUrl, checkUrl, etag }) {
    this.modeler = modeler;
    this.urls = { save: saveUrl, check: checkUrl };
    this.etag = etag;
    this.revision = 0;
    this.savedRevision = 0;
    this.findings = new Findings(modeler);
    this.toolbar = new Toolbar({
      undo: () => modeler.get('commandStack').undo(),
      redo: () => modeler.get('commandStack').redo(),
      save: () => this.run('Saving …', () => this.save()),
      check: () => this.run('Checking …', () => this.check()),
    });
  }

  follow() {
    const commandStack = this.modeler.get('commandStack');
    this.toolbar.follow(commandStack);
    this.modeler.on('commandStack.changed', () => {
      if (!this.isChanged) this.toolbar.say('Unsaved changes');
      this.revision += 1;
      this.toolbar.follow(commandStack);
    });
    window.addEventListener('beforeunload', (event) => {
      if (this.isChanged) event.preventDefault();
    });
  }

  get isChanged() {
    return this.revision !== this.savedRevision;
  }

  async run(progress, work) {
    this.toolbar.isBusy = true;
    this.toolbar.say(progress);
    try {
      this.toolbar.say(await work());
    } catch (error) {
      this.toolbar.say(error.message, { isProblem: true });
    } finally {
      this.toolbar.isBusy = false;
    }
  }

  async save() {
    const { revision } = this;
    const { etag, findings } = await drafts.save(this.urls.save, await this.xml(), this.etag);
    this.etag = etag;
    this.savedRevision = revision;
    // What the page said of the draft when it was opened no longer holds.
    document.querySelector('[data-until-saved]')?.remove();
    return `Saved ${now()}, ${this.report(findings)}`;
  }

  async check() {
    const { findings } = await drafts.check(this.urls.check, await this.xml());
    return `Checked ${now()}, ${this.report(findings)}`;
  }

  report(findings = []) {
    this.findings.show(findings);
    const warnings = findings.filter(({ severity }) => severity === 'warning').length;
    const problems = count(findings.length - warnings, 'problem');
    return warnings ? `${problems}, ${count(warnings, 'warning')}` : problems;
  }

  async xml() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  /** The reader skips what it does not know; the author must hear of it before saving. */
  warnOfLoss(warnings) {
    const text = 'Parts of this file could not be read and would be lost on save.';
    this.toolbar.say(text, { isProblem: true });
    this.findings.show(warnings.map(({ message }) => ({ message })));
  }
}

function count(number, what) {
  if (!number) return `no ${what}s`;
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}

function now() {
  return new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

function keyboardHelp() {
  const keys = KEYS.flatMap(([key, does]) => [make('kbd', {}, key), ` ${does}  `]);
  return make('p', { className: 'modeler-keys' }, 'With the diagram focused: ', ...keys);
}
