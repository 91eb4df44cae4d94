/*
 * Beam search.  All partial schedules of a level have the same number of
 * actions.  What the steps of the kept ones were is remembered for all levels,
 * the partial schedules themselves for two.
 */
#include "search/beam.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The last action of a partial schedule, and which one it was added to. */
struct step {
    int before;
    int stage;
    sluice_action_kind kind;
};

/* A candidate for the next level. */
struct child {
    struct sl_outlook outlook;
    uint64_t hash; /* of its numbers: equal ones are one */
    int words;     /* where they are: index in the pool */
    struct step step;
};

struct beam {
    const struct sl_frame *frame;
    int width;
    int n_kept;             /* of the level */
    int64_t *kept;          /* [width][n_words] */
    int64_t *pool;          /* [n_pool][n_words] of children */
    struct child *children; /* [n_pool] */
    int n_pool;
    struct step *steps; /* [n_actions][width] */
    struct sl_option *options;
};

static uint64_t hash_of(const int64_t *words, size_t n)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, by words */
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (uint64_t)words[i]) * 1099511628211u;
    return hash;
}

static int compare(const void *a, const void *b)
{
    const struct child *x = a, *y = b;
    if (x->outlook.bound_ns != y->outlook.bound_ns)
        return x->outlook.bound_ns < y->outlook.bound_ns ? -1 : 1;
    if (x->outlook.sum_ns != y->outlook.sum_ns)
        return x->outlook.sum_ns < y->outlook.sum_ns ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->words - y->words;
}

/* All that the kept ones can become. */
static int branch(struct beam *beam)
{
    const struct sl_frame *frame = beam->frame;
    int n = 0;
    for (int i = 0; i < beam->n_kept; i++) {
        int64_t *words = beam->kept + (size_t)i * frame->n_words;
        int n_options = sl_partial_options(frame, words, beam->options);
        for (int o = 0; o < n_options && n < beam->n_pool; o++, n++) {
            int64_t *child = beam->pool + (size_t)n * frame->n_words;
            const struct sl_option *option = &beam->options[o];
            memcpy(child, words, frame->n_words * sizeof *child);
            sl_partial_put(frame, child, option);
            beam->children[n] = (struct child){
                .outlook = sl_partial_outlook(frame, child),
                .hash = hash_of(child, frame->n_words),
                .words = n,
                .step = {i, option->action.stage, option->action.kind},
            };
        }
    }
    return n;
}

/* The best children are the next level. */
static void keep(struct beam *beam, int n_children, struct step *steps)
{
    size_t n_words = beam->frame->n_words;
    qsort(beam->children, (size_t)n_children, sizeof *beam->children, compare);
    beam->n_kept = 0;
    for (int i = 0; i < n_children && beam->n_kept < beam->width; i++) {
        const struct child *child = &beam->children[i];
        if (i > 0 && child->hash == child[-1].hash)
            continue;
        memcpy(beam->kept + (size_t)beam->n_kept * n_words,
               beam->pool + (size_t)child->words * n_words,
               n_words * sizeof *beam->kept);
        steps[beam->n_kept++] = child->step;
    }
}

static sluice_status append(const struct beam *beam, sluice_schedule *schedule,
                            const struct step *path, sluice_diag *why)
{
    const struct sl_frame *frame = beam->frame;
    int done[SL_BEAM_STAGES][SLUICE_N_ACTION_KINDS] = {{0}};
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < frame->n_actions && !st; i++) {
        int s = path[i].stage;
        st = sluice_schedule_append(
            schedule, frame->stage_device[s],
            (sluice_action){path[i].kind, s, done[s][path[i].kind]++, 0}, why);
    }
    return st ? st : sl_append_updates(schedule, why);
}

/* The way to the first of the last level, in order. */
static void trace_back(const struct beam *beam, struct step *path)
{
    int at = 0;
    for (int i = beam->frame->n_actions - 1; i >= 0; i--) {
        path[i] = beam->steps[(size_t)i * (size_t)beam->width + (size_t)at];
        at = path[i].before;
    }
}

static sluice_status make(const struct beam *beam, struct step *path,
                          sluice_schedule **out, sluice_diag *why)
{
    const struct sl_frame *frame = beam->frame;
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_create(
        frame->n_devices, frame->n_stages, frame->n_microbatches,
        frame->stage_device, frame->problem->config->allocator, &schedule, why);
    if (st)
        return st;
    trace_back(beam, path);
    st = append(beam, schedule, path, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status run(struct beam *beam)
{
    sl_partial_begin(beam->frame, beam->kept);
    beam->n_kept = 1;
    for (int i = 0; i < beam->frame->n_actions; i++) {
        keep(beam, branch(beam), beam->steps + (size_t)i * (size_t)beam->width);
        if (beam->n_kept == 0)
            return SLUICE_NOT_FOUND;
    }
    return SLUICE_OK;
}

sluice_status sl_beam(const struct sl_frame *frame, int width,
                      sluice_schedule **out, sluice_diag *why)
{
    const sluice_allocator *allocator = frame->problem->config->allocator;
    int branches = 3 * frame->n_stages / frame->n_devices;
    struct beam beam = {
        .frame = frame, .width = width, .n_pool = width * branches};
    size_t row = frame->n_words * sizeof *beam.kept;
    size_t n = (size_t)width, n_pool = (size_t)beam.n_pool;
    size_t n_actions = (size_t)frame->n_actions;
    size_t n_options = 3 * (size_t)frame->n_stages;
    beam.kept = sl_alloc(allocator, n, row);
    beam.pool = sl_alloc(allocator, n_pool, row);
    beam.children = sl_alloc(allocator, n_pool, sizeof *beam.children);
    beam.steps = sl_alloc(allocator, n * n_actions, sizeof *beam.steps);
    beam.options = sl_alloc(allocator, n_options, sizeof *beam.options);
    struct step *path = sl_alloc(allocator, n_actions, sizeof *path);
    sluice_status st = SLUICE_OK;
    if (!beam.kept || !beam.pool || !beam.children || !beam.steps ||
        !beam.options || !path)
        st = sl_no_memory(why, "the search for a schedule");
    if (!st)
        st = run(&beam);
    if (!st)
        st = make(&beam, path, out, why);
    sl_free(allocator, path, n_actions, sizeof *path);
    sl_free(allocator, beam.options, n_options, sizeof *beam.options);
    sl_free(allocator, beam.steps, n * n_actions, sizeof *beam.steps);
    sl_free(allocator, beam.children, n_pool, sizeof *beam.children);
    sl_free(allocator, beam.pool, n_pool, row);
    sl_free(allocator, beam.kept, n, row);
    return st;
}
