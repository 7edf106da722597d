"""Requests to other systems go to public addresses, or to those that the operator allows."""

import ipaddress
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from engine import outbound
from engine.outbound import PUBLIC, AddressRefused, NotReached, Reach

LOOPBACK = outbound.reach("127.0.0.0/8")


@contextmanager
def receiver(status=200, body=b"thank you", over=None, **headers):
    """Another system on this machine; yields its port and what it was asked."""
    got = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            got.append((self.command, self.path, self.headers["Host"]))
            length = int(self.headers["Content-Length"] or 0)
            got.append(self.rfile.read(length)) if length else None
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 -- of http.server

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.handle_error = lambda *_: None  # a client that goes away is none
        if over:
            server.socket = over.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port, got
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def names(monkeypatch):
    """A name service: name -> its addresses, one list for each time that it is asked."""
    answers, real = {}, socket.getaddrinfo

    def look_up(host, port, *args, **more):
        if host not in answers:
            return real(host, port, *args, **more)
        if not answers[host]:
            raise socket.gaierror(-2, "Name or service not known")
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
]
OUTSIDE = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_by_itself_and_by_a_name(names, address):
    names["receiver.test"] = [[address]]
    shown = f"[{address}]" if ":" in address else address

    for host in (shown, "receiver.test"):
        with pytest.raises(AddressRefused, match="STEADYHAND_OUTBOUND_ALLOW"):
            outbound.send("GET", f"http://{host}/")


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_none_of_them(address):
    assert PUBLIC.includes("receiver.test", ipaddress.ip_address(address))


SPELT = ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "localhost", "LOCALHOST."]


@pytest.mark.parametrize("host", SPELT)
def test_another_spelling_of_this_machine_is_refused(host):
    with receiver() as (port, got), pytest.raises(NotReached):
        outbound.send("GET", f"http://{host}:{port}/")

    assert got == []


ODD = [
    "ftp://93.184.215.14/",
    "file:///etc/passwd",
    "gopher://93.184.215.14/",
    "javascript:alert(1)",
    "//93.184.215.14/",
    "93.184.215.14",
    "",
    "http://",
    "http:///path",
    "http://ann@93.184.215.14/",
    "http://ann:secret@93.184.215.14/",
    "http://@93.184.215.14/",
    "http://93.184.215.14\\@127.0.0.1/",
    "http://93.184.215.14:99999/",
    "http://93.184.215.14:x/",
    "http://93.184.215.14/ HTTP/1.1\r\nX: y",
    "http://93.184.215.14/\tx",
    "http://[::1",
    "http://*.test/",
    "http://93.184.215.14/" + "x" * 3000,
]


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(AddressRefused):
        outbound.send("GET", url, within=LOOPBACK)


def test_one_address_inside_among_those_of_a_name_refuses_it(names):
    names["receiver.test"] = [["93.184.215.14", "127.0.0.1"]]

    with receiver() as (port, got), pytest.raises(AddressRefused):
        outbound.send("GET", f"http://receiver.test:{port}/")

    assert got == []


def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked(names):
    """DNS rebinding: public when it is checked, this machine when it is connected to."""
    names["receiver.test"] = [["93.184.215.14"], ["127.0.0.1"]]

    with receiver() as (port, got), pytest.raises(NotReached):
        outbound.send("GET", f"http://receiver.test:{port}/", seconds=0.5)

    assert got == []
    assert names["receiver.test"] == [["127.0.0.1"]]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(status):
    with receiver() as (inner, got):
        for target in (f"http://127.0.0.1:{inner}/", "/there", ""):
            with receiver(status, Location=target) as (port, _):
                answer = outbound.send("GET", f"http://127.0.0.1:{port}/", within=LOOPBACK)

            assert (answer.status, answer.location) == (status, target)

    assert got == []


@pytest.mark.parametrize("inside", INSIDE)
def test_a_redirect_inside_is_refused_by_its_address_and_by_a_name(names, inside):
    names["receiver.test"] = [["127.0.0.1"]]
    names["inner.test"] = [[inside]]
    here = outbound.reach("receiver.test")
    shown = f"[{inside}]" if ":" in inside else inside

    for target in (f"http://{shown}/", "https://inner.test/x", "//inner.test/x"):
        with (
            receiver(302, Location=target) as (port, _),
            pytest.raises(AddressRefused, match=r"“receiver\.test” redirects elsewhere"),
        ):
            outbound.send("GET", f"http://receiver.test:{port}/", within=here)


@pytest.mark.parametrize(
    "target", ["http://nowhere.test/", "https://outside.test/", "http://receiver.test/again"]
)
def test_a_redirect_to_nobody_or_to_whom_we_may_ask_is_an_answer(names, target):
    names["receiver.test"] = [["127.0.0.1"]]
    names["outside.test"] = [["93.184.215.14"]]
    names["nowhere.test"] = []

    with receiver(302, Location=target) as (port, _):
        answer = outbound.send(
            "GET", f"http://receiver.test:{port}/", within=outbound.reach("receiver.test")
        )

    assert answer.status == 302


