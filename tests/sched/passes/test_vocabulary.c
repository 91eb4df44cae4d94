/* The pass that cuts the output layer across all devices. */
#include <sluice/schedule_formula.h>
#include <sluice/schedule_text.h>
#include <sluice/simulate.h>

#include "sched/every.h"
#include "support/runner.h"
#include "support/cut/vocabulary.h"

enum { MOST_DEVICES = 8, WIDE = 64 /* a queue that is never full */ };

/* Costs in ns of one stage's F, I, W, S and T. */
struct costs {
    int64_t f, i, w, s, t;
};

static const struct costs heads[] = {
    {600, 600, 600, 180, 90},    {600, 600, 600, 545, 272},
    {600, 600, 600, 3000, 1500}, {500, 625, 375, 450, 225},
    {600, 900, 900, 60, 30},     {1000, 400, 300, 77, 901},
};

static void fill(int64_t costs_ns[SLUICE_N_ACTION_KINDS], struct costs of)
{
    const int64_t costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = of.f, [SLUICE_B] = of.i + of.w, [SLUICE_I] = of.i,
        [SLUICE_W] = of.w, [SLUICE_S] = of.s,        [SLUICE_T] = of.t,
    };
    memcpy(costs_ns, costs, sizeof costs);
}

/* Idle time of the device that is idle longest. */
static int64_t idle_of(const sluice_schedule *schedule, const int64_t *costs_ns,
                       int64_t latency_ns)
{
    sluice_time_share devices[MOST_DEVICES], all;
    sluice_simulation *simulation = NULL;
    sluice_diag why = {.text = ""};
    sluice_simulate_config config = {.costs_ns = costs_ns,
                                     .queue_capacity = WIDE,
                                     .latency_ns = latency_ns,
                                     .no_barrier = true};
    ck_assert_msg(!sluice_simulate(schedule, &config, &simulation, &why), "%s",
                  why.text);
    sluice_simulation_account(simulation, devices, &all);
    int64_t most = 0;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int64_t idle = devices[d].makespan_ns - devices[d].busy_ns;
        most = idle > most ? idle : most;
    }
    sluice_simulation_destroy(simulation);
    return most;
}

static double formula(const char *name, int k, int m, struct costs of)
{
    return sluice_schedule_idle(
        &(sluice_schedule_config){
            .name = name, .devices = k, .microbatches = m},
        &(sluice_device_costs){(double)of.f, (double)of.i, (double)of.w});
}

/* With micro-batches enough that the forwards of the first device end before
 * its first backward could begin. */
START_TEST(cut_1f1b_is_idle_as_1f1b_without_the_layer)
{
    for (int k = 2; k <= MOST_DEVICES; k *= 2)
        for (int m = k; m <= 8 * k; m *= 2)
            for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                int64_t costs_ns[SLUICE_N_ACTION_KINDS];
                fill(costs_ns, heads[i]);
                sluice_schedule *cut = sl_test_vocabulary(
                    "1f1b", k, m,
                    &(sluice_vocabulary_config){.costs_ns = costs_ns,
                                                .queue_capacity = WIDE});
                ck_assert_double_eq((double)idle_of(cut, costs_ns, 0),
                                    formula("1f1b", k, m, heads[i]));
                sluice_schedule_destroy(cut);
            }
}
END_TEST

START_TEST(cut_1f1b_holds_one_activation_more)
{
    for (int k = 2; k <= MOST_DEVICES; k *= 2) {
        sluice_device_facts facts[MOST_DEVICES];
        sluice_schedule *cut = sl_test_vocabulary(
            "1f1b", k, 2 * k, &(sluice_vocabulary_config){0});
        ck_assert_int_eq(sluice_schedule_verify(cut, &(sluice_verify_config){0},
                                                facts, NULL),
                         SLUICE_OK);
        for (int r = 0; r < k; r++)
            ck_assert_int_eq(facts[r].peak_activations, k + 1 - r);
        sluice_schedule_destroy(cut);
    }
}
END_TEST

