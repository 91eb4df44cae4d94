/* What the mode of updates makes of a program, one claim at a time. */
#include "blueprint/updates.h"

#include "support/runner.h"

enum { DEVICES = 3, M = 6 };

static sluice_schedule *schedule;
static struct sl_findings findings;
static struct sl_program plain, expanded;

static struct sl_program number(int device)
{
    struct sl_program program;
    ck_assert_int_eq(sl_program_init(&program, &findings, device, NULL),
                     SLUICE_OK);
    return program;
}

/* The program of a device before and after it was expanded. */
static void set_up(const char *name, int device, bool reduces)
{
    const sluice_schedule_config config = {
        .name = name, .devices = DEVICES, .microbatches = M};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sl_verify(schedule, &(sluice_verify_config){0}, &findings, NULL),
        SLUICE_OK);
    const struct sl_update_mode mode = {
        .n_updates = findings.n_updates,
        .asynchronous = findings.n_updates > 1,
        .reduces = reduces,
    };
    plain = number(device);
    expanded = number(device);
    ck_assert_int_eq(sl_updates_expand(&expanded, mode, NULL, NULL), SLUICE_OK);
}

static void tear_down(void)
{
    sl_program_fini(&plain, NULL);
    sl_program_fini(&expanded, NULL);
    sl_findings_fini(&findings);
    sluice_schedule_destroy(schedule);
}

static int count(const struct sl_program *program, enum sl_op_kind kind)
{
    int n = 0;
    for (int i = 0; i < program->n_ops; i++)
        n += program->ops[i].kind == kind;
    return n;
}

static int position(const struct sl_program *program, enum sl_op_kind kind)
{
    int i = 0;
    while (i < program->n_ops && program->ops[i].kind != kind)
        i++;
    return i;
}

/* Whether each UPDATE has become one of `kind`, and all else is there as it
 * was, in the same order. */
static void assert_same_but_updates(enum sl_op_kind kind)
{
    int at = 0;
    for (int i = 0; i < plain.n_ops; i++) {
        const struct sl_op *op = &plain.ops[i];
        enum sl_op_kind wanted = op->kind == SL_OP_UPDATE ? kind : op->kind;
        while (at < expanded.n_ops && expanded.ops[at].kind != wanted)
            at++;
        ck_assert_int_lt(at, expanded.n_ops);
        ck_assert_int_eq(expanded.ops[at].action.stage, op->action.stage);
        ck_assert_int_eq(expanded.ops[at].action.microbatch,
                         op->action.microbatch);
        ck_assert_int_eq(expanded.ops[at].update_no, op->update_no);
        at++;
    }
    ck_assert_int_eq(count(&expanded, SL_OP_UPDATE), 0);
}

START_TEST(a_synchronous_step_votes_updates_ahead_and_applies_the_rest)
{
    for (int d = 0; d < DEVICES; d++) {
        set_up("1f1b", d, false);
        int n = count(&plain, SL_OP_UPDATE);
        int agree = position(&expanded, SL_OP_AGREE);
        assert_same_but_updates(SL_OP_PREPARE);
        ck_assert_int_eq(count(&expanded, SL_OP_PREPARE), n);
        ck_assert_int_eq(position(&expanded, SL_OP_VOTE), plain.n_ops);
        ck_assert_int_eq(agree, plain.n_ops + 1 + n);
        ck_assert_int_eq(expanded.n_ops, plain.n_ops + 2 + 2 * n);
        for (int i = agree - n; i < agree; i++)
            ck_assert_int_eq(expanded.ops[i].kind, SL_OP_AHEAD);
        for (int i = agree + 1; i < expanded.n_ops; i++)
            ck_assert_int_eq(expanded.ops[i].kind, SL_OP_APPLY);
        tear_down();
    }
}
END_TEST

START_TEST(an_asynchronous_step_is_backed_up_first_and_kept_last)
{
    for (int d = 0; d < DEVICES; d++) {
        set_up("pipedream", d, false);
        assert_same_but_updates(SL_OP_ADVANCE);
        ck_assert_int_eq(expanded.ops[0].kind, SL_OP_BACK_UP);
        ck_assert_int_eq(expanded.ops[expanded.n_ops - 2].kind, SL_OP_AGREE);
        ck_assert_int_eq(expanded.ops[expanded.n_ops - 1].kind, SL_OP_KEEP);
        ck_assert_int_eq(expanded.n_ops, plain.n_ops + 3);
        tear_down();
    }
}
END_TEST

