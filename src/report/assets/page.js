/* Draws the charts of a report from the numbers in #data; plain ES2017.  Each
 * chart sets data-drawn on its element, and the body's counts them. */
"use strict";
(() => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const bare = [];     /* builders of the charts that the page has */
    const drawn = [];    /* uPlot objects on the page */
    const COLOURS = 6;

    const css = (name) =>
        getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const colour = (i) => css("--c" + (i % COLOURS));
    const unique = (values) => [...new Set(values)].sort((a, b) => a - b);
    const known = (v) => v !== null && v !== undefined;
    const percent = (v) => (100 * v).toFixed(Math.abs(v) < 0.0995 ? 2 : 1) + " %";
    const shortPercent = (v) => +(100 * v).toFixed(2) + " %";
    const bubble = (k, m) => (k - 1) / (m + k - 1);

    /* What several charts have in common. */
    function axis(label, more) {
        return Object.assign({
            size: 32,
            label: label,
            labelFont: "13px system-ui, sans-serif",
            labelSize: 20,
            font: "12px system-ui, sans-serif",
            stroke: css("--soft"),
            grid: {stroke: css("--grid"), width: 1},
            ticks: {stroke: css("--rule"), width: 1, size: 5},
        }, more);
    }

    const line = (label, i, more) => Object.assign({
        label: label,
        stroke: colour(i),
        width: 1.5,
        pxAlign: 0,
        points: {show: false},
        spanGaps: true,
    }, more);

    const points = (label, i, more) => Object.assign({
        label: label,
        stroke: colour(i),
        paths: () => null,
        points: {
            show: true, size: 9, width: 1.5,
            stroke: css("--panel"), fill: colour(i),
        },
    }, more);

    function size(element) {
        const width = Math.max(200, element.clientWidth);
        return {width: width, height: Math.min(340, Math.max(250, width * 0.58))};
    }

    function note(element) {
        if (!element.clientWidth)
            return;
        element.dataset.drawn = "1";
        document.body.dataset.drawn =
            document.querySelectorAll(".chart[data-drawn]").length;
    }

    /* A measured series and its formula, next in the list, hide as one; the
     * formula needs no entry in the legend. */
    function pair(u, i, options) {
        if (options.show === undefined || !u.series[i].partner)
            return;
        const other = i + u.series[i].partner;
        if (u.series[other].show !== options.show)
            u.setSeries(other, {show: options.show});
    }

    function draw(id, make) {
        const element = document.getElementById(id);
        const chart = make();
        if (!chart.values[0].length)
            return;
        const readout = element.parentNode.querySelector(".readout");
        const u = new uPlot(Object.assign(size(element), {
            padding: [14, 14, 0, 4],
            legend: {live: false, markers: {width: 0, fill: (u, i) => u.series[i].stroke()}},
            cursor: {y: false, points: {show: false}, drag: {x: false, y: false}},
            series: [{}].concat(chart.series),
            scales: chart.scales,
            axes: chart.axes,
            hooks: {
                draw: [() => note(element)],
                setSeries: [pair],
                setCursor: [(u) => {
                    const i = u.cursor.idx;
                    readout.textContent = known(i) && u.cursor.left >= 0 ?
                        chart.read(i) : chart.hint;
                }],
            },
        }), chart.values, element);
        readout.textContent = chart.hint;
        drawn.push({u: u, element: element});
    }

    /* Points of `of`(group) over a number, one colour for each group, and a
     * formula through them. */
    function family(rows, by, over, value, formula, samples, names) {
        const groups = unique(rows.map((r) => r[by]));
        const x = unique(rows.map((r) => r[over]).concat(samples));
        const series = [], values = [x];
        for (const [i, g] of groups.entries()) {
            const name = names + " = " + g;
            const at = new Map(rows.filter((r) => r[by] === g)
                .map((r) => [r[over], r[value]]));
            series.push(line(name + " formula", i, {
                class: "off-legend", paths: uPlot.paths.spline()}));
            values.push(x.map((v) => formula(g, v)));
            series.push(points(name, i, {partner: -1}));
            values.push(x.map((v) => at.has(v) ? at.get(v) : null));
        }
        const read = (i) => groups.map((g, s) => {
            const m = values[2 * s + 2][i], f = percent(values[2 * s + 1][i]);
            return names + " = " + g + ": " +
                (known(m) ? percent(m) + " (" + f + ")" : "(" + f + ")");
        }).join("\u2002 ");
        return {x: x, series: series, values: values, read: read};
    }

    const K = 0, M = 1, BUBBLE = 2, EFFICIENCY = 3;
    const hint = "Points: measured. Lines: formula. The pointer shows figures.";

    function bubbles() {
        const rows = data.cells.filter((r) => known(r[BUBBLE]));
        const ms = unique(rows.map((r) => r[M]));
        const low = ms[0], high = ms[ms.length - 1], samples = [];
        for (let m = low; m < high; m = Math.max(m + 1, Math.round(m * 1.05)))
            samples.push(m);
        const f = family(rows, K, M, BUBBLE, bubble, samples, "K");
        return {
            series: f.series, values: f.values, hint: hint,
            read: (i) => "M = " + f.x[i] + "\u2002 " + f.read(i),
            scales: {
                x: {time: false, distr: 3, log: 2,
                    range: () => [low / 1.15, high * 1.15]},
                y: {range: (u, min, max) => [0, Math.min(1.02, max * 1.08) || 0.1]},
            },
            axes: [
                axis("micro-batches M (logarithmic)", {
                    splits: () => ms, filter: (u, splits) => splits,
                    values: (u, splits) => splits.map(String)}),
                axis("bubble, % of device time", {
                    size: 58, values: (u, s) => s.map(shortPercent)}),
            ],
        };
    }

    const whole = (values) => {
        const low = values[0], high = values[values.length - 1], all = [];
        const step = Math.ceil((high - low + 1) / 16);
        for (let k = low; k <= high; k += step)
            all.push(k);
        return all;
    };

    function devicesAxis(ks) {
        return axis("devices K", {
            splits: () => whole(ks), filter: (u, splits) => splits,
            values: (u, splits) => splits.map(String)});
    }

    const devicesScale = (ks) => ({
        time: false,
        range: () => [ks[0] - 0.3, ks[ks.length - 1] + 0.3],
    });

    function efficiencies() {
        const rows = data.cells.filter((r) => known(r[EFFICIENCY]));
        const ks = unique(rows.map((r) => r[K])), samples = [];
        for (let k = ks[0]; k <= ks[ks.length - 1]; k++)
            samples.push(k);
        const f = family(rows, M, K, EFFICIENCY, (m, k) => 1 - bubble(k, m),
            samples, "M");
        return {
            series: f.series, values: f.values, hint: hint,
            read: (i) => "K = " + f.x[i] + "\u2002 " + f.read(i),
            scales: {
                x: devicesScale(ks),
                y: {range: (u, min, max) => [0, Math.max(1.05, max * 1.05)]},
            },
            axes: [
                devicesAxis(ks),
                axis("efficiency, % of linear", {
                    size: 58, values: (u, s) => s.map(shortPercent)}),
            ],
        };
    }

    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    function memory() {
        const REMAT = 1, PLANNED = 2, ACTUAL = 3;
        const rows = data.memory;
        const ks = unique(rows.map((r) => r[K]));
        const most = Math.max(1, ...rows.map((r) => Math.max(r[PLANNED], r[ACTUAL])));
        const power = Math.min(units.length - 1, Math.floor(Math.log2(most) / 10));
        const scale = Math.pow(1024, power);
        const series = [], values = [ks], names = [];
        const figure = (v) => +(v).toPrecision(4) + " " + units[power];
        for (const remat of unique(rows.map((r) => r[REMAT]))) {
            const name = remat ? "with rematerialization" : "without";
            const at = new Map(rows.filter((r) => r[REMAT] === remat)
                .map((r) => [r[K], r]));
            const of = (column) => ks.map((k) =>
                at.has(k) && at.get(k)[column] ? at.get(k)[column] / scale : null);
            names.push(name);
            series.push(line(name + ", planned", remat, {class: "off-legend"}));
            values.push(of(PLANNED));
            series.push(points(name, remat, {partner: -1}));
            values.push(of(ACTUAL));
        }
        return {
            series: series, values: values,
            hint: "Points: measured. Lines: planned. The pointer shows figures.",
            read: (i) => "K = " + ks[i] + names.map((n, s) => {
                const p = values[2 * s + 1][i], a = values[2 * s + 2][i];
                return known(p) ? "\u2002 " + n + ": " +
                    (known(a) ? figure(a) + " (" + figure(p) + ")"
                        : "(" + figure(p) + ")") : "";
            }).join(""),
            scales: {
                x: devicesScale(ks),
                y: {range: (u, min, max) => [0, max * 1.08 || 1]},
            },
            axes: [
                devicesAxis(ks),
                axis("largest device, " + units[power], {size: 58}),
            ],
        };
    }

    function losses() {
        const loss = new Map(data.losses), accuracy = new Map(data.epochs);
        const x = unique([...loss.keys(), ...accuracy.keys()]);
        const get = (map) => x.map((s) => map.has(s) ? map.get(s) : null);
        const l = get(loss), a = get(accuracy);
        const has = (values) => values.some(known);
        const values = [x], series = [];
        const scales = {
            x: {time: false},
            y: {range: (u, min, max) => [0, max * 1.05 || 1]},
            share: {range: (u, min, max) => [Math.max(0, Math.floor(min * 10) / 10), 1]},
        };
        const axes = [axis("step", {space: 60})];
        if (has(l)) {
            values.push(l);
            series.push(line("training loss of a step", 0, {width: 1}));
            axes.push(axis("loss", {size: 52}));
        }
        if (has(a)) {
            values.push(a);
            series.push(line("test accuracy after an epoch", 1, {
                scale: "share",
                points: {show: true, size: 8, fill: colour(1), stroke: css("--panel")}}));
            axes.push(axis("test accuracy", {
                scale: "share", side: has(l) ? 1 : 3, size: 58,
                grid: {show: !has(l), stroke: css("--grid"), width: 1},
                values: (u, s) => s.map(shortPercent)}));
        }
        if (!series.length)
            values[0] = [];
        return {
            series: series, values: values, scales: scales, axes: axes,
            hint: "The pointer shows figures.",
            read: (i) => "step " + x[i] +
                (known(l[i]) ? "\u2002 loss " + l[i].toPrecision(4) : "") +
                (known(a[i]) ? "\u2002 test accuracy " + percent(a[i]) : ""),
        };
    }

    function all() {
        for (const d of drawn.splice(0))
            d.u.destroy();
        for (const [id, make] of bare)
            draw(id, make);
    }

    for (const [id, make] of [["loss", losses], ["bubble", bubbles],
        ["memory", memory], ["efficiency", efficiencies]])
        if (document.getElementById(id))
            bare.push([id, make]);
    document.body.dataset.drawn = "0";
    all();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
    addEventListener("resize", () => {
        for (const d of drawn)
            d.u.setSize(size(d.element));
    });
})();
