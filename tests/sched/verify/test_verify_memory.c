/* The rule `memory` at the ends of what may be said, and who is counted; and
 * that the verifier keeps to the lists that it is given. */
#include <stdint.h>
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "sched/every.h"
#include "sched/verify/findings.h"
#include "support/guarded.h"
#include "support/runner.h"

START_TEST(sizes_of_0_and_the_largest_are_taken)
{
    sluice_schedule *schedule = every_make("1f1b", 2, 2);
    sluice_device_facts facts[2];
    const int64_t most = INT64_MAX / 2 / 4; /* cells */
    int64_t bytes[2] = {0, most};
    sluice_verify_config config = {.input_bytes = bytes};
    ck_assert(!sluice_schedule_verify(schedule, &config, facts, NULL));
    ck_assert_int_eq(facts[0].peak_bytes, 0);
    ck_assert_int_eq(facts[1].peak_bytes, most);
    bytes[1]++;
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, facts, NULL),
                     SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(one_of_both_sizes_is_enough)
{
    static const int64_t bytes[] = {5, 7};
    sluice_schedule *schedule = every_make("gpipe", 2, 3);
    sluice_device_facts facts[2];
    const sluice_verify_config configs[] = {{.input_bytes = bytes},
                                            {.inner_bytes = bytes}};
    for (int i = 0; i < 2; i++) {
        ck_assert(!sluice_schedule_verify(schedule, &configs[i], facts, NULL));
        ck_assert_int_eq(facts[0].peak_bytes, 15);
        ck_assert_int_eq(facts[1].peak_bytes, 21);
    }
    ck_assert(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                      facts, NULL));
    ck_assert_int_eq(facts[0].peak_bytes, 0);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(what_follows_a_hand_off_or_an_update_is_counted)
{
    static const char text[] = "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0UPDATE,"
                               "0F2,0SEND_F2,0F3,0SEND_F3,0RECV_B1,0B1,"
                               "0RECV_B2,0B2,0RECV_B3,0B3,0UPDATE\n"
                               "1RECV_F0,1F0,1B0,1SEND_B0,1UPDATE,1RECV_F1,1F1,"
                               "1B1,1SEND_B1,1RECV_F2,1F2,1B2,1SEND_B2,"
                               "1RECV_F3,1F3,1B3,1SEND_B3,1UPDATE\n";
    static const int64_t bytes[] = {10, 10};
    sluice_schedule *schedule = NULL;
    sluice_device_facts facts[2];
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_NEW,
                                         NULL, &schedule, NULL));
    ck_assert_msg(!sluice_schedule_verify(
                      schedule, &(sluice_verify_config){.input_bytes = bytes},
                      facts, &why),
                  "%s", why.text);
    ck_assert_int_eq(facts[0].peak_bytes, 30);
    ck_assert_int_eq(facts[1].peak_bytes, 10);
    ck_assert_int_eq(facts[0].peak_versions, 2);
    ck_assert_int_eq(facts[0].max_staleness, 1);
    ck_assert_int_eq(facts[1].peak_versions, 1);
    ck_assert_int_eq(facts[1].max_staleness, 0);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* All of these fill whole lines, so that one more is a fault. */
enum { DEVICES = 16, MICROBATCHES = 6, ACTIONS = 16 };

static sluice_schedule *make_guarded(int microbatches)
{
    int stage_device[DEVICES];
    sluice_schedule *schedule;
    for (int d = 0; d < DEVICES; d++)
        stage_device[d] = d;
    ck_assert(!sluice_schedule_create(DEVICES, DEVICES, microbatches,
                                      stage_device, &guarded, &schedule, NULL));
    return schedule;
}

static void append(sluice_schedule *schedule, int kind, int stage, int m)
{
    ck_assert(!sluice_schedule_append(schedule, stage,
                                      (sluice_action){kind, stage, m}, NULL));
}

