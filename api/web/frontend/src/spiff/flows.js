// Reads and writes the standard BPMN that the panel edits: conditions, default flows, timers, lanes.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

const TIMER_KINDS = ['timeDuration', 'timeDate', 'timeCycle'];

export const name = {
  read: (element) => getBusinessObject(element).name,
  write: (element, value, { modeling }) => modeling.updateProperties(element, { name: value }),
};

export const condition = {
  read: (flow) => getBusinessObject(flow).conditionExpression?.body,
  write: (flow, body, { modeling, bpmnFactory }) => {
    const { language } = getBusinessObject(flow).conditionExpression ?? {};
    const conditionExpression =
      body ? bpmnFactory.create('bpmn:FormalExpression', { body, language }) : undefined;
    modeling.updateProperties(flow, { conditionExpression });
  },
};

export const defaultFlow = {
  read: (gateway) => getBusinessObject(gateway).default?.id,
  write: (gateway, id, { modeling }) => {
    const flow = getBusinessObject(gateway).outgoing.find((outgoing) => outgoing.id === id);
    modeling.updateProperties(gateway, { default: flow });
  },
  options: (gateway) =>
    (getBusinessObject(gateway).outgoing ?? []).map((flow) => ({
      value: flow.id,
      label: [flow.name, `to ${flow.targetRef.name || flow.targetRef.id}`].filter(Boolean).join(', '),
    })),
};

export function isDefault(flow) {
  const { sourceRef } = getBusinessObject(flow);
  return sourceRef.default === getBusinessObject(flow);
}

export function timerOf(element) {
  const definitions = getBusinessObject(element).eventDefinitions ?? [];
  return definitions.find((definition) => is(definition, 'bpmn:TimerEventDefinition'));
}

const kindOf = (timer) => TIMER_KINDS.find((kind) => timer.get(kind)) ?? 'timeDuration';

function writeTimer(element, kind, body, { modeling, bpmnFactory }) {
  const values = Object.fromEntries(TIMER_KINDS.map((other) => [other, undefined]));
  values[kind] = bpmnFactory.create('bpmn:FormalExpression', { body });
  values[kind].$parent = timerOf(element);
  modeling.updateModdleProperties(element, timerOf(element), values);
}

const textOf = (timer) => timer.get(kindOf(timer))?.body;

export const timerKind = {
  read: (element) => kindOf(timerOf(element)),
  write: (element, kind, editor) => writeTimer(element, kind, textOf(timerOf(element)), editor),
};

export const timerText = {
  read: (element) => textOf(timerOf(element)),
  write: (element, text, editor) => writeTimer(element, kindOf(timerOf(element)), text, editor),
};
