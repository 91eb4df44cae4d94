/*
 * Partial schedules.
 *
 * Each stage takes the micro-batches in rising order, so that three counters
 * describe it.  Micro-batches are alike, hence no other order is better.  An
 * output is remembered until its consumer, and the producer that needs its
 * place, have been placed: that is as many outputs as a queue has places.
 * Between stages of one device no time need be remembered, because the device
 * is busy until then.
 */
#include "search/partial.h"

#include <string.h>

enum { NEVER = -1 };

/* The parts of a partial schedule: [n_devices] each, */
enum { FREE, HELD, FIRST, LEFT, N_DEVICE_PARTS };

/* and then [n_stages] each, and the times [n_stages][n_times] each. */
enum { FORWARDS, BACKWARDS, WEIGHTS, N_STAGE_PARTS };

static int64_t *of_device(const struct sl_frame *frame, int64_t *words,
                          int part)
{
    return words + part * frame->n_devices;
}

static int64_t *of_stage(const struct sl_frame *frame, int64_t *words, int part)
{
    return words + N_DEVICE_PARTS * frame->n_devices + part * frame->n_stages;
}

/* When an output of a stage was ready: a forward's, or a backward's. */
static int64_t *end_of(const struct sl_frame *frame, int64_t *words,
                       bool backward, int stage, int64_t microbatch)
{
    int64_t *times = of_stage(frame, words, N_STAGE_PARTS);
    int row = (backward ? frame->n_stages : 0) + stage;
    return times + row * frame->n_times + microbatch % frame->n_times;
}

static int backward_kind(const struct sl_frame *frame)
{
    return frame->split ? SLUICE_I : SLUICE_B;
}

static int64_t cost_of(const struct sl_frame *frame, int kind, int stage)
{
    return sl_problem_cost(frame->problem, kind, stage);
}

static bool together(const struct sl_frame *frame, int a, int b)
{
    return frame->stage_device[a] == frame->stage_device[b];
}

