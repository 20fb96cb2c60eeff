"""The page: escaped, self-contained, complete, and its numbers are the summary's."""

import base64
import hashlib
import re

import pytest

from tutelage.recipe.conditions import Contrast
from tutelage.report.build import People, build, render
from tutelage.report.latest import latest
from tutelage.runs.answered import answer, queue
from tutelage.runs.arm import execute
from tutelage.runs.record import Record
from tutelage.study.planned import Beside, Planned
from tutelage.study.run import go_on
from tutelage.study.summary import summary

ALLOWED = set(
    "html head meta title style body main header section nav footer script h1 h2 h3 p b i a code pre small strong span "
    "div ol ul li dl dt dd figure details summary table thead tbody tr th td svg g path line rect circle text "
    "tspan desc figcaption".split()
)


def test_texts_and_labels_of_strangers_stay_texts(run, seen, hostile) -> None:
    page = build(run()).read_text(encoding="utf-8")
    found = seen(page)
    assert {tag for tag, _ in found.elements} <= ALLOWED
    assert sum(tag == "script" for tag, _ in found.elements) == 1 == sum(tag == "style" for tag, _ in found.elements)
    for tag, given in found.elements:
        assert not [name for name in given if name.startswith("on") or name == "style"], (tag, given)
    assert page.count(hostile) == 0
    for whole in (hostile, "<b>rent</b>", 'card "x"', "food & drink", "margin <i>"):
        assert " ".join(whole.split()) in found.text, whole
    assert "49" not in "".join(found.words[:5])  # {{ 7*7 }} was not evaluated


def test_nothing_is_loaded_from_elsewhere(told, seen) -> None:
    page = render(told())
    found = seen(page)
    for tag, given in found.elements:
        assert not {"src", "srcset", "xlink:href", "data", "action", "background"} & set(given), (tag, given)
        assert given.get("href", "#").startswith("#"), (tag, given)
    assert not re.search(r"https?://|url\(|@import|\bimport\(|fetch\(|XMLHttpRequest", page)


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(told, seen) -> None:
    found = seen(render(told()))
    policies = [
        g["content"] for t, g in found.elements if t == "meta" and g.get("http-equiv") == "Content-Security-Policy"
    ]
    wanted = {
        kind: "'sha256-" + base64.b64encode(hashlib.sha256(found.hidden[kind].encode()).digest()).decode() + "'"
        for kind in ("style", "script")
    }
    assert len(policies) == 1
    given = dict(part.strip().split(" ", 1) for part in policies[0].split(";"))
    assert given == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'",
                     "style-src": wanted["style"], "script-src": wanted["script"]}  # fmt: skip


def test_links_of_the_contents_lead_somewhere(told, seen) -> None:
    found = seen(render(told()))
    places = {given["id"] for _, given in found.elements if given.get("id")}
    targets = [given["href"][1:] for tag, given in found.elements if tag == "a"]
    assert len(targets) > 8 and set(targets) <= places


def test_the_headline_says_who_won_by_how_much_how_sure_and_at_what_cost(told, seen) -> None:
    text = seen(render(told())).text
    assert "clever beats plain by 9.1 points [7.8, 10.4] at 308 labels." in text
    assert "5 seeds × 3,080 exam items" in text
    assert "2 min 5 s" in text and "3,080" in text  # 125 s; 308 labels x 5 seeds x 2 arms


def test_below_five_seeds_it_claims_nothing(told, seen) -> None:
    text = seen(render(told(seeds=2))).text
    assert "clever and plain cannot be told apart yet: +9.1 points at 308 labels." in text
    assert "no interval" in text and "beats" not in text


