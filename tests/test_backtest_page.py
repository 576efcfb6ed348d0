"""The page of a backtest: one file, no network, and the day in it."""

import base64
import html
import json
import re
import zlib
from array import array
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from flowctl import FlowError
from flowctl.backtest.bounds import Bounds
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.comparison import compare
from flowctl.backtest.page import page, write_page
from flowctl.backtest.trial import Setting
from tests.chromium import dom
from tests.plants import QUICK, ZERO, flow, world

REASON = '''
from flowctl import Observable, Plan, Watts

def reason(values: Observable[Watts]) -> Observable[Plan]:
    """All to the left, and why."""
    return values.map(lambda w: Plan(watts={"left": w}, reasons={"left": f"<b>wants {w:.0f}W</b>"}))
'''
PLAN = ZERO.replace("    - bat", "    - from: plan.left\n    - bat").replace(
    "  left:\n    - from: house", "  plan:\n    - from: house"
).replace("    - from: plan.left", "    - reason\n  left:\n    - from: plan.left")  # fmt: skip

LISTEN = """<script>
const faults = []
window.requestAnimationFrame = draw => setTimeout(draw, 16)  // nobody looks: no frames come
addEventListener("error", event => faults.push(event.message))
addEventListener("unhandledrejection", event => faults.push(String(event.reason)))
</script>"""
LOOK = """<script>
const colours = canvas => {
  const pixels = new Uint32Array(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)
  return new Set(pixels).size
}
const drawn = () => [...document.querySelectorAll("#panels canvas")].map(colours)
const pause = () => new Promise(go => setTimeout(go, 500))
const look = async () => {
  while (!document.querySelector("#panels canvas")) await pause()
  await pause()
  const seen = {drawn: drawn()}
  const box = document.getElementById("panels").getBoundingClientRect()
  const at = {bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + 20}
  document.querySelector("#panels canvas").dispatchEvent(new PointerEvent("pointermove", at))
  await pause()
  seen.readout = document.getElementById("readout").innerText
  document.querySelector("#panels").dispatchEvent(new WheelEvent("wheel", {...at, deltaY: -600}))
  document.querySelectorAll("#flows button")[1].click()
  await pause()
  seen.zoomed = view.to - view.from
  seen.second = drawn()
  seen.asked = performance.getEntriesByType("resource").map(entry => entry.name)
  document.body.append(Object.assign(
    document.createElement("pre"), {id: "seen", textContent: JSON.stringify({...seen, faults})}))
}
look()
</script></body>"""


PHONE = """<script>
const pause = () => new Promise(go => setTimeout(go, 500))
const look = async () => {
  const frame = document.createElement("iframe")
  document.body.append(Object.assign(frame, {srcdoc: PAGE, width: 390, height: 844}))
  const inside = () => frame.contentDocument
  while (!inside()?.querySelector("#panels canvas")) await pause()
  const canvas = inside().querySelector("#panels canvas")
  const readout = inside().getElementById("readout")
  const touch = (name, target) => target.dispatchEvent(new frame.contentWindow.PointerEvent(name,
    {bubbles: name !== "pointerleave", pointerType: "touch", pointerId: 7,
     clientX: 200, clientY: canvas.getBoundingClientRect().top + 40}))
  const host = inside().getElementById("panels"), told = []
  host.setPointerCapture = () => {}
  const place = inside().querySelector(".figures thead th:nth-child(2)").getBoundingClientRect()
  for (const [name, target] of [["pointerdown", canvas], ["pointerup", canvas],
                                ["pointerleave", host], ["pointerdown", inside().body]]) {
    touch(name, target)
    await pause()
    told.push(readout.hidden)
  }
  const seen = {right: place.right, wide: inside().documentElement.scrollWidth, told}
  document.body.append(Object.assign(
    document.createElement("pre"), {id: "seen", textContent: JSON.stringify(seen)}))
}
look()
</script>"""


def made(folder, text=PLAN, label="it", *more):
    from tests.house import build

    path = build(folder, text, reason=REASON)
    setting = Setting(world(folder, QUICK, seconds=90.0), pictured=True)
    return compare([Candidate(name, path) for name in (label, *more)], setting, None)


def data(text):
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', text, re.DOTALL)[1])


def unpacked(text):
    values, value = [], 0
    for change in array("H", zlib.decompress(base64.b64decode(text))):
        value = (value + change) & 0xFFFF
        values.append(value - 0x10000 if value > 0x7FFF else value)
    return values


