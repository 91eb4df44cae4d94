/* The search for a schedule against every schedule of the generators. */
#include <sluice/search.h>

#include <string.h>

#include "sched/failing.h"
#include "sim/priced.h"
#include "support/grid.h"
#include "support/runner.h"

enum { MAX_STAGES = 16, KINDS = SLUICE_N_ACTION_KINDS };

struct costs {
    int64_t ns[MAX_STAGES][KINDS];
};

/* Of stages of which every third one is larger by `more` tenths. */
static struct costs costs_of(int64_t f, int64_t i, int64_t w, int more)
{
    struct costs costs;
    for (int s = 0; s < MAX_STAGES; s++) {
        struct price one = price_of(f, i, w);
        for (int kind = 0; kind < KINDS; kind++)
            costs.ns[s][kind] = one.ns[kind] * (10 + (s % 3 == 2) * more) / 10;
    }
    return costs;
}

static int64_t makespan_of(const sluice_schedule *schedule,
                           const sluice_search_config *config)
{
    sluice_simulation *simulation;
    sluice_time_share all;
    if (sluice_simulate(
            schedule,
            &(sluice_simulate_config){.stage_costs_ns = config->stage_costs_ns,
                                      .latency_ns = config->latency_ns,
                                      .queue_capacity = config->queue_capacity},
            &simulation, NULL))
        return INT64_MAX; /* it does not run with these queues */
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    return all.makespan_ns;
}

/* The most pairs of stage and micro-batch that a device holds. */
static int peak_of(const sluice_schedule *schedule, int capacity)
{
    sluice_device_facts facts[8];
    int peak = 0;
    const sluice_verify_config config = {.queue_capacity = capacity};
    ck_assert(!sluice_schedule_verify(schedule, &config, facts, NULL));
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++)
        if (facts[d].peak_activations > peak)
            peak = facts[d].peak_activations;
    return peak;
}

/* A generator's makespan, INT64_MAX if it is not one to compare with. */
static int64_t fixed_makespan(const sluice_search_config *config,
                              const char *name, int chunks)
{
    sluice_schedule *schedule;
    sluice_schedule_config wanted = {
        .name = name,
        .devices = config->devices,
        .microbatches = config->microbatches,
        .chunks = chunks,
    };
    int64_t made = INT64_MAX;
    if (sluice_schedule_generate(&wanted, &schedule, NULL))
        return made;
    if (sluice_schedule_n_stages(schedule) == chunks * config->devices &&
        sluice_schedule_n_copies(schedule) == 1 &&
        sluice_schedule_n_updates(schedule) == 1)
        made = makespan_of(schedule, config);
    if (made < INT64_MAX && config->limit &&
        peak_of(schedule, config->queue_capacity) > config->limit)
        made = INT64_MAX;
    sluice_schedule_destroy(schedule);
    return made;
}

/* What is found is as told, keeps the limit, and no generator's is better; how
 * much better it is than the best of those. */
static int64_t check(sluice_search_config config, int chunks)
{
    sluice_schedule *schedule;
    sluice_search_result result;
    sluice_diag why = {.text = ""};
    config.stages = chunks * config.devices;
    sluice_status st =
        sluice_schedule_search(&config, &schedule, &result, &why);
    ck_assert_msg(!st, "%s", why.text);
    ck_assert_int_eq(makespan_of(schedule, &config), result.makespan_ns);
    ck_assert(!config.limit ||
              peak_of(schedule, config.queue_capacity) <= config.limit);
    int64_t best = INT64_MAX;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        int64_t made = fixed_makespan(&config, name, chunks);
        ck_assert_msg(made >= result.makespan_ns, "%s takes %lld, not %lld",
                      name, (long long)made, (long long)result.makespan_ns);
        best = made < best ? made : best;
    }
    sluice_schedule_destroy(schedule);
    return best == INT64_MAX ? 0 : best - result.makespan_ns;
}

START_TEST(nothing_fixed_is_better)
{
    static const int64_t times[][3] = {
        {UNIT, UNIT, UNIT}, {UNIT, 1250, 750}, {UNIT, 600, 1400}};
    int n_better = 0, n_taken = 0, n_points = 0;
    for (int k = 1; k <= 4; k++)
        for (int m = 1; m <= 9; m += 4)
            for (int chunks = 1; chunks <= 3; chunks++)
                for (int i = 0; i < 12; i++) {
                    n_points++;
                    if (sl_test_skips())
                        continue;
                    n_taken++;
                    const int64_t *t = times[i % 3];
                    struct costs costs = costs_of(t[0], t[1], t[2], i % 2 * 7);
                    n_better += check(
                                    (sluice_search_config){
                                        .devices = k,
                                        .microbatches = m,
                                        .stage_costs_ns = costs.ns[0],
                                        .latency_ns = i / 6 * (UNIT / 5),
                                        .queue_capacity = 1 + i % 4,
                                        .tries = 50,
                                    },
                                    chunks) > 0;
                }
    ck_assert_int_gt(n_better * n_points, 20 * n_taken);
}
END_TEST