START_TEST(cut_zb_v_is_idle_and_holds_as_zb_v_without_the_layer)
{
    for (int k = 2; k <= MOST_DEVICES; k *= 2)
        for (size_t i = 0; i < 3; i++) {
            int m = 4 * k;
            struct costs half = heads[i];
            half.f /= 2, half.i /= 2, half.w /= 2;
            int64_t costs_ns[SLUICE_N_ACTION_KINDS];
            sluice_device_facts facts[MOST_DEVICES];
            fill(costs_ns, half);
            sluice_vocabulary_config config = {.costs_ns = costs_ns,
                                               .queue_capacity = WIDE};
            sluice_schedule *cut = sl_test_vocabulary("zb-v", k, m, &config);
            ck_assert_double_eq((double)idle_of(cut, costs_ns, 0),
                                formula("zb-v", k, m, heads[i]));
            ck_assert_int_eq(
                sluice_schedule_verify(
                    cut, &(sluice_verify_config){.queue_capacity = WIDE}, facts,
                    NULL),
                SLUICE_OK);
            for (int r = 0; r < k; r++)
                ck_assert_int_eq(facts[r].peak_activations, 2 * k);
            sluice_schedule_destroy(cut);
        }
}
END_TEST

START_TEST(what_another_device_gives_arrives_the_latency_later)
{
    int64_t costs_ns[SLUICE_N_ACTION_KINDS];
    fill(costs_ns, (struct costs){100, 100, 100, 10, 10});
    sluice_schedule *cut = sl_test_vocabulary(
        "1f1b", 2, 1, &(sluice_vocabulary_config){.costs_ns = costs_ns});
    /* F F S, and B B: three hand-offs, that of device 0's scores included, lie
     * on the way of the only micro-batch. */
    int64_t idle = idle_of(cut, costs_ns, 0);
    ck_assert_int_eq(idle_of(cut, costs_ns, 7), idle + 4 * 7);
    sluice_schedule_destroy(cut);
}
END_TEST

static sluice_schedule *read_text(const char *csv)
{
    sluice_schedule *schedule = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_NEW,
                                             NULL, &schedule, &why),
                  "%s", why.text);
    return schedule;
}

START_TEST(the_text_of_a_cut_schedule_is_read_again)
{
    sluice_schedule *cut =
        sl_test_vocabulary("1f1b", 2, 3, &(sluice_vocabulary_config){0});
    size_t length;
    char csv[1024];
    ck_assert_int_eq(
        sluice_schedule_format_csv(cut, false, csv, sizeof csv, &length, NULL),
        SLUICE_OK);
    ck_assert_str_eq(csv, "0F0,0F1,0S0,0T0,0F2,0S1,0T1,0B0,0S2,0T2,0B1,0B2,"
                          "0UPDATE\n"
                          "1F0,1S0,1T0,1F1,1S1,1T1,1B0,1F2,1S2,1B1,1T2,1B2,"
                          "1UPDATE\n");
    sluice_schedule *again = read_text(csv);
    assert_same(again, cut);
    sluice_schedule_destroy(again);
    ck_assert_int_eq(
        sluice_schedule_format_csv(cut, true, csv, sizeof csv, &length, NULL),
        SLUICE_INVALID);
    sluice_schedule_destroy(cut);
}
END_TEST

/* A queue that only just carries the schedule may be too small: a device that
 * waits for room cannot do the S that others wait for. */
static void check_one(const struct every *of)
{
    sluice_schedule *cut = NULL;
    sluice_diag why = {.text = ""};
    const sluice_schedule *schedule = of->schedule;
    sluice_vocabulary_config config = {.queue_capacity = of->capacity};
    sluice_status st =
        sluice_schedule_vocabulary(schedule, &config, &cut, &why);
    if (st == SLUICE_SCHEDULE) {
        ck_assert_msg(strstr(why.text, "enlarge the queues") != NULL, "%s",
                      why.text);
        config.queue_capacity = of->capacity + 1;
        st = sluice_schedule_vocabulary(schedule, &config, &cut, &why);
    }
    bool may = sluice_schedule_n_copies(schedule) == 1 &&
               sluice_schedule_n_updates(schedule) <= 1;
    ck_assert_msg(st == (may ? SLUICE_OK : SLUICE_INVALID), "%s", why.text);
    if (st)
        return;
    ck_assert_int_eq(sluice_schedule_vocabulary(
                         cut, &(sluice_vocabulary_config){0}, &cut, &why),
                     SLUICE_INVALID);
    sluice_schedule_destroy(cut);
}

