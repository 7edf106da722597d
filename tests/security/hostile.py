"""Hostile inputs by what they attack; each is cheap to write and costly to trust."""

import json
from itertools import pairwise

from engine.bpmn import run
from engine.bpmn.definition import compile_definition
from engine.bpmn.reader import read
from tests.diagrams import (
    activity,
    boundary,
    bundle,
    call,
    caught,
    end,
    flow,
    form,
    gateway,
    inside,
    line,
    multi_instance,
    one_task,
    process,
    rule_task,
    script_task,
    service_task,
    standard_loop,
    start,
    subprocess,
    table,
    text,
    user_task,
)

GOOD = one_task()["processes/small/small.bpmn"].decode()
TABLE = table("size", "size", ("-", "1")).decode()
BPMN, DMN, FORM = "processes/small/small.bpmn", "processes/small/size.dmn", "forms/small/note.json"


def _entities(name, levels):
    made = "".join(
        f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' if i else '<!ENTITY e0 "ha">'
        for i in range(levels)
    )
    return f"<!DOCTYPE {name} [{made}]>"


def _xml(good, root, place):
    """Attacks on the reader of XML, for one kind of file."""
    at_root = f"<{root}"
    return {
        "a DOCTYPE": good.replace(at_root, f"<!DOCTYPE {root}>{at_root}", 1),
        "an external DTD": good.replace(
            at_root, f'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/evil.dtd">{at_root}', 1
        ),
        "a file as entity": good.replace(
            at_root, f'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>{at_root}', 1
        ).replace(place, "&e;"),
        "a parameter entity": good.replace(
            at_root, f'<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>{at_root}', 1
        ),
        "a billion laughs": good.replace(at_root, _entities("d", 10) + at_root, 1).replace(
            place, "&e9;"
        ),
        "a quadratic blow-up": good.replace(
            at_root, f'<!DOCTYPE d [<!ENTITY e "{"a" * 50_000}">]>{at_root}', 1
        ).replace(place, "&e;" * 10_000),
        "an entity of itself": good.replace(
            at_root, f'<!DOCTYPE d [<!ENTITY e "&e;">]>{at_root}', 1
        ).replace(place, "&e;"),
        "an unknown entity": good.replace(place, "&unknown;"),
        "an unclosed tag": good.replace("</", "<", 1),
        "a NUL byte": good.replace(place, "\0"),
        "a lone surrogate": good.replace(place, "&#xD800;"),
        "a deep tree": "<a>" * 50_000 + "</a>" * 50_000,
        "many attributes": "<a " + " ".join(f"a{i}='x'" for i in range(50_000)) + "/>",
        "one attribute twice": good.replace(at_root, f'{at_root} id="a" id="b"', 1),
        "two megabytes": good.replace(place, "x" * 2_000_000),
        "nothing": "",
        "blanks": " \n" * 1_000,
        "another document": "<html><script>alert(1)</script></html>",
        "a stylesheet that includes": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude"'
        ' href="file:///etc/passwd"/>',
        "JSON": '{"definitions": {}}',
        "a zip": "PK\x03\x04" + "\0" * 100,
        "another encoding than it says": '<?xml version="1.0" encoding="UTF-32"?>'
        + good[good.index(at_root) :],
    }


XML_FILES = {
    **{
        f"bpmn: {name}": {BPMN: it} for name, it in _xml(GOOD, "bpmn:definitions", "Do it.").items()
    },
    **{f"dmn: {name}": {DMN: it} for name, it in _xml(TABLE, "definitions", "Decide").items()},
}

FORMS = {
    "no JSON": "{",
    "a deep list": "[" * 100_000 + "]" * 100_000,
    "a deep object": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a list": "[]",
    "null": "null",
    "components of another kind": json.dumps({"id": "note", "components": {"a": 1}}),
    "a script as type": json.dumps(
        {"id": "note", "components": [{"type": "<script>", "key": "a"}]}
    ),
    "a type that is a list": json.dumps({"id": "note", "components": [{"type": ["text"]}]}),
    "a key that is code": form("note", text("__import__('os')")).decode(),
    "a dotted key": form("note", text("a.b")).decode(),
    "a key of the engine": form("note", text("incident")).decode(),
    "one key twice": form("note", text("note"), text("note")).decode(),
    "a number of a million digits": '{"components": [' + "9" * 1_000_000 + "]}",
    "not a number": '{"id": "note", "components": [{"type": "number", "key": "n",'
    ' "validate": {"min": "NaN"}}]}',
    "not UTF-8": b'\xff\xfe{"components": []}',
}


def conditioned(condition):
    """A file with one condition."""
    shown = condition.replace("&", "&amp;").replace("<", "&lt;")
    return bundle(
        *line(user_task("Look"), gateway("Way", default="Way_Done")),
        flow("Way", "Look", shown),
    )


