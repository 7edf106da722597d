// Reads and writes the standard BPMN that the panel edits: conditions, default flows, timers, lanes.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

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

// Only durations run; whatever else a timer held gives way to what is typed here.
export const duration = {
  read: (element) => timerOf(element).get('timeDuration')?.body,
  write: (element, body, { modeling, bpmnFactory }) => {
    const timeDuration = bpmnFactory.create('bpmn:FormalExpression', { body });
    timeDuration.$parent = timerOf(element);
    const others = { timeDate: undefined, timeCycle: undefined };
    modeling.updateModdleProperties(element, timerOf(element), { ...others, timeDuration });
  },
};
