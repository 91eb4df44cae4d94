/* Promise D1: every single mutation of a schedule is judged as the naive
 * simulator judges it, and refused at its place. */
#include "sched/place.h"

#include <sluice/schedule_passes.h>

#include "support/grid.h"
#include "support/vocabulary.h"
#include "support/runner.h"

struct tally {
    int accepted;
    int refused;
};

/* Stages on the device of `stage` that belong to the same copy. */
static int chunks_beside(const struct plan *plan, int stage)
{
    int n = 0, depth = naive_depth(plan);
    for (int s = 0; s < plan->stages; s++)
        n += s / depth == stage / depth &&
             plan->stage_device[s] == plan->stage_device[stage];
    return n;
}

static bool has_recompute(const struct plan *plan, int device, sluice_action of)
{
    for (int i = 0; i < plan->n[device]; i++) {
        sluice_action a = plan->list[device][i];
        if (a.kind == SLUICE_R && a.stage == of.stage &&
            a.microbatch == of.microbatch)
            return true;
    }
    return false;
}

/* What is held at once, in twelfths of a micro-batch: recounted from the
 * beginning of the list for every position. */
static int held_at(const struct plan *plan, int device, int position,
                   bool inner)
{
    int held = 0;
    for (int i = 0; i <= position; i++) {
        sluice_action a = plan->list[device][i];
        int fills =
            inner && has_recompute(plan, device, a) ? SLUICE_R : SLUICE_F;
        if (a.kind == fills)
            held += 12 / chunks_beside(plan, a.stage);
        if (i < position && (a.kind == SLUICE_B || a.kind == SLUICE_W))
            held -= 12 / chunks_beside(plan, a.stage);
    }
    return held;
}

static void assert_peaks(const struct plan *plan, int capacity)
{
    sluice_device_facts facts[NAIVE_DEVICES];
    sluice_schedule *schedule = plan_build(plan);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule,
                         &(sluice_verify_config){.queue_capacity = capacity},
                         facts, NULL),
                     SLUICE_OK);
    for (int d = 0; d < plan->devices; d++) {
        int peak[2] = {0, 0};
        for (int inner = 0; inner < 2; inner++)
            for (int i = 0; i < plan->n[d]; i++) {
                int held = held_at(plan, d, i, inner);
                peak[inner] = held > peak[inner] ? held : peak[inner];
            }
        ck_assert_double_eq_tol(12 * facts[d].whole_activations, peak[0], 1e-9);
        ck_assert_double_eq_tol(12 * facts[d].whole_inner, peak[1], 1e-9);
    }
    sluice_schedule_destroy(schedule);
}

/* Both judges of one plan, at several capacities. */
static void judge_up_to(const struct plan *plan, int max_capacity,
                        bool forward_only, struct tally *tally)
{
    for (int capacity = 1; capacity <= max_capacity; capacity++) {
        sluice_diag why;
        sluice_status st = plan_verify(plan, capacity, forward_only, &why);
        bool runs = naive_runs(plan, capacity, forward_only);
        ck_assert_msg((st == SLUICE_OK) == runs,
                      "capacity %d, the simulator says %s: %s", capacity,
                      runs ? "good" : "bad", st ? why.text : "accepted");
        if (st)
            assert_place(plan, &why);
        else if (!forward_only)
            assert_peaks(plan, capacity);
        tally->accepted += runs;
        tally->refused += !runs;
    }
}

static void judge(const struct plan *plan, bool forward_only,
                  struct tally *tally)
{
    judge_up_to(plan, 2, forward_only, tally);
}

static void insert(struct plan *plan, int device, int at, sluice_action action)
{
    sluice_action *list = plan->list[device];
    memmove(list + at + 1, list + at,
            (size_t)(plan->n[device] - at) * sizeof *list);
    list[at] = action;
    plan->n[device]++;
}

static sluice_action extract(struct plan *plan, int device, int at)
{
    sluice_action *list = plan->list[device];
    sluice_action action = list[at];
    plan->n[device]--;
    memmove(list + at, list + at + 1,
            (size_t)(plan->n[device] - at) * sizeof *list);
    return action;
}

static void assert_names(const struct plan *plan, bool forward_only,
                         sluice_action action, const char *says)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_diag why;
    ck_assert_int_eq(plan_verify(plan, 1, forward_only, &why), SLUICE_SCHEDULE);
    ck_assert_str_eq(why.action,
                     sluice_action_format(action, name, sizeof name));
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