def test_the_page_holds_the_whole_run(tmp_path):
    told = made(tmp_path)
    drawn = data(page(told, None))
    series = told.outcomes[0].series
    assert drawn["start"] == "2026-01-01T00:00:00"
    assert unpacked(drawn["load"]) == list(series.load)
    (one,) = drawn["flows"]
    assert unpacked(one["grid"]) == list(series.grid)
    (battery,) = one["batteries"]
    assert unpacked(battery["setpoint"]) == list(series.batteries[0].setpoint)
    assert unpacked(battery["power"]) == list(series.batteries[0].power)
    assert battery["words"][battery["reasons"][0][1]].startswith("<b>wants")


def test_the_page_knows_when_the_clock_changes(tmp_path):
    told, berlin = made(tmp_path), ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 29, 1, 30, 20, tzinfo=berlin)
    night = replace(told, start=spring, seconds=7200.0)
    assert data(page(night, None))["changes"] == [[29 * 60 + 40, 3600]]
    autumn = replace(told, start=datetime(2026, 10, 25, tzinfo=berlin), seconds=86400.0)
    assert data(page(autumn, None))["changes"] == [[3 * 3600, -3600]]
    assert data(page(told, None))["changes"] == []


def test_the_page_needs_no_network(tmp_path):
    text = page(made(tmp_path), None)
    assert re.findall(r"https?://", text) == []
    assert re.findall(r"<(?:link|img|iframe)\b|@import|\bsrc=", text) == []


async def test_a_browser_draws_the_day_and_reads_it_out(tmp_path):
    night = datetime(2026, 3, 29, 1, 59, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    text = page(replace(made(tmp_path, PLAN, "<b>one</b>", "two"), start=night), None)
    file = tmp_path / "page.html"
    file.write_text(text.replace("<head>", f"<head>{LISTEN}").replace("</body>", LOOK))
    told = await dom(file.as_uri(), tmp_path)
    seen = json.loads(html.unescape(re.search(r'<pre id="seen">(.*?)</pre>', told, re.DOTALL)[1]))
    assert seen["faults"] == seen["asked"] == []
    assert len(seen["drawn"]) == 3  # house, grid, one battery
    assert min(seen["drawn"] + seen["second"]) > 5  # colours: axes, text, what was drawn
    assert "left gives" in seen["readout"]
    assert seen["readout"].startswith("03:00:1")  # at 2 it is 3
    assert "<b>wants" in seen["readout"]
    assert 20 <= seen["zoomed"] < 90
    assert ">&lt;b&gt;one&lt;/b&gt;</button>" in told


async def test_on_a_phone_the_own_figures_are_seen_and_what_a_finger_pointed_at_stays(tmp_path):
    told = replace(made(tmp_path, PLAN, "home"), bounds=Bounds(1.0, 2.0, "it"))
    text = page(told, None).replace("<head>", f"<head>{LISTEN}")
    inside = json.dumps(text).replace("</", "<\\/").replace("<!--", "<\\!--")
    file = tmp_path / "phone.html"
    file.write_text(f"<!doctype html><body>{PHONE.replace('PAGE', inside)}</body>")
    found = await dom(file.as_uri(), tmp_path)
    seen = json.loads(html.unescape(re.search(r'<pre id="seen">(.*?)</pre>', found, re.DOTALL)[1]))
    assert seen["right"] <= 390
    assert seen["wide"] <= 390
    assert seen["told"] == [False, False, False, True]  # hidden when touched elsewhere


def test_names_and_reasons_cannot_break_out_of_the_page(tmp_path):
    text = page(made(tmp_path, label="<script>alert(1)</script>{{DATA}}"), None)
    assert "<script>alert" not in text
    assert "<b>wants" not in text
    assert text.count("</script>") == 2
    assert data(text)["flows"][0]["name"] == "<script>alert(1)</script>{{DATA}}"


def test_a_page_that_cannot_be_written_is_told_so(tmp_path):
    with pytest.raises(FlowError, match="cannot be written"):
        write_page(tmp_path / "none" / "page.html", made(tmp_path, ZERO), None)


def test_a_flow_without_reasons_has_none(tmp_path):
    (battery,) = data(page(made(tmp_path, ZERO), None))["flows"][0]["batteries"]
    assert battery["words"] == [""]


def test_a_run_without_a_picture_keeps_its_course_to_itself(tmp_path):
    setting = Setting(world(tmp_path, QUICK, seconds=10.0))
    assert compare([Candidate("it", flow(tmp_path))], setting, None).outcomes[0].series is None
