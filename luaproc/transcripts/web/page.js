'use strict';
// Everything shown comes from the JSON block, and gets into the page as text, never as markup.
const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);

function element(tag, properties, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

function duration(seconds) {
	if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
	return seconds < 1 ? `${(seconds * 1e3).toFixed(2)} ms` : `${seconds.toFixed(2)} s`;
}

function size(bytes) {
	if (bytes < 1000) return `${bytes} B`;
	return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// A step: its line of the file, t (seconds), side (host or responder), depth, op, text, name, bytes, partner (index of the
// request or the reply, or -1), request, error, parts ([title, text] for a click). `index` and `from` are added here.
const steps = data.steps;
const start = steps.length ? steps[0].t : 0;
const finish = steps.length ? steps[steps.length - 1].t : 0;
const sides = { host: 'PHP', responder: 'Lua' };
// Whether part of its time was the other side's: the times are rounded to microseconds.
const nested = step => step.own !== null && took(step) - step.own > 2e-6;
const took = step => step.request && step.partner >= 0 ? steps[step.partner].t - step.t : null;

// ---- heading ----
function heading() {
	$('name').textContent = data.name;
	const end = element('span', { className: data.calm ? 'good' : 'bad', textContent: data.end });
	$('facts').append(element('code', { textContent: data.command }), ...data.facts.map(fact => element('span', { textContent: fact })), end);
	if (data.cut) {
		$('cut').textContent = data.cut;
		$('cut').hidden = false;
	}
	const times = [['lua', 'Lua', data.times.lua], ['php', 'PHP, answering Lua', data.times.php], ['wait', 'Lua waited for PHP', data.times.waiting]];
	const total = data.times.total || 1;
	const card = (kind, title, value, note) => element('div', { className: kind }, element('dt', { textContent: title }), element('dd', {}, `${value} `, element('small', { textContent: note })));
	$('times').append(card('whole', 'First message to last', duration(data.times.total), ''));
	for (const [kind, title, seconds] of times) {
		const share = element('div', { className: kind, title: `${title}: ${duration(seconds)}` });
		share.style.flexGrow = seconds / total;
		if (seconds > 0) $('shares').append(share);
		$('times').append(card(kind, title, duration(seconds), `${Math.round(seconds / total * 100)} %`));
	}
	$('shares').setAttribute('aria-label', times.map(([, title, seconds]) => `${title} ${duration(seconds)}`).join(', '));
	const sum = side => steps.filter(step => step.side === side).reduce((all, step) => all + step.bytes, 0);
	$('times').append(
		card('whole', 'Messages', String(steps.filter(step => step.op !== 'closes its pipe').length), `depth ${steps.reduce((most, step) => Math.max(most, step.depth + 1), 0)}`),
		card('whole', 'PHP to Lua', size(sum('host')), ''), card('whole', 'Lua to PHP', size(sum('responder')), ''));
}

// ---- light and dark ----
function themes() {
	const names = ['auto', 'light', 'dark'];
	let chosen = 'auto';
	try { chosen = localStorage.getItem('luaproc-theme') || 'auto'; } catch { /* a page from a file may have no storage */ }
	const show = () => {
		if (chosen === 'auto') delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = chosen;
		$('theme').textContent = { auto: '◐ auto', light: '○ light', dark: '● dark' }[chosen];
		timeline.draw();
	};
	$('theme').onclick = () => {
		chosen = names[(names.indexOf(chosen) + 1) % names.length];
		try { localStorage.setItem('luaproc-theme', chosen); } catch { /* as above */ }
		show();
	};
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => timeline.draw());
	const wanted = new URLSearchParams(location.search).get('theme');
	if (names.includes(wanted)) chosen = wanted;
	show();
}

// ---- timeline: one row for each depth, a box from request to reply ----
const timeline = (() => {
	const canvas = document.querySelector('canvas');
	const context = canvas.getContext('2d');
	const AXIS = 22;
	// Time without the waiting for PHP: at each step, how much of it lies before.
	const skipped = [];
	let waited = 0, open = 0;
	steps.forEach((step, index) => {
		const before = steps[index - 1];
		if (before && before.side === 'responder' && open === 0) waited += step.t - before.t;
		skipped.push(waited);
		if (step.request) open++;
		else if (step.partner >= 0) open--;
	});
	const boxes = steps.map((step, index) => ({ step, index })).filter(({ step }) => step.request);
	const rows = boxes.reduce((most, { step }) => Math.max(most, step.depth + 1), 1);
	const ROW = rows > 6 ? 19 : 26;
	const place = index => steps[index].t - start - ($('gaps').checked ? skipped[index] : 0);
	const whole = () => steps.length ? Math.max(place(steps.length - 1), 1e-6) : 1;
	let left = 0, span = whole(), selected = -1, shape = [];

	function draw() {
		const width = canvas.clientWidth, height = AXIS + Math.min(rows, 24) * ROW + 4, scale = devicePixelRatio || 1;
		if (canvas.width !== width * scale || canvas.height !== height * scale) {
			canvas.style.height = `${height}px`;
			canvas.width = width * scale;
			canvas.height = height * scale;
		}
		const resolve = element('span');
		document.body.append(resolve);
		const colour = name => { resolve.style.color = `var(--${name})`; return getComputedStyle(resolve).color; };
		const paint = Object.fromEntries(['lua', 'php', 'line', 'soft', 'text', 'error', 'panel'].map(name => [name, colour(name)]));
		resolve.remove();
		context.setTransform(scale, 0, 0, scale, 0, 0);
		context.clearRect(0, 0, width, height);
		context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
		context.textBaseline = 'middle';
		const x = seconds => (seconds - left) / span * width;
		const step = [1, 2, 5, 10].map(n => n * 10 ** Math.floor(Math.log10(span / (width / 110)))).find(n => n / span * width >= 90) || span;
		for (let tick = Math.ceil(left / step) * step; tick <= left + span; tick += step) {
			context.fillStyle = paint.line;
			context.fillRect(Math.round(x(tick)), 0, 1, height);
			context.fillStyle = paint.soft;
			const units = step < 0.001 ? `${Math.round(tick * 1e6)} µs` : step < 0.1 ? `${Math.round(tick * 1e6) / 1e3} ms` : `${Math.round(tick * 1e3) / 1e3} s`;
			context.fillText(units, x(tick) + 5, AXIS / 2 - 1);
		}
		shape = [];
		for (const { step, index } of boxes) {
			const from = x(place(index)), to = x(step.partner >= 0 ? place(step.partner) : whole());
			if (to < 0 || from > width) continue;
			const box = { index, x: Math.max(from, -2), y: AXIS + Math.min(step.depth, 23) * ROW, w: Math.max(Math.min(to, width + 2) - Math.max(from, -2), 1) };
			shape.push(box);
			const failed = step.partner < 0 || steps[step.partner].error;
			context.fillStyle = failed ? paint.error : step.side === 'host' ? paint.lua : paint.php;
			context.globalAlpha = step.op === 'call' || step.op === 'loadString' || index === selected ? 1 : 0.55;
			context.beginPath();
			context.roundRect(box.x, box.y, box.w > 2 ? box.w - 0.5 : box.w, ROW - 2, Math.min(3, box.w / 3));
			context.fill();
			context.globalAlpha = 1;
			if (index === selected) {
				context.strokeStyle = paint.text;
				context.lineWidth = 2;
				context.stroke();
			}
			if (box.w > 40) {
				context.save();
				context.clip();
				context.fillStyle = paint.panel;
				context.fillText(step.name || step.op, Math.max(box.x, 0) + 5, box.y + ROW / 2 - 0.5);
				context.restore();
			}
		}
	}

	function hit(event) {
		const { left: cx, top: cy } = canvas.getBoundingClientRect();
		const px = event.clientX - cx, py = event.clientY - cy;
		let best = null;
		for (const box of shape) {
			if (py < box.y || py > box.y + ROW - 2) continue;
			const away = px < box.x ? box.x - px : px > box.x + box.w ? px - box.x - box.w : 0;
			if (away <= 3 && (!best || away < best.away || (away === best.away && box.w < best.box.w))) best = { away, box };
		}
		return best ? best.box.index : -1;
	}

	function view(from, length) {
		span = Math.min(Math.max(length, 2e-5), whole());
		left = Math.min(Math.max(from, 0), whole() - span);
		draw();
	}

	canvas.addEventListener('wheel', event => {
		event.preventDefault();
		const at = event.offsetX / canvas.clientWidth;
		if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view(left + event.deltaX / canvas.clientWidth * span, span);
		else {
			const length = Math.min(Math.max(span * Math.exp(event.deltaY * 0.0015), 2e-5), whole());
			view(left + at * (span - length), length);
		}
	}, { passive: false });
	let drag = null;
	canvas.addEventListener('pointerdown', event => { drag = { x: event.clientX, left, moved: false }; canvas.setPointerCapture(event.pointerId); });
	canvas.addEventListener('pointermove', event => {
		if (drag) {
			drag.moved ||= Math.abs(event.clientX - drag.x) > 4;
			if (drag.moved) view(drag.left - (event.clientX - drag.x) / canvas.clientWidth * span, span);
		}
		const index = drag && drag.moved ? -1 : hit(event), tip = $('tip');
		tip.hidden = index < 0;
		if (index >= 0) {
			const step = steps[index], seconds = took(step);
			tip.textContent = `${step.name || step.op} · ${seconds === null ? 'no answer' : duration(seconds)}${!nested(step) ? '' : ` (${duration(step.own)} of its own)`}`;
			const bounds = canvas.getBoundingClientRect();
			tip.style.left = `${Math.min(event.clientX - bounds.left + 12, bounds.width - tip.offsetWidth - 4)}px`;
			tip.style.top = `${Math.min(event.clientY - bounds.top + 16, bounds.height - tip.offsetHeight - 2)}px`;
		}
	});
	canvas.addEventListener('pointerup', event => {
		const index = drag && !drag.moved ? hit(event) : -1;
		drag = null;
		if (index >= 0) messages.reveal(index);
	});
	canvas.addEventListener('pointerleave', () => { $('tip').hidden = true; });
	canvas.addEventListener('dblclick', () => view(0, whole()));
	canvas.addEventListener('keydown', event => {
		const move = { ArrowLeft: [-0.2, 1], ArrowRight: [0.2, 1], '+': [0.25, 0.5], '-': [-0.5, 2], '0': [0, Infinity] }[event.key];
		if (move) {
			event.preventDefault();
			view(move[1] === Infinity ? 0 : left + move[0] * span, span * move[1]);
		}
	});
	$('gaps').addEventListener('change', () => view(0, whole()));
	new ResizeObserver(draw).observe(canvas);
	return { draw, select(index) { selected = steps[index].request ? index : steps[index].partner; draw(); } };
})();

// ---- functions ----
function table(node, kind, uses) {
	if (!uses.length) {
		node.append(element('tr', {}, element('td', { className: 'nothing', textContent: 'none' })));
		return;
	}
	const columns = [['Name', use => use.name, use => use.name], ['Calls', use => use.calls, use => use.calls], ['Time', use => use.seconds, use => duration(use.seconds)],
		['Each', use => use.seconds / use.calls, use => duration(use.seconds / use.calls)], ['Longest', use => use.longest, use => duration(use.longest)], ['Bytes', use => use.size, use => size(use.size)]];
	const most = Math.max(...uses.map(use => use.seconds)) || 1;
	const head = element('tr'), body = element('tbody');
	let sorted = 2, falling = true;
	const fill = () => {
		[...head.children].forEach((cell, index) => index === sorted ? cell.setAttribute('aria-sort', falling ? 'descending' : 'ascending') : cell.removeAttribute('aria-sort'));
		const value = columns[sorted][1];
		const order = [...uses].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (falling ? -1 : 1));
		body.replaceChildren(...order.map(use => {
			const row = element('tr', { className: kind, title: `${use.name}: show its messages` }, ...columns.map(([, , text]) => element('td', { textContent: text(use) })));
			const share = element('i');
			share.style.width = `calc((100% - 24px) * ${use.seconds / most})`;
			row.firstChild.append(share);
			row.onclick = () => messages.find(use.name);
			return row;
		}));
	};
	columns.forEach(([title], index) => {
		const button = element('button', { type: 'button', textContent: title });
		button.onclick = () => {
			falling = sorted === index ? !falling : index > 0;
			sorted = index;
			fill();
		};
		head.append(element('th', { scope: 'col' }, button));
	});
	node.append(element('thead', {}, head), body);
	fill();
}

