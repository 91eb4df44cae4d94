// What speedscope understood of a trace, against the trace.
//
//     node judge.js TRACE PAGE DEVICES MICROBATCHES
//
// TRACE is what Sluice wrote; PAGE is speedscope's page with its export, in its
// own file format: frames, and on each profile the opening and closing of them.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");

const [tracePath, pagePath, devices, microbatches] = process.argv.slice(2);
const ours = JSON.parse(fs.readFileSync(tracePath, "utf8"));
const page = fs.readFileSync(pagePath, "utf8");
const found = page.match(/<pre id="exported">([^<]*)<\/pre>/);
assert(found, "speedscope has not opened the trace");
const theirs = JSON.parse(decodeURIComponent(found[1]));

const unit = { nanoseconds: 1e-3, microseconds: 1, milliseconds: 1e3 };

// Slices of a profile: name, start and length in us, in order of their ends.
function slices(profile) {
  const open = [];
  const all = [];
  const scale = unit[profile.unit];
  assert(scale, `unit ${profile.unit}`);
  for (const event of profile.events) {
    if (event.type === "O") {
      assert.equal(open.length, 0, "slices of a device do not overlap");
      open.push(event);
      continue;
    }
    const start = open.pop();
    assert.equal(start.frame, event.frame);
    all.push({
      name: theirs.shared.frames[event.frame].name.split(" ")[0],
      ts: start.at * scale,
      dur: (event.at - start.at) * scale,
    });
  }
  assert.equal(open.length, 0);
  return all;
}

const K = Number(devices);
const M = Number(microbatches);
const NS = 1.5e-3; // times are to the nanosecond; sums of doubles are not
let n = 0;
assert.equal(theirs.profiles.length, K, "a profile for each device");
for (let d = 0; d < K; d++) {
  const profile = theirs.profiles.find((p) => p.name.includes(`device ${d}`));
  assert(profile, `a profile named device ${d}`);
  const got = slices(profile);
  // Speedscope leaves out what takes no time: here the updates of cells.
  const want = ours.traceEvents.filter(
    (e) => e.ph === "X" && e.tid === d && e.dur > 0,
  );
  assert.deepEqual(
    got.map((s) => s.name),
    want.map((s) => s.name),
  );
  for (let m = 0; m < M; m++)
    for (const kind of ["F", "B"])
      assert.equal(got.filter((s) => s.name === `${d}${kind}${m}`).length, 1);
  got.forEach((s, i) => {
    assert(Math.abs(s.dur - want[i].dur) <= NS, `${s.name}: length ${s.dur}`);
    const from = want[i].ts - want[0].ts;
    assert(Math.abs(s.ts - got[0].ts - from) <= NS, `${s.name}: at ${s.ts}`);
  });
  n += got.length;
}
console.log(`${K} devices, ${n} slices: as written`);
