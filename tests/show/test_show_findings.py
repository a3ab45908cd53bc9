"""Pictures of findings say what the scan says: every image, every severity, every layer, in picture and text alike."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from ecrlab import oci, scan, security, show
from ecrlab.errors import InvalidInput
from ecrlab.oci import recipes
from ecrlab.security import Finding, Findings, Standing, Trend, VulnerablePackage
from ecrlab.show.drawing import WIDTH
from hypothesis import given
from hypothesis import strategies as st

OLD, REBUILT = recipes.lab_image("debian-12-2023"), recipes.lab_image("debian-12-rebuilt")
IMAGE = recipes.python_app({"flask": "1.0.2", "jinja2": "2.10", "django": "2.2"}, base=OLD)
REPORT = scan.scan(IMAGE)
SVG = "{http://www.w3.org/2000/svg}"


def words_in(drawing):
    """What a picture says, in its order."""
    return ["".join(each.itertext()) for each in ElementTree.fromstring(drawing.svg()).iter(f"{SVG}text")]


def parts_of_bars(drawing):
    """The parts of all bars as (x, y, width), the legend's included."""
    rects = ElementTree.fromstring(drawing.svg()).iter(f"{SVG}rect")
    return [tuple(float(r.attrib[key]) for key in ("x", "y", "width")) for r in rects if "fill" in r.get("style", "")]


def counted(name, **counts):
    """A scan with that many findings of each severity."""
    entries = (Finding(f"CVE-{s}-{n}", s, (VulnerablePackage("x", "1"),)) for s in counts for n in range(counts[s]))
    return Findings(name, f"sha256:{'0' * 64}", "COMPLETE", tuple(entries), "basic")


# --- show.findings ----------------------------------------------------------------------------------------------------


def test_one_report_is_a_bar_and_its_findings():
    """The bar is cut by severity, with letter and number; the table has each finding with what mends it."""
    shown = show.findings(REPORT)
    said = words_in(shown.drawing)
    assert [REPORT.inventory.manifest_digest.short, "3 critical, 5 high, 1 undefined", "C 3", "H 5", "U 1"] == said[:5]
    assert len(REPORT.findings) == len(shown.table.rows)
    flask = ("HIGH", "CVE-2023-30861", "flask", "1.0.2", "2.2.5")
    assert flask in [row[:5] for row in shown.table.rows]
    assert "libc-bin, libc6" in [row[2] for row in shown.table.rows]


def test_the_limits_of_the_scanner_stand_below():
    """The kit's own scanner says how little it knows, in every form of the picture."""
    shown = show.findings({"app": REPORT})
    for form in (shown._repr_html_(), shown._repr_markdown_(), str(shown), repr(shown)):
        assert REPORT.extent in form


def test_findings_of_ecr_need_no_such_sentence():
    """What ECR found is for AWS to vouch for."""
    assert "" == show.findings(counted("app:1", HIGH=2)).note


def test_several_images_stand_side_by_side():
    """Each under its name; a clean one has a sign and words, one without a result says why."""
    scans = {"old": scan.scan(OLD), "rebuilt": scan.scan(REBUILT), "scratch": scan.scan(recipes.runnable())}
    shown = show.findings(scans)
    lines = (
        "old: 5, 1 critical, 3 high, 1 undefined",
        "rebuilt: ✓ no finding",
        "scratch: no result: UNSUPPORTED_IMAGE",
    )
    assert lines == shown.drawing.lines
    said = words_in(shown.drawing)
    assert {"1 critical, 3 high, 1 undefined", "✓ no finding", "no result: UNSUPPORTED_IMAGE"} <= set(said)
    assert ("image", "critical", "high", "undefined", "together") == shown.table.columns
    assert [("old", 1, 3, 1, 5), ("rebuilt", 0, 0, 0, 0), ("scratch", "–", "–", "–", "–")] == [*shown.table.rows]
    assert "5 findings, and no result for 1 of the images" in shown.drawing.summary


def test_bars_of_several_images_have_one_scale():
    """Twice the findings, twice the length: whoever looks compares lengths."""
    drawing = show.findings({"a": counted("a", HIGH=4), "b": counted("b", HIGH=8)}).drawing
    (_, _, short), (_, _, long), _legend = parts_of_bars(drawing)
    assert 2 * short == pytest.approx(long)


