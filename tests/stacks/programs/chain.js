// SPDX-License-Identifier: MIT
// chain.js [idle|spin]: generated code below builtins below generated code; asleep on a word, in its loop, or running.
"use strict";
const word = new Int32Array(new SharedArrayBuffer(4));

function ready() {
	require("fs").writeSync(1, `ready ${process.pid}\n`);
}

function work(n) {
	let sum = 0;
	for (let i = 0; i < n; i++)
		sum = (sum * 31 + i) | 0;
	return sum;
}

function park() {
	ready();
	if (process.argv[2] === "spin")
		for (;;)
			work(1000000);
	Atomics.wait(word, 0, 0);
}

function f2(a) { return [1].map(park); }
function f1(a) { return [a].forEach(f2); }

setTimeout(() => {}, 1000000);
setTimeout(() => process.exit(), 120000).unref();
if (process.argv[2] === "idle")
	setTimeout(ready, 50);
else
	f1(1);