/* Where there are many UPDATEs, or copies whose UPDATEs have an order, one more
 * or less breaks another rule first. */
static bool is_one_of_many(const struct plan *plan, sluice_action action)
{
    return action.kind == SLUICE_UPDATE &&
           (plan->copies > 1 || naive_is_asynchronous(plan));
}

static void drop(const struct plan *base, int d, int i, bool forward_only,
                 struct tally *tally)
{
    struct plan plan = *base;
    sluice_action action = extract(&plan, d, i);
    judge(&plan, forward_only, tally);
    action.version = 0; /* which is not known of what is missing */
    if (action.kind != SLUICE_R && !is_one_of_many(base, action))
        assert_names(&plan, forward_only, action, "is missing");
}

static void duplicate(const struct plan *base, int d, int i, bool forward_only,
                      struct tally *tally)
{
    const int places[] = {0, i, base->n[d]};
    for (int j = 0; j < 3; j++) {
        struct plan plan = *base;
        insert(&plan, d, places[j], base->list[d][i]);
        judge(&plan, forward_only, tally);
        /* An UPDATE at the front is not one too many, but too early. */
        bool early = places[j] < i && base->list[d][i].kind == SLUICE_UPDATE;
        if (!is_one_of_many(base, base->list[d][i]))
            assert_names(&plan, forward_only, base->list[d][i],
                         early ? "has no gradient to apply" : "twice");
    }
}

static void move(const struct plan *base, int d, int i, bool forward_only,
                 struct tally *tally)
{
    for (int other = 0; other < base->devices; other++) {
        if (other == d)
            continue;
        struct plan plan = *base;
        sluice_action action = extract(&plan, d, i);
        insert(&plan, other, i < plan.n[other] ? i : plan.n[other], action);
        judge(&plan, forward_only, tally);
        assert_names(&plan, forward_only, action, "wrong list");
    }
}

static void change_kind(const struct plan *base, int d, int i,
                        bool forward_only, struct tally *tally)
{
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++) {
        struct plan plan = *base;
        sluice_action *action = &plan.list[d][i];
        if (action->kind == kind)
            continue;
        action->microbatch = kind == SLUICE_UPDATE      ? -1
                             : action->microbatch == -1 ? 0
                                                        : action->microbatch;
        action->kind = kind;
        if (kind > SLUICE_UPDATE)
            action->version = 0;
        judge(&plan, forward_only, tally);
    }
}

static void change_version(const struct plan *base, int d, int i,
                           bool forward_only, struct tally *tally)
{
    if (base->list[d][i].kind > SLUICE_UPDATE)
        return; /* which have none */
    for (int version = 0; version <= base->microbatches + 1; version++) {
        struct plan plan = *base;
        plan.list[d][i].version = version;
        judge(&plan, forward_only, tally);
    }
}

static void swap(const struct plan *base, int d, int i, bool forward_only,
                 struct tally *tally)
{
    if (i + 1 == base->n[d])
        return;
    struct plan plan = *base;
    insert(&plan, d, i + 1, extract(&plan, d, i));
    judge(&plan, forward_only, tally);
}

static void judge_all(const struct plan *base, bool forward_only,
                      struct tally *tally)
{
    judge_up_to(base, 4, forward_only, tally);
    for (int d = 0; d < base->devices; d++)
        for (int i = 0; i < base->n[d]; i++) {
            if (sl_test_skips())
                continue;
            drop(base, d, i, forward_only, tally);
            duplicate(base, d, i, forward_only, tally);
            move(base, d, i, forward_only, tally);
            change_kind(base, d, i, forward_only, tally);
            change_version(base, d, i, forward_only, tally);
            swap(base, d, i, forward_only, tally);
        }
}

/* Each B becomes an I and a W. */
static void split(struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++) {
            if (plan->list[d][i].kind != SLUICE_B)
                continue;
            sluice_action half = plan->list[d][i];
            plan->list[d][i].kind = SLUICE_I;
            half.kind = SLUICE_W;
            insert(plan, d, i + 1, half);
        }
}

/* False if there is no such schedule. */
static bool generate(struct plan *plan, sluice_schedule_config config,
                     sluice_remat remat)
{
    sluice_schedule *schedule, *passed;
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return false;
    ck_assert_int_eq(sluice_schedule_remat(schedule, remat, &passed, NULL),
                     SLUICE_OK);
    plan_from(plan, passed);
    sluice_schedule_destroy(passed);
    sluice_schedule_destroy(schedule);
    return true;
}

