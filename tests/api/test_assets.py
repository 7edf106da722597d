"""Pages find the built browser parts, and do without them."""

import json
from pathlib import Path

from api.web import assets


def test_without_a_build_there_is_nothing_to_load(tmp_path: Path) -> None:
    entry = assets.read(tmp_path)

    assert entry == assets.Entry(script=None, styles=())


def test_the_manifest_names_script_and_styles_of_the_entry(tmp_path: Path) -> None:
    main = {"file": "assets/main-1.js", "isEntry": True, "css": ["assets/main-2.css"]}
    _write_manifest(tmp_path, {"src/main.js": main, "src/islands/viewer.js": {"file": "v.js"}})

    entry = assets.read(tmp_path)

    assert entry.script == "/static/dist/assets/main-1.js"
    assert entry.styles == ("/static/dist/assets/main-2.css",)


def test_an_entry_may_have_no_styles(tmp_path: Path) -> None:
    _write_manifest(tmp_path, {"src/main.js": {"file": "assets/main-1.js"}})

    entry = assets.read(tmp_path)

    assert entry.styles == ()


def _write_manifest(dist: Path, manifest: dict[str, object]) -> None:
    (dist / ".vite").mkdir()
    (dist / ".vite" / "manifest.json").write_text(json.dumps(manifest))
