// A part of a form that a passkey fills in: ask the server, then the person, then send the form.

const SAID = {
  NotAllowedError: 'Nothing was done: it was cancelled, or took too long. Try again.',
  InvalidStateError: 'This device has a passkey for you here already.',
  SecurityError: 'Passkeys do not work at this address. Ask whoever looks after Steadyhand.',
};
// Browsers bind passkeys to a name, never to the address of a machine.
const IS_NAMED = !/^[\d.]+$|:/.test(location.hostname);

/** `ceremony` is create or get; `url` says what to ask for, `field` takes the answer. */
export function start(island, { ceremony, url, field }) {
  if (!IS_NAMED || !window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
  const button = island.querySelector('button');
  const problem = island.querySelector('[role=alert]');
  button.addEventListener('click', async () => {
    problem.textContent = '';
    button.disabled = true;
    try {
      await fill(button.form, ceremony, url, field);
    } catch (error) {
      problem.textContent = SAID[error.name] ?? error.message;
    } finally {
      button.disabled = false;
    }
  });
  island.hidden = false;
}

async function fill(form, ceremony, url, field) {
  if (!form.reportValidity()) return;
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(url, { method: 'POST', body });
  // What the server has to say against the form, its page says beside each field.
  if (!answer.ok) return form.submit();
  const { publicKey, ...fields } = await answer.json();
  const credential = await ask(ceremony, publicKey);
  fields[field] = JSON.stringify(credential.toJSON());
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  form.submit();
}

function ask(ceremony, options) {
  return ceremony === 'create'
    ? navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
      })
    : navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
      });
}
