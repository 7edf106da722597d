// What every island shares: its properties, its message in place of a diagram, its file.

export function readProps(island) {
  return JSON.parse(island.querySelector('script[type="application/json"]').textContent);
}

export function hideFallback(island) {
  island.querySelector('.diagram-fallback')?.remove();
}

export function showProblem(island, text) {
  const message = document.createElement('p');
  message.className = 'diagram-fallback';
  message.textContent = text;
  island.replaceChildren(message);
}

export async function fetchXml(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) {
    throw new Error(`The server answered ${response.status} when asked for the diagram.`);
  }
  return response.text();
}

/** Make an element: `make('button', { className: 'button' }, 'Save')`. */
export function make(tag, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}