def test_a_loss_is_said_with_its_interval_turned_round(told, seen) -> None:
    """-9.12 points [-10.43, -7.81] reads: falls behind by 9.1 points [7.8, 10.4]."""
    whole = told()
    lost = whole.judged[0]._replace(verdict="worse", outcome="refuted", estimate=-0.0912, low=-0.1043, high=-0.0781)
    text = seen(render(whole._replace(judged=(lost,), outcome="refuted"))).text
    assert "clever falls behind plain by 9.1 points [7.8, 10.4] at 308 labels." in text
    assert "[−10.4, −7.8]" in text  # the table keeps the sign


def test_numbers_are_those_of_the_summary(run, seen) -> None:
    record = run(
        "seeds: 5\nshows: [{treatment: margin <i>, control: uniform}]", others="  uniform: {choose: {use: uniform}}"
    )
    whole, text = summary(record), seen(build(record).read_text(encoding="utf-8")).text
    assert len(whole.arms) == 2 and len(whole.judged) == 1
    for arm in whole.arms:
        final = arm.scores["accuracy"].final
        assert f"{100 * final.value:.1f} %" in text and f"[{100 * final.low:.1f}, {100 * final.high:.1f}]" in text
        assert f"{100 * arm.scores['accuracy'].area.value:.1f} %" in text
        assert f"{arm.scores['brier'].final.value:.3f}" in text
        for point in arm.curves["accuracy"]:
            assert f"{point.cost:.0f} {100 * point.mean:.1f} %" in text
        for question in arm.asked:
            assert question.id in text
    one = whole.judged[0]
    assert f"{100 * one.estimate:+.1f}".replace("-", "−") in text
    assert whole.digest in text and f"{whole.cost['labels']:,.0f}" in text


def test_the_drawing_shows_the_values(told, seen) -> None:
    """Four points at 77 labels each end at 81.2 and 72.1 %; a higher score stands higher."""
    found = seen(render(told()))
    names = [" ".join(words.split()) for words in found.words if "81.2" in words or "72.1" in words]
    assert names
    lines = [given for tag, given in found.elements if tag == "path" and "curve" in (given.get("class") or "")]
    first, second = ([float(pair.split(",")[1]) for pair in line["d"][1:].split("L")] for line in lines[:2])
    assert len(first) == 4 and first[-1] < second[-1] and first == sorted(first, reverse=True)


def test_what_was_asked_is_there_whole(told, seen) -> None:
    long = "word " * 100 + "end"
    found = seen(render(told(text=long)))
    assert found.text.count(" ".join(long.split())) >= 8  # every question of both arms, unfolded
    assert "0.125" in found.text


def test_an_exam_that_was_bought_is_called_so(told, seen) -> None:
    text = seen(render(told(), bought=60)).text
    assert "bought by this run" in text and "uniform sample of the pool" in text
    assert "uniform sample of the pool" not in seen(render(told())).text


def test_a_waiting_run_says_what_to_do(run, seen) -> None:
    record = run("seeds: 1", first="teach: {use: human}", name="it's mine")
    text = seen(build(record).read_text(encoding="utf-8")).text
    count = len(queue(record).questions)
    assert count > 0 and f"{count} questions to answer" in text
    assert "This run waits for a person" in text
    assert "tutelage label 'it'\"'\"'s mine'" in text and "tutelage resume 'it'\"'\"'s mine'" in text
    assert "tutelage predict" not in text  # nobody has been taught yet


def test_an_unfinished_run_says_what_is_missing(run, seen) -> None:
    text = seen(build(run(go=False)).read_text(encoding="utf-8")).text
    assert "This run is not finished" in text and "tutelage resume mine" in text
    assert "0 jobs of 2 done" in text and "The digest is known when every job is done" in text


def test_people_are_named(told, seen) -> None:
    text = seen(render(told(), asked=People((("ana", 212), ("ben <b>", 96)), 0))).text
    assert "ana answered 212." in text and "ben <b> answered 96." in text