def test_a_name_that_nobody_knows_is_not_reached(names):
    names["receiver.test"] = []

    with pytest.raises(NotReached, match="There is no host"):
        outbound.send("GET", "http://receiver.test/")


# ---- what the operator allows


@pytest.mark.parametrize(
    ("allowed", "is_reached"),
    [
        ("127.0.0.0/8", True),
        ("10.0.0.0/8, 127.0.0.1", True),
        ("receiver.test", True),
        ("Receiver.Test.", True),
        ("10.0.0.0/8", False),
        ("other.test", False),
        ("test", False),
        ("", False),
    ],
)
def test_hosts_and_networks_can_be_allowed(names, allowed, is_reached):
    names["receiver.test"] = [["127.0.0.1"]]
    reach = outbound.reach(allowed)

    with receiver() as (port, got):
        if is_reached:
            outbound.send("GET", f"http://receiver.test:{port}/x?y=1", within=reach)
        else:
            with pytest.raises(AddressRefused):
                outbound.send("GET", f"http://receiver.test:{port}/", within=reach)

    assert got == ([("GET", "/x?y=1", f"receiver.test:{port}")] if is_reached else [])


def test_an_ipv4_network_is_meant_by_an_ipv6_address_that_leads_there(names):
    names["receiver.test"] = [["::ffff:127.0.0.1"]]

    with receiver() as (port, _):
        answer = outbound.send("GET", f"http://receiver.test:{port}/", within=LOOPBACK)

    assert answer.text == "thank you"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "http://x.test", "*", "a@b", "10.0.0.0/99"])
def test_what_is_neither_a_host_nor_a_network_is_said_at_the_start(text):
    with pytest.raises(ValueError, match="neither a host nor a network"):
        outbound.reach(text)


def test_an_address_of_the_environment_is_allowed_by_being_there_and_no_other():
    reach = outbound.as_set_by_operator("http://localhost:1/")

    with receiver() as (port, got):
        outbound.send("GET", f"http://localhost:{port}/", within=reach)
        with pytest.raises(AddressRefused):
            outbound.send("GET", f"http://127.0.0.1:{port}/", within=reach)

    assert len(got) == 1
    assert outbound.as_set_by_operator("nonsense") == Reach()


# ---- the request itself


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A server with a certificate for receiver.test, from an authority that we trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_over_https_the_certificate_is_that_of_the_name(names, certified):
    names["receiver.test"] = names["other.test"] = [["127.0.0.1"]]

    with receiver(over=certified) as (port, got):
        answer = outbound.send("GET", f"https://receiver.test:{port}/x", within=LOOPBACK)
        with pytest.raises(NotReached, match=r"other\.test"):
            outbound.send("GET", f"https://other.test:{port}/", within=LOOPBACK)
        with pytest.raises(NotReached):
            outbound.send("GET", f"https://127.0.0.1:{port}/", within=LOOPBACK)

    assert answer.status == 200
    assert got == [("GET", "/x", f"receiver.test:{port}")]


def test_a_body_goes_along():
    with receiver(201) as (port, got):
        answer = outbound.send(
            "POST",
            f"http://127.0.0.1:{port}",
            body=b"{}",
            headers={"Content-Type": "application/json"},
            within=LOOPBACK,
        )

    assert (answer.status, answer.text) == (201, "thank you")
    assert got == [("POST", "/", f"127.0.0.1:{port}"), b"{}"]


def test_the_next_address_is_asked_where_nobody_listens_at_the_first(names):
    names["receiver.test"] = [["127.0.0.2", "127.0.0.1"]]

    with receiver() as (port, got):
        outbound.send("GET", f"http://receiver.test:{port}/", within=LOOPBACK)

    assert len(got) == 1


def test_an_answer_without_end_is_not_taken():
    with receiver(body=b"x" * (2 * 1024 * 1024)) as (port, _), pytest.raises(NotReached):
        outbound.send("GET", f"http://127.0.0.1:{port}/", within=LOOPBACK)


@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_an_answer_that_does_not_come_in_time_is_not_waited_for(drip):
    """Also not if a byte comes now and then."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def trickle():
            connection, _ = listening.accept()
            with connection:
                connection.sendall(drip)
                while not ended.wait(0.1):
                    if drip.endswith(b"\n"):
                        connection.sendall(b"x")

        thread = threading.Thread(target=trickle)
        thread.start()
        before = time.monotonic()
        port = listening.getsockname()[1]
        with pytest.raises(NotReached):
            outbound.send("GET", f"http://127.0.0.1:{port}/", within=LOOPBACK, seconds=0.5)
        took = time.monotonic() - before
        ended.set()
        thread.join()

    assert took < 2