/* A sum stands before each `kind`; how many fences there are. */
static int assert_sums(enum sl_op_kind kind)
{
    int n_fences = 0;
    for (int i = 0; i < expanded.n_ops; i++) {
        if (expanded.ops[i].kind != kind)
            continue;
        int at = i - 1;
        if (expanded.ops[at].kind == SL_OP_FENCE) {
            n_fences++;
            at--;
        }
        ck_assert_int_eq(expanded.ops[at].kind, SL_OP_ALL_GATHER);
        ck_assert_int_eq(expanded.ops[at - 1].kind, SL_OP_REDUCE_SCATTER);
        ck_assert_int_eq(expanded.ops[at].action.kind, SLUICE_REDUCE_GRAD);
        ck_assert_int_eq(expanded.ops[at].action.stage,
                         expanded.ops[i].action.stage);
    }
    ck_assert_int_eq(count(&expanded, SL_OP_REDUCE_SCATTER),
                     count(&expanded, kind));
    ck_assert_int_eq(count(&expanded, SL_OP_FENCE), n_fences);
    return n_fences;
}

START_TEST(with_several_holders_gradients_are_added_before_each_update)
{
    set_up("gpipe", 0, true);
    ck_assert_int_eq(assert_sums(SL_OP_PREPARE), 0);
    tear_down();
    set_up("pipedream", 1, true);
    assert_sums(SL_OP_ADVANCE);
    tear_down();
}
END_TEST

START_TEST(a_fence_stands_before_every_update_of_a_stage_but_its_last)
{
    set_up("pipedream", 1, true);
    int n_updates = count(&plain, SL_OP_UPDATE);
    ck_assert_int_gt(n_updates, 1);
    ck_assert_int_eq(assert_sums(SL_OP_ADVANCE), n_updates - 1);
    tear_down();
}
END_TEST

/* What the device does about ties: one tie, here. */
START_TEST(ties_meet_behind_the_list_and_before_any_update)
{
    struct sl_op meetings[] = {{.kind = SL_OP_TIE_SCATTER},
                               {.kind = SL_OP_TIE_GATHER}};
    const struct sl_program ties = {meetings, 2};
    struct sl_update_mode mode = {.n_updates = 1, .ties = true};
    for (int i = 0; i < 4; i++) {
        mode.measures = i & 1;
        mode.reduces = i & 2;
        set_up("zb-v", 1, false);
        int n = count(&plain, SL_OP_UPDATE);
        ck_assert(!sl_updates_expand(&plain, mode, &ties, NULL));
        int at = position(&plain, SL_OP_TIE_SCATTER);
        ck_assert_int_eq(plain.ops[at + 1].kind, SL_OP_TIE_GATHER);
        ck_assert_int_eq(count(&plain, SL_OP_FENCE), mode.reduces ? n : 0);
        for (int k = 0; k < at; k++)
            ck_assert(plain.ops[k].kind <= SL_OP_FENCE);
        ck_assert_int_eq(plain.ops[at + 2].kind,
                         mode.measures ? SL_OP_MEASURE : SL_OP_PREPARE);
        ck_assert_int_eq(count(&plain, SL_OP_PREPARE), n);
        ck_assert_int_eq(count(&plain, SL_OP_MEASURE), mode.measures ? n : 0);
        tear_down();
    }
}
END_TEST

static void *fail_to_allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    (void)bytes;
    (void)align;
    return NULL;
}

START_TEST(without_memory_the_program_stays_as_it_was)
{
    const sluice_allocator none = {.allocate = fail_to_allocate};
    const struct sl_update_mode mode = {.n_updates = 1};
    set_up("gpipe", 0, false);
    struct sl_program before = plain;
    ck_assert_int_eq(sl_updates_expand(&plain, mode, NULL, &none),
                     SLUICE_NO_MEMORY);
    ck_assert_ptr_eq(plain.ops, before.ops);
    ck_assert_int_eq(plain.n_ops, before.n_ops);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("blueprint.updates",
                 a_synchronous_step_votes_updates_ahead_and_applies_the_rest,
                 an_asynchronous_step_is_backed_up_first_and_kept_last,
                 with_several_holders_gradients_are_added_before_each_update,
                 a_fence_stands_before_every_update_of_a_stage_but_its_last,
                 ties_meet_behind_the_list_and_before_any_update,
                 without_memory_the_program_stays_as_it_was)
