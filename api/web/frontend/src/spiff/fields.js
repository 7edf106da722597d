// Fields of the properties panel: text, long text and a choice, each with how it reads and writes.
import {
  SelectEntry,
  TextAreaEntry,
  TextFieldEntry,
  isSelectEntryEdited,
  isTextAreaEntryEdited,
  isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { useService } from 'bpmn-js-properties-panel';

// One function for each kind, so that the panel keeps the input, and its focus, between two renders.
const Text = (props) => TextFieldEntry(useField(props));
const LongText = (props) => TextAreaEntry(useField(props));
const Choice = (props) => SelectEntry(useField(props));

function useField({ element, id, label, description, read, write, options }) {
  const editor = { modeling: useService('modeling'), bpmnFactory: useService('bpmnFactory') };
  return {
    element,
    id,
    label,
    description,
    debounce: useService('debounceInput'),
    // Nothing is `undefined` to the panel; an empty text would be written back as a change.
    getValue: () => read(element) || undefined,
    setValue: (value) => write(element, value || undefined, editor),
    getOptions: () => withCurrent(options(element), read(element)),
  };
}

/** A value that is not on offer is shown as it is, not as the first of the list. */
function withCurrent(options, current) {
  const isKnown = !current || options.some(({ value }) => value === current);
  return isKnown ? options : [...options, { value: current, label: `${current} (unknown)` }];
}

export const text = (id, label, access, description) =>
  ({ id, label, description, component: Text, isEdited: isTextFieldEntryEdited, ...access });

export const longText = (id, label, access, description) =>
  ({ id, label, description, component: LongText, isEdited: isTextAreaEntryEdited, ...access });

/** `options` is a list of `{ value, label }`. */
export const choice = (id, label, access, options, description) =>
  ({
    id,
    label,
    description,
    component: Choice,
    isEdited: isSelectEntryEdited,
    ...access,
    options: () => options,
  });

const NONE = { value: '', label: 'Choose …' };

export const optionalChoice = (id, label, access, options, description) =>
  choice(id, label, access, [NONE, ...options], description);
