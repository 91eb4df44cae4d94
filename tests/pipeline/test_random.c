/*
 * Schedules drawn at random: split and full backwards, recomputes at any time,
 * several stages per device in any placement, micro-batches in any order.
 * Whatever the verifier accepts gives the bits of one device that adds up its
 * gradients in the same order, and the numbers of the reference.
 *
 * SLUICE_TEST_LONG in the environment asks for many more.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sched.h>
#include <sluice/reference.h>

#include "sched/random_plan.h"
#include "support/grid.h"
#include "support/problem.h"
#include "support/runner.h"

enum {
    LAYERS = 12,
    BATCH = 13,
    DEVICES = 4, /* at most; so the next two */
    STAGES = 6,
    MICROBATCHES = 9,
    CHOICES = 512,
};

/* A schedule while it is being drawn. */
struct draft {
    int devices, stages, microbatches;
    int stage_device[STAGES];
    int forward[MICROBATCHES], backward[MICROBATCHES]; /* orders, everywhere */
    int n_forward[STAGES], n_backward[STAGES], n_weight[STAGES];
    int weight[STAGES][MICROBATCHES]; /* order in which gradients add up */
    bool splits[STAGES][MICROBATCHES];
    bool recomputes[STAGES][MICROBATCHES];
    bool did[STAGES][MICROBATCHES][SLUICE_N_ACTION_KINDS];
    int favourite; /* a kind that is drawn more often; may be none */
    sluice_schedule *schedule;
};

/* What can be done next. */
struct choices {
    int n;
    sluice_action actions[CHOICES];
};

static void offer(struct choices *choices, const struct draft *draft, int kind,
                  int stage, int m)
{
    for (int n = kind == draft->favourite ? 4 : 1; n; n--)
        choices->actions[choices->n++] = (sluice_action){kind, stage, m};
}

static void offer_forward(struct choices *choices, const struct draft *draft,
                          int s)
{
    int i = draft->n_forward[s];
    if (i < draft->microbatches && (s == 0 || i < draft->n_forward[s - 1]))
        offer(choices, draft, SLUICE_F, s, draft->forward[i]);
}

static void offer_backward(struct choices *choices, const struct draft *draft,
                           int s)
{
    int i = draft->n_backward[s];
    if (i == draft->microbatches ||
        (s + 1 < draft->stages && i >= draft->n_backward[s + 1]))
        return;
    int m = draft->backward[i];
    if (draft->did[s][m][draft->recomputes[s][m] ? SLUICE_R : SLUICE_F])
        offer(choices, draft, draft->splits[s][m] ? SLUICE_I : SLUICE_B, s, m);
}

static void offer_rest(struct choices *choices, const struct draft *draft,
                       int s)
{
    for (int m = 0; m < draft->microbatches; m++) {
        const bool *did = draft->did[s][m];
        if (draft->recomputes[s][m] && did[SLUICE_F] && !did[SLUICE_R])
            offer(choices, draft, SLUICE_R, s, m);
        if (did[SLUICE_I] && !did[SLUICE_W])
            offer(choices, draft, SLUICE_W, s, m);
    }
}

static void append(sluice_schedule *schedule, int kind, int stage, int m)
{
    int device = sluice_schedule_stage_device(schedule, stage);
    ck_assert_int_eq(sluice_schedule_append(schedule, device,
                                            (sluice_action){kind, stage, m},
                                            NULL),
                     SLUICE_OK);
}

static void take(struct draft *draft, sluice_action action)
{
    int s = action.stage, m = action.microbatch;
    append(draft->schedule, action.kind, s, m);
    draft->did[s][m][action.kind] = true;
    draft->n_forward[s] += action.kind == SLUICE_F;
    draft->n_backward[s] += action.kind == SLUICE_B || action.kind == SLUICE_I;
    if (action.kind == SLUICE_B || action.kind == SLUICE_W)
        draft->weight[s][draft->n_weight[s]++] = m;
}