def test_a_trend_is_drawn_in_its_order():
    """The oldest first, as the trend has it; a scan without a result stays in its place."""
    start = datetime(2026, 11, 2, tzinfo=UTC)
    standings = [("1.0", "COMPLETE", {"CRITICAL": 2}), ("1.1", "FAILED", {}), ("1.2", "ACTIVE", {"LOW": 1})]
    trend = Trend(
        "team/api",
        tuple(
            Standing(label, f"sha256:{n:064}", start + timedelta(days=n), status, counts)
            for n, (label, status, counts) in enumerate(standings)
        ),
    )
    assert ("1.0: 2, 2 critical", "1.1: no result: FAILED", "1.2: 1, 1 low") == show.findings(trend).drawing.lines


def test_many_images_are_cut_and_counted():
    """The first thirty are drawn; the table has them all, and no order is changed."""
    shown = show.findings({f"app-{n:02}": counted("", LOW=n) for n in range(40)})
    assert 31 == len(shown.drawing.lines)
    assert "and 10 more, see the table" == shown.drawing.lines[-1]
    assert "and 10 more, see the table" in words_in(shown.drawing)
    assert [f"app-{n:02}" for n in range(40)] == [row[0] for row in shown.table.rows]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(security.SEVERITIES), st.integers(1, 60), max_size=6), min_size=1, max_size=4
    )
)
def test_bars_stay_within_the_picture(counts):
    """However many findings of whatever severity: no bar reaches the words beside it, no part is invisible."""
    drawing = show.findings({f"app-{n}": counted("", **each) for n, each in enumerate(counts)}).drawing
    bars = {y for _, y, _ in parts_of_bars(drawing)}
    legend = sorted(bars)[sum(map(bool, counts)) :]
    for x, y, width in parts_of_bars(drawing):
        assert 4 <= width
        assert x + width <= (WIDTH if y in legend else 502)
        assert y + 18 <= drawing.height


def test_colour_is_never_alone():
    """Without colours each severity that occurs is still told by a letter, explained below, and by words."""
    every = dict.fromkeys(security.SEVERITIES, 3)
    said = words_in(show.findings(counted("app", **every)).drawing)
    for severity in security.SEVERITIES:
        assert f"{severity[0]} 3" in said
        assert f"{severity[0]} {severity.lower()}" in said


def test_colours_come_from_the_theme():
    """Every fill is a variable of JupyterLab's theme, the colour of the text, or none."""
    html = show.findings(counted("app", **dict.fromkeys(security.SEVERITIES, 1)))._repr_html_()
    fills = {part.split(";")[0].split('"')[0].split("}")[0] for part in html.split("fill:")[1:]}
    assert set() == {fill for fill in fills if not fill.startswith(("var(--jp-", "currentColor", "none"))}


def test_hostile_names_stay_text():
    """A name of an image or of a package is shown, not obeyed."""
    package = VulnerablePackage("<b>x</b>", "<i>1</i>")
    one = Findings("<u>app</u>", "sha256:…", "COMPLETE", (Finding("CVE-1", "LOW", (package,)),), "basic")
    html = show.findings(one)._repr_html_() + show.findings({"<u>app</u>": one})._repr_html_()
    assert not any(tag in html for tag in ("<b>", "<i>", "<u>"))


def test_same_scan_same_picture():
    """Drawing twice gives the same bytes."""
    assert show.findings(REPORT)._repr_html_() == show.findings(scan.scan(IMAGE))._repr_html_()


def test_a_notebook_gets_picture_and_text(kinds_shown):
    """In a real kernel the value offers HTML, Markdown and plain text."""
    code = "from ecrlab import scan, show; from ecrlab.oci import recipes; "
    code += "show.findings(scan.scan(recipes.lab_image('alpine-old')))"
    assert {"text/html", "text/markdown", "text/plain"} == kinds_shown(code, {})


# --- show.layers_with_findings ----------------------------------------------------------------------------------------


def test_each_layer_has_what_it_brings():
    """The top layer stands on top; the base brings its packages, the third layer the libraries, the code nothing."""
    drawing = show.layers_with_findings(REPORT, IMAGE)
    heads = [line for line in drawing.lines if line.startswith("layer")]
    wanted = [
        "no finding",
        "2 critical, 2 high: django, flask, jinja2",
        "no finding",
        "1 critical, 3 high, 1 undefined: curl, libc-bin, libnghttp2-14, libwebp7",
    ]
    for number, layer, head, words in zip((4, 3, 2, 1), reversed(IMAGE.layers), heads, wanted, strict=True):
        assert head.startswith(f"layer {number}  sha256:{layer.digest.short}…")
        assert head.endswith(f": {words}")
    said = words_in(drawing)
    assert ["layer 4", "layer 3", "layer 2", "layer 1"] == [text for text in said if text.startswith("layer")]
    assert all(words in said for words in wanted)
    assert "Layer 1 brings 5 of 9 findings; layer 1 is the lowest of 4." == drawing.summary


