/* Recomputes stage by stage, and where the device would wait. */
#include <sluice/schedule_passes.h>

#include <limits.h>

#include "sched/every.h"
#include "support/runner.h"

static sluice_schedule *recompute(const sluice_schedule *schedule,
                                  sluice_recompute_config config)
{
    sluice_schedule *out = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_recompute(schedule, &config, &out, &why),
                  "%s", why.text);
    return out;
}

START_TEST(each_stage_has_its_own_choice)
{
    const sluice_remat choices[] = {SLUICE_REMAT_ALWAYS, SLUICE_REMAT_NEVER,
                                    SLUICE_REMAT_EXCEPT_LAST};
    sluice_schedule *plain = every_make("gpipe", 3, 2);
    sluice_schedule *have =
        recompute(plain, (sluice_recompute_config){.stage_remat = choices});
    assert_text(have, "0:     0F0     0F1     0R1     0B1     0R0     0B0 "
                      "0UPDATE\n"
                      "1:     1F0     1F1     1B1     1B0 1UPDATE\n"
                      "2:     2F0     2F1     2B1     2R0     2B0 2UPDATE\n");
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(plain);
}
END_TEST

/* Device 1 waits long for each forward of a slow stage 0. */
START_TEST(a_recompute_goes_before_a_forward_that_is_late)
{
    static const int64_t costs[3][SLUICE_N_ACTION_KINDS] = {
        [0] = {[SLUICE_F] = 9, [SLUICE_B] = 2, [SLUICE_R] = 9},
        [1] = {[SLUICE_F] = 1, [SLUICE_B] = 2, [SLUICE_R] = 1},
        [2] = {[SLUICE_F] = 1, [SLUICE_B] = 2, [SLUICE_R] = 1},
    };
    sluice_schedule *plain = every_make("1f1b", 3, 3);
    sluice_schedule *have = recompute(plain, (sluice_recompute_config){
                                                 .remat = SLUICE_REMAT_ALWAYS,
                                                 .early = true,
                                                 .stage_costs_ns = costs[0],
                                             });
    assert_text(have,
                "0:     0F0     0F1     0F2     0R0     0B0     0R1     0B1 "
                "    0R2     0B2 0UPDATE\n"
                "1:     1F0     1R0     1F1     1B0     1R1     1F2     1B1 "
                "    1R2     1B2 1UPDATE\n"
                "2:     2F0     2R0     2B0     2F1     2R1     2B1     2F2 "
                "    2R2     2B2 2UPDATE\n");
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(plain);
}
END_TEST

START_TEST(what_never_waits_stays_where_it_was)
{
    sluice_schedule *plain = every_make("gpipe", 4, 5);
    const sluice_recompute_config at_once = {.remat = SLUICE_REMAT_ALWAYS};
    const sluice_recompute_config early = {.remat = SLUICE_REMAT_ALWAYS,
                                           .early = true};
    sluice_schedule *a = recompute(plain, at_once);
    sluice_schedule *b = recompute(plain, early);
    assert_same(a, b);
    sluice_schedule_destroy(b);
    sluice_schedule_destroy(a);
    sluice_schedule_destroy(plain);
}
END_TEST

START_TEST(without_backwards_there_is_nothing_to_place)
{
    sluice_schedule *plain = every_make("forward", 2, 3);
    sluice_schedule *have =
        recompute(plain, (sluice_recompute_config){.remat = SLUICE_REMAT_ALWAYS,
                                                   .early = true});
    assert_same(have, plain);
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(plain);
}
END_TEST

/* No R comes before the backward of the R before it. */
static void assert_one_at_a_time(const sluice_schedule *schedule)
{
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n, open = 0;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        sluice_action last = {0};
        for (int i = 0; i < n; i++) {
            sluice_action a = actions[i];
            if (a.kind == SLUICE_R) {
                ck_assert_int_eq(open++, 0);
                last = a;
            }
            if ((a.kind == SLUICE_B || a.kind == SLUICE_I) && open &&
                a.stage == last.stage && a.microbatch == last.microbatch)
                open = 0;
        }
        ck_assert_int_eq(open, 0);
    }
}