START_TEST(no_device_holds_more_than_the_limit)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 5);
    for (int k = 1; k <= 4; k++)
        for (int limit = k < 2 ? 1 : 2; limit <= 9; limit++)
            check(
                (sluice_search_config){
                    .devices = k,
                    .microbatches = 8,
                    .stage_costs_ns = costs.ns[0],
                    .queue_capacity = 2,
                    .limit = limit,
                    .tries = 50,
                },
                1);
}
END_TEST

/* 1f1b needs 4; with 2 it takes longer, but it can be done. */
START_TEST(memory_is_traded_for_time)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 0);
    sluice_search_result tight, loose;
    sluice_search_config config = {.devices = 4,
                                   .microbatches = 8,
                                   .stage_costs_ns = costs.ns[0],
                                   .limit = 2};
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_search(&config, &schedule, &tight, NULL));
    sluice_schedule_destroy(schedule);
    ck_assert_ptr_null(tight.fixed);
    ck_assert_int_eq(tight.fixed_ns, -1);
    ck_assert_str_eq(tight.found, "list scheduling");
    config.limit = 0;
    ck_assert(!sluice_schedule_search(&config, &schedule, &loose, NULL));
    sluice_schedule_destroy(schedule);
    ck_assert_ptr_nonnull(loose.fixed);
    ck_assert_int_lt(loose.makespan_ns, tight.makespan_ns);
    /* All work, and the way through the pipeline to the last device. */
    ck_assert_int_eq(loose.makespan_ns, (8 * 3 + 3) * UNIT);
}
END_TEST

/* Of ZB-H2 the span is the work alone at equal costs, which no order beats:
 * that is found, and with it the bound.  The makespan is K - 1 F's longer. */
START_TEST(a_short_span_is_found_where_that_is_asked_for)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 0);
    sluice_search_result result;
    sluice_schedule *schedule;
    const sluice_search_config config = {.devices = 4,
                                         .microbatches = 8,
                                         .stage_costs_ns = costs.ns[0],
                                         .queue_capacity = 8,
                                         .objective = SLUICE_SPAN};
    ck_assert(!sluice_schedule_search(&config, &schedule, &result, NULL));
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(result.bound_ns, 8 * 3 * UNIT);
    ck_assert_int_eq(result.span_ns, result.bound_ns);
    ck_assert_int_eq(result.makespan_ns, (8 * 3 + 3) * UNIT);
}
END_TEST

START_TEST(bytes_weigh_stages_differently)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 0);
    const int64_t bytes[] = {100, 1};
    sluice_schedule *schedule;
    sluice_device_facts facts[2];
    sluice_search_config config = {.devices = 2,
                                   .microbatches = 6,
                                   .stage_costs_ns = costs.ns[0],
                                   .activation_bytes = bytes,
                                   .limit = 200};
    ck_assert(!sluice_schedule_search(&config, &schedule, NULL, NULL));
    ck_assert(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                      facts, NULL));
    ck_assert_int_le(facts[0].peak_activations, 2);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* What a device holds at most, with `all` from F to I and `kept` to W. */
static int64_t most_held(const sluice_schedule *schedule, int d, int all,
                         int kept)
{
    int n;
    int64_t held = 0, most = 0;
    const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
    for (int i = 0; i < n; i++) {
        held += actions[i].kind == SLUICE_F   ? all
                : actions[i].kind == SLUICE_I ? kept - all
                : actions[i].kind == SLUICE_W ? -kept
                : actions[i].kind == SLUICE_B ? -all
                                              : 0;
        most = held > most ? held : most;
    }
    ck_assert_int_eq(held, 0);
    return most;
}

START_TEST(what_an_i_frees_makes_room_within_the_limit)
{
    enum { ALL = 10, LIMIT = 45, M = 9 };
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 0);
    for (int k = 1; k <= 4; k++)
        for (int chunks = 1; chunks <= 2; chunks++) {
            int64_t before = INT64_MAX;
            for (int kept = ALL; kept >= 0; kept -= 2) {
                int64_t all_of[2 * 4], kept_of[2 * 4];
                sluice_schedule *schedule;
                sluice_search_result result;
                for (int s = 0; s < chunks * k; s++) {
                    all_of[s] = ALL;
                    kept_of[s] = kept;
                }
                const sluice_search_config config = {
                    .devices = k,
                    .stages = chunks * k,
                    .microbatches = M,
                    .stage_costs_ns = costs.ns[0],
                    .queue_capacity = M,
                    .activation_bytes = all_of,
                    .weight_bytes = kept_of,
                    .limit = LIMIT,
                    .objective = SLUICE_SPAN,
                    .tries = -1,
                };
                ck_assert(
                    !sluice_schedule_search(&config, &schedule, &result, NULL));
                for (int d = 0; d < k; d++)
                    ck_assert_int_le(most_held(schedule, d, ALL, kept), LIMIT);
                sluice_schedule_destroy(schedule);
                before = chunks == 1 && kept == ALL ? result.span_ns : before;
                if (chunks == 1)
                    ck_assert_int_le(result.span_ns, before);
            }
        }
}
END_TEST

