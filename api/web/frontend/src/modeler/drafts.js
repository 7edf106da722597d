// Talks to the server about a draft: save it, check it. Every refusal is a sentence for the author.
const UNREACHABLE = 'The server could not be reached. Your work is still here; try again.';
const UNEXPECTED = 'The server did not answer as expected; you may be signed out. Your work is still here.';
const OVERTAKEN = 'Someone else saved this draft; reload to see their version. Your work is still here.';

/** Answers `{ etag, findings }`. */
export function save(url, xml, etag) {
  return send('PUT', url, xml, etag ? { 'If-Match': etag } : {});
}

/** Answers `{ findings }`. */
export function check(url, xml) {
  return send('POST', url, xml);
}

async function send(method, url, xml, headers = {}) {
  const response = await request(url, {
    method,
    body: xml,
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/xml', Accept: 'application/json', ...headers },
  });
  if (response.status === 409 || response.status === 412) throw new Error(OVERTAKEN);
  const answer = await readJson(response);
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? UNEXPECTED);
  return answer;
}

async function request(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Error(UNREACHABLE);
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    throw new Error(UNEXPECTED);
  }
}