static void check_choice(const struct every *of, sluice_recompute_config config)
{
    static const int64_t uneven[] = {
        [SLUICE_F] = 5, [SLUICE_B] = 11, [SLUICE_I] = 7,
        [SLUICE_W] = 4, [SLUICE_R] = 3,  [SLUICE_UPDATE] = 0,
    };
    sluice_device_facts before[EVERY_DEVICES], after[EVERY_DEVICES];
    sluice_schedule *at_once = recompute(of->schedule, config);
    assert_runs_too(of, at_once, before);
    config.early = true;
    for (int i = 0; i < 2; i++) {
        config.costs_ns = i ? uneven : NULL;
        sluice_schedule *early = recompute(of->schedule, config);
        assert_runs_too(of, early, after);
        assert_one_at_a_time(early);
        for (int d = 0; d < of->devices; d++) {
            ck_assert_int_eq(after[d].n_actions, before[d].n_actions);
            ck_assert_int_eq(after[d].peak_activations,
                             before[d].peak_activations);
            ck_assert_int_le(after[d].peak_inner, before[d].peak_inner);
        }
        sluice_schedule_destroy(early);
    }
    sluice_schedule_destroy(at_once);
}

static void check_one(const struct every *of)
{
    sluice_remat mixed[SLUICE_MAX_STAGES];
    if (!strcmp(of->name, "varuna")) /* recomputes already */
        return;
    for (int s = 0; s < sluice_schedule_n_stages(of->schedule); s++)
        mixed[s] = (sluice_remat)(s % 3);
    for (int remat = 0; remat <= SLUICE_REMAT_EXCEPT_LAST; remat++)
        check_choice(of, (sluice_recompute_config){.remat = remat});
    check_choice(of, (sluice_recompute_config){.stage_remat = mixed});
}

START_TEST(every_schedule_runs_with_early_recomputes_in_the_same_memory)
{
    ck_assert_int_ge(for_every(check_one), 250);
}
END_TEST

static void assert_refused(const sluice_schedule *schedule,
                           sluice_recompute_config config, sluice_status status,
                           const char *says)
{
    sluice_schedule *out = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_schedule_recompute(schedule, &config, &out, &why),
                     status);
    ck_assert_ptr_null(out);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(bad_choices_costs_and_schedules_are_refused)
{
    const sluice_remat choices[] = {SLUICE_REMAT_NEVER, (sluice_remat)7};
    int64_t costs[2 * SLUICE_N_ACTION_KINDS] = {1, 1, 1, 1, 1, 0};
    sluice_recompute_config early = {
        .remat = SLUICE_REMAT_ALWAYS, .early = true, .costs_ns = costs};
    sluice_schedule *plain = every_make("1f1b", 2, 2), *empty;
    assert_refused(plain, (sluice_recompute_config){.stage_remat = choices},
                   SLUICE_INVALID, "rematerialization 7");
    costs[SLUICE_R] = -1;
    assert_refused(plain, early, SLUICE_INVALID, "a cost of -1");
    costs[SLUICE_R] = INT64_MAX / 3;
    assert_refused(plain, early, SLUICE_INVALID,
                   "the costs of all actions exceed 9223372036854775807");
    costs[SLUICE_R] = 1;
    early.stage_costs_ns = costs;
    assert_refused(plain, early, SLUICE_INVALID, "costs of both kinds");
    early.stage_costs_ns = NULL;
    ck_assert_int_eq(
        sluice_schedule_create(1, 1, 1, (const int[]){0}, NULL, &empty, NULL),
        SLUICE_OK);
    sluice_schedule_append(empty, 0, (sluice_action){SLUICE_B, 0, 0}, NULL);
    assert_refused(empty, early, SLUICE_SCHEDULE, "0F0 is missing");
    sluice_schedule_destroy(empty);
    sluice_schedule_destroy(plain);
}
END_TEST

SLUICE_TEST_MAIN("sched.remat_early", each_stage_has_its_own_choice,
                 a_recompute_goes_before_a_forward_that_is_late,
                 what_never_waits_stays_where_it_was,
                 without_backwards_there_is_nothing_to_place,
                 every_schedule_runs_with_early_recomputes_in_the_same_memory,
                 bad_choices_costs_and_schedules_are_refused)
