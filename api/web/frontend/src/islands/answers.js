// A form that keeps what somebody has typed in this tab, while they look elsewhere or sign in anew.

const TYPED = ['text', 'number', 'date', 'datetime-local', 'time', 'textarea', 'select-one'];
const CHOSEN = ['radio', 'checkbox'];

/** `key` says whose form it is; `isFilled`, that the server has filled it with what was sent. */
export function start(island, { key, isFilled }) {
  const form = island.closest('form');
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  if (!isFilled && restore(form, kept)) island.querySelector('[role=status]').hidden = false;
  form.addEventListener('input', () => {
    sessionStorage.setItem(key, JSON.stringify(given(form)));
  });
}

/** Name -> values, of questions alone: never a password or a part of a signature. */
function given(form) {
  const values = {};
  for (const field of questions(form)) {
    const isGiven = CHOSEN.includes(field.type) ? field.checked : true;
    (values[field.name] ??= []).push(...(isGiven ? [field.value] : []));
  }
  return values;
}

/** Fill in what was kept, and say whether that has changed anything. */
function restore(form, kept) {
  const before = JSON.stringify(given(form));
  for (const field of questions(form)) {
    const values = kept[field.name];
    if (!values) continue;
    if (CHOSEN.includes(field.type)) field.checked = values.includes(field.value);
    else field.value = values[0] ?? '';
  }
  return JSON.stringify(given(form)) !== before;
}

function questions(form) {
  return [...form.elements].filter(
    ({ name, type }) => name && !name.includes('.') && [...TYPED, ...CHOSEN].includes(type),
  );
}