/* Half of the micro-batches are recomputed. */
static void append_synchronous(sluice_schedule *schedule, int s)
{
    for (int m = 0; m < MICROBATCHES; m++)
        append(schedule, SLUICE_F, s, m);
    for (int m = 0; m < MICROBATCHES; m++) {
        if (m < MICROBATCHES / 2)
            append(schedule, SLUICE_R, s, m);
        append(schedule, SLUICE_B, s, m);
    }
    append(schedule, SLUICE_UPDATE, s, -1);
}

/* Updates by two, two, one and one of them. */
static void append_asynchronous(sluice_schedule *schedule, int s)
{
    static const int first[] = {0, 2, 4, 5, MICROBATCHES};
    for (int u = 0; u < 4; u++) {
        for (int m = first[u]; m < first[u + 1]; m++)
            append(schedule, SLUICE_F, s, m);
        for (int m = first[u]; m < first[u + 1]; m++)
            append(schedule, SLUICE_B, s, m);
        append(schedule, SLUICE_UPDATE, s, -1);
    }
}

static void append_shards(sluice_schedule *schedule, int s)
{
    append(schedule, SLUICE_UNSHARD, s, -1);
    for (int m = 0; m < MICROBATCHES; m++)
        append(schedule, SLUICE_F, s, m);
    for (int m = 0; m < MICROBATCHES; m++)
        append(schedule, SLUICE_B, s, m);
    append(schedule, SLUICE_REDUCE_GRAD, s, -1);
    append(schedule, SLUICE_RESHARD, s, -1);
    append(schedule, SLUICE_UPDATE, s, -1);
}

static void append_vocabulary(sluice_schedule *schedule, int s)
{
    static const int kinds[] = {SLUICE_F, SLUICE_S, SLUICE_T};
    for (int k = 0; k < 3; k++)
        for (int m = 0; m < 3; m++)
            append(schedule, kinds[k], s, m);
    for (int m = 0; m < 3; m++) {
        append(schedule, SLUICE_R, s, m);
        append(schedule, SLUICE_B, s, m);
    }
    append(schedule, SLUICE_UPDATE, s, -1);
}

static const struct {
    void (*append)(sluice_schedule *schedule, int stage);
    int microbatches, live, inner;
} guarded_lists[] = {
    {append_synchronous, MICROBATCHES, MICROBATCHES, 4},
    {append_asynchronous, MICROBATCHES, 2, 2},
    {append_shards, MICROBATCHES, MICROBATCHES, MICROBATCHES},
    {append_vocabulary, 3, 3, 1},
};

START_TEST(nothing_behind_the_lists_is_read_or_written)
{
    int64_t *bytes = guarded_allocate(NULL, DEVICES * sizeof *bytes, 8);
    sluice_device_facts *facts =
        guarded_allocate(NULL, DEVICES * sizeof *facts, 8);
    for (int s = 0; s < DEVICES; s++)
        bytes[s] = 1;
    for (int i = 0; i < 4; i++) {
        struct sl_findings findings;
        sluice_diag why = {.text = ""};
        sluice_schedule *schedule = make_guarded(guarded_lists[i].microbatches);
        for (int s = 0; s < DEVICES; s++)
            guarded_lists[i].append(schedule, s);
        ck_assert_msg(!sluice_schedule_verify(
                          schedule,
                          &(sluice_verify_config){.input_bytes = bytes}, facts,
                          &why),
                      "%s", why.text);
        for (int d = 0; d < DEVICES; d++) {
            ck_assert_int_eq(facts[d].n_actions, ACTIONS);
            ck_assert_int_eq(facts[d].peak_activations, guarded_lists[i].live);
            ck_assert_int_eq(facts[d].peak_inner, guarded_lists[i].inner);
            ck_assert_int_eq(facts[d].peak_bytes, guarded_lists[i].live);
            ck_assert(facts[d].whole_activations == guarded_lists[i].live);
            ck_assert_int_eq(facts[d].peak_versions, 1);
            ck_assert_int_eq(facts[d].max_staleness, 0);
        }
        ck_assert(
            !sl_verify(schedule, &(sluice_verify_config){0}, &findings, NULL));
        ck_assert_int_eq(sl_max_staleness(&findings), 0);
        sl_findings_fini(&findings);
        sluice_schedule_destroy(schedule);
    }
    guarded_release(NULL, facts, DEVICES * sizeof *facts);
    guarded_release(NULL, bytes, DEVICES * sizeof *bytes);
}
END_TEST

