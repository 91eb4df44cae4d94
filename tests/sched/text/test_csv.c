/* Schedules as CSV: what is read, what is refused, what is written. */
#include <sluice/schedule_text.h>
#include <sluice/schedule_passes.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sched/text/csv_text.h"
#include "sched/failing.h"
#include "support/runner.h"

START_TEST(a_row_is_a_device_and_a_cell_an_action)
{
    assert_read_as("0F0,0F1,,,0B0,0B1\r\n1F0,1B0, 1F1 ,1B1", SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n1F0,1B0,1F1,1B1,1UPDATE\n");
}
END_TEST

START_TEST(stages_are_on_the_devices_of_their_rows)
{
    sluice_schedule *schedule =
        parse("0F0,3F0,3B0,0B0\n1F0,2F0,2B0,1B0\n", SLUICE_CSV_DETECT);
    static const int want[] = {0, 1, 1, 0};
    ck_assert_int_eq(sluice_schedule_n_stages(schedule), 4);
    for (int s = 0; s < 4; s++)
        ck_assert_int_eq(sluice_schedule_stage_device(schedule, s), want[s]);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(any_kind_of_backward_is_updated_and_an_update_wants_the_others)
{
    assert_read_as("0I0", SLUICE_CSV_DETECT, "0I0,0UPDATE\n");
    assert_read_as("0W0", SLUICE_CSV_DETECT, "0W0,0UPDATE\n");
    assert_read_as("0B0", SLUICE_CSV_DETECT, "0B0,0UPDATE\n");
    assert_read_as("0BW0", SLUICE_CSV_DETECT, "0B0,0UPDATE\n");
    assert_read_as("0F0,0UPDATE\n1F0", SLUICE_CSV_DETECT,
                   "0F0,0UPDATE\n1F0,1UPDATE\n");
}
END_TEST

START_TEST(each_version_that_the_micro_batches_make_is_read)
{
    assert_read_as("0F0@2,0F0@1", SLUICE_CSV_DETECT, "0F0@2,0F0@1\n");
    assert_refused("0F0@3", "\"0F0@3\": each micro-batch makes one version");
    assert_read_as("0F7@9", SLUICE_CSV_DETECT, "0F7@9\n");
    assert_refused("0F7@10", "the number is too large");
}
END_TEST

START_TEST(a_refused_cell_is_shown_as_it_is_up_to_32_bytes)
{
    assert_refused("0F0,0F0 ~x", "position 1, \"0F0 ~x\": more");
    assert_refused("0F0,\xc3\xa9\x7f", "position 1, \"\?\?\?\": ");
    assert_refused("0F0,X234567890123456789012345678901",
                   "position 1, \"X234567890123456789012345678901\": ");
    assert_refused("0F0,X2345678901234567890123456789012",
                   "position 1, \"X2345678901234567890123456789012\": ");
    assert_refused("0F0,X23456789012345678901234567890123",
                   "position 1, \"X2345678901234567890123456789012\": ");
}
END_TEST

START_TEST(forwards_alone_are_not_updated)
{
    assert_read_as("0F0,0F1\n", SLUICE_CSV_DETECT, "0F0,0F1\n");
}
END_TEST

START_TEST(an_update_stays_where_it_is)
{
    assert_read_as("0F0,1F0,1B0,0B0,1UPDATE,0UPDATE", SLUICE_CSV_DETECT,
                   "0F0,1F0,1B0,0B0,1UPDATE,0UPDATE\n");
}
END_TEST

START_TEST(copies_are_updated_in_the_order_of_the_parts)
{
    const char *text = "0F0,3F1,0B0,3B1\n2F1,1F0,1B0,2B1\n";
    assert_read_as(text, SLUICE_CSV_DETECT,
                   "0F0,3F1,0B0,3B1,0UPDATE,3UPDATE\n"
                   "2F1,1F0,1B0,2B1,2UPDATE,1UPDATE\n");
    sluice_schedule *schedule = parse(text, SLUICE_CSV_DETECT);
    ck_assert_int_eq(sluice_schedule_n_copies(schedule), 2);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(old_files_are_known_by_their_letters)
{
    const char *want = "0F0,0F1,0I0,0W0,0B1,0UPDATE\n";
    assert_read_as("0F0,0F1,0B0,0W0,0BW1", SLUICE_CSV_DETECT, want);
    assert_read_as("0F0,0F1,0B0,0W0,0BW1", SLUICE_CSV_OLD, want);
    assert_read_as("0F0,0B0,0W0", SLUICE_CSV_DETECT, "0F0,0I0,0W0,0UPDATE\n");
    assert_read_as("0F0,0B0,0W0", SLUICE_CSV_NEW, "0F0,0B0,0W0,0UPDATE\n");
    assert_read_as("0F0,0B0", SLUICE_CSV_OLD, "0F0,0I0,0UPDATE\n");
    assert_read_as("0F0,0F1,0I0,0W0,0B1", SLUICE_CSV_DETECT, want);
}
END_TEST

START_TEST(letters_of_both_dialects_are_refused)
{
    assert_refused("0F0,0I0,0BW0\n1F0,1BW0",
                   "0I0 at position 1 of device 0 is an input gradient of the "
                   "new dialect, 0BW0 at position 2 of device 0 a full "
                   "backward of the old one: ");
    assert_refused_as("0F0,0I0", SLUICE_CSV_OLD,
                      "0I0 at position 1 of device 0 is not of the dialect");
    assert_refused_as("0F0\n1F0,,1BW0", SLUICE_CSV_NEW,
                      "1BW0 at position 1 of device 1 is not of the dialect");
}
END_TEST

START_TEST(overlaps_are_their_actions_one_after_the_other)
{
    assert_read_as("0F0,(0F1;0B0)OVERLAP_F_B,0B1", SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n");
    assert_refused("0F0,(0F1;)OVERLAP_F_B", "device 0, position 2, \"\": ");
    assert_refused("0F0,()OVERLAP_F_B", "device 0, position 1, \"\": ");
    assert_refused("0F0,(0F1;0B0)OVERLAP", "after \"(\" comes");
    assert_refused("0F0,(0F1;0B0", "after \"(\" comes");
    assert_refused("0F0,(0F1;0B0)OVERLAP_F_B1", "after \"(\" comes");
}
END_TEST

START_TEST(actions_on_sharded_parameters_are_kept_where_they_stand)
{
    assert_read_as("0UNSHARD,0F0,0B0,0RESHARD,0REDUCE_GRAD", SLUICE_CSV_DETECT,
                   "0UNSHARD,0F0,0B0,0RESHARD,0REDUCE_GRAD,0UPDATE\n");
    assert_refused("0UNSHARD0", "more follows");
    assert_refused("0F0,1UNSHARD\n1F0",
                   "position 1, \"1UNSHARD\": this device");
    assert_refused("1F0,0UNSHARD", "stage 0 is in no row");
    assert_refused("0F0,1UNSHARD", "this device does not hold the stage");
    assert_refused("0F0,1REDUCE_GRAD\n1F0",
                   "position 1, \"1REDUCE_GRAD\": this device");
}
END_TEST

/* In the grammar of what PyTorch publishes, old dialect and empty cells too. */
static const char with_hand_offs[] =
    "0UNSHARD,0F0,0SEND_F0,,0F1,0SEND_F1,0RECV_B0,0BW0,0RECV_B1,0BW1,"
    "0REDUCE_GRAD\n"
    "1RECV_F0,1UNSHARD,1F0,1B0,1SEND_B0,,1RECV_F1,1F1,1W0,1B1,1SEND_B1,1W1,"
    "1REDUCE_GRAD,1RESHARD\n";

START_TEST(sends_and_receives_are_read_and_written)
{
    assert_read_as(with_hand_offs, SLUICE_CSV_DETECT,
                   "0UNSHARD,0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,"
                   "0B1,0REDUCE_GRAD,0UPDATE\n"
                   "1RECV_F0,1UNSHARD,1F0,1I0,1SEND_B0,1RECV_F1,1F1,1W0,1I1,"
                   "1SEND_B1,1W1,1REDUCE_GRAD,1RESHARD,1UPDATE\n");
    sluice_schedule *schedule = parse(with_hand_offs, SLUICE_CSV_DETECT);
    ck_assert(sluice_schedule_is_lowered(schedule));
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, NULL),
                     SLUICE_OK);
    assert_format(schedule, true,
                  "0UNSHARD,0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,"
                  "0B1,0REDUCE_GRAD\n"
                  "1RECV_F0,1UNSHARD,1F0,1I0,1SEND_B0,1RECV_F1,1F1,1W0,1I1,"
                  "1SEND_B1,1W1,1REDUCE_GRAD,1RESHARD\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(junk_in_sends_and_receives_is_refused)
{
    assert_refused("0F0,0SEND_F\n",
                   "position 1, \"0SEND_F\": this action needs");
    assert_refused("0F0,0SEND_F0@1\n",
                   "position 1, \"0SEND_F0@1\": this action names no version "
                   "of the weights: remove \"@\"");
    assert_refused("0UNSHARD@1\n", "this action names no version");
    assert_refused("0F0,0SEND\n", "no action has this name");
    assert_refused("0F0,0SEND_F65536\n", "0 to 65535");
    assert_refused("0F0\n0RECV_B0,1F0\n", "on device 0 too");
}
END_TEST

START_TEST(junk_is_refused_with_its_place)
{
    assert_refused("0F0,0F1\n1F0,1X1\n",
                   "device 1, position 1, \"1X1\": no action");
    assert_refused("F0", "begins with its stage");
    assert_refused("0F", "needs a micro-batch");
    assert_refused("0F0 1", "more follows");
    assert_refused("0F0F1", "more follows");
    assert_refused("0f0", "no action");
    assert_refused("-1F0", "begins with its stage");
    assert_refused("0F-1", "needs a micro-batch");
    assert_refused("0F0,\"0B0\"1",
                   "position 1, \"0B0\": more follows the cell's "
                   "closing quote");
    assert_refused("0F0,\"0B0,0B1\"", "more follows the action");
    assert_refused("0F0,\"0B\"\"0\"", "needs a micro-batch");
    assert_refused("0F0\t0B0", "a tab or a semicolon follows the action");
    assert_refused("0F0;0B0", "a tab or a semicolon follows the action");
    static const char *const unknown[] = {
        "0Foo1", "0BACKWARD1", "0RECV_X1", "0WAIT_REDUCE_GRAD", "0BWW0", "0_"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_refused(unknown[i], "no action has this name: there are F, B, ");
    assert_refused("0F0,\001\xff", "position 1, \"\?\?\": ");
    assert_refused("0UPDATE3", "more follows");
    assert_refused("4096F0", "0 to 4095");
    assert_refused("99999999999999999999F0", "0 to 4095");
    assert_refused("0F65536", "0 to 65535");
}
END_TEST

START_TEST(forwards_that_were_forgotten_do_not_make_copies)
{
    static const char missing[] = "complete: 1F0 is missing: add it to the "
                                  "list of device 1, which holds stage 1";
    assert_incomplete("0F0,0F1,0B0,0B1\n1B0,1B1\n", 1, missing);
    assert_incomplete("0F0,0F1,0BW0,0B1,0W1\n1BW0,1B1,1W1\n", 1,
                      "complete: 1F0 is missing: add it to the list of device "
                      "1, which holds stage 1 (read in the old dialect, where "
                      "B is an input gradient, for 0BW0 at position 2 of "
                      "device 0)");
    assert_incomplete("0F0,0F1,0I0,0W0,0B1\n1I0,1B1,1W0\n", 1, missing);
    assert_incomplete("0F0,0B0,0B1\n1F1,1B0,1B1\n", 1,
                      "complete: 0F1 is missing: add it to the list of "
                      "device 0, which holds stage 0");
}
END_TEST

START_TEST(a_backward_too_many_does_not_unmake_copies)
{
    assert_incomplete("0F0,0F1,0B0,0B1,0B1\n1F2,1F3,1B2,1B3\n", 2,
                      "complete: 0B1 at position 4 of device 0 is there twice: "
                      "remove one");
}
END_TEST

START_TEST(a_refusal_doubts_copies_that_it_is_due_to)
{
    assert_incomplete("0F0,0SEND_F0,0F1,0SEND_F1\n1RECV_F0,1RECV_F1\n", 2,
                      "complete: 0SEND_F0 at position 1 of device 0 has no "
                      "other end: nothing passes to or from another device "
                      "there; remove it; or, if there should be one copy of "
                      "the model, give the forwards that are missing");
    assert_incomplete("0F0,0I0,0W1\n1F1,1B1\n", 2,
                      "complete: 1F1 at position 0 of device 1 is in copy 1, "
                      "but micro-batch 1 goes through copy 0: let it go "
                      "through one; or, if there should be one copy of the "
                      "model, give the forwards that are missing");
}
END_TEST

START_TEST(stages_need_one_row_each)
{
    assert_refused("0F0\n0B0\n",
                   "device 1, position 0, \"0B0\": stage 0 is on device 0");
    assert_refused("0F0,2F0",
                   "stage 1 is in no row, but there is a stage 2: each");
    assert_refused("", "no action");
    assert_refused("\n,,\n", "no action");
    assert_refused("0UPDATE", "no action");
}
END_TEST

/* A row of n bytes in all: one action, then idling. */
static sluice_status parse_long(size_t n, sluice_diag *why)
{
    static char text[SLUICE_CSV_LINE + 1];
    sluice_schedule *schedule;
    memset(text, ',', n);
    memcpy(text, "0F0", 3);
    sluice_status st = sluice_schedule_parse_csv(text, n, SLUICE_CSV_DETECT,
                                                 NULL, &schedule, why);
    if (!st)
        sluice_schedule_destroy(schedule);
    return st;
}

START_TEST(a_row_too_long_or_too_many_is_refused)
{
    sluice_diag why;
    ck_assert_int_eq(parse_long(SLUICE_CSV_LINE, &why), SLUICE_OK);
    ck_assert_int_eq(parse_long(SLUICE_CSV_LINE + 1, &why), SLUICE_FORMAT);
    ck_assert_ptr_nonnull(strstr(why.text, "more than 65536 bytes"));
    char rows[SLUICE_SCHEDULE_MAX_DEVICES + 5] = "0F0";
    memset(rows + 3, '\n', SLUICE_SCHEDULE_MAX_DEVICES + 1);
    assert_refused(rows, "more than 4096 rows");
    rows[3 + SLUICE_SCHEDULE_MAX_DEVICES] = '\0';
    sluice_schedule_destroy(parse(rows, SLUICE_CSV_DETECT));
}
END_TEST

START_TEST(another_dialect_is_invalid)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_parse_csv("0F0", 3, (sluice_csv_dialect)3,
                                               NULL, &schedule, NULL),
                     SLUICE_INVALID);
}
END_TEST

START_TEST(strict_text_has_nothing_of_ours)
{
    sluice_schedule *schedule = parse("0F0,0B0,0UPDATE", SLUICE_CSV_DETECT);
    sluice_schedule *remat;
    ck_assert_int_eq(
        sluice_schedule_remat(schedule, SLUICE_REMAT_ALWAYS, &remat, NULL),
        SLUICE_OK);
    size_t length;
    sluice_diag why;
    assert_format(schedule, true, "0F0,0B0\n");
    assert_format(remat, false, "0F0,0R0,0B0,0UPDATE\n");
    ck_assert_int_eq(
        sluice_schedule_format_csv(remat, true, NULL, 0, &length, &why),
        SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "0R0 at position 1 of device 0"));
    sluice_schedule_destroy(remat);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(text_is_cut_to_any_room)
{
    sluice_schedule *schedule = parse("0F0\n1F0\n", SLUICE_CSV_DETECT);
    for (size_t bytes = 1; bytes <= 10; bytes++) {
        char text[12];
        size_t length;
        memset(text, '#', sizeof text);
        sluice_schedule_format_csv(schedule, false, text, bytes, &length, NULL);
        ck_assert_uint_eq(length, 8);
        ck_assert_uint_eq(strlen(text), bytes < 9 ? bytes - 1 : 8);
        ck_assert_mem_eq(text, "0F0\n1F0\n", strlen(text));
        ck_assert_int_eq(text[bytes], '#');
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_round_trip(const char *name, int k, int m)
{
    static char first[65536], second[65536];
    size_t n, again;
    sluice_schedule *schedule, *read;
    sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return;
    for (int strict = 0; strict < 2; strict++) {
        /* PyTorch has no word for recomputes, versions, copies and several
         * updates. */
        bool has_more = strict && (strpbrk(first, "R@") ||
                                   sluice_schedule_n_copies(schedule) > 1 ||
                                   sluice_schedule_n_updates(schedule) > 1);
        sluice_status st = sluice_schedule_format_csv(schedule, strict, first,
                                                      sizeof first, &n, NULL);
        ck_assert_msg(st == (has_more ? SLUICE_INVALID : SLUICE_OK),
                      "%s, K=%d, M=%d, strict %d: %s", name, k, m, strict,
                      sluice_status_name(st));
        if (st)
            continue;
        ck_assert_int_eq(sluice_schedule_parse_csv(first, n, SLUICE_CSV_DETECT,
                                                   NULL, &read, NULL),
                         SLUICE_OK);
        sluice_schedule_format_csv(schedule, false, first, sizeof first, &n,
                                   NULL);
        sluice_schedule_format_csv(read, false, second, sizeof second, &again,
                                   NULL);
        ck_assert_str_eq(first, second);
        for (int s = 0; s < sluice_schedule_n_stages(read); s++)
            ck_assert_int_eq(sluice_schedule_stage_device(read, s),
                             sluice_schedule_stage_device(schedule, s));
        ck_assert_int_eq(sluice_schedule_n_microbatches(read), m);
        sluice_schedule_destroy(read);
    }
    sluice_schedule_destroy(schedule);
}

START_TEST(every_generated_schedule_comes_back)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= 8; k++)
            for (int m = 1; m <= 32; m *= 2)
                assert_round_trip(sluice_schedule_generator(i), k, m);
}
END_TEST

START_TEST(files_are_written_and_read)
{
    char path[] = "/tmp/sluice-csv-XXXXXX";
    close(mkstemp(path));
    sluice_diag why;
    sluice_schedule *schedule = parse("0F0,0B0\n1F0,1B0\n", SLUICE_CSV_DETECT);
    sluice_schedule *read = NULL;
    ck_assert_int_eq(sluice_schedule_write_csv(schedule, true, path, &why),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, &read, &why),
        SLUICE_OK);
    assert_format(read, true, "0F0,0B0\n1F0,1B0\n");
    sluice_schedule_destroy(read);
    unlink(path);
    ck_assert_int_eq(
        sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, &read, &why),
        SLUICE_IO);
    ck_assert_int_eq(
        sluice_schedule_read_csv("/", SLUICE_CSV_DETECT, NULL, &read, &why),
        SLUICE_IO);
    ck_assert_int_eq(sluice_schedule_write_csv(schedule, true, "/", &why),
                     SLUICE_IO);
    ck_assert_int_eq(
        sluice_schedule_write_csv(schedule, true, "/dev/full", &why),
        SLUICE_IO);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_row_that_could_not_be_read_is_not_written)
{
    sluice_schedule *schedule;
    sluice_schedule_config config = {.devices = 1, .microbatches = 65536};
    sluice_diag why;
    size_t length;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_schedule_format_csv(schedule, false, NULL, 0, &length, &why),
        SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "the row of device 0"));
    sluice_schedule_destroy(schedule);
}
END_TEST

