"use strict";
// Without this script the graph shows everything; with it a click shows one function's part over the whole width.
const boxes = [...document.querySelectorAll("#graph svg")].map((element) => ({
	element,
	begin: parseFloat(element.getAttribute("x")),
	width: parseFloat(element.getAttribute("width")),
	depth: parseFloat(element.getAttribute("y")),
}));
const show = (chosen) => {
	const end = chosen.begin + chosen.width;
	for (const box of boxes) {
		const begin = Math.max(box.begin, chosen.begin);
		const width = Math.min(box.begin + box.width, end) - begin;
		const around = box.depth < chosen.depth && box.begin <= chosen.begin + 1e-6 && box.begin + box.width >= end - 1e-6;
		const inside = box === chosen || (box.depth > chosen.depth && box.begin >= chosen.begin - 1e-6 && width > 1e-6);
		box.element.style.display = around || inside ? "" : "none";
		if (!around && !inside) {
			continue;
		}
		box.element.setAttribute("x", `${((begin - chosen.begin) / chosen.width) * 100}%`);
		box.element.setAttribute("width", `${(width / chosen.width) * 100}%`);
	}
};
for (const box of boxes) {
	box.element.addEventListener("click", () => show(box));
}
document.documentElement.classList.add("live");
document.getElementById("zoom").hidden = false;