/* As many micro-batches as fill a line, in two UPDATEs; then a third. */
START_TEST(nothing_behind_the_micro_batches_is_read_or_written)
{
    enum { MOST = 16 };
    static const int on_0[] = {0};
    sluice_schedule *schedule;
    struct sl_findings findings;
    sluice_diag why = {.text = ""};
    ck_assert(
        !sluice_schedule_create(1, 1, MOST, on_0, &guarded, &schedule, NULL));
    for (int m = 0; m < MOST; m++) {
        append(schedule, SLUICE_F, 0, m);
        append(schedule, SLUICE_B, 0, m);
        if (m % 8 == 7)
            append(schedule, SLUICE_UPDATE, 0, -1);
    }
    ck_assert_msg(
        !sl_verify(schedule, &(sluice_verify_config){0}, &findings, &why), "%s",
        why.text);
    for (int m = 0; m < MOST; m++)
        ck_assert_int_eq(findings.update_of[m], m / 8);
    sl_findings_fini(&findings);
    append(schedule, SLUICE_UPDATE, 0, -1);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, "is there twice"), "%s", why.text);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* The last of 16 actions is an UPDATE too many: what comes next is sought. */
START_TEST(nothing_behind_an_update_without_a_gradient_is_read)
{
    static const int on_0[] = {0};
    sluice_schedule *schedule;
    sluice_diag why;
    ck_assert(!sluice_schedule_create(1, 1, MICROBATCHES, on_0, &guarded,
                                      &schedule, NULL));
    for (int m = 0; m < MICROBATCHES; m++) {
        append(schedule, SLUICE_F, 0, m);
        append(schedule, SLUICE_B, 0, m);
        if (m % 2)
            append(schedule, SLUICE_UPDATE, 0, -1);
    }
    append(schedule, SLUICE_UPDATE, 0, -1);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, "is there twice"), "%s", why.text);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* A model of one part, and as many copies of it as may be. */
START_TEST(activations_of_the_most_copies_are_counted)
{
    enum { MOST = SLUICE_MAX_COPIES };
    int stage_device[MOST];
    sluice_schedule *schedule;
    sluice_device_facts facts[MOST];
    for (int s = 0; s < MOST; s++)
        stage_device[s] = s;
    ck_assert(!sluice_schedule_create_copies(
        MOST, MOST, MOST, 2 * MOST, stage_device, NULL, &schedule, NULL));
    for (int s = 0; s < MOST; s++) {
        append(schedule, SLUICE_F, s, s);
        append(schedule, SLUICE_F, s, s + MOST);
        append(schedule, SLUICE_B, s, s);
        append(schedule, SLUICE_B, s, s + MOST);
        append(schedule, SLUICE_UPDATE, s, -1);
    }
    sluice_diag why;
    ck_assert_msg(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                          facts, &why),
                  "%s", why.text);
    for (int d = 0; d < MOST; d++) {
        ck_assert_int_eq(facts[d].peak_activations, 2);
        ck_assert(facts[d].whole_activations == 2);
        ck_assert(facts[d].whole_inner == 2);
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_memory", sizes_of_0_and_the_largest_are_taken,
                 one_of_both_sizes_is_enough,
                 what_follows_a_hand_off_or_an_update_is_counted,
                 nothing_behind_the_lists_is_read_or_written,
                 nothing_behind_the_micro_batches_is_read_or_written,
                 nothing_behind_an_update_without_a_gradient_is_read,
                 activations_of_the_most_copies_are_counted)
