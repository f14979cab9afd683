"""What the tests of the page ask of it again and again."""

import json
import urllib.request
from typing import Any

from tests.integration.query_page.lakes import Service
from tests.labs.browser import Browser

VIEWS = ("market", "asset/bitcoin", "pipeline", "sql", "cost")


def api(service: Service, path: str) -> Any:
    """What the service answers to anybody."""
    with urllib.request.urlopen(f"{service.url}{path}", timeout=60) as answer:
        return json.loads(answer.read())


def show(page: Browser, url: str, view: str) -> None:
    """Open a view by its link."""
    page.open(f"{url}/#/{view}")
    page.wait(f"document.querySelector('[data-view={view.split('/')[0].split('?')[0]}]')")


def state(page: Browser, name: str, within_s: float = 60) -> str:
    """Wait until the view, or a part of it, is in a state; its text."""
    page.wait(f"document.querySelector('main [data-state={name}]')", within_s)
    return page.text(f"main [data-state={name}]")


def settled(page: Browser) -> None:
    """Wait until no part of the view is being loaded."""
    page.wait("!document.querySelector('main [data-state=loading]')")


def module(page: Browser, name: str, body: str, *arguments: Any) -> Any:
    """Run the body of a function of one of the page's own modules, `m`, and its arguments."""
    script = (
        "const at = document.querySelector('script[type=module]').src.replace('app.js', arguments[0]);"
        f"return import(at).then((m) => {{ const given = arguments[1]; {body} }})"
    )
    return page.run(script, name, list(arguments))


def use_key(page: Browser, key: str) -> None:
    """Give the page a key as a person would: by its dialog."""
    page.click("#key-button")
    page.wait("document.querySelector('dialog[open] #key-field')")
    page.run("document.querySelector('#key-field').focus()")
    page.type(key)
    page.keys("Enter")
    page.wait("!document.querySelector('dialog[open]')")
