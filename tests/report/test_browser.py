"""The page in a real browser: no sideways scrolling of the body, no complaint, nothing asked of the network."""

import shutil

import pytest

from tutelage.report.build import render

WORDY = ("a" * 60, "an arm with a long name in several words", "plain")
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

    def made(width: int, scheme: str = "light", script: bool = True, height: int = 900, arms: tuple[str, ...] = WORDY):
        whole = told(
            arms=arms,
            labels=tuple(f"a_label_with_a_long_name_{k}" for k in range(100)),
            text="word" * 80 + " " + "words and words " * 30,
        )
        path = tmp_path / "report.html"
        path.write_text(render(whole), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
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


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_answer_stands_on_the_first_screen(shown, width) -> None:
    """Even below a question of a hundred words, and with a name of sixty letters in it."""
    page, _ = shown(width, height=780)
    lead = page.locator(".answer .lead")
    assert "beats plain by" in lead.inner_text()
    box = lead.bounding_box()
    assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 780


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_thirty_arms_fit(shown, width) -> None:
    page, said = shown(width, arms=tuple(f"arm_{k}" for k in range(30)))
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width and said == []
    if width > 1000:
        names = page.locator("#curves .plot > svg.wide text.name")
        tops = sorted(names.nth(k).bounding_box()["y"] for k in range(names.count()))
        assert len(tops) == 30 and all(b - a > 12 for a, b in zip(tops, tops[1:], strict=False))


def test_names_at_the_lines_are_not_cut(shown) -> None:
    page, _ = shown(1280)
    frame = page.locator("#curves > .plot > svg.wide").first.bounding_box()
    names = page.locator("#curves > .plot > svg.wide text.name")
    boxes = [names.nth(k).bounding_box() for k in range(names.count())]
    assert len(boxes) == 3 and all(box["x"] + box["width"] <= frame["x"] + frame["width"] for box in boxes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_and_shows_every_table_whole(shown, scheme) -> None:
    """At the width of A4 inside margins of a centimetre, whatever the screen's scheme was."""
    page, _ = shown(718, scheme)
    page.emulate_media(media="print")
    ground, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert ground == "rgb(255, 255, 255)" and ink == "rgb(28, 29, 31)"
    assert page.evaluate(BEYOND) == []
    assert not page.locator("nav").is_visible() and page.locator(".copy:visible").count() == 0
    behind = page.locator("#curves > details table").first
    box = behind.bounding_box()
    assert not behind.evaluate("one => one.closest('details').open") and box is not None and box["height"] > 100


def test_the_whole_page_prints(shown) -> None:
    page, _ = shown(1280)
    assert page.pdf(format="A4")[:5] == b"%PDF-"


def test_every_fold_and_every_wide_table_is_reached_by_keyboard(shown) -> None:
    page, _ = shown(1280)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    reached = page.evaluate(
        "[...document.querySelectorAll('.scroll, summary, nav a, button')].map(one => one.tabIndex)"
    )
    assert len(reached) > 20 and set(reached) == {0}
    page.locator("summary").first.focus()
    before = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") != before


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
        for selector in ("body", ".answer .lead", ".sure", ".price", ".note", ".chip", "thead th", ".kicker"):
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


BEYOND = """() => [...document.querySelectorAll('table, figure, pre, svg, li, dl')]
  .filter(one => one.getClientRects().length && one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => `${one.tagName} ${one.className} ${one.getBoundingClientRect().right}`)"""
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
