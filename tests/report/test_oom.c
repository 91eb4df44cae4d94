/* Fail each allocation in turn: a status, nothing lost, nothing written over.
 */
#include <sluice/attribution.h>
#include <sluice/report.h>

#include <unistd.h>

#include "attribution/play.h"
#include "support/allocator.h"
#include "support/runner.h"

static struct play p;
static struct sl_test_allocator allocator;

static sluice_status swallow(void *context, const char *bytes, size_t n,
                             sluice_diag *why)
{
    (void)context;
    (void)bytes;
    (void)n;
    (void)why;
    return SLUICE_OK;
}

static const sluice_sink nowhere = {swallow, NULL};

static sluice_status attribute(sluice_diag *why)
{
    sluice_attribution out;
    sluice_attribution_config config = {.allocator = &allocator.hooks};
    return sluice_trace_attribute(&p.trace, &config, NULL, &out, why);
}

static sluice_status text(sluice_diag *why)
{
    sluice_report_config config = {.allocator = &allocator.hooks};
    return sluice_report_text(&p.trace, &config, nowhere, why);
}

static sluice_status svg(sluice_diag *why)
{
    sluice_report_config config = {.allocator = &allocator.hooks};
    return sluice_report_svg(&p.trace, &config, nowhere, why);
}

static sluice_status chrome(sluice_diag *why)
{
    sluice_report_config config = {.allocator = &allocator.hooks};
    return sluice_report_chrome(&p.trace, &config, nowhere, why);
}

static sluice_status html(sluice_diag *why)
{
    sluice_html_report report = {.trace = &p.trace,
                                 .allocator = &allocator.hooks};
    return sluice_report_html(&report, nowhere, why);
}

static sluice_status file(sluice_diag *why)
{
    sluice_file *out;
    sluice_status st =
        sluice_file_create("/tmp/sluice-oom.svg", &allocator.hooks, &out, why);
    if (!st)
        sluice_file_destroy(out);
    return st;
}

static void sweep(sluice_status (*call)(sluice_diag *why))
{
    sluice_status st = SLUICE_NO_MEMORY;
    for (long at = 1; st; at++) {
        sluice_diag why = {.status = SLUICE_OK};
        sl_test_allocator_arm(&allocator, at, at % 2);
        st = call(&why);
        ck_assert_int_eq(allocator.n_live, 0);
        ck_assert_int_eq(allocator.n_wrong, 0);
        if (!sl_test_allocator_failed(&allocator))
            break;
        ck_assert_int_gt(at, 0);
        ck_assert_int_eq(st, SLUICE_NO_MEMORY);
        ck_assert_int_eq(why.status, SLUICE_NO_MEMORY);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_gt(allocator.n_calls, 0);
}

static int64_t bursts(const struct play *play, sluice_action a)
{
    bool quick = a.kind == SLUICE_F && !a.stage && a.microbatch % 8 < 4;
    return quick ? play->forward_ns / 10 : play->forward_ns;
}

START_TEST(each_allocation_may_fail)
{
    sl_test_allocator_init(&allocator);
    p = (struct play){.forward_ns = 10, .backward_ns = 20};
    play(&p, "1f1b", 3, 4, SLUICE_IN_ORDER);
    sweep(attribute);
    /* Full queues and preemption: a step that is executed again. */
    p = (struct play){.cost = bursts, .forward_ns = 1000, .capacity = 1};
    play(&p, "gpipe", 2, 16, SLUICE_REVERSE);
    for (int i = 0; i < 32; i++)
        p.events[1][i].cpu_ns /= 2;
    sweep(attribute);
    sweep(text);
    sweep(svg);
    sweep(chrome);
    sweep(html);
    sweep(file);
    ck_assert_int_ne(access("/tmp/sluice-oom.svg", F_OK), 0);
}
END_TEST

SLUICE_TEST_MAIN("report.oom", each_allocation_may_fail)