/* 0: none, 1: all, 2: each by itself. */
static bool decide(struct dice *dice, int policy)
{
    return policy == 2 ? roll(dice, 2) : policy;
}

static void draw_frame(struct draft *draft, struct dice *dice)
{
    int places[STAGES];
    *draft = (struct draft){0};
    draft->devices = 1 + roll(dice, DEVICES);
    draft->stages = draft->devices + roll(dice, STAGES - DEVICES + 1);
    draft->microbatches = 1 + roll(dice, MICROBATCHES);
    shuffle(dice, places, draft->stages);
    for (int s = 0; s < draft->stages; s++) /* no device without a stage */
        draft->stage_device[places[s]] =
            s < draft->devices ? s : roll(dice, draft->devices);
    bool in_order = roll(dice, 2);
    shuffle(dice, draft->forward, draft->microbatches);
    for (int i = 0; in_order && i < draft->microbatches; i++)
        draft->forward[i] = i;
    int way = roll(dice, 3);
    shuffle(dice, draft->backward, draft->microbatches);
    for (int i = 0; way && i < draft->microbatches; i++)
        draft->backward[i] =
            draft->forward[way == 1 ? i : draft->microbatches - 1 - i];
    int splits = roll(dice, 3), recomputes = roll(dice, 3);
    for (int s = 0; s < draft->stages; s++)
        for (int m = 0; m < draft->microbatches; m++) {
            draft->splits[s][m] = decide(dice, splits);
            draft->recomputes[s][m] = decide(dice, recomputes);
        }
    draft->favourite = roll(dice, SLUICE_UPDATE + 1);
}

/* A schedule that runs if the queues are large enough. */
static void draw(struct draft *draft, struct dice *dice)
{
    draw_frame(draft, dice);
    ck_assert_int_eq(sluice_schedule_create(
                         draft->devices, draft->stages, draft->microbatches,
                         draft->stage_device, NULL, &draft->schedule, NULL),
                     SLUICE_OK);
    for (;;) {
        struct choices choices = {0};
        for (int s = 0; s < draft->stages; s++) {
            offer_forward(&choices, draft, s);
            offer_backward(&choices, draft, s);
            offer_rest(&choices, draft, s);
        }
        if (!choices.n)
            break;
        take(draft, choices.actions[roll(dice, choices.n)]);
    }
    for (int s = 0; s < draft->stages; s++) {
        ck_assert_int_eq(draft->n_weight[s], draft->microbatches);
        append(draft->schedule, SLUICE_UPDATE, s, -1);
    }
}

/* The same on one device, one thing after the other. */
static sluice_schedule *make_twin(const struct draft *draft)
{
    static const int one_device[STAGES];
    sluice_schedule *twin;
    ck_assert_int_eq(sluice_schedule_create(1, draft->stages,
                                            draft->microbatches, one_device,
                                            NULL, &twin, NULL),
                     SLUICE_OK);
    for (int i = 0; i < draft->microbatches; i++)
        for (int s = 0; s < draft->stages; s++)
            append(twin, SLUICE_F, s, draft->forward[i]);
    for (int i = 0; i < draft->microbatches; i++)
        for (int s = draft->stages - 1; s >= 0; s--)
            append(twin, SLUICE_I, s, draft->backward[i]);
    for (int s = 0; s < draft->stages; s++)
        for (int i = 0; i < draft->microbatches; i++)
            append(twin, SLUICE_W, s, draft->weight[s][i]);
    for (int s = 0; s < draft->stages; s++)
        append(twin, SLUICE_UPDATE, s, -1);
    return twin;
}

/* Gives the core away, for a while that depends on the cell and its turn. */
struct jitter {
    atomic_bool on; /* [atomic] */
    atomic_uint turn;
};

