/*
 * Traces whose times may be anything: each function refuses them or does its
 * work, and no sum leaves the range.  That is seen by the sanitizer of
 * undefined behaviour; without it, where idle time goes must still add up.
 */
#include <sluice/attribution.h>
#include <sluice/report.h>
#include <sluice/simulate.h>

#include "report/collect.h"
#include "support/grid.h"
#include "support/runner.h"

enum { K = 2, N = 8, ROUNDS = 20000 / SL_TEST_STRIDE };

static const int64_t extremes[] = {INT64_MIN,
                                   INT64_MIN + 1,
                                   INT64_MIN / 2,
                                   INT64_MIN / 32,
                                   -1000,
                                   -1,
                                   0,
                                   1,
                                   2,
                                   1000,
                                   INT64_MAX / 64,
                                   INT64_MAX / 32,
                                   INT64_MAX / 9,
                                   INT64_MAX / 2,
                                   INT64_MAX - 1,
                                   INT64_MAX};

enum { N_EXTREMES = sizeof extremes / sizeof *extremes };

/* A made-up trace of two micro-batches. */
struct hostile {
    sluice_trace_event events[K][N];
    const sluice_trace_event *rows[K];
    int n_events[K];
    sluice_trace trace;
};

static const sluice_action actions[N] = {
    {SLUICE_F, 0, 0},           {SLUICE_RECV_F, 0, 0}, {SLUICE_F, 0, 1},
    {SLUICE_B, 0, 1},           {SLUICE_SEND_B, 0, 1}, {SLUICE_B, 0, 0},
    {SLUICE_REDUCE_GRAD, 0, 0}, {SLUICE_UPDATE, 0, 0}};

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int64_t draw(uint64_t *state)
{
    return extremes[next_random(state) % N_EXTREMES];
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Times in order, mostly: else few traces would come through the checks. */
static void fill_row(struct hostile *h, int device, uint64_t *state)
{
    int64_t times[2 * N];
    for (int i = 0; i < 2 * N; i++)
        times[i] = draw(state);
    if (next_random(state) % 8)
        qsort(times, 2 * N, sizeof *times, by_size);
    for (int i = 0; i < N; i++) {
        sluice_trace_event *e = &h->events[device][i];
        bool waits = next_random(state) % 8 == 0;
        *e = (sluice_trace_event){
            .action = actions[i],
            .start_ns = times[2 * i],
            .end_ns = times[2 * i + 1],
            .cpu_ns = draw(state),
            .virtual_start_ns = draw(state),
            .virtual_end_ns = draw(state),
            .virtual_output_wait_ns = draw(state),
            .input_wait_ns = waits ? draw(state) : INT64_MAX,
            .output_wait_ns = waits ? draw(state) : INT64_MAX,
        };
        e->action.stage = device;
    }
}

/* A quarter of the traces spans little enough to be accepted. */
static void clip(struct hostile *h)
{
    for (int d = 0; d < K; d++)
        for (int i = 0; i < N; i++) {
            sluice_trace_event *e = &h->events[d][i];
            e->start_ns /= 32;
            e->end_ns /= 32;
        }
}

static void make(struct hostile *h, uint64_t *state)
{
    for (int d = 0; d < K; d++) {
        fill_row(h, d, state);
        h->rows[d] = h->events[d];
        h->n_events[d] = N;
    }
    h->trace = (sluice_trace){
        .n_devices = K,
        .n_events = h->n_events,
        .events = h->rows,
        .start_ns = INT64_MIN,
        .end_ns = INT64_MAX,
    };
    if (next_random(state) % 2)
        return;
    clip(h);
    h->trace.start_ns = INT64_MIN / 32;
    h->trace.end_ns = INT64_MAX / 32;
}

static void check_attribution(const sluice_trace *trace, int *n_accepted)
{
    sluice_idle idle[K];
    sluice_attribution out;
    sluice_status st = sluice_trace_attribute(trace, NULL, idle, &out, NULL);
    ck_assert(st == SLUICE_OK || st == SLUICE_INVALID);
    *n_accepted += st == SLUICE_OK;
    for (int d = 0; d < K && !st; d++) {
        int64_t sum = idle[d].busy_ns;
        for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
            sum += idle[d].cause_ns[c];
        ck_assert_int_eq(sum, idle[d].total_ns);
    }
}

typedef sluice_status writer(const sluice_trace *trace,
                             const sluice_report_config *config,
                             sluice_sink sink, sluice_diag *why);

static void check_writers(const sluice_trace *trace)
{
    static writer *const writers[] = {sluice_report_text, sluice_report_svg,
                                      sluice_report_chrome};
    static const int64_t live[K] = {INT64_MAX, INT64_MIN};
    const sluice_report_config config = {.live_bytes = live};
    for (int w = 0; w < 3; w++) {
        struct collect c = {0};
        sluice_status st = writers[w](trace, &config, collect_sink(&c), NULL);
        ck_assert(st == SLUICE_OK || st == SLUICE_INVALID);
        collect_fini(&c);
    }
}

static void check_costs(const sluice_trace *trace)
{
    int64_t costs[K * SLUICE_N_ACTION_KINDS];
    for (int average = SLUICE_MEDIAN; average <= SLUICE_MEAN; average++) {
        sluice_status st = sluice_costs_measure(
            trace, K, (sluice_average)average, NULL, costs, NULL);
        ck_assert(st == SLUICE_OK || st == SLUICE_INVALID);
        for (int i = 0; i < K * SLUICE_N_ACTION_KINDS && !st; i++)
            ck_assert_int_ge(costs[i], -1);
    }
}

static void check_all(const sluice_trace *trace, int *n_accepted)
{
    sluice_time_share shares[K], all;
    sluice_trace_account(trace, shares, &all);
    check_attribution(trace, n_accepted);
    check_writers(trace);
    check_costs(trace);
}

START_TEST(times_of_any_size_leave_no_range)
{
    uint64_t state = 1;
    int n_accepted = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct hostile h;
        sluice_trace_event storage[K * N];
        const sluice_trace_event *rows[K];
        sluice_trace on_virtual_clock;
        make(&h, &state);
        check_all(&h.trace, &n_accepted);
        sluice_trace_virtual(&h.trace, storage, rows, &on_virtual_clock);
        check_all(&on_virtual_clock, &n_accepted);
    }
    ck_assert_int_gt(n_accepted, ROUNDS / 100);
}
END_TEST

/* The longest step that the simulator allows is too long to be divided. */
START_TEST(what_the_simulator_allows_is_attributed_or_refused)
{
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "gpipe", .devices = 1, .microbatches = 1},
        &schedule, NULL));
    for (int shift = 0; shift < 8; shift++) {
        int64_t costs[SLUICE_N_ACTION_KINDS] = {
            [SLUICE_F] = INT64_MAX / 3 >> shift,
            [SLUICE_B] = INT64_MAX / 3 >> shift};
        sluice_simulation *simulation;
        sluice_idle idle;
        sluice_attribution out;
        sluice_diag why;
        ck_assert(!sluice_simulate(schedule,
                                   &(sluice_simulate_config){.costs_ns = costs},
                                   &simulation, NULL));
        sluice_status st = sluice_trace_attribute(
            sluice_simulation_trace(simulation), NULL, &idle, &out, &why);
        ck_assert_int_eq(st, shift < 3 ? SLUICE_INVALID : SLUICE_OK);
        ck_assert(!st || strstr(why.text, "can be added up"));
        sluice_simulation_destroy(simulation);
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("report.times", times_of_any_size_leave_no_range,
                 what_the_simulator_allows_is_attributed_or_refused)
