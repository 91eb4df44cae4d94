/* What the rows of the generators promise of their schedules. */
#include "sched/generators/generator.h"

#include <string.h>

#include "support/grid.h"
#include "support/runner.h"

/* A generator with its numbers settled. */
struct subject {
    const struct sl_generator *generator;
    sluice_schedule_config config;
};

static struct subject subject_of(const sluice_schedule_config *config)
{
    struct subject subject;
    ck_assert_int_eq(
        sl_generator_find(config, &subject.generator, &subject.config, NULL),
        SLUICE_OK);
    return subject;
}

static struct sl_promise promise_of(const struct subject *of, int r)
{
    struct sl_promise promise = {0};
    of->generator->promise(&of->config, r, &promise);
    if (!promise.inner)
        promise.inner = promise.activations;
    if (!promise.versions)
        promise.versions = 1;
    if (!promise.places)
        promise.places = 1;
    return promise;
}

static void assert_facts(const sluice_device_facts *facts,
                         const struct subject *of)
{
    for (int r = 0; r < of->config.devices; r++) {
        struct sl_promise promise = promise_of(of, r);
        ck_assert_int_eq(facts[r].peak_versions, promise.versions);
        ck_assert_int_eq(facts[r].max_staleness, promise.versions - 1);
        if (promise.at_most && facts[r].peak_activations < promise.activations)
            continue;
        ck_assert_msg(facts[r].peak_activations == promise.activations,
                      "%s, K %d, M %d, device %d: %d, not %d",
                      of->generator->name, of->config.devices,
                      of->config.microbatches, r, facts[r].peak_activations,
                      promise.activations);
        ck_assert_int_eq(facts[r].peak_inner, promise.inner);
    }
}

/* What some (K, M) are refused for is tested below. */
static bool is_refused(const sluice_schedule_config *config)
{
    sluice_schedule *schedule;
    struct subject of = subject_of(config);
    int k = config->devices, m = config->microbatches;
    bool refused = of.generator->admit && of.generator->admit(&of.config, NULL);
    if (!strcmp(config->name, "dualpipe"))
        ck_assert_int_eq(refused, k % 2 || m % 2 || m < 2 * k);
    else if (!strcmp(config->name, "dualpipe-v"))
        ck_assert_int_eq(refused, m < 2 * k);
    else if (!strcmp(config->name, "pipedream-2bw"))
        ck_assert_int_eq(refused, m % k != 0);
    else if (!strcmp(config->name, "seq1f1b"))
        ck_assert_int_eq(refused, m % of.config.slices != 0);
    if (refused || !of.generator->check || m <= k || m % k == 0)
        return refused;
    if (sluice_schedule_generate(config, &schedule, NULL))
        return true;
    sluice_schedule_destroy(schedule);
    return false;
}

static void assert_runs(const sluice_schedule_config *wanted, int capacity)
{
    struct subject of = subject_of(wanted);
    struct sl_promise promise = promise_of(&of, 0);
    sluice_schedule *schedule = NULL;
    sluice_device_facts facts[8];
    sluice_diag why;
    sluice_verify_config config = {
        .queue_capacity = capacity,
        .forward_only = of.generator->forward_only,
    };
    int places = capacity ? capacity : SLUICE_QUEUE_CAPACITY;
    if (places < promise.places && promise.choosy)
        return;
    ck_assert_int_eq(sluice_schedule_generate(wanted, &schedule, NULL),
                     SLUICE_OK);
    sluice_status st = sluice_schedule_verify(schedule, &config, facts, &why);
    if (places < promise.places) {
        ck_assert_int_eq(st, SLUICE_SCHEDULE);
        ck_assert_int_eq(strncmp(why.text, "deadlock: ", 10), 0);
    } else {
        ck_assert_msg(st == SLUICE_OK, "%s", st ? why.text : "");
        assert_facts(facts, &of);
    }
    sluice_schedule_destroy(schedule);
}

START_TEST(every_schedule_runs_with_every_capacity_as_its_row_promises)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= 8; k++)
            for (int m = 1; m <= 20; m++) {
                sluice_schedule_config config = {
                    .name = sluice_schedule_generator(i),
                    .devices = k,
                    .microbatches = m,
                };
                if (sl_test_skips())
                    continue;
                for (int c = 0; c <= 4 && !is_refused(&config); c++) {
                    config.backward_order = SLUICE_REVERSE;
                    assert_runs(&config, c);
                    config.backward_order = SLUICE_IN_ORDER;
                    assert_runs(&config, c);
                }
            }
}
END_TEST

/* The known papers' numbers, so that a row cannot promise just anything. */
START_TEST(promises_are_those_of_the_papers)
{
    static const struct {
        const char *name;
        int first; /* activations of device 0 of 4, with 8 micro-batches */
        int last;  /* of device 3 */
    } papers[] = {
        {"gpipe", 8, 8},        {"1f1b", 4, 1},
        {"eager-1f1b", 7, 1},   {"zb-h1", 4, 4},
        {"zb-h2", 7, 7},        {"zb-v", 8, 8},
        {"v-half", 6, 6},       {"v-min", 4, 4},
        {"looped-bfs", 16, 16}, {"dualpipe", 5, 5},
        {"dualpipe-v", 9, 9},   {"interleaved-1f1b", 11, 5},
        {"pipedream", 4, 1},    {"pipedream-2bw", 4, 1},
        {"varuna", 7, 1},       {"forward", 0, 0},
        {"gis", 8, 5},          {"interleaved-zb", 8, 8},
        {"seq1f1b", 5, 2},
    };
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++) {
        const sluice_schedule_config config = {
            .name = papers[i].name, .devices = 4, .microbatches = 8};
        struct subject of = subject_of(&config);
        ck_assert_int_eq(promise_of(&of, 0).activations, papers[i].first);
        ck_assert_int_eq(promise_of(&of, 3).activations, papers[i].last);
    }
}
END_TEST

/* Groups of gis are at most as large as there are devices, 4. */
static int group_of(const char *name, int chosen, int m)
{
    if (!strcmp(name, "gis"))
        return 2 + chosen % 3;
    return chosen % 4 ? 0 : m;
}

START_TEST(promises_hold_whatever_is_chosen)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int chosen = 1; chosen <= 12; chosen++)
            for (int m = 4; m <= 12; m += 4) {
                int k = 4;
                sluice_schedule_config config = {
                    .name = sluice_schedule_generator(i),
                    .devices = k,
                    .microbatches = m,
                    .chunks = 1 + chosen % 3,
                    .warm_up = 1 + chosen % 2,
                    .group = group_of(sluice_schedule_generator(i), chosen, m),
                    .slices = 1 + chosen % 4,
                };
                if (!is_refused(&config) && !sl_test_skips())
                    assert_runs(&config, m);
            }
}
END_TEST

SLUICE_TEST_MAIN("sched.promises",
                 every_schedule_runs_with_every_capacity_as_its_row_promises,
                 promises_are_those_of_the_papers,
                 promises_hold_whatever_is_chosen)
