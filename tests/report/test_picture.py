"""Pictures are drawn by a real Chromium with the real mermaid."""

from __future__ import annotations

import re
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from adf_core.errors import AdfError, UsageError
from adf_core.report import draw, photograph, size_of

SVG = "{http://www.w3.org/2000/svg}"
HARMLESS = {
    *("svg", "g", "defs", "style", "title", "desc"),
    *("path", "rect", "circle", "line", "polygon", "marker", "text", "tspan", "filter", "feDropShadow"),
}

WORKSHOP = """---
title: A workshop
---
erDiagram
    accTitle: What the workshop knows
    CUSTOMER["Client"] {
        int customer_id PK
        string phone UK "called when a repair is done"
        List~string~ names
    }
    "REPAIR ORDER" {
        int order_id PK, FK
        string trouble "brakes | gears"
    }
    subgraph house
        MECHANIC
    end
    CUSTOMER ||--o{ "REPAIR ORDER" : "brings in"
    MECHANIC |o..o{ "REPAIR ORDER" : takes_up
    classDef hot fill:#f96
    class MECHANIC hot
"""

Draw = Callable[..., str]


@pytest.fixture
def picture(mermaid: Path, browser: Path) -> Draw:
    return lambda text, **more: draw(text, **{"mermaid": mermaid, "browser": browser, **more})


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which must be empty in the end; no process may know it then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield folder
        assert list(folder.iterdir()) == []
        assert processes_that_name(folder) == []


def processes_that_name(folder: Path) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_text("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if str(folder) in command:
            found.append(command)
    return found


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A script in the place of mermaid's that never comes to an end."""
    script = tmp_path / "mermaid.min.js"
    script.write_text("for (;;) {}")
    return script


def elements(svg: str) -> Iterator[Element]:
    """All elements; what is no XML raises."""
    return ElementTree.fromstring(svg).iter()


def texts(svg: str) -> list[str]:
    """What the picture says, a line of a label each."""
    return ["".join(element.itertext()).strip() for element in elements(svg) if element.tag == f"{SVG}text"]


def test_everything_the_diagram_says_stands_in_the_picture_as_text(picture: Draw) -> None:
    svg = picture(WORKSHOP)
    assert sorted(texts(svg)) == sorted(
        [
            *("A workshop", "Client", "REPAIR ORDER", "MECHANIC", "house", "brings in", "takes_up"),
            *("int", "customer_id", "PK", "string", "phone", "UK", "called when a repair is done"),
            *("List<string>", "names", "int", "order_id", "PK,FK", "string", "trouble", "brakes | gears"),
        ]
    )
    assert "".join(element.text or "" for element in elements(svg) if element.tag == f"{SVG}title") == (
        "What the workshop knows"
    )


def test_a_picture_stands_alone(picture: Draw) -> None:
    svg = picture(WORKSHOP)
    root = next(elements(svg))
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in elements(svg)} <= HARMLESS
    width, height = size_of(svg)
    assert root.attrib["viewBox"].split()[2:] == [str(width), str(height)]
    assert "%" not in root.attrib["width"] + root.attrib["height"]


def test_the_text_of_an_entity_lies_inside_its_box_in_rows_and_columns(picture: Draw) -> None:
    places = {}
    for entity in elements(picture(WORKSHOP)):
        box = entity.find(f"./{SVG}g[@class='outer-path']/{SVG}path")
        if box is not None:
            numbers = [abs(float(number)) for number in re.findall(r"-?[\d.]+", box.attrib["d"])]
            half_width, half_height = max(numbers[::2]), max(numbers[1::2])
            for child in entity:
                for text, (x, y, length) in placed(child, 0, 0):
                    assert -half_width < x < x + length < half_width
                    assert -half_height < y < half_height
                    places["".join(text.itertext())] = (x, y, length)
    name, identity, phone = places["Client"], places["customer_id"], places["phone"]
    comment = places["called when a repair is done"]
    assert name[0] == pytest.approx(-name[2] / 2, abs=1)
    assert name[1] < identity[1] < phone[1]
    assert identity[0] == pytest.approx(phone[0], abs=0.5)
    assert phone[1] == pytest.approx(comment[1], abs=0.5)
    assert phone[0] + phone[2] < comment[0]


def placed(element: Element, x: float, y: float) -> Iterator[tuple[Element, tuple[float, float, float]]]:
    """Each text made from a label, with its left end, base line and length in the picture's units."""
    moved = re.match(r"translate\((-?[\d.]+(?:e-\d+)?),? (-?[\d.]+(?:e-\d+)?)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if element.tag == f"{SVG}text" and "textLength" in element.attrib:
        at, line, length = (float(element.attrib[name]) for name in ("x", "y", "textLength"))
        yield element, (x + at, y + line, length)
    for child in element:
        yield from placed(child, x, y)


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<a href='javascript:alert(1)'>here</a>",
    "javascript:alert(3)",
    "[here](javascript:alert(4))",
    "![x](https://example.org/x.png)",
    "`code` and a@example.org and https://example.org/x",
    "5 < 6 && 7 > 3",
    "$$x^2$$",
    "日本語 – ünïcödé 😀",
]


