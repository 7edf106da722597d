// The properties panel of our processes: who, which form, which operation, when, under which condition.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

import { bodyOf, operationOf, parameterOf, parametersOf, propertyOf } from './extensions.js';
import { longText, optionalChoice, text } from './fields.js';
import * as flows from './flows.js';

const BELOW_THE_DEFAULT = 500;
const KEPT_GROUPS = ['general', 'documentation'];

class StepProperties {
  static $inject = ['propertiesPanel', 'config.catalogue'];

  constructor(propertiesPanel, catalogue) {
    this.catalogue = catalogue;
    propertiesPanel.registerProvider(BELOW_THE_DEFAULT, this);
  }

  getGroups(element) {
    const ours = groupOf(element, this.catalogue);
    return (groups) => {
      const [general, ...rest] = groups.filter(({ id }) => KEPT_GROUPS.includes(id));
      if (ours?.id === 'lane') general.entries = general.entries.filter(({ id }) => id !== 'name');
      return ours ? [general, { ...ours, shouldOpen: true }, ...rest] : [general, ...rest];
    };
  }
}

function groupOf(element, catalogue) {
  if (element.type === 'label') return null;
  if (is(element, 'bpmn:UserTask')) return userTask(catalogue.forms);
  if (is(element, 'bpmn:ServiceTask')) return serviceTask(element, catalogue.operations);
  if (is(element, 'bpmn:BusinessRuleTask')) return decisionTask(catalogue.decisions);
  if (is(element, 'bpmn:SequenceFlow')) return sequenceFlow(element);
  if (is(element, 'bpmn:ExclusiveGateway')) return exclusiveGateway(element);
  if (is(element, 'bpmn:Lane') && catalogue.groups.length) return lane(catalogue.groups);
  if (flows.timerOf(element)) return timer();
  return null;
}

function userTask(forms) {
  return {
    id: 'task',
    label: 'Task',
    entries: [
      optionalChoice('form', 'Form', propertyOf('formKey'), forms),
      text('due', 'Due after', propertyOf('dueIn'), 'ISO 8601 duration, for example PT4H, or FEEL that gives one'),
      text('calendar', 'In working time of', propertyOf('calendar'), 'A calendar of bundle.toml; empty counts every hour'),
      text('signature', 'Signed with the meaning', propertyOf('signatureMeaning'), 'For example approved; empty asks for no signature'),
      longText('instructions', 'Instructions', bodyOf('spiffworkflow:InstructionsForEndUser')),
    ],
  };
}

function serviceTask(element, operations) {
  const operation = operationOf(operations);
  const offered = operations.find(({ value }) => value === operation.read(element))?.parameters ?? [];
  // A parameter that the operation does not take is shown, so that it can be emptied.
  const strangers = parametersOf(element).filter(({ id }) => !offered.some((p) => p.id === id));
  const parameters = [...offered, ...strangers.map(({ id }) => ({ id, label: `${id} (unknown)` }))];
  return {
    id: 'operation',
    label: 'Operation',
    entries: [
      optionalChoice('operation', 'Operation', operation, operations),
      ...parameters.map(({ id, label }) =>
        text(`parameter-${id}`, label, parameterOf(id), 'FEEL expression')),
    ],
  };
}

function decisionTask(decisions) {
  const access = bodyOf('spiffworkflow:CalledDecisionId');
  return {
    id: 'decision',
    label: 'Decision',
    entries: [optionalChoice('decision', 'Decision', access, decisions)],
  };
}

function sequenceFlow(flow) {
  const isChoice = is(getBusinessObject(flow).sourceRef, 'bpmn:ExclusiveGateway');
  const hasCondition = Boolean(flows.condition.read(flow));
  if (!hasCondition && (!isChoice || flows.isDefault(flow))) return null;
  const example = 'FEEL expression, for example priority = "P1"';
  return {
    id: 'condition',
    label: 'Condition',
    entries: [longText('condition', 'Taken when', flows.condition, example)],
  };
}

function exclusiveGateway(gateway) {
  const options = flows.defaultFlow.options(gateway);
  if (options.length < 2) return null;
  const label = 'Taken when no condition holds';
  return {
    id: 'default-flow',
    label: 'Default flow',
    entries: [optionalChoice('default-flow', label, flows.defaultFlow, options)],
  };
}

function timer() {
  return {
    id: 'timer',
    label: 'Timer',
    entries: [
      text('timer-duration', 'Goes off after', flows.duration, 'ISO 8601 duration, for example PT4H'),
    ],
  };
}

function lane(groups) {
  const options = groups.map((group) => ({ value: group, label: group }));
  return {
    id: 'lane',
    label: 'Lane',
    entries: [optionalChoice('lane-group', 'Group that does the work', flows.name, options)],
  };
}

export default {
  __init__: ['stepProperties'],
  stepProperties: ['type', StepProperties],
};