static sluice_status dawdle(void *context, const struct sl_test_cell *cell)
{
    struct jitter *jitter = context;
    if (!atomic_load(&jitter->on))
        return SLUICE_OK;
    unsigned n = (atomic_fetch_add(&jitter->turn, 1) + 1) * 2654435761U +
                 (unsigned)cell->layer * 40503U + (unsigned)cell->first_row;
    long ns = (long)(n >> 12 & 63) * 1000;
    if (n >> 29 == 0)
        nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
    else if (n >> 29 == 1)
        sched_yield();
    return SLUICE_OK;
}

/* The three that must agree, and where they are compared. */
struct trial {
    const struct sl_test_problem *problem;
    struct jitter *jitter;
    sluice_pipeline *pipe, *twin;
    sluice_reference *ref;
    int partition[STAGES];
    char where[4096];
};

/* Random sizes of the stages, that add up. */
static void draw_partition(struct trial *trial, const struct draft *draft,
                           struct dice *dice)
{
    for (int s = 0; s < draft->stages; s++)
        trial->partition[s] = 1;
    for (int i = draft->stages; i < LAYERS; i++)
        trial->partition[roll(dice, draft->stages)]++;
}

/* Returns whether the verifier accepts the draft; then all three are there. */
static bool set_up(struct trial *trial, const struct draft *draft,
                   struct dice *dice)
{
    const struct sl_test_problem *p = trial->problem;
    sluice_pipeline_config config = p->config;
    config.custom = draft->schedule;
    config.cut = SLUICE_CUT_LIST;
    config.partition = trial->partition;
    config.queue_capacity = 1 + roll(dice, 3);
    config.pinning = SLUICE_PIN_OFF;
    config.spin_ns = roll(dice, 2) ? 20000 : -1;
    config.trace = roll(dice, 2);
    draw_partition(trial, draft, dice);
    int n = snprintf(trial->where, sizeof trial->where, "capacity %d\n",
                     config.queue_capacity);
    sluice_schedule_format(draft->schedule, trial->where + n,
                           sizeof trial->where - (size_t)n);

    sluice_verify_config verify = {.queue_capacity = config.queue_capacity};
    sluice_diag why = {0};
    sluice_status verdict =
        sluice_schedule_verify(draft->schedule, &verify, NULL, NULL);
    sluice_status st =
        sluice_pipeline_create(&config, p->model, &trial->pipe, &why);
    ck_assert_msg(st == verdict && (!st || st == SLUICE_SCHEDULE), "%s: %s\n%s",
                  sluice_status_name(st), why.text, trial->where);
    if (st)
        return false;
    sluice_schedule *twin = make_twin(draft);
    config = p->config;
    config.custom = twin;
    config.schedule.microbatches = draft->microbatches;
    config.cut = SLUICE_CUT_LIST; /* the order of addition is that of a stage */
    config.partition = trial->partition;
    ck_assert_msg(
        !sluice_pipeline_create(&config, p->model, &trial->twin, &why), "%s",
        why.text);
    ck_assert_msg(
        !sluice_reference_create(&config, p->model, &trial->ref, &why), "%s",
        why.text);
    sluice_schedule_destroy(twin);
    return true;
}

static void tear_down(struct trial *trial)
{
    sluice_pipeline_destroy(trial->pipe);
    sluice_pipeline_destroy(trial->twin);
    sluice_reference_destroy(trial->ref);
}

/* One parameter, or its gradient, of all three. */
static void compare(const struct trial *trial, const char *name, int64_t n,
                    const float *ours, const float *twin, const float *ref)
{
    ck_assert_msg(!memcmp(ours, twin, (size_t)n * sizeof *ours),
                  "%s has other bits than on one device, %s", name,
                  trial->where);
    for (int64_t i = 0; i < n; i++) /* `not <=`, so that a NaN fails */
        ck_assert_msg(fabsf(ours[i] - ref[i]) <= 1e-5F,
                      "%s[%lld] is %g, by the reference %g, %s", name,
                      (long long)i, (double)ours[i], (double)ref[i],
                      trial->where);
}