@pytest.mark.parametrize("own_configuration", [False, True])
def test_hostile_text_is_text(picture: Draw, own_configuration: bool) -> None:
    loose = '%%{init: {"securityLevel": "loose", "htmlLabels": false, "flowchart": {"htmlLabels": false}}}%%\n'
    rows = "\n".join(f'string a{index} "{text}"' for index, text in enumerate(HOSTILE))
    label = '"click A href javascript:alert(2)"'
    diagram = f'erDiagram\n"{HOSTILE[0]}" {{\n{rows}\n}}\nB["{HOSTILE[1]}"]\n"{HOSTILE[0]}" ||--|| B : {label}\n'
    svg = picture(loose + diagram if own_configuration else diagram)
    said = "".join(texts(svg)).replace(" ", "")  # long names are broken into lines
    for text in HOSTILE:
        assert said.count(text.replace(" ", "")) == 1 + HOSTILE[:2].count(text)
    assert label.strip('"').replace(" ", "") in said
    for element in elements(svg):
        assert element.tag.removeprefix(SVG) in HARMLESS
        for name, value in element.attrib.items():
            assert "href" not in name
            assert not name.startswith("on")
            assert "url(" not in value.replace("url(#", "")


def test_double_quotes_in_a_tag_are_single_ones_as_mermaid_has_it(picture: Draw) -> None:
    svg = picture('erDiagram\nA {\nstring x "see <a href="x">this</a>"\n}\n')
    assert "see <a href='x'>this</a>" in texts(svg)


def test_a_br_breaks_the_line(picture: Draw) -> None:
    assert {"one", "two"} <= set(texts(picture('erDiagram\nA ||--|| B : "one<br>two"\n')))


def test_characters_that_xml_cannot_hold_are_replaced(picture: Draw) -> None:
    svg = picture('erDiagram\nA ||--|| B : "a\x01b"\n')
    assert "a\N{REPLACEMENT CHARACTER}b" in texts(svg)


def test_style_rules_of_a_diagram_apply_but_lead_nowhere(picture: Draw) -> None:
    rules = "@import url(https://example.org/a.css); .node { opacity: 0.5; background: url(https://example.org/b) }"
    svg = picture(f'%%{{init: {{"themeCSS": "{rules}"}}}}%%\nerDiagram\nA\n')
    assert "opacity: 0.5" in svg
    assert "example.org" not in svg
    assert "@import" not in svg


def test_a_theme_brings_its_background(picture: Draw) -> None:
    def background(svg: str) -> str:
        return next(element.attrib["style"] for element in elements(svg) if element.tag == f"{SVG}rect")

    assert background(picture("erDiagram\nA\n")) == "fill:white;stroke:none"
    assert background(picture("---\nconfig:\n  theme: dark\n---\nerDiagram\nA\n")) == "fill:#333;stroke:none"


def test_the_same_diagram_gives_the_same_bytes(picture: Draw) -> None:
    assert picture(WORKSHOP) == picture(WORKSHOP)


def test_two_hundred_entities_are_all_there(picture: Draw) -> None:
    numbers = range(200)
    blocks = "".join(f'E{n} {{\nint id PK\nstring a "text {n}"\n}}\n' for n in numbers)
    lines = "".join(f'E{n // 3} ||--o{{ E{n} : "has {n}"\n' for n in numbers)
    said = set(texts(picture(f"erDiagram\n{blocks}{lines}")))
    assert {text for n in numbers for text in (f"E{n}", f"text {n}", f"has {n}")} <= said


def test_a_diagram_that_mermaid_refuses_is_told_in_its_words(picture: Draw, temporary: Path) -> None:
    with pytest.raises(UsageError, match=r"^mermaid does not draw the diagram: Parse error on line 2:\n"):
        picture("erDiagram\nA ||--\n")


def test_nothing_is_left_behind(picture: Draw, browser: Path, temporary: Path) -> None:
    photograph(picture("erDiagram\nA\n"), browser=browser)


def test_a_long_path_of_the_temporary_folder_is_no_hindrance(
    picture: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    assert texts(picture("erDiagram\nA\n")) == ["A"]
    assert list(folder.iterdir()) == []


def test_a_picture_that_takes_too_long_is_ended(picture: Draw, endless: Path, temporary: Path, browser: Path) -> None:
    with pytest.raises(AdfError) as caught:
        picture("erDiagram\nA\n", mermaid=endless, seconds=3)
    assert str(caught.value) == f"{browser} drew no picture within 3 s, and was ended."


def test_a_script_that_is_not_mermaid_is_named(picture: Draw, tmp_path: Path, temporary: Path) -> None:
    script = tmp_path / "mermaid.min.js"
    script.write_text("let something = 1;")
    with pytest.raises(UsageError, match="is not mermaid's script"):
        picture("erDiagram\nA\n", mermaid=script)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ("#!/bin/sh\necho 'no display' >&2\nexit 3\n", "browser ended with status 3: no display"),
        ("#!/bin/sh\nexit 0\n", "browser printed no picture. It may be one that cannot read temporary files"),
        ("no program at all", "browser cannot be started: "),
    ],
)
def test_a_browser_that_is_none_is_named(
    program: str, complaint: str, picture: Draw, tmp_path: Path, temporary: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(program)
    browser.chmod(0o755)
    with pytest.raises(AdfError, match=complaint):
        picture("erDiagram\nA\n", browser=browser)


def test_a_photograph_has_two_pixels_a_unit(picture: Draw, browser: Path) -> None:
    svg = picture("erDiagram\nA\n")
    width, height = size_of(svg)
    png = photograph(svg, browser=browser)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (2 * width, 2 * height)


def test_what_is_too_large_for_a_png_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="10"/>'
    with pytest.raises(UsageError, match=r"too large for a PNG: 20,000 × 10, .* end in \.svg\.$"):
        photograph(svg, browser=Path("unused"))