# Everything that is not FEEL: Python, JavaScript, templates, shells, other expression languages.
EXPRESSIONS = (
    "__import__('os').system('id')",
    "().__class__.__base__.__subclasses__()",
    "note.__class__",
    "note.__class__.__mro__[1]",
    "incident.__dict__",
    "open('/etc/passwd').read()",
    "open(&quot;/etc/passwd&quot;)",
    "eval('1')",
    "exec('import os')",
    "lambda: 0",
    "[x for x in note]",
    "note if note else 1",
    "note == 1",
    "note && note",
    "!note",
    "note ? 1 : 2",
    "${note}",
    "#{note}",
    "{{ note }}",
    "{% raw %}",
    "<%= note %>",
    "`id`",
    "$(id)",
    "note; note",
    "note := 1",
    "note = 1 = 1",
    "print(note)",
    "globals()",
    "getattr(note, '__class__')",
    "function(x) external {java: {class: &quot;java.lang.Runtime&quot;}}",
    "@&quot;2020-13-45&quot; @",
    "note[",
    "(" * 5_000,
    "[" * 5_000,
    "-" * 15_000 + "1",
    "not(" * 3_000 + "true" + ")" * 3_000,
    "if " * 5_000,
    "1" * 19_000,
    "1e999999999999",
    '"' + "a" * 19_999,
    "a" * 25_000,
    "1 +" * 10_000,
    "note." * 6_000,
    "\u202eeton",
    "note\0",
    "//",
    "/* " * 5_000,
)


def _wide(count):
    """More elements than a process may have."""
    names = [f"T{i}" for i in range(count)]
    flows = [flow(a, b) for a, b in pairwise(["Reported", *names, "Done"])]
    return bundle(start(), *(gateway(name, "parallel") for name in names), end(), *flows)


def _nested(depth):
    """Sub-processes in one another."""
    part = inside(f"P{depth}", user_task("Look"))
    for level in reversed(range(depth)):
        part = inside(f"P{level}", subprocess(f"S{level}", *part))
    return bundle(*line(subprocess("Outer", *part)))


MODELS = {
    "a loop that never waits": bundle(
        *line(gateway("Again", default="Again_Done")), flow("Again", "Again", "true")
    ),
    "301 elements": _wide(301),
    "3,000 elements": _wide(3_000),
    "a hundred nested parts": _nested(100),
    "a process that calls itself": bundle(*line(call("Again", "small"))),
    "a cycle without pause": bundle(
        *line(user_task("Look")),
        *(boundary("Late", "Look", "timer", "R/PT0S", interrupts=False), end("Ended")),
        flow("Late", "Ended"),
    ),
    "a timer of no time": bundle(*line(caught("Wait", "timer", "PT0S"))),
    "a timer of a thousand years and more": bundle(*line(caught("Wait", "timer", "P9999999Y"))),
    "a timer that is code": bundle(*line(caught("Wait", "timer", "__import__(1)"))),
    "a script in Python": bundle(*line(script_task("Set", "import os; os.system('id')"))),
    "a script that deletes": bundle(*line(script_task("Set", "del note"))),
    "a script that sets the incident": bundle(*line(script_task("Set", "incident = null"))),
    "an operation that is no operation": bundle(*line(service_task("Do", "os.system"))),
    "a decision that is a path": bundle(*line(rule_task("Do", "../../etc/passwd"))),
    "a form that is a path": bundle(*line(user_task("Look", form="../../etc/passwd"))),
    "an id of a thousand letters": bundle(*line(user_task("L" * 1_000))),
    "an iteration over nothing": bundle(
        *line(activity("userTask", "Look", multi_instance(), properties={"formKey": "note"}))
    ),
    "a loop without end": bundle(
        *line(activity("userTask", "Look", standard_loop(), properties={"formKey": "note"}))
    ),
}


def _iterated(inner, task=None):
    return process(
        *line(task or activity("scriptTask", "Each", f"{inner}<bpmn:script>a = 1</bpmn:script>"))
    )