static void fail_each_allocation(const char *text)
{
    sluice_status st;
    int n = 0;
    do {
        struct failing failing = {.fail_at = ++n};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_schedule *schedule;
        st = sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_DETECT,
                                       &allocator, &schedule, NULL);
        if (!st)
            sluice_schedule_destroy(schedule);
        ck_assert_int_eq(failing.n_live, 0);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
    } while (st);
    ck_assert_int_gt(n, 4);
}

START_TEST(a_failed_allocation_leaves_nothing)
{
    /* One of these lists has no more room when the UPDATE is added. */
    char text[4 * 17 + 1] = "0B0";
    for (int n = 0; n < 16; n++) {
        fail_each_allocation(text);
        strcat(text, ",0F0");
    }
    fail_each_allocation("0F0,0B0\n1F0,1B0");
}
END_TEST

SLUICE_TEST_MAIN(
    "sched.csv", a_row_is_a_device_and_a_cell_an_action,
    stages_are_on_the_devices_of_their_rows,
    any_kind_of_backward_is_updated_and_an_update_wants_the_others,
    each_version_that_the_micro_batches_make_is_read,
    a_refused_cell_is_shown_as_it_is_up_to_32_bytes,
    forwards_alone_are_not_updated, an_update_stays_where_it_is,
    copies_are_updated_in_the_order_of_the_parts,
    old_files_are_known_by_their_letters, letters_of_both_dialects_are_refused,
    overlaps_are_their_actions_one_after_the_other,
    actions_on_sharded_parameters_are_kept_where_they_stand,
    sends_and_receives_are_read_and_written,
    junk_in_sends_and_receives_is_refused, junk_is_refused_with_its_place,
    forwards_that_were_forgotten_do_not_make_copies,
    a_backward_too_many_does_not_unmake_copies,
    a_refusal_doubts_copies_that_it_is_due_to, stages_need_one_row_each,
    a_row_too_long_or_too_many_is_refused, another_dialect_is_invalid,
    strict_text_has_nothing_of_ours, text_is_cut_to_any_room,
    every_generated_schedule_comes_back, files_are_written_and_read,
    a_row_that_could_not_be_read_is_not_written,
    a_failed_allocation_leaves_nothing)