static void compare_parameters(const struct trial *trial)
{
    enum { MOST = 256 }; /* elements of a parameter */
    const sluice_model *model = trial->problem->model;
    float a[MOST], b[MOST], c[MOST];
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++) {
            char name[64];
            int64_t n = sluice_shape_elements(&plan->params[p].shape);
            snprintf(name, sizeof name, "%d.%s", i, plan->params[p].name);
            ck_assert(
                n <= MOST &&
                !sluice_pipeline_get_parameter(trial->pipe, name, a, n, NULL) &&
                !sluice_pipeline_get_parameter(trial->twin, name, b, n, NULL) &&
                !sluice_reference_get_parameter(trial->ref, name, c, n, NULL));
            compare(trial, name, n, a, b, c);
            ck_assert(
                !sluice_pipeline_get_gradient(trial->pipe, name, a, n, NULL) &&
                !sluice_pipeline_get_gradient(trial->twin, name, b, n, NULL) &&
                !sluice_reference_get_gradient(trial->ref, name, c, n, NULL));
            compare(trial, name, n, a, b, c);
        }
    }
}

static void compare_results(const struct trial *trial, const sluice_result *r)
{
    ck_assert_msg(!memcmp(&r[0].loss, &r[1].loss, sizeof r[0].loss),
                  "loss %a, on one device %a, %s", r[0].loss, r[1].loss,
                  trial->where);
    ck_assert_msg(fabs(r[0].loss - r[2].loss) <= 1e-5 * r[2].loss,
                  "loss %g, by the reference %g, %s", r[0].loss, r[2].loss,
                  trial->where);
}

static void step(const struct trial *trial, int64_t rows)
{
    const struct sl_test_problem *p = trial->problem;
    sluice_result r[3];
    sluice_diag why = {0};
    atomic_store(&trial->jitter->on, true);
    sluice_status st =
        sluice_pipeline_step(trial->pipe, p->x, p->targets, rows, &r[0], &why);
    atomic_store(&trial->jitter->on, false);
    ck_assert_msg(!st, "%s, %s", why.text, trial->where);
    ck_assert(!sluice_pipeline_step(trial->twin, p->x, p->targets, rows, &r[1],
                                    NULL));
    ck_assert(!sluice_reference_step(trial->ref, p->x, p->targets, rows, &r[2],
                                     NULL));
    compare_results(trial, r);
    compare_parameters(trial);
}

static void evaluate(const struct trial *trial, int64_t rows)
{
    const struct sl_test_problem *p = trial->problem;
    sluice_result r[3];
    ck_assert(!sluice_pipeline_evaluate(trial->pipe, p->x, p->targets, rows,
                                        &r[0], NULL) &&
              !sluice_pipeline_evaluate(trial->twin, p->x, p->targets, rows,
                                        &r[1], NULL) &&
              !sluice_reference_evaluate(trial->ref, p->x, p->targets, rows,
                                         &r[2], NULL));
    compare_results(trial, r);
}

START_TEST(what_the_verifier_accepts_trains_as_one_device_does)
{
    int wanted = sl_test_is_long() ? 20000 : 200 / SL_TEST_STRIDE;
    struct jitter jitter = {0};
    struct sl_test_problem problem = {.probe = {dawdle, &jitter}};
    struct dice dice = {0};
    int ran = 0, refused = 0;
    sl_test_problem_init(&problem, SL_TEST_MIXED, LAYERS, BATCH, NULL);
    while (ran < wanted) {
        struct trial trial = {.problem = &problem, .jitter = &jitter};
        struct draft draft;
        draw(&draft, &dice);
        if (set_up(&trial, &draft, &dice)) {
            step(&trial, BATCH);
            step(&trial, 1 + roll(&dice, BATCH));
            evaluate(&trial, BATCH + 4);
            step(&trial, BATCH);
            tear_down(&trial);
            ran++;
        } else {
            refused++;
        }
        sluice_schedule_destroy(draft.schedule);
    }
    ck_assert_int_gt(refused, 0); /* small queues were among them */
    ck_assert_int_lt(refused, 4 * ran);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.random",
                 what_the_verifier_accepts_trains_as_one_device_does)