START_TEST(the_same_question_has_the_same_answer)
{
    struct costs costs = costs_of(UNIT, 1250, 750, 7);
    char text[2][8192];
    for (int i = 0; i < 2; i++) {
        sluice_schedule *schedule;
        sluice_search_config config = {.devices = 3,
                                       .stages = 6,
                                       .microbatches = 7,
                                       .stage_costs_ns = costs.ns[0],
                                       .latency_ns = 200,
                                       .seed = 5};
        ck_assert(!sluice_schedule_search(&config, &schedule, NULL, NULL));
        sluice_schedule_format(schedule, text[i], sizeof text[i]);
        sluice_schedule_destroy(schedule);
    }
    ck_assert_str_eq(text[0], text[1]);
}
END_TEST

static void assert_refused(sluice_search_config config, sluice_status status,
                           const char *says)
{
    sluice_schedule *schedule = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_schedule_search(&config, &schedule, NULL, &why),
                     status);
    ck_assert_ptr_null(schedule);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(what_cannot_be_is_refused_with_the_reason)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 0);
    const int64_t bytes[] = {-4, 1};
    const sluice_search_config good = {
        .devices = 2, .microbatches = 4, .stage_costs_ns = costs.ns[0]};
    sluice_search_config config = good;
    config.devices = 0;
    assert_refused(config, SLUICE_INVALID, "0 devices");
    config = good;
    config.microbatches = 65537;
    assert_refused(config, SLUICE_INVALID, "65537 micro-batches");
    config = good;
    config.stages = 3;
    assert_refused(config, SLUICE_INVALID, "3 stages on 2 devices");
    config = good;
    config.latency_ns = -1;
    assert_refused(config, SLUICE_INVALID, "latency -1 ns");
    config = good;
    config.objective = SLUICE_N_OBJECTIVES;
    assert_refused(config, SLUICE_INVALID, "objective 2");
    config = good;
    config.stage_costs_ns = NULL;
    assert_refused(config, SLUICE_INVALID, "without costs");
    config = good;
    config.activation_bytes = bytes;
    assert_refused(config, SLUICE_INVALID,
                   "stage 0 holds -4 bytes: give 0 to ");
    config = good;
    config.weight_bytes = (const int64_t[]){1, 2};
    assert_refused(config, SLUICE_INVALID,
                   "stage 1 holds 2 bytes from I to W: give 0 to 1");
    config = good;
    config.stages = 4;
    config.limit = 1;
    assert_refused(config, SLUICE_NOT_FOUND, "the limit of 1");
    costs.ns[1][SLUICE_I] = -1;
    assert_refused(good, SLUICE_INVALID, "stage 1 has a cost of -1 ns");
    costs = costs_of(UNIT, UNIT, UNIT, 0);
    costs.ns[5][SLUICE_I] =
        INT64_MAX / 4; /* no generator of 3 K stages has I */
    config = good;
    config.stages = 6;
    assert_refused(config, SLUICE_INVALID, "exceed 9223372036854775807 ns");
}
END_TEST

START_TEST(every_failed_allocation_is_a_status_without_a_leak)
{
    struct costs costs = costs_of(UNIT, UNIT, UNIT, 7);
    int n = 0;
    sluice_status st;
    do {
        struct failing failing = {.fail_at = n += 7};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_schedule *schedule = NULL;
        sluice_search_config config = {
            .devices = 2,
            .microbatches = 2,
            .stage_costs_ns = costs.ns[0],
            .tries = 20,
            .allocator = &allocator,
        };
        st = sluice_schedule_search(&config, &schedule, NULL, NULL);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
        sluice_schedule_destroy(schedule);
        ck_assert_int_eq(failing.n_live, 0);
    } while (st);
    ck_assert_int_gt(n, 700);
}
END_TEST

SLUICE_TEST_MAIN("search.search", nothing_fixed_is_better,
                 no_device_holds_more_than_the_limit, memory_is_traded_for_time,
                 a_short_span_is_found_where_that_is_asked_for,
                 bytes_weigh_stages_differently,
                 what_an_i_frees_makes_room_within_the_limit,
                 the_same_question_has_the_same_answer,
                 what_cannot_be_is_refused_with_the_reason,
                 every_failed_allocation_is_a_status_without_a_leak)
