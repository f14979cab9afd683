"""The page by the keyboard, SQL with its downloads, the key that leaves no trace, and axe-core."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.integration.query_api.conftest import SQL_KEY
from tests.integration.query_page.conftest import StartService
from tests.integration.query_page.lakes import Service
from tests.integration.query_page.looking import VIEWS, module, settled, show, state, use_key
from tests.labs.browser import Browser, eventually

pytestmark = pytest.mark.needs("chromium")
ROOT = Path(__file__).parents[3]


def test_all_of_it_is_reached_by_keys_alone(page: Browser, fresh: Service) -> None:
    show(page, fresh.url, "market")
    state(page, "fresh")

    page.keys("/")
    page.type("ether")
    page.wait("document.querySelectorAll('tr[data-asset]').length < 6")
    page.keys("Escape")
    page.keys("g", "p")
    page.wait("document.querySelector('[data-view=pipeline] [data-state=fresh]')")
    page.keys("g", "b")
    page.wait("document.querySelector('[data-view=asset] .chart canvas')")
    page.run("document.querySelector('.chart').focus()")
    page.wait("document.querySelector('.legend').innerText.includes('UTC')")
    newest = page.text(".legend")
    page.keys("Left", "Left")
    page.wait(
        "document.querySelector('.legend').innerText !== arguments[0]".replace(
            "arguments[0]", repr(newest)
        )
    )
    page.keys("Enter")
    page.wait(
        "document.querySelector('#origin').previousElementSibling.innerText.includes('close of')"
    )
    page.wait("document.querySelectorAll('#origin li').length === 6")
    page.keys("g", "s")
    page.wait("document.querySelector('[data-view=sql]')")
    page.keys("?")
    page.wait("document.querySelector('dialog[open]')")
    page.keys("Escape")
    page.wait("!document.querySelector('dialog[open]')")
    # Where the focus is can be seen, wherever it goes.
    for _ in range(12):
        page.keys("Tab")
        assert page.run(
            "const on = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;"
            " return on === document.body || on.className.includes('cm-content') ||"
            " getComputedStyle(on).outlineStyle !== 'none'"
        )


def _saved(folder: Path, end: str) -> list[Path]:
    return [path for path in folder.glob(f"coinlake-*.{end}") if path.stat().st_size]


def _typed(page: Browser, sql: str) -> None:
    page.run(
        "document.querySelector('.editor').shadowRoot.querySelector('.cm-content').focus()"
    )
    page.keys("Control+a")
    page.type(sql)
    page.keys("Escape")


def test_sql_runs_shows_its_price_and_is_downloaded(
    page: Browser, fresh: Service, tmp_path: Path
) -> None:
    show(page, fresh.url, "sql")
    use_key(page, SQL_KEY)
    _typed(page, "select asset_id, count(*) as n from quotes group by asset_id order by 1")
    page.click("#estimate")
    page.wait("document.querySelector('#sql-note').innerText.startsWith('would read')")
    page.keys("Control+Enter")

    text = state(page, "fresh")

    assert "30 rows" in text
    assert "$0.00005" in text
    assert page.run("return document.querySelectorAll('.grid-row').length") >= 10
    folder = tmp_path / "downloads"
    folder.mkdir()
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    for name, end, begins in (
        ("JSON", "json", b"{"),
        ("CSV", "csv", b'"asset_id","n"'),
        ("NDJSON", "ndjson", b'{"asset_id'),
        ("Arrow", "arrows", b"\xff\xff\xff\xff"),
        ("Parquet", "parquet", b"PAR1"),
    ):
        page.click(f"[data-format={name}]")
        saved = eventually(partial(_saved, folder, end), name, 30)
        assert saved[0].read_bytes().startswith(begins)


def test_what_sql_says_wrong_is_text_and_a_running_query_is_cancelled(
    page: Browser, fresh: Service
) -> None:
    show(page, fresh.url, "sql")
    use_key(page, SQL_KEY)
    _typed(page, "select '<img src=x onerror=alert(1)>' from nothing_here")
    page.keys("Control+Enter")

    assert state(page, "failed")
    assert page.run("return document.querySelectorAll('#answer img').length") == 0
    _typed(
        page,
        "select count(*) from quotes a, quotes b, quotes c where a.price_usd < b.price_usd + c.price_usd",
    )
    page.keys("Control+Enter")
    page.wait(
        "!document.querySelector('#cancel').disabled && document.querySelector('#sql-note').innerText.includes('running')"
    )
    page.keys("Escape")
    page.wait("document.querySelector('#answer').innerText.includes('Cancelled')")


def test_a_hundred_thousand_rows_are_a_handful_in_the_document(
    page: Browser, fresh: Service, record_property: Callable[[str, object], None]
) -> None:
    show(page, fresh.url, "sql")
    longest = module(
        page,
        "grid.js",
        "const grid = new m.Grid(); document.querySelector('main').append(grid.node);"
        "const rows = Array.from({ length: 100000 }, (_, n) => [n, `asset-${n}`, String(n / 7)]);"
        "grid.set([{ name: 'n', type: 'bigint' }, { name: 'a', type: 'varchar' }, { name: 'p', type: 'double' }], rows);"
        "let longest = 0, last = performance.now(), step = 0;"
        "return new Promise((done) => { const turn = (now) => { longest = Math.max(longest, now - last); last = now;"
        " grid.node.scrollTop = Math.min(1, step / 60) * grid.node.scrollHeight;"
        " if (step++ < 63) requestAnimationFrame(turn); else done(longest); }; requestAnimationFrame(turn); })",
    )

    shown = page.run(
        "return [...document.querySelectorAll('.grid-row')].map((row) => row.innerText)"
    )

    record_property("measured", f"100,000 rows scrolled: longest frame {longest:.0f} ms")
    assert len(shown) < 80
    assert "99999" in shown[-1]


def test_a_key_leaves_no_trace(page: Browser, start: StartService, fresh: Service) -> None:
    own = start(QUERY_API_ANONYMOUS_READ="false")
    show(page, own.url, "market")
    state(page, "no-key")
    use_key(page, SQL_KEY)
    state(page, "fresh")
    page.click("#theme-button")

    kept = page.run(
        "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href,"
        " document.documentElement.outerHTML, history.state])"
    )
    asked = page.requests()
    page.call("POST", "/refresh", {})
    again = state(page, "no-key")

    assert SQL_KEY not in kept
    assert not [url for url in asked if SQL_KEY in url]
    assert "A key is needed here" in again
    assert not [line for line in own.ended() if SQL_KEY in line]


@pytest.mark.needs("npm")
@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [*VIEWS, "docs"])
def test_axe_finds_nothing(page: Browser, fresh: Service, view: str, scheme: str) -> None:
    from deploy.release.page_libraries import installed

    axe = (installed(ROOT) / "node_modules/axe-core/axe.min.js").read_text()
    page.prefer(scheme)
    if view == "docs":
        page.open(f"{fresh.url}/docs")
        state(page, "fresh")
    else:
        show(page, fresh.url, view)
        if view == "sql":
            use_key(page, SQL_KEY)
            page.wait("document.querySelector('.tree details')")
        else:
            state(page, "fresh")
    settled(page)

    found = page.run(
        f"{axe}; return axe.run(document, {{ resultTypes: ['violations'] }}).then((told) =>"
        " told.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).slice(0, 3).join(', ')}`))"
    )

    assert found == []