def test_every_finding_is_in_the_text_once():
    """Number, package, version and what mends it, under the layer that it came with."""
    lines = show.layers_with_findings(REPORT, IMAGE).lines
    for finding in REPORT.findings:
        found = [line for line in lines if f"{finding.id} in {finding.package.name} " in line]
        assert 1 == len(found)
        assert found[0].endswith(f"fixed in {finding.fixed_in}")


def test_a_clean_image_is_a_stack_without_bars():
    """Nothing is drawn that is not there, not even a legend."""
    drawing = show.layers_with_findings(scan.scan(REBUILT), REBUILT)
    assert [] == parts_of_bars(drawing)
    assert "No layer brings any; layer 1 is the lowest of 1." == drawing.summary


def test_a_scan_of_ecr_will_do_if_it_names_layers():
    """The same picture from the form that enhanced scanning's answers are read into."""
    theirs = security.from_report(REPORT, image="team/api:1.0")
    assert str(show.layers_with_findings(REPORT, IMAGE)) == str(show.layers_with_findings(theirs, IMAGE))


@pytest.mark.parametrize("image", [IMAGE, recipes.lab_image("java-app-old"), recipes.lab_image("alpine-old")])
def test_layers_stay_within_the_picture(image):
    """No box and no bar is wider than the page or lower than the picture."""
    drawing = show.layers_with_findings(scan.scan(image), image)
    for rect in ElementTree.fromstring(drawing.svg()).iter(f"{SVG}rect"):
        x, y, wide, high = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x + wide <= WIDTH
        assert y + high <= drawing.height


# --- what is refused --------------------------------------------------------------------------------------------------

BASIC = Findings("app:1", str(IMAGE.digest), "COMPLETE", (Finding("CVE-1", "LOW", (VulnerablePackage("x", "1"),)),))
BAD = {
    "no_scan": (
        lambda: show.findings(IMAGE),
        "show.findings: a value of type Image is no scan; hand over what scan.scan() or security.findings() returned",
    ),
    "no_scan_among_scans": (
        lambda: show.findings({"a": REPORT, "b": None}),
        "show.findings: a value of type NoneType is no scan; "
        "hand over what scan.scan() or security.findings() returned",
    ),
    "nothing": (lambda: show.findings({}), "show.findings: there is no scan; hand over at least one"),
    "empty_trend": (
        lambda: show.findings(Trend("team/api", ())),
        "show.findings: there is no scan; hand over at least one",
    ),
    "none_to_draw": (
        lambda: show.findings(REPORT, most=0),
        "show.findings: most=0 leaves nothing to draw; use a whole number from 1 up",
    ),
    "layers_of_an_index": (
        lambda: show.layers_with_findings(REPORT, oci.index(IMAGE)),
        "show.layers_with_findings: a value of type Index is no image; hand over an oci.Image",
    ),
    "layers_of_another_image": (
        lambda: show.layers_with_findings(REPORT, OLD),
        f"show.layers_with_findings: the scan is of {IMAGE.digest.short}, not of {OLD.digest.short}; scan this image",
    ),
    "layers_without_a_result": (
        lambda: show.layers_with_findings(scan.scan(recipes.runnable()), recipes.runnable()),
        "show.layers_with_findings: the scan has no result (UNSUPPORTED_IMAGE); show.findings says what that means",
    ),
    "layers_by_basic_scanning": (
        lambda: show.layers_with_findings(BASIC, IMAGE),
        "show.layers_with_findings: the scan names no layer of this image for CVE-1; "
        "use scan.scan(image) or enhanced scanning; basic scanning never names layers",
    ),
    "layers_of_no_scan": (
        lambda: show.layers_with_findings("app:1", IMAGE),
        "show.layers_with_findings: a value of type str is no scan; "
        "hand over what scan.scan() or security.findings() returned",
    ),
}


@pytest.mark.parametrize(("draw", "message"), BAD.values(), ids=BAD)
def test_error_picture(draw, message):
    """What cannot be drawn is refused in one line: place, fact, way out."""
    with pytest.raises(InvalidInput) as caught:
        draw()
    assert message == str(caught.value)
