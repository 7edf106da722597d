"""What an attacker would write into a field, and how a browser gives away that it did something."""

from urllib.parse import urlsplit

PROBES = (
    "<script>window.probed=1</script>",
    '"><img src=x onerror=window.probed=1>',
    "'><svg/onload=window.probed=1>",
    "javascript:window.probed=1",
    "</textarea></title></script><script>window.probed=1</script>",
    '" autofocus onfocus=window.probed=1 x="',
    "<style>*{background:url(//evil.example)}</style>",
    "{{1337*1337}}${1337*1337}{% print(1337*1337) %}<%=1337*1337%>",
    "<a href=javascript:window.probed=1>here</a>",
)
ALL = " ".join(PROBES)
NAME = " ".join(PROBES[1:5])  # a name in a diagram holds no more
MARK = "window.probed"  # of most probes, to find them again
CALCULATED = "1787569"  # what a template would make of a probe
LISTEN = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e =>
  window.violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""


class Window:
    """A browser's window, with the policy in force, and everything odd that happens in it."""

    def __init__(self, browser, url):
        self._url = url
        self._context = browser.new_context(base_url=url)
        self._context.add_init_script(LISTEN)
        self.page = self._context.new_page()
        self.troubles = []
        self.page.on("dialog", self._dismiss)
        self.page.on("console", self._listen)
        self.page.on("request", self._watch)

    def holds(self, cookie, value):
        self._context.add_cookies([{"name": cookie, "value": value, "url": self._url}])

    def show(self, path, body, headers):
        """A page that was answered to another client, as this browser would have shown it."""
        self.page.route(
            "**/shown",
            lambda route: route.fulfill(body=body, content_type="text/html", headers=headers),
        )
        self.page.goto("/shown", wait_until="load")
        self.page.unroute("**/shown")
        self.look_around(path)

    def look_around(self, path):
        """Whether anything ran, or tried to, in the page as it stands."""
        probed, violations = self.page.evaluate("[window.probed, window.violations || []]")
        if probed:
            self.troubles.append((path, "a probe ran"))
        self.troubles += [(path, violation) for violation in violations]
        if CALCULATED in self.page.content():
            self.troubles.append((path, "a probe was calculated"))

    def close(self):
        self._context.close()

    def _dismiss(self, dialog):
        self.troubles.append((self.page.url, f"a dialog: {dialog.message}"))
        dialog.dismiss()

    def _listen(self, message):
        if "Content Security Policy" in message.text:
            self.troubles.append((self.page.url, message.text))

    def _watch(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and not request.url.startswith(self._url):
            self.troubles.append((self.page.url, f"asks {request.url}"))
