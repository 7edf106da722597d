// Reads and writes the `spiffworkflow:` children of an element; every write is one step to undo.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

const PROPERTIES = 'spiffworkflow:Properties';
const OPERATOR = 'spiffworkflow:ServiceTaskOperator';

/** `editor` is `{ modeling, bpmnFactory }` wherever it is asked for. */
const create = ({ bpmnFactory }, type, attributes) => bpmnFactory.create(type, attributes);

function find(element, type) {
  const values = getBusinessObject(element).extensionElements?.values ?? [];
  return values.find((value) => value.$type === type);
}

/** Put `made` in the place of the child of this type; without `made`, take it away. */
function replace(element, type, made, editor) {
  const old = getBusinessObject(element).extensionElements?.values ?? [];
  const values = old.filter((value) => value.$type !== type);
  if (made) values.push(made);
  const extensionElements = values.length
    ? adopt(create(editor, 'bpmn:ExtensionElements', { values }), values)
    : undefined;
  editor.modeling.updateProperties(element, { extensionElements });
}

function adopt(parent, children) {
  children.forEach((child) => { child.$parent = parent; });
  return parent;
}

/** The text of a child such as `<spiffworkflow:calledDecisionId>`. */
export const bodyOf = (type) => ({
  read: (element) => find(element, type)?.value,
  write: (element, value, editor) =>
    replace(element, type, value && create(editor, type, { value }), editor),
});

/** One `<spiffworkflow:property>` by its name; the others stay as they are. */
export const propertyOf = (name) => ({
  read: (element) => propertiesOf(element).find((property) => property.name === name)?.value,
  write: (element, value, editor) => {
    const properties = propertiesOf(element).filter((property) => property.name !== name);
    if (value) properties.push(create(editor, 'spiffworkflow:Property', { name, value }));
    const made = properties.length && create(editor, PROPERTIES, { properties });
    replace(element, PROPERTIES, made && adopt(made, properties), editor);
  },
});

function propertiesOf(element) {
  return find(element, PROPERTIES)?.properties ?? [];
}

/** The operation that a service task calls. A new one keeps the parameters that it shares with the old. */
export const operationOf = (operations) => ({
  read: (element) => find(element, OPERATOR)?.id,
  write: (element, id, editor) => {
    const known = operations.find((operation) => operation.value === id)?.parameters ?? [];
    const kept = parametersOf(element).filter(({ id: old }) => known.some((p) => p.id === old));
    writeOperator(element, id, kept, editor);
  },
});

/** One parameter of the operation, a FEEL expression. */
export const parameterOf = (id) => ({
  read: (element) => parametersOf(element).find((parameter) => parameter.id === id)?.value,
  write: (element, value, editor) => {
    const parameters = parametersOf(element).filter((parameter) => parameter.id !== id);
    if (value) parameters.push({ id, type: 'str', value });
    writeOperator(element, find(element, OPERATOR).id, parameters, editor);
  },
});

export function parametersOf(element) {
  return find(element, OPERATOR)?.parameterList?.parameters ?? [];
}

function writeOperator(element, id, parameters, editor) {
  if (!id) return replace(element, OPERATOR, undefined, editor);
  const { resultVariable, retry } = find(element, OPERATOR) ?? {};
  const made = parameters.map(({ id: name, type, value }) =>
    create(editor, 'spiffworkflow:Parameter', { id: name, type, value }));
  const parameterList =
    made.length ? adopt(create(editor, 'spiffworkflow:Parameters', { parameters: made }), made) : undefined;
  const operator = create(editor, OPERATOR, { id, resultVariable, retry, parameterList });
  replace(element, OPERATOR, adopt(operator, parameterList ? [parameterList] : []), editor);
}