static void sweep_config(sluice_schedule_config config, int max_devices,
                         sluice_remat remat, bool split_backward)
{
    struct tally tally = {0, 0};
    bool forward_only = !strcmp(config.name, "forward");
    for (int k = 1; k <= max_devices; k++)
        for (int m = 1; m <= NAIVE_MICROBATCHES; m++) {
            struct plan plan;
            config.devices = k;
            config.microbatches = m;
            if (!generate(&plan, config, remat))
                continue;
            if (split_backward)
                split(&plan);
            judge_all(&plan, forward_only, &tally);
        }
    ck_assert_int_gt(tally.accepted, 16);
    ck_assert_int_gt(tally.refused, 1000 / SL_TEST_STRIDE);
}

static void sweep(const char *name, sluice_backward_order order,
                  sluice_remat remat, bool split_backward)
{
    sluice_schedule_config config = {.name = name, .backward_order = order};
    sweep_config(config, NAIVE_DEVICES, remat, split_backward);
}

START_TEST(mutants_of_gpipe_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
    sweep("gpipe", SLUICE_IN_ORDER, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_1f1b_are_judged_as_by_execution)
{
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_rematerialized_schedules_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_REVERSE, SLUICE_REMAT_ALWAYS, false);
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_EXCEPT_LAST, false);
}
END_TEST

START_TEST(mutants_of_split_backwards_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_IN_ORDER, SLUICE_REMAT_NEVER, true);
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_NEVER, true);
}
END_TEST

START_TEST(mutants_of_forward_only_are_judged_as_by_execution)
{
    sweep("forward", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_every_other_schedule_are_judged_as_by_execution)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        sluice_schedule_config config = {.name = sluice_schedule_generator(i)};
        sweep_config(config, 3, SLUICE_REMAT_NEVER, false);
    }
}
END_TEST

START_TEST(mutants_of_vertical_sync_are_judged_as_by_execution)
{
    sluice_schedule_config config = {.name = "pipedream",
                                     .vertical_sync = true};
    sweep_config(config, 3, SLUICE_REMAT_NEVER, false);
}
END_TEST

/* Each RECV one place earlier. */
static void spread(struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 1; i < plan->n[d]; i++) {
            int kind = plan->list[d][i].kind;
            if (kind == SLUICE_RECV_F || kind == SLUICE_RECV_B)
                insert(plan, d, i - 1, extract(plan, d, i));
        }
}

static void sweep_lowered(const char *name, bool spreads)
{
    struct tally tally = {0, 0};
    bool forward_only = !strcmp(name, "forward");
    for (int k = 2; k <= 3; k++)
        for (int m = 1; m <= 4; m++) {
            struct plan plan;
            sluice_schedule *schedule, *lowered;
            if (sluice_schedule_generate(
                    &(sluice_schedule_config){
                        .name = name, .devices = k, .microbatches = m},
                    &schedule, NULL))
                continue;
            ck_assert_int_eq(sluice_schedule_lower(schedule, m, &lowered, NULL),
                             SLUICE_OK);
            plan_from(&plan, lowered);
            if (spreads)
                spread(&plan);
            judge_all(&plan, forward_only, &tally);
            sluice_schedule_destroy(lowered);
            sluice_schedule_destroy(schedule);
        }
    ck_assert_int_gt(tally.refused, 1000 / SL_TEST_STRIDE);
}

START_TEST(mutants_of_lowered_schedules_are_judged_as_by_execution)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (strncmp(sluice_schedule_generator(i), "dualpipe", 8) != 0)
            sweep_lowered(sluice_schedule_generator(i), false);
}
END_TEST

START_TEST(mutants_with_early_receives_are_judged_as_by_execution)
{
    sweep_lowered("1f1b", true);
    sweep_lowered("gpipe", true);
    sweep_lowered("zb-v", true);
    sweep_lowered("pipedream", true);
}
END_TEST

/* From the first stage to the last, and across one, with few places: edges
 * that stop a schedule which would run without them. */
