"""What lies in ``deploy`` fits the project and itself, as far as no container engine is needed."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from api import create_app
from api.server import main  # noqa: F401 -- adds the command ``serve``
from engine import cli
from engine.settings import Settings
from engine.store.database import Database
from tests.deploy import chart

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
README = (DEPLOY / "README.md").read_text()
EVERYTHING = {
    "database__url": "postgresql://ann:s3cret@db/steadyhand",
    "alertUrl": "https://alerts.example/",
    "tracesEndpoint": "http://collector:4318",
    "web__autoscaling__enabled": True,
}
IN_THE_IMAGE = "/etc/steadyhand/gunicorn.conf.py"
# Read by others than us: the image's Python and pip, PostgreSQL's image, OpenTelemetry.
THEIRS = re.compile(r"PATH|PYTHON\w+|PIP_\w+|POSTGRES_\w+|OTEL_\w+")


def _setting(unit, name):
    return re.search(rf"^{name}=(.+)$", unit.read_text(), re.M)[1]


def _json_after(start):
    line = DOCKERFILE.partition(start)[2].partition("\n")[0]
    return yaml.safe_load(line)


def _application():
    url = "sqlite://"
    return create_app(Database(url), Settings(url))


@pytest.fixture(scope="module")
def gunicorn():
    """The settings that gunicorn takes from its file."""
    settings = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    settings["on_exit"](None)
    return settings


def containers(**switched):
    """The container of each workload of the chart, by component."""
    found = {}
    for made in chart.render(**switched):
        if made["kind"] in ("Deployment", "Job"):
            pod = made["spec"]["template"]
            component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
            found[component] = (pod["spec"], pod["spec"]["containers"][0])
    return found


def commands():
    """Every command line that a file of ours has somebody run: where, and what."""
    yield "Dockerfile", _json_after("\nCMD ")
    for name, service in COMPOSE["services"].items():
        if name != "postgres" and "command" in service:
            yield f"compose {name}", service["command"]
    for unit in UNITS:
        yield unit.name, shlex.split(_setting(unit, "ExecStart"))
    for name, (_, container) in containers().items():
        if "command" in container:
            yield f"chart {name}", container["command"]
    for said in re.findall(r"`(steadyhand (?!serve is)[a-z][^`…]*)`", README):
        yield f"README: {said}", said.split()


@pytest.mark.parametrize(("where", "line"), [pytest.param(*c, id=c[0]) for c in commands()])
def test_every_command_exists(where, line):
    program = Path(line[0]).name

    if program == "gunicorn":
        assert line[1] == "-c"
        assert line[2] in (IN_THE_IMAGE, "/opt/steadyhand/deploy/gunicorn.conf.py")
        assert line[3:] == ["api.wsgi:app"]
    else:
        assert program == "steadyhand"
        context = click.Context(cli.main)
        command, rest = cli.main, line[1:]
        while hasattr(command, "commands"):
            _, command, rest = command.resolve_command(context, rest)
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_every_variable_is_read_by_somebody():
    sources = [*ROOT.glob("api/**/*.py"), *ROOT.glob("engine/**/*.py"), DEPLOY / "gunicorn.conf.py"]
    read = set(
        re.findall(r'environ(?:\.get\(|\[)"(\w+)"', "".join(map(Path.read_text, sources)))
    ) | {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    named = set(re.findall(r"^ENV|(?<=\s)([A-Z][A-Z_]+)=", DOCKERFILE)) - {""}
    for service in COMPOSE["services"].values():
        named |= set(service.get("environment", {}))
    for unit in UNITS:
        named.add(_setting(unit, "Environment").partition("=")[0])
    for _, container in containers(**EVERYTHING).values():
        named |= {variable["name"] for variable in container["env"]}
    named |= set(re.findall(r"^\| `([A-Z_]+)`(?:, `([A-Z_]+)`)?", README, re.M)[0])
    named.discard("")

    assert {"DATABASE_URL", "STEADYHAND_BIND", "STEADYHAND_DATA", "WEB_CONCURRENCY"} <= named
    assert {name for name in named - read if not THEIRS.fullmatch(name)} == set()


def test_the_readme_names_every_variable_that_is_ours():
    source = (ROOT / "engine" / "settings.py").read_text()
    source += (DEPLOY / "gunicorn.conf.py").read_text().partition("def post_fork")[0]
    ours = re.findall(r'environ\.get\("(\w+)"', source)

    assert [name for name in ours if f"`{name}`" not in README] == []


def test_the_image_is_built_of_files_that_exist_and_reach_it():
    allowed = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
        for source in line.split()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert copied == allowed
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert {*wheel["packages"], *wheel["force-include"], "LICENSE", "README.md"} <= copied


def test_the_image_runs_without_root_as_the_user_that_the_chart_names():
    user = re.search(r"^USER (\d+):\d+$", DOCKERFILE, re.M)[1]

    for pod, container in containers().values():
        assert pod["securityContext"]["runAsNonRoot"]
        assert str(pod["securityContext"]["runAsUser"]) == user != "0"
        assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_image_runs_a_python_that_the_project_runs_on():
    versions = set(re.findall(r"^FROM python:([\d.]+)", DOCKERFILE, re.M))

    (version,) = versions
    assert (3, 11) <= tuple(map(int, version.split("."))) <= (3, 13)


def test_everybody_means_the_same_port():
    bound = re.search(r"STEADYHAND_BIND=0\.0\.0\.0:(\d+)", DOCKERFILE)[1]
    _, container = containers()["web"]
    service = next(made for made in chart.render() if made["kind"] == "Service")

    assert re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.M)[1] == bound
    assert f"127.0.0.1:{bound}/healthz" in DOCKERFILE
    assert [port.rpartition(":")[2] for port in COMPOSE["services"]["web"]["ports"]] == [bound]
    assert container["ports"] == [{"name": "http", "containerPort": int(bound)}]
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_probes_ask_what_the_application_answers():
    routes = {rule.rule for rule in _application().url_map.iter_rules()}
    _, container = containers()["web"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if "Probe" in name}

    assert probes == {
        "startupProbe": "/healthz",
        "readinessProbe": "/readyz",
        "livenessProbe": "/healthz",
    }
    assert {*probes.values(), "/metrics"} <= routes


def test_the_image_checks_its_health_with_what_is_in_it(server):
    python, *arguments = _json_after("    CMD ")
    assert python == "python"

    healthy = [
        argument.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}") for argument in arguments
    ]
    nobody = [argument.replace("127.0.0.1:8000", "127.0.0.1:1") for argument in arguments]

    assert subprocess.run([sys.executable, *healthy], check=False).returncode == 0
    assert subprocess.run([sys.executable, *nobody], check=False, capture_output=True).returncode


def test_whoever_stops_it_waits_for_requests_in_flight(gunicorn):
    graceful = gunicorn["graceful_timeout"]
    pod, container = containers()["web"]
    unit = next(unit for unit in UNITS if "web" in unit.name)
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    assert int(COMPOSE["services"]["web"]["stop_grace_period"].removesuffix("s")) > graceful
    assert int(_setting(unit, "TimeoutStopSec")) > graceful
    assert pod["terminationGracePeriodSeconds"] > graceful + before


def test_whoever_ends_is_started_again():
    assert [_setting(unit, "Restart") for unit in UNITS] == ["always"] * 2
    assert COMPOSE["services"]["web"]["restart"] == "always"
    assert COMPOSE["services"]["worker"]["restart"] == "always"


def test_the_database_is_migrated_before_anything_else_starts():
    services = COMPOSE["services"]
    hooks = {
        made["kind"]: made["metadata"]["annotations"]
        for made in chart.render(**EVERYTHING)
        if "annotations" in made["metadata"]
    }

    for name in ("web", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == (
            "service_completed_successfully"
        )
    assert {hook["helm.sh/hook"] for hook in hooks.values()} == {"pre-install,pre-upgrade"}
    weights = {kind: int(hook["helm.sh/hook-weight"]) for kind, hook in hooks.items()}
    assert weights["Secret"] < weights["Job"]


@pytest.mark.parametrize("switched", [{}, EVERYTHING], ids=["as it ships", "everything"])
def test_the_chart_is_made_of_whole_objects_that_find_each_other(switched):
    made = chart.render(**switched)
    names = {(it["kind"], it["metadata"]["name"]) for it in made}
    pods = [
        it["spec"]["template"]["metadata"]["labels"] for it in made if it["kind"] == "Deployment"
    ]

    assert all(it["apiVersion"] for it in made)
    assert len(names) == len(made)
    for it in made:
        if it["kind"] in ("Service", "PodDisruptionBudget"):
            selector = it["spec"]["selector"].get("matchLabels", it["spec"]["selector"])
            assert sum(selector.items() <= labels.items() for labels in pods) == 1
        if it["kind"] == "HorizontalPodAutoscaler":
            target = it["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in names


def test_the_chart_writes_the_secret_only_where_it_is_given_one():
    kinds = {made["kind"] for made in chart.render()}
    secret = next(made for made in chart.render(**EVERYTHING) if made["kind"] == "Secret")

    assert "Secret" not in kinds
    assert secret["stringData"] == {"DATABASE_URL": EVERYTHING["database__url"]}
    assert {container["env"][0]["name"] for _, container in containers().values()} == {
        "DATABASE_URL"
    }


def test_the_chart_is_of_this_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    described = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())

    assert described["appVersion"] == project["version"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit, tmp_path):
    here = tmp_path / unit.name
    # What is installed on a host is anything that can be run.
    here.write_text(
        re.sub(r"/opt/steadyhand/\.venv/bin/\w+", shutil.which("true"), unit.read_text())
    )

    done = subprocess.run(
        ["systemd-analyze", "verify", str(here)], check=False, capture_output=True, text=True
    )

    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    assert done.returncode == 0


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (DEPLOY / link).exists()] == []
