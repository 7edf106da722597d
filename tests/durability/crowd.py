"""Many people who send the same request in the same moment."""

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict


class Crowd:
    """One connection and one thread for each token."""

    def __init__(self, port, tokens):
        self._people = [_Person(port, token) for token in tokens]
        self._threads = ThreadPoolExecutor(len(tokens))
        self._together = threading.Barrier(len(tokens))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._threads.shutdown()
        for person in self._people:
            person.close()

    def send(self, method, path, body=None, **headers):
        """Everybody's answer, in the order of the tokens."""

        def send_one(person):
            self._together.wait()
            return person.send(method, path, body, headers)

        return list(self._threads.map(send_one, self._people))


class _Person:
    def __init__(self, port, token):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method, path, body, headers):
        content = json.dumps(body) if body is not None else None
        self._connection.request(method, path, content, self._headers | headers)
        answer = self._connection.getresponse()
        return Answer(answer.status, json.loads(answer.read()))

    def close(self):
        self._connection.close()
