// SPDX-License-Identifier: MIT
// A flame graph that answers: click to go in, Ctrl-F or the button to search.
// Everything it shows it takes from the drawing; texts of targets are only ever set as text.
"use strict";
(function () {
	const root = document.documentElement;
	const left = 10, width = 1180, letter = 7.25;
	const byId = (id) => document.getElementById(id);
	const frames = Array.from(root.querySelectorAll("#frames g"), (group) => {
		const rect = group.querySelector("rect"), title = group.querySelector("title").textContent;
		return {
			group, rect, text: group.querySelector("text"), title,
			label: title.replace(/ \([^(]*\)$/, ""), fill: rect.getAttribute("fill"),
			x: parseFloat(rect.getAttribute("x")) - left, w: parseFloat(rect.getAttribute("width")),
			y: parseFloat(rect.getAttribute("y")),
		};
	});
	let pattern = null;

	function fit(frame, x, w) {
		const most = Math.floor((w - 6) / letter);
		frame.rect.setAttribute("x", left + x);
		frame.rect.setAttribute("width", Math.max(w - 0.3, 0.2));
		frame.text.setAttribute("x", left + x + 3);
		frame.text.textContent = most < 3 ? "" :
			frame.label.length <= most ? frame.label : frame.label.slice(0, most - 2) + "..";
	}

	// What lies above a frame grows to the width of the drawing, what is below spans it, the rest goes.
	function zoom(to) {
		const slack = 0.001;
		for (const frame of frames) {
			const inside = frame.x >= to.x - slack && frame.x + frame.w <= to.x + to.w + slack;
			const outer = frame.y > to.y && frame.x <= to.x + slack && frame.x + frame.w >= to.x + to.w - slack;
			frame.group.style.display = outer || (inside && frame.y <= to.y) ? "" : "none";
			frame.group.style.opacity = outer ? 0.5 : 1;
			if (outer)
				fit(frame, 0, width);
			else if (inside)
				fit(frame, (frame.x - to.x) / to.w * width, frame.w / to.w * width);
		}
		byId("reset").style.display = to.w < width - 1 ? "" : "none";
	}

	function search(text) {
		let matched = [];
		try {
			pattern = text ? new RegExp(text, "i") : null;
		} catch (error) {
			byId("found").textContent = String(error.message);
			return;
		}
		for (const frame of frames) {
			const hit = pattern && pattern.test(frame.label);
			frame.rect.setAttribute("fill", hit ? "rgb(230,0,230)" : frame.fill);
			if (hit)
				matched.push([frame.x, frame.x + frame.w]);
		}
		// Frames above each other count once.
		matched.sort((a, b) => a[0] - b[0]);
		let covered = 0, end = -1;
		for (const [from, to] of matched) {
			covered += Math.max(0, to - Math.max(from, end));
			end = Math.max(end, to);
		}
		byId("found").textContent = pattern ? "found in " + (covered / width * 100).toFixed(1) + " %" : "";
	}

	function ask() {
		const text = window.prompt("Regular expression to look for; nothing to end", pattern ? pattern.source : "");
		if (text !== null)
			search(text);
	}

	for (const frame of frames) {
		frame.group.addEventListener("click", () => zoom(frame));
		frame.group.addEventListener("mouseover", () => { byId("details").textContent = frame.title; });
		frame.group.addEventListener("mouseout", () => { byId("details").textContent = ""; });
	}
	byId("reset").addEventListener("click", () => zoom({ x: 0, w: width, y: Infinity }));
	byId("search").addEventListener("click", ask);
	window.addEventListener("keydown", (event) => {
		if (event.key === "F3" || (event.key === "f" && (event.ctrlKey || event.metaKey))) {
			event.preventDefault();
			ask();
		}
	});
	byId("search").style.display = "";
})();