# What passes every check and is expensive only when it runs.
RUNNING = {
    "ten million iterations": _iterated(multi_instance(cardinality="10000000")),
    "iterations beyond counting": _iterated(multi_instance(cardinality="10 ** 30")),
    "minus one iteration": _iterated(multi_instance(cardinality="-1")),
    "half an iteration": _iterated(multi_instance(cardinality="0.5")),
    "iterations over a text": _iterated(multi_instance(collection='"abc"')),
    "iterations over a range without end": _iterated(
        multi_instance(collection="for x in 1..1000000000 return x")
    ),
    "a loop that always goes on": _iterated(standard_loop("true")),
    "a list that doubles": process(
        *line(script_task("Set", "a = [1]\n" + "a = concatenate(a, a)\n" * 60))
    ),
    "a text that doubles": process(*line(script_task("Set", 'a = "ha"\n' + "a = a + a\n" * 60))),
    "a tower of powers": process(*line(script_task("Set", "a = 9 ** 9 ** 9 ** 9"))),
    "a function that calls itself": process(
        *line(script_task("Set", "a = {f: function(x) f(x), r: f(1)}.r"))
    ),
    "a thousand times a thousand": process(
        *line(script_task("Set", "a = for x in 1..1000, y in 1..1000, z in 1..1000 return x"))
    ),
    "tokens that double": process(
        *(start(), end(), flow("Reported", "F0"), flow("X29", "Done")),
        *(gateway(f"{kind}{i}", "parallel") for i in range(30) for kind in "FAB"),
        *(gateway(f"X{i}") for i in range(30)),
        *(flow(f"F{i}", f"{way}{i}") for i in range(30) for way in "AB"),
        *(flow(f"{way}{i}", f"X{i}") for i in range(30) for way in "AB"),
        *(flow(f"X{i}", f"F{i + 1}") for i in range(29)),
    ),
}

# Names that mean something to Python, JavaScript, SpiffWorkflow or a careless programme.
ODD_KEYS = (
    *("typename", "__class__", "__init__", "__proto__", "constructor", "prototype", "__builtins__"),
    *("self", "data", "id", "state", "workflow", "internal_data", "data_objects", "loopCounter"),
    *("a.b", "a[0]", "a b", "a-b", "", " ", "\n", "\0", "null", "true", "1", "-1", "$", "${a}"),
    *("<script>", "' OR 1=1 --", "Ünïcode", "\u202e", "🔥", "x" * 10_000, "../a", "%s", "{0}"),
)
ODD_VALUES = (
    {"typename": "timedelta", "days": 1},
    {"__class__": "os.system", "args": ["id"]},
    {"$ref": "#"},
    [[[[[[[[]]]]]]]],
    "x" * 1_000_000,
    "{{7*7}}",
    1e308,
    10**30,
    True,
)

DEFINITION = compile_definition(
    read(process(*line(user_task("Look"), gateway("Way", "parallel"), user_task("After")))), {}
)
SNAPSHOT_TEXT = run.save(run.start(DEFINITION, {}, {}))
SNAPSHOT = json.loads(SNAPSHOT_TEXT)


def _forged(**changes):
    return json.dumps({**SNAPSHOT, **changes})


def _row(position, value, row=1):
    """The snapshot with one cell of one token replaced."""
    rows = [list(each) for each in SNAPSHOT["tokens"]]
    rows[row][position] = value
    return _forged(tokens=rows)


SNAPSHOTS = {
    "nothing": "",
    "no JSON": "{",
    "null": "null",
    "a number": "7",
    "a text": '"abc"',
    "a list": "[]",
    "an empty object": "{}",
    "a deep list": "[" * 100_000,
    "another version": _forged(version=1),
    "a version that is text": _forged(version="2"),
    "no tokens": _forged(tokens=[]),
    "tokens of another kind": _forged(tokens={"a": 1}),
    "a token that is text": _forged(tokens=["token"]),
    "a short token": _forged(tokens=[["a"]]),
    "a long token": _forged(tokens=[[*SNAPSHOT["tokens"][0], 1, 2, 3]]),
    "no variables": _forged(variables=[]),
    "variables of another kind": _forged(variables=7),
    "variables that are a list": _forged(variables=[[1]]),
    "two roots": _forged(tokens=[SNAPSHOT["tokens"][0], SNAPSHOT["tokens"][0]]),
    "one token twice": _forged(tokens=[*SNAPSHOT["tokens"], SNAPSHOT["tokens"][1]]),
    "the inner one first": _forged(tokens=SNAPSHOT["tokens"][::-1]),
    "an id that is a list": _row(0, ["a"]),
    "an id that is null": _row(0, None),
    "an unknown scope": _row(1, "nowhere"),
    "a scope in itself": _row(1, SNAPSHOT["tokens"][1][0]),
    "no scope": _row(1, None),
    "an unknown process": _row(2, "other"),
    "a process that is a class": _row(2, "os"),
    "an unknown element": _row(3, "Nothing"),
    "an element that is the process": _row(3, "small#process"),
    "an element that is a path": _row(3, "../Look"),
    "an element that is an attribute": _row(3, "__class__"),
    "a state that is none": _row(4, 7),
    "a state that is over": _row(4, 64),
    "a state that is text": _row(4, "READY"),
    "variables that are not there": _row(5, [99]),
    "variables before the first": _row(5, [-5]),
    "variables nowhere": _row(5, []),
    "variables that are text": _row(5, "0"),
    "variables that are true": _row(5, [True]),
    "a memory that is a list": _row(6, []),
    "a memory that is null": _row(6, None),
}