def test_an_interrupted_run_says_where_each_job_stands(run, seen) -> None:
    """Two arms at two seeds, of which one arm has finished one seed."""
    record = run(others="  uniform: {choose: {use: uniform}}", go=False)
    execute(record.folder, "uniform", 0)
    text = seen(build(record).read_text(encoding="utf-8")).text
    (done,) = (state for state in record.states() if state.status == "done")
    value = summary(record).arms[1].scores["accuracy"].final.value
    assert f"No verdict yet: 1 job of 4 done. So far uniform reaches {100 * value:.1f} % accuracy" in text
    assert done.arm == "uniform" and "tutelage resume mine" in text


def test_a_waiting_run_says_what_its_last_exam_said(run, seen) -> None:
    """A person answers the first round; the second waits, and the first one's score is known."""
    record = run("seeds: 1", first="teach: {use: human}")
    asked = queue(record)
    answer(record, [(one.key, {"label": asked.labels[0]}) for one in asked.questions], "ana")
    go_on(record, workers=0)
    (waiting,) = (state for state in record.states() if state.status == "waiting")
    (stands,) = latest(record, [waiting], "accuracy")
    text = seen(build(record).read_text(encoding="utf-8")).text
    assert waiting.rounds >= 1 and 0 <= stands.value <= 1 and stands.paid == waiting.spent["labels"]
    assert f"So far margin <i> at seed 0 stands at {100 * stands.value:.1f} % accuracy" in text
    assert f"{stands.paid:.0f} {100 * stands.value:.1f} % accuracy" in text  # in the table of what is missing
    assert latest(record, [waiting], "no such score")[0].score == "accuracy"


def test_prediction_and_outcome_stand_side_by_side(told, seen) -> None:
    """300 labels where 250 were foreseen: +20 %, not far; 3 GFLOP where 2 were: +50 %; seconds nobody foresaw."""
    rows = (
        Beside("labels", 250.0, 300.0, "exact"),
        Beside("flop", 2e9, 3e9, "estimated"),
        Beside("seconds", None, 4.0, "unknown"),
    )
    page = render(told()._replace(planned=Planned(rows)))
    text = seen(page).text
    assert "labels 250 exact 300 +20 %" in text and "FLOP 2 GFLOP estimated 3 GFLOP +50 %" in text
    assert "<b>+50 %</b>" in page and "<b>+20 %</b>" not in page and "unknown unknown" in text
    assert "Predicted and actual" not in seen(render(told())).text
    assert (
        "no plan to compare with: it took too long"
        in seen(render(told()._replace(planned=Planned((), "it took too long")))).text
    )


def test_costs_are_told_in_the_unit_of_the_study(told, seen) -> None:
    """Curves over operations: 77e7 to 308e7 are 0.77 to 3.08 GFLOP."""
    whole = told()
    arms = tuple(
        arm._replace(spent={"labels": 300.0, "flop": 3.08e9, "seconds": 4.0}, curves={
            name: tuple(point._replace(cost=1e7 * point.cost) for point in points) for name, points in arm.curves.items()})
        for arm in whole.arms)  # fmt: skip
    whole = whole._replace(arms=arms, budget={"flop": 4e9}, cost={"flop": 3.08e10, "labels": 3000.0})
    found = seen(render(whole))
    assert "clever beats plain by 9.1 points [7.8, 10.4] at 3.1 GFLOP." in found.text
    assert "Price of every arm at one seed: 3.1 GFLOP, 300 labels, 4.0 s." in found.text
    assert "over the FLOP paid by one arm at one seed" in found.text
    titles = [given["aria-label"] for tag, given in found.elements if tag == "svg" and "aria-label" in given]
    assert "Learning curves: accuracy over GFLOP paid" in titles
    assert "clever FLOP 3.1 GFLOP 4 GFLOP 920 MFLOP" in found.text


def test_a_study_that_stopped_early_says_so(told, seen) -> None:
    whole = told()._replace(resolved="seeds: 20\nlooks: [5, 20]\narms: {}\n")
    assert "stopped early, after 5 of 20 seeds, at a declared look" in seen(render(whole)).text
    assert "stopped early" not in seen(render(told())).text