static int sweep_edges(const char *name, int capacity)
{
    struct tally tally = {0, 0};
    int n_stopped = 0;
    for (int k = 2; k <= 4; k++)
        for (int m = 2; m <= NAIVE_MICROBATCHES; m += 2) {
            struct plan plan;
            sluice_schedule_config config = {
                .name = name, .devices = k, .microbatches = m};
            if (!generate(&plan, config, SLUICE_REMAT_NEVER) || plan.copies > 1)
                continue;
            int last = plan.stages - 1;
            plan.n_edges = 2;
            plan.edges[0] = (sluice_schedule_edge){0, last, capacity};
            plan.edges[1] = (sluice_schedule_edge){last / 2, last, 1};
            judge_all(&plan, false, &tally);
            n_stopped += !naive_runs(&plan, 4, false);
            plan.n_edges = 0;
            n_stopped -= !naive_runs(&plan, 4, false);
        }
    ck_assert_int_gt(tally.refused, 1000 / SL_TEST_STRIDE);
    return n_stopped;
}

START_TEST(mutants_of_schedules_with_edges_are_judged_as_by_execution)
{
    static const char *const names[] = {
        "gpipe", "1f1b", "zb-h1", "zb-v", "interleaved-1f1b", "pipedream"};
    int n_stopped = 0;
    for (int i = 0; i < 6; i++)
        for (int capacity = 1; capacity <= 3; capacity += 2)
            n_stopped += sweep_edges(names[i], capacity);
    ck_assert_int_gt(n_stopped, 2);
}
END_TEST

static void sweep_vocabulary(const char *name, int max_devices)
{
    struct tally tally = {0, 0};
    for (int k = 1; k <= max_devices; k++)
        for (int m = 1; m <= 4; m++) {
            struct plan plan;
            sluice_schedule *cut =
                sl_test_vocabulary(name, k, m, &(sluice_vocabulary_config){0});
            plan_from(&plan, cut);
            judge_all(&plan, !strcmp(name, "forward"), &tally);
            sluice_schedule_destroy(cut);
        }
    ck_assert_int_gt(tally.refused, 1000 / SL_TEST_STRIDE);
}

START_TEST(mutants_with_a_cut_vocabulary_are_judged_as_by_execution)
{
    sweep_vocabulary("1f1b", NAIVE_DEVICES);
    sweep_vocabulary("gpipe", 2);
    sweep_vocabulary("zb-v", 3);
    sweep_vocabulary("forward", 3);
}
END_TEST

/* Copy 0 on devices 0 and 1, one stage each; copy 1 on device 2, whole. */
START_TEST(mutants_of_copies_apart_are_judged_as_by_execution)
{
    struct tally tally = {0, 0};
    struct plan plan = {.devices = 3,
                        .stages = 4,
                        .copies = 2,
                        .microbatches = 4,
                        .stage_device = {0, 1, 2, 2}};
    for (int m = 0; m < 2; m++) {
        plan_append(&plan, 0, SLUICE_F, 0, m);
        plan_append(&plan, 1, SLUICE_F, 1, m);
        plan_append(&plan, 2, SLUICE_F, 2, 2 + m);
        plan_append(&plan, 2, SLUICE_F, 3, 2 + m);
    }
    for (int m = 0; m < 2; m++) {
        plan_append(&plan, 1, SLUICE_B, 1, m);
        plan_append(&plan, 0, SLUICE_B, 0, m);
        plan_append(&plan, 2, SLUICE_B, 3, 2 + m);
        plan_append(&plan, 2, SLUICE_B, 2, 2 + m);
    }
    for (int s = 0; s < 4; s++)
        plan_append(&plan, plan.stage_device[s], SLUICE_UPDATE, s, -1);
    judge_all(&plan, false, &tally);
    ck_assert_int_gt(tally.accepted, 16);
    ck_assert_int_gt(tally.refused, 100 / SL_TEST_STRIDE);
}
END_TEST

SLUICE_TEST_MAIN("sched.mutants", mutants_of_gpipe_are_judged_as_by_execution,
                 mutants_of_1f1b_are_judged_as_by_execution,
                 mutants_of_rematerialized_schedules_are_judged_as_by_execution,
                 mutants_of_split_backwards_are_judged_as_by_execution,
                 mutants_of_forward_only_are_judged_as_by_execution,
                 mutants_of_every_other_schedule_are_judged_as_by_execution,
                 mutants_of_vertical_sync_are_judged_as_by_execution,
                 mutants_of_schedules_with_edges_are_judged_as_by_execution,
                 mutants_with_a_cut_vocabulary_are_judged_as_by_execution,
                 mutants_of_copies_apart_are_judged_as_by_execution,
                 mutants_of_lowered_schedules_are_judged_as_by_execution,
                 mutants_with_early_receives_are_judged_as_by_execution)