// ---- messages ----
const messages = (() => {
	const PAGE = 1000;
	let shown = [], until = 0;
	const rows = new Map();
	const chores = new Set(['getStatus', 'cleanupChunks']);
	steps.forEach((step, index) => {
		step.index = index;
		const request = step.request ? step : steps[step.partner];
		step.chore = Boolean(request && chores.has(request.op));
		step.search = [step.op, step.name, step.text, ...step.parts.map(part => part[1])].join('\n').toLowerCase();
	});

	function row(step) {
		const before = steps[step.index - 1], request = step.request ? null : steps[step.partner];
		const text = element('span', { className: 'text' }, element('b', { textContent: step.op }), ` ${step.text}`);
		text.style.setProperty('--depth', Math.min(step.depth, 30));
		const button = element('button', { type: 'button' },
			element('span', { className: 'number wide', textContent: step.line }),
			element('span', { className: 'number wide', textContent: (step.t).toFixed(6) }),
			element('span', { className: 'number wide', textContent: before ? `+${duration(step.t - before.t)}` : '' }),
			element('span', { className: 'side', textContent: sides[step.side] }), text,
			element('span', { className: 'took wide', textContent: request && nested(request) ? `${duration(took(request))}, own ${duration(request.own)}` : '' }),
			element('span', { className: 'number', textContent: step.bytes ? size(step.bytes) : '' }));
		const made = element('div', { id: `m${step.line}`, className: `step ${step.side === 'host' ? 'php' : 'lua'} ${step.error ? 'error' : step.request ? 'request' : 'reply'}` }, button);
		button.setAttribute('aria-expanded', 'false');
		button.onclick = () => toggle(step, made);
		return made;
	}

	function toggle(step, made, wanted = !made.classList.contains('open')) {
		made.classList.toggle('open', wanted);
		made.firstChild.setAttribute('aria-expanded', String(wanted));
		if (made.children.length > 1) made.lastChild.remove();
		if (!wanted) return;
		const detail = element('div', { className: 'detail' });
		step.parts.forEach(([title, text]) => detail.append(element('h3', { textContent: title }), element('pre', { textContent: text })));
		if (step.partner >= 0) {
			const jump = element('button', { type: 'button', textContent: step.request ? 'to its answer' : 'to its request' });
			jump.onclick = () => reveal(step.partner);
			detail.prepend(element('h3', {}, `line ${step.line}, ${step.bytes} bytes`, jump));
		}
		made.append(detail);
		timeline.select(step.index);
	}

	function extend(count) {
		const made = document.createDocumentFragment();
		for (; until < Math.min(count, shown.length); until++) {
			const node = row(shown[until]);
			rows.set(shown[until].index, node);
			made.append(node);
		}
		const more = $('more');
		if (more) more.remove();
		$('list').append(made);
		if (until < shown.length) {
			const button = element('button', { id: 'more', type: 'button', textContent: `${shown.length - until} more` });
			button.onclick = () => extend(until + PAGE);
			$('list').append(button);
			new IntersectionObserver((entries, observer) => {
				if (entries.some(entry => entry.isIntersecting)) { observer.disconnect(); extend(until + PAGE); }
			}).observe(button);
		}
	}

	function refresh() {
		// "=name" is exactly that function, anything else is words to be found somewhere in the message.
		const wanted = $('filter').value.trim(), exact = wanted.startsWith('=') ? wanted.slice(1).toLowerCase() : null;
		const words = exact === null ? wanted.toLowerCase().split(/\s+/).filter(Boolean) : [];
		shown = steps.filter(step => !($('errors').checked && !step.error) && !($('chores').checked && step.chore) && (exact === null || step.name.toLowerCase() === exact) && words.every(word => step.search.includes(word)));
		until = 0;
		rows.clear();
		$('list').replaceChildren();
		$('count').textContent = shown.length === steps.length ? `${steps.length}` : `${shown.length} of ${steps.length}`;
		extend(PAGE);
	}

	function reveal(index) {
		if (!shown.includes(steps[index])) {
			$('filter').value = '';
			$('errors').checked = $('chores').checked = false;
			refresh();
		}
		extend(shown.indexOf(steps[index]) + PAGE / 2);
		const node = rows.get(index);
		toggle(steps[index], node, true);
		const scroll = () => node.scrollIntoView({ block: node.offsetHeight > innerHeight ? 'start' : 'center' });
		scroll();
		// Rows far away have an estimated height until they come into view.
		requestAnimationFrame(() => requestAnimationFrame(scroll));
	}

	for (const id of ['filter', 'errors', 'chores']) $(id).addEventListener('input', refresh);
	refresh();
	return {
		reveal,
		find(name) {
			$('filter').value = `=${name}`;
			refresh();
			$('messages').scrollIntoView();
		},
	};
})();

function follow() {
	const step = steps.find(({ line }) => location.hash === `#m${line}`);
	if (step) messages.reveal(step.index);
}

heading();
table($('php'), 'php', data.php);
table($('lua'), 'lua', data.lua);
themes();
addEventListener('hashchange', follow);
follow();
