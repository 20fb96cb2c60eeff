"""The page in a real browser: no sideways scrolling of the body, no complaint, nothing asked of the network."""

import shutil

import pytest

from tutelage.report.build import render

WIDTHS = {"phone": 390, "desk": 1280}


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-quic"])
        yield opened
        opened.close()


@pytest.fixture
def shown(browser, told, tmp_path):
    """Open the page of a wide, wordy study; a hundred labels, long names, every fold open."""

    def made(width: int, scheme: str = "light", script: bool = True):
        whole = told(
            arms=("a" * 60, "an arm with a long name in several words", "plain"),
            labels=tuple(f"a_label_with_a_long_name_{k}" for k in range(100)),
            text="word" * 80 + " " + "words and words " * 30,
        )
        path = tmp_path / "report.html"
        path.write_text(render(whole), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else said.append(request.url))
        page.goto(path.as_uri())
        return page, said

    return made


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_body_never_scrolls_sideways(shown, width) -> None:
    page, said = shown(width)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= inner == width
    assert page.locator(".scroll").count() > 5
    assert said == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_one_figure_for_a_desk_and_one_for_a_hand(shown, width) -> None:
    page, _ = shown(width)
    plot = page.locator("#curves > .plot").first
    assert plot.locator("> svg.wide").is_visible() == (width > 1000)
    assert plot.locator("> svg.narrow").is_visible() == (width < 1000)


def test_the_pointer_finds_the_values(shown) -> None:
    page, said = shown(1280)
    figure = page.locator("#curves > .plot > svg.wide").first
    figure.scroll_into_view_if_needed()
    figure.locator(".col .hit").last.hover()
    tip = page.locator("#curves > .plot .tip").first
    assert tip.is_visible() and "308 labels" in tip.inner_text() and "81.2 [79.2, 83.2]" in tip.inner_text()
    assert said == []


def test_dark_and_light_differ_and_both_can_be_read(shown) -> None:
    """Contrast of text on its ground by the relative luminance of WCAG 2: 4.5 at least."""
    for scheme in ("light", "dark"):
        page, _ = shown(1280, scheme)
        for selector in ("body", ".note", ".chip", "thead th", ".kicker"):
            ratio = page.evaluate(CONTRAST, selector)
            assert ratio >= 4.5, (scheme, selector, ratio)
    light, dark = (
        shown(1280, scheme)[0].evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    )
    assert light != dark


def test_it_is_complete_without_scripts(shown) -> None:
    page, _ = shown(1280, script=False)
    assert page.locator("#curves > .plot > svg.wide .col title").count() == 4
    assert page.locator("#recipe pre").count() == 2 and page.locator("button").count() == 0


CONTRAST = """selector => {
  const one = document.querySelector(selector);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
  let ground = one;
  const clear = node => (parse(getComputedStyle(node).backgroundColor)[3] ?? 1) === 0;
  while (ground.parentElement && clear(ground)) ground = ground.parentElement;
  const [a, b] = [parse(getComputedStyle(one).color), parse(getComputedStyle(ground).backgroundColor)].map(light);
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
}"""
