#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are flame graphs well-formed, whole, and free of anything from outside?

Reports of tests/samples, one of them with texts made to break out of the drawing.
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"
SOURCE = os.environ.get("srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAIL", text)


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False).stdout


def check(kind):
    drawing = run("tests/samples", kind, "svg")
    try:
        root = xml.fromstring(drawing)
    except xml.ParseError as error:
        return fail(f"{kind}: no XML: {error}")
    allowed = {SVG + name for name in ("svg", "style", "rect", "text", "g", "title", "script")}
    for element in root.iter():
        if element.tag not in allowed:
            fail(f"{kind}: an element {element.tag}")
        for name in element.attrib:
            if name.lower().startswith("on") or "href" in name:
                fail(f"{kind}: an attribute {name}")
    if re.search(rb"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", drawing):
        fail(f"{kind}: something from outside")
    script = root.findall(SVG + "script")
    with open(os.path.join(SOURCE, "src", "flamegraph.js"), encoding="utf-8") as file:
        if len(script) != 1 or script[0].text.strip() != file.read().strip():
            fail(f"{kind}: the script is not the one of the source")
    boxes = root.findall(f".//{SVG}g[@id='frames']/{SVG}g")
    for box in boxes:
        rect = box.find(SVG + "rect").attrib
        if float(rect["x"]) < 10 or float(rect["x"]) + float(rect["width"]) > 1190.01 or \
           float(rect["y"]) < 0 or float(rect["y"]) > float(root.attrib["height"]):
            fail(f"{kind}: a box outside of the drawing: {rect}")
        if not re.search(r" \(\d+ samples?, \d+\.\d\d %\)$", box.find(SVG + "title").text):
            fail(f"{kind}: a tooltip: {box.find(SVG + 'title').text}")
    print("ok  ", kind, len(boxes), "boxes")
    return boxes


plain, hostile = check("plain"), check("hostile")
check("empty")
titles = [box.find(SVG + "title").text for box in plain or []]
for want in "python3 (2 samples, 50.00 %)", "worker-2 (2 samples, 50.00 %)", "recv_all at feed.c:88 (2 samples, 50.00 %)", \
            "recv (1 sample, 25.00 %)", "libfeed.so.1+0x1200 (2 samples, 50.00 %)":
    if want not in titles:
        fail(f"no box {want!r} in {titles}")
if hostile and not any("<&>" in box.find(SVG + "title").text for box in hostile):
    fail("a hostile name does not arrive")
sys.exit(1 if failures else 0)