def test_holm_is_explained_where_it_is_shown(told, seen) -> None:
    whole = told(("a", "b", "c"))
    one = whole.judged[0]
    two = [one._replace(condition=Contrast(of={arm: 1.0, "c": -1.0}), p=p) for arm, p in (("a", 0.01), ("b", 0.04))]
    text = seen(render(whole._replace(judged=tuple(two)))).text
    assert "Holm’s p = 0.020" in text and "Holm’s p: several arms are compared with one" in text
    assert "Holm" not in seen(render(whole)).text


def test_every_table_has_headings_and_says_its_seeds_where_it_shows_means(told, seen) -> None:
    found = seen(render(told(("clever", "plain"))))
    heads = [given for tag, given in found.elements if tag == "th"]
    assert heads and all(given.get("scope") in {"col", "row"} for given in heads)
    regions = [given.get("aria-label") for _, given in found.elements if given.get("role") == "region"]
    assert len(regions) == sum(tag == "table" for tag, _ in found.elements) + 2 and all(regions)  # + the two maps
    assert found.text.count("Seeds") >= 6
    drawn = [given for tag, given in found.elements if tag == "svg"]
    assert all(given.get("aria-hidden") == "true" or given.get("aria-label") for given in drawn)
    assert sum(tag == "desc" for tag, _ in found.elements) == 2 + 2  # curves wide and narrow, a map for each arm


def test_a_large_study_stays_a_small_page(told) -> None:
    """Thirty arms, 150 labels, ten rounds: the largest that anybody would read."""
    page = render(told(tuple(f"arm_{k}" for k in range(30)), rounds=10, labels=tuple(f"label_{k}" for k in range(150))))
    assert len(page.encode()) < 1_000_000
    assert "Maps are drawn for the first 8 arms" in page


def test_a_long_question_leaves_room_for_the_answer(told, seen) -> None:
    text = seen(render(told(text="why " * 200))).text
    assert text.index("clever beats plain") < 400 and "The whole question" in text
    assert text.count(" ".join(["why"] * 200)) >= 1


@pytest.mark.parametrize("arms", [("alone",), ("a", "b"), tuple(f"arm {k}" for k in range(9))])
@pytest.mark.parametrize("seeds", [0, 1, 5])
@pytest.mark.parametrize("rounds", [0, 1, 4])
@pytest.mark.parametrize("judged", [True, False])
def test_any_shape_has_a_page(told, seen, arms, seeds, rounds, judged) -> None:
    page = render(told(arms, seeds, rounds, judged, points=seeds > 0))
    found = seen(page)
    assert all(arm in found.text for arm in arms)
    assert not re.search(r"\bnan\b|\binf\b|None|Undefined", found.text)
    assert not [given for tag, given in found.elements if tag == "path" and "nan" in (given.get("d") or "")]
    assert ("Learning curves" in found.text) and (
        ("There is no point on any curve yet" in found.text) == (not rounds or not seeds)
    )


def test_one_arm_without_comparison_gives_its_number_and_no_verdict(told, seen) -> None:
    text = seen(render(told(("alone",)))).text
    assert "alone reaches 81.2 % accuracy [79.9, 82.5] with 300 labels." in text
    assert "Nothing was compared, so this page gives no verdict." in text


def test_many_labels_are_cut_to_those_with_most_mistakes(told, seen) -> None:
    labels = tuple(f"label {k}" for k in range(130))
    found = seen(render(told(labels=labels)))
    assert "30 labels with the fewest mistakes left out of the map" in found.text
    assert "label 0 taken for label 1: 10 of 100" in found.text


def test_the_same_record_gives_the_same_page(run) -> None:
    record = run()
    first = build(record).read_bytes()
    assert build(Record(record.folder)).read_bytes() == first
