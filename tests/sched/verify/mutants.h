/*
 * All mutants of a plan: each action left out, doubled, moved, of another kind
 * and version, and changed with the next one.  The verifier must judge them as
 * the naive execution does, and name the action.
 */
#ifndef SL_TEST_SCHED_VERIFY_MUTANTS_H
#define SL_TEST_SCHED_VERIFY_MUTANTS_H

#include "sched/naive.h"

#include "sched/place.h"
#include "support/grid.h"
#include "support/runner.h"

/* From day to day a seventh of them, or what sanitizers take of any grid; all
 * with SLUICE_TEST_LONG. */
enum {
    MUTANT_THIN = SL_TEST_STRIDE > 1 ? 1 : 7,
    MUTANT_STRIDE = MUTANT_THIN * SL_TEST_STRIDE
};

struct tally {
    int accepted;
    int refused;
};

/* Stages on the device of `stage` that belong to the same copy. */
static inline int chunks_beside(const struct plan *plan, int stage)
{
    int n = 0, depth = naive_depth(plan);
    for (int s = 0; s < plan->stages; s++)
        n += s / depth == stage / depth &&
             plan->stage_device[s] == plan->stage_device[stage];
    return n;
}

static inline bool has_recompute(const struct plan *plan, int device,
                                 sluice_action of)
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
static inline int held_at(const struct plan *plan, int device, int position,
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

static inline void assert_peaks(const struct plan *plan, int capacity)
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
static inline void judge_up_to(const struct plan *plan, int max_capacity,
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

static inline void judge(const struct plan *plan, bool forward_only,
                         struct tally *tally)
{
    judge_up_to(plan, 2, forward_only, tally);
}

static inline void insert(struct plan *plan, int device, int at,
                          sluice_action action)
{
    sluice_action *list = plan->list[device];
    memmove(list + at + 1, list + at,
            (size_t)(plan->n[device] - at) * sizeof *list);
    list[at] = action;
    plan->n[device]++;
}

static inline sluice_action extract(struct plan *plan, int device, int at)
{
    sluice_action *list = plan->list[device];
    sluice_action action = list[at];
    plan->n[device]--;
    memmove(list + at, list + at + 1,
            (size_t)(plan->n[device] - at) * sizeof *list);
    return action;
}

static inline void assert_names(const struct plan *plan, bool forward_only,
                                sluice_action action, const char *says)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_diag why;
    ck_assert_int_eq(plan_verify(plan, 1, forward_only, &why), SLUICE_SCHEDULE);
    ck_assert_str_eq(why.action,
                     sluice_action_format(action, name, sizeof name));
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

/* Where there are many UPDATEs, or copies whose UPDATEs have an order, or
 * shards that go with one of each stage, one more or less breaks another rule
 * first.
 */
static inline bool is_one_of_many(const struct plan *plan, sluice_action action)
{
    return action.kind == SLUICE_UPDATE &&
           (plan->copies > 1 || naive_is_asynchronous(plan) ||
            naive_has_shards(plan));
}

static inline void drop(const struct plan *base, int d, int i,
                        bool forward_only, struct tally *tally)
{
    struct plan plan = *base;
    sluice_action action = extract(&plan, d, i);
    judge(&plan, forward_only, tally);
    action.version = 0; /* which is not known of what is missing */
    if (action.kind != SLUICE_R && !naive_is_of_shards(action) &&
        !is_one_of_many(base, action))
        assert_names(&plan, forward_only, action, "is missing");
}

static inline void duplicate(const struct plan *base, int d, int i,
                             bool forward_only, struct tally *tally)
{
    const int places[] = {0, i, base->n[d]};
    for (int j = 0; j < 3; j++) {
        struct plan plan = *base;
        insert(&plan, d, places[j], base->list[d][i]);
        judge(&plan, forward_only, tally);
        /* An UPDATE at the front is not one too many, but too early. */
        bool early = places[j] < i && base->list[d][i].kind == SLUICE_UPDATE;
        if (!is_one_of_many(base, base->list[d][i]) &&
            !naive_is_of_shards(base->list[d][i]))
            assert_names(&plan, forward_only, base->list[d][i],
                         early ? "has no gradient to apply" : "twice");
    }
}

static inline void move(const struct plan *base, int d, int i,
                        bool forward_only, struct tally *tally)
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

static inline void change_kind(const struct plan *base, int d, int i,
                               bool forward_only, struct tally *tally)
{
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++) {
        struct plan plan = *base;
        sluice_action *action = &plan.list[d][i];
        if (action->kind == kind)
            continue;
        action->kind = kind;
        if (kind == SLUICE_UPDATE || naive_is_of_shards(*action))
            action->microbatch = -1;
        else if (action->microbatch == -1)
            action->microbatch = 0;
        if (kind > SLUICE_UPDATE)
            action->version = 0;
        judge(&plan, forward_only, tally);
    }
}

static inline void change_version(const struct plan *base, int d, int i,
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

static inline void swap(const struct plan *base, int d, int i,
                        bool forward_only, struct tally *tally)
{
    if (i + 1 == base->n[d])
        return;
    struct plan plan = *base;
    insert(&plan, d, i + 1, extract(&plan, d, i));
    judge(&plan, forward_only, tally);
}

static inline void judge_all(const struct plan *base, bool forward_only,
                             struct tally *tally)
{
    judge_up_to(base, 4, forward_only, tally);
    for (int d = 0; d < base->devices; d++)
        for (int i = 0; i < base->n[d]; i++) {
            if (sl_test_skips_of(MUTANT_THIN))
                continue;
            drop(base, d, i, forward_only, tally);
            duplicate(base, d, i, forward_only, tally);
            move(base, d, i, forward_only, tally);
            change_kind(base, d, i, forward_only, tally);
            change_version(base, d, i, forward_only, tally);
            swap(base, d, i, forward_only, tally);
        }
}

#endif
