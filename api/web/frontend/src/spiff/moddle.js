// The `spiffworkflow:` elements that a diagram may hold. One that is missing here would be lost on save.
const text = (name) => ({
  name,
  superClass: ['Element'],
  properties: [{ name: 'value', isBody: true, type: 'String' }],
});

const record = (name, attributes, children = []) => ({
  name,
  superClass: ['Element'],
  properties: [
    ...attributes.map((attribute) => ({ name: attribute, isAttr: true, type: 'String' })),
    ...children,
  ],
});

const many = (name, type) => ({ name, type, isMany: true });
const one = (name, type) => ({ name, type });

export default {
  name: 'SpiffWorkflow',
  prefix: 'spiffworkflow',
  uri: 'http://spiffworkflow.org/bpmn/schema/1.0/core',
  xml: { tagAlias: 'lowerCase' },
  associations: [],
  types: [
    // Edited here.
    text('InstructionsForEndUser'),
    text('CalledDecisionId'),
    record('Properties', [], [many('properties', 'Property')]),
    record('Property', ['name', 'value']),
    record('ServiceTaskOperator', ['id', 'resultVariable'], [
      one('retry', 'Retry'),
      one('parameterList', 'Parameters'),
    ]),
    record('Retry', ['retries', 'backoff_base']),
    record('Parameters', [], [many('parameters', 'Parameter')]),
    record('Parameter', ['id', 'type', 'value']),

    // Only kept: other tools write them, and the server says which of them it refuses.
    ...[
      'PreScript',
      'PostScript',
      'MessagePayload',
      'MessageVariable',
      'PayloadExpression',
      'VariableName',
      'Category',
      'AllowGuest',
      'GuestConfirmation',
      'SignalButtonLabel',
      'InputJson',
      'ExpectedOutputJson',
      'Expression',
    ].map(text),
    record('TaskMetadataValues', [], [many('values', 'TaskMetadataValue')]),
    record('TaskMetadataValue', ['name', 'value']),
    record('UnitTests', [], [many('tests', 'UnitTest')]),
    record('UnitTest', ['id'], [one('input', 'InputJson'), one('output', 'ExpectedOutputJson')]),
    record('ProcessVariableCorrelation', [], [
      { name: 'propertyId', type: 'String', xml: { serialize: 'property' } },
      one('expression', 'Expression'),
    ]),
  ],
};