static int64_t latency(const struct sl_frame *frame, int from, int to)
{
    return together(frame, from, to) ? 0 : frame->problem->config->latency_ns;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void settle_paths(struct sl_frame *frame)
{
    int backward = backward_kind(frame);
    for (int s = 0; s < frame->n_stages; s++) {
        int64_t own = frame->split ? cost_of(frame, SLUICE_W, s) : 0;
        int64_t on = s == 0 ? 0
                            : latency(frame, s, s - 1) +
                                  cost_of(frame, backward, s - 1) +
                                  frame->after_backward[s - 1];
        frame->after_backward[s] = later(own, on);
    }
    for (int s = frame->n_stages - 1; s >= 0; s--)
        frame->after_forward[s] =
            s + 1 == frame->n_stages
                ? cost_of(frame, backward, s) + frame->after_backward[s]
                : latency(frame, s, s + 1) + cost_of(frame, SLUICE_F, s + 1) +
                      frame->after_forward[s + 1];
}

void sl_frame_init(struct sl_frame *frame, const struct sl_problem *problem,
                   bool split, bool in_a_v)
{
    const sluice_search_config *config = problem->config;
    int k = config->devices, m = config->microbatches;
    *frame = (struct sl_frame){
        .problem = problem,
        .split = split,
        .n_devices = k,
        .n_stages = problem->n_stages,
        .n_microbatches = m,
        .n_times = problem->capacity < m ? problem->capacity : m,
        .n_actions = problem->n_stages * m * (split ? 3 : 2),
    };
    for (int s = 0; s < frame->n_stages; s++)
        frame->stage_device[s] = sl_problem_place(problem, s, in_a_v);
    frame->n_words =
        (size_t)(N_DEVICE_PARTS * k) +
        (size_t)(N_STAGE_PARTS + 2 * frame->n_times) * (size_t)frame->n_stages;
    settle_paths(frame);
}

void sl_partial_begin(const struct sl_frame *frame, int64_t *words)
{
    memset(words, 0, frame->n_words * sizeof *words);
    for (int d = 0; d < frame->n_devices; d++)
        of_device(frame, words, FIRST)[d] = NEVER;
    for (int s = 0; s < frame->n_stages; s++) {
        int64_t each = cost_of(frame, SLUICE_F, s) +
                       cost_of(frame, backward_kind(frame), s) +
                       (frame->split ? cost_of(frame, SLUICE_W, s) : 0);
        of_device(frame, words, LEFT)[frame->stage_device[s]] +=
            each * frame->n_microbatches;
    }
}

/*
 * Whether the device can hold this micro-batch, too, and still take the oldest
 * one that it has not done with through its later stages.  Then that one gets
 * done, and makes room for the next.
 */
static bool has_room(const struct sl_frame *frame, int64_t *words, int stage)
{
    int64_t limit = frame->problem->config->limit;
    if (!limit)
        return true;
    const int64_t *forwards = of_stage(frame, words, FORWARDS);
    const int64_t *done = of_stage(frame, words, WEIGHTS);
    int d = frame->stage_device[stage], first = 0;
    while (frame->stage_device[first] != d)
        first++;
    int64_t oldest = done[first];
    int64_t held = of_device(frame, words, HELD)[d] +
                   sl_problem_bytes(frame->problem, stage);
    for (int s = first; s < frame->n_stages; s++)
        if (frame->stage_device[s] == d && forwards[s] <= oldest &&
            !(s == stage && forwards[s] == oldest))
            held += sl_problem_bytes(frame->problem, s);
    return held <= limit;
}

/*
 * When an output can be handed over to the stage `to`, at the earliest: when
 * the one that is so many places before it has been taken.  NEVER: that has not
 * been placed yet.
 */
static int64_t place_ns(const struct sl_frame *frame, int64_t *words, int kind,
                        int from, int to, int64_t microbatch)
{
    bool backward = kind != SLUICE_F;
    int64_t before = microbatch - frame->problem->capacity;
    if (together(frame, from, to) || before < 0)
        return 0;
    if (of_stage(frame, words, backward ? BACKWARDS : FORWARDS)[to] <= before)
        return NEVER;
    return *end_of(frame, words, backward, to, before) -
           cost_of(frame, kind, to);
}

/* When an F, B or I can start; NEVER: not known yet. */
static int64_t start_of(const struct sl_frame *frame, int64_t *words, int kind,
                        int stage)
{
    bool backward = kind != SLUICE_F;
    int step = backward ? -1 : 1;
    const int64_t *made =
        of_stage(frame, words, backward ? BACKWARDS : FORWARDS);
    int64_t m = made[stage];
    int64_t start = of_device(frame, words, FREE)[frame->stage_device[stage]];
    int from = stage - step, to = stage + step;
    if (m == frame->n_microbatches ||
        (backward && m >= of_stage(frame, words, FORWARDS)[stage]))
        return NEVER;
    if (from >= 0 && from < frame->n_stages) {
        if (made[from] <= m)
            return NEVER;
        if (!together(frame, from, stage))
            start = later(start, *end_of(frame, words, backward, from, m) +
                                     latency(frame, from, stage));
    }
    if (to >= 0 && to < frame->n_stages) {
        int64_t place = place_ns(frame, words, kind, stage, to, m);
        if (place == NEVER)
            return NEVER;
        start = later(start, place - cost_of(frame, kind, stage));
    }
    return backward || has_room(frame, words, stage) ? start : NEVER;
}

static int add(const struct sl_frame *frame, int kind, int stage,
               int64_t microbatch, int64_t start, struct sl_option *options,
               int n)
{
    if (start == NEVER)
        return n;
    options[n] = (struct sl_option){
        .action = {(sluice_action_kind)kind, stage, (int)microbatch, 0},
        .start_ns = start,
        .end_ns = start + cost_of(frame, kind, stage),
    };
    return n + 1;
}

int sl_partial_options(const struct sl_frame *frame, int64_t *words,
                       struct sl_option *options)
{
    const int64_t *backwards = of_stage(frame, words, BACKWARDS);
    const int64_t *weights = of_stage(frame, words, WEIGHTS);
    int kind = backward_kind(frame), n = 0;
    for (int s = 0; s < frame->n_stages; s++) {
        int64_t free_ns = of_device(frame, words, FREE)[frame->stage_device[s]];
        n = add(frame, SLUICE_F, s, of_stage(frame, words, FORWARDS)[s],
                start_of(frame, words, SLUICE_F, s), options, n);
        n = add(frame, kind, s, backwards[s], start_of(frame, words, kind, s),
                options, n);
        if (weights[s] < backwards[s])
            n = add(frame, SLUICE_W, s, weights[s], free_ns, options, n);
    }
    if (n == 0)
        return 0;
    struct sl_option first = options[0];
    for (int i = 1; i < n; i++)
        if (options[i].end_ns < first.end_ns)
            first = options[i];
    int n_kept = 0, d = frame->stage_device[first.action.stage];
    for (int i = 0; i < n; i++)
        if (frame->stage_device[options[i].action.stage] == d &&
            (options[i].start_ns < first.end_ns ||
             options[i].end_ns == first.end_ns))
            options[n_kept++] = options[i];
    return n_kept;
}

void sl_partial_put(const struct sl_frame *frame, int64_t *words,
                    const struct sl_option *option)
{
    sluice_action action = option->action;
    int s = action.stage, d = frame->stage_device[s];
    bool whole = action.kind == SLUICE_B;
    of_device(frame, words, FREE)[d] = option->end_ns;
    of_device(frame, words, LEFT)[d] -= option->end_ns - option->start_ns;
    of_device(frame, words, HELD)[d] +=
        sl_problem_change(frame->problem, (int)action.kind, s);
    if (of_device(frame, words, FIRST)[d] == NEVER)
        of_device(frame, words, FIRST)[d] = option->start_ns;
    if (action.kind == SLUICE_F) {
        of_stage(frame, words, FORWARDS)[s]++;
        *end_of(frame, words, false, s, action.microbatch) = option->end_ns;
    }
    if (action.kind == SLUICE_I || whole) {
        of_stage(frame, words, BACKWARDS)[s]++;
        *end_of(frame, words, true, s, action.microbatch) = option->end_ns;
    }
    if (action.kind == SLUICE_W || whole)
        of_stage(frame, words, WEIGHTS)[s]++;
}

/* A stage's own work that is left, then the way of the last micro-batch. */
static int64_t path_bound(const struct sl_frame *frame, int64_t *words, int s)
{
    int64_t free_ns = of_device(frame, words, FREE)[frame->stage_device[s]];
    int64_t m = frame->n_microbatches;
    int64_t forwards = m - of_stage(frame, words, FORWARDS)[s];
    int64_t backwards = m - of_stage(frame, words, BACKWARDS)[s];
    int64_t bound = free_ns;
    if (forwards)
        bound = later(bound, free_ns + forwards * cost_of(frame, SLUICE_F, s) +
                                 frame->after_forward[s]);
    if (backwards)
        bound = later(bound,
                      free_ns +
                          backwards * cost_of(frame, backward_kind(frame), s) +
                          frame->after_backward[s]);
    return bound;
}

struct sl_outlook sl_partial_outlook(const struct sl_frame *frame,
                                     int64_t *words)
{
    bool span = frame->problem->config->objective == SLUICE_SPAN;
    struct sl_outlook outlook = {0, 0};
    for (int d = 0; d < frame->n_devices; d++) {
        int64_t first = of_device(frame, words, FIRST)[d];
        int64_t bound =
            of_device(frame, words, FREE)[d] + of_device(frame, words, LEFT)[d];
        if (span && first != NEVER)
            bound -= first;
        outlook.sum_ns += bound;
        outlook.bound_ns = later(outlook.bound_ns, bound);
    }
    /* The first stage's device begins at 0, so a path back to it is a span. */
    for (int s = 0; s < frame->n_stages; s++)
        outlook.bound_ns = later(outlook.bound_ns, path_bound(frame, words, s));
    return outlook;
}