START_TEST(every_synchronous_schedule_of_one_copy_can_be_cut_once)
{
    ck_assert_int_ge(for_every(check_one), 250);
}
END_TEST

static void assert_refused(const char *csv, const char *says)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = read_text(csv);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sluice_schedule_destroy(schedule);
}

START_TEST(what_is_wrong_with_s_and_t_is_said)
{
    assert_refused("0F0,0S0,0T0,0B0,0UPDATE\n1F0,1S0,1B0,1UPDATE\n",
                   "complete: 1T0 is missing");
    assert_refused("0F0,1F0,1S0,1T0,1B0,0B0,0UPDATE,1UPDATE\n",
                   "vocabulary: 1S0 at position 2 of device 0 is not of its "
                   "device's first stage");
    assert_refused("0F0,0F1,0S1,0S0,0T0,0T1,0B0,0B1,0UPDATE\n",
                   "vocabulary: 0S1 at position 2 of device 0 is out of order");
    assert_refused("0F0,0S0,0T0,0B0,0UPDATE,0F1,0S1,0T1,0B1,0UPDATE\n",
                   "vocabulary: 0S0 at position 1 of device 0 stands in an "
                   "asynchronous schedule");
    assert_refused("0F0,0T0,0S0,0B0,0UPDATE\n",
                   "order: 0T0 at position 1 of device 0 waits for 0S0");
    assert_refused("0F0,0B0,0S0,0T0,0UPDATE\n",
                   "order: 0B0 at position 1 of device 0 waits for 0S0");
    assert_refused("0F0,0S0,0T0,0F1,0B0,0S1,0T1,0B1,0UPDATE\n"
                   "1F0,1F1,1S0,1T0,1B0,1S1,1T1,1B1,1UPDATE\n",
                   "deadlock: ");
}
END_TEST

static void assert_not_cut(const sluice_schedule *schedule,
                           const int64_t *costs_ns, const char *says)
{
    sluice_schedule *cut = NULL;
    sluice_diag why = {.text = ""};
    const sluice_vocabulary_config config = {.costs_ns = costs_ns};
    ck_assert_int_eq(sluice_schedule_vocabulary(schedule, &config, &cut, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_null(cut);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(what_cannot_be_cut_is_refused)
{
    static const int64_t negative[SLUICE_N_ACTION_KINDS] = {[SLUICE_S] = -1};
    sluice_schedule *plain = every_make("1f1b", 2, 3), *lowered = NULL;
    sluice_schedule *cut =
        sl_test_vocabulary("1f1b", 2, 3, &(sluice_vocabulary_config){0});
    ck_assert_int_eq(sluice_schedule_lower(plain, 2, &lowered, NULL),
                     SLUICE_OK);
    assert_not_cut(cut, NULL, "cuts the vocabulary already");
    assert_not_cut(plain, negative, "an action costs -1 ns");
    assert_not_cut(lowered, NULL, "then cut its vocabulary");
    sluice_schedule_destroy(lowered);
    sluice_schedule_destroy(cut);
    sluice_schedule_destroy(plain);
}
END_TEST

SLUICE_TEST_MAIN("sched.vocabulary", cut_1f1b_is_idle_as_1f1b_without_the_layer,
                 cut_1f1b_holds_one_activation_more,
                 cut_zb_v_is_idle_and_holds_as_zb_v_without_the_layer,
                 what_another_device_gives_arrives_the_latency_later,
                 the_text_of_a_cut_schedule_is_read_again,
                 every_synchronous_schedule_of_one_copy_can_be_cut_once,
                 what_is_wrong_with_s_and_t_is_said,
                 what_cannot_be_cut_is_refused)
