// Offers only the elements that the engine runs; what a file holds besides, the server refuses.

// A provider of low priority comes last, and sees what all others offer.
const LAST = 100;

const OFFERED = new Set([
  'none-start',
  'none-start-event',
  'none-end',
  'none-end-event',
  'terminate-end',
  'user-task',
  'service-task',
  'rule-task',
  'exclusive-gateway',
  'parallel-gateway',
  'timer-intermediate-catch',
  'timer-boundary',
  'non-interrupting-timer-boundary',
  'default-flow',
  'sequence-flow',
  'toggle-non-interrupting',
]);

const TIMER = { eventDefinitionType: 'bpmn:TimerEventDefinition' };
const SHAPES = [
  ['event', 'start-event-none', 'Start event', { type: 'bpmn:StartEvent' }],
  ['event', 'intermediate-event-catch-timer', 'Timer; drop it on a task to attach it',
    { type: 'bpmn:IntermediateCatchEvent', ...TIMER }],
  ['event', 'end-event-none', 'End event', { type: 'bpmn:EndEvent' }],
  ['activity', 'user-task', 'User task', { type: 'bpmn:UserTask' }],
  ['activity', 'service-task', 'Service task', { type: 'bpmn:ServiceTask' }],
  ['activity', 'business-rule-task', 'Decision', { type: 'bpmn:BusinessRuleTask' }],
  ['gateway', 'gateway-xor', 'Exclusive gateway', { type: 'bpmn:ExclusiveGateway' }],
  ['gateway', 'gateway-parallel', 'Parallel gateway', { type: 'bpmn:ParallelGateway' }],
  ['artifact', 'group', 'Group', { type: 'bpmn:Group' }],
  ['artifact', 'text-annotation', 'Text annotation', { type: 'bpmn:TextAnnotation' }],
];
const TOOLS = ['hand-tool', 'lasso-tool', 'space-tool', 'global-connect-tool', 'tool-separator'];

const isOffered = (id) => OFFERED.has(id.replace(/^(create|append)-|^replace-with-/, ''));
const pick = (entries, isWanted) =>
  Object.fromEntries(Object.entries(entries).filter(([id]) => isWanted(id)));

class OfferedMenus {
  static $inject = ['popupMenu'];

  constructor(popupMenu) {
    for (const menu of ['bpmn-create', 'bpmn-append', 'bpmn-replace']) {
      popupMenu.registerProvider(menu, LAST, this);
    }
  }

  getPopupMenuEntries() {
    return (entries) => pick(entries, isOffered);
  }

  getPopupMenuHeaderEntries() {
    return (entries) => pick(entries, isOffered);
  }
}

class OfferedPalette {
  static $inject = ['palette', 'create', 'elementFactory'];

  constructor(palette, create, elementFactory) {
    this.create = create;
    this.elementFactory = elementFactory;
    palette.registerProvider(LAST, this);
  }

  getPaletteEntries() {
    const shapes = SHAPES.map(([group, icon, title, attributes]) => [
      `create.${icon}`,
      { group, title, className: `bpmn-icon-${icon}`, action: this.startWith(attributes) },
    ]);
    return (entries) => ({
      ...pick(entries, (id) => TOOLS.includes(id)),
      ...Object.fromEntries(shapes),
      ...pick(entries, (id) => id === 'create.participant-expanded' || id === 'create'),
    });
  }

  startWith(attributes) {
    const start = (event) => this.create.start(event, this.elementFactory.createShape(attributes));
    return { click: start, dragstart: start };
  }
}

/** Appends a user task where bpmn-js would append a plain task, which does not run. */
class OfferedContextPad {
  static $inject = ['contextPad', 'autoPlace', 'create', 'elementFactory'];

  constructor(contextPad, autoPlace, create, elementFactory) {
    this.autoPlace = autoPlace;
    this.create = create;
    this.newTask = () => elementFactory.createShape({ type: 'bpmn:UserTask' });
    contextPad.registerProvider(LAST, this);
  }

  getContextPadEntries() {
    return ({ 'append.append-task': task, 'append.intermediate-event': _, ...entries }) =>
      task ? { 'append.user-task': this.appendTask(), ...entries } : entries;
  }

  appendTask() {
    return {
      group: 'model',
      className: 'bpmn-icon-user-task',
      title: 'Append user task',
      action: {
        click: (event, source) => this.autoPlace.append(source, this.newTask()),
        dragstart: (event, source) => this.create.start(event, this.newTask(), { source }),
      },
    };
  }
}

export default {
  __init__: ['offeredMenus', 'offeredPalette', 'offeredContextPad'],
  offeredMenus: ['type', OfferedMenus],
  offeredPalette: ['type', OfferedPalette],
  offeredContextPad: ['type', OfferedContextPad],
};
