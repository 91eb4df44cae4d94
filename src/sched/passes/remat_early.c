/*
 * Recomputes where the device would wait.
 *
 * The lists are executed on a clock, with queues that are never full.  When a
 * device comes to an action whose input is late, and the next recompute is
 * allowed there, the recompute is done first.  The walk is repeated for each
 * `patience`, which says how late the input must be, and the result with the
 * shortest makespan is taken.  NEVER, the plain placement, is one of them: so
 * the result is never longer than without moving.
 *
 * The peak of inner activations stays: find_room() allows an R in front of an
 * action only if from there to its backward less is held than at the peak.  At
 * most one R is ahead of its backward at a time (`is_ahead`).
 */
#include "sched/passes/remat.h"

#include "base/memory.h"

struct device {
    int position;
    int next; /* position of the next backward that wants an R */
    int64_t clock;
    int64_t end;   /* of its last work: an UPDATE is none */
    bool is_ahead; /* the R of the backward at `next` is done */
    bool *room;    /* [n_actions] may it be done before the action? */
};

/* How late an input must be for an R to go first. */
enum patience {
    NEVER,        /* the plain placement */
    WHOLE_R_FITS, /* as late as the R is long */
    ANY_WAIT,
    N_PATIENCES,
};

struct walk {
    const struct sl_recompute *recompute;
    const int64_t *costs;
    size_t cost_stride; /* 0: the same of all stages */
    int n_kinds; /* with costs: in an asynchronous schedule UPDATEs delay what
                    comes behind them, else nothing does */
    enum patience patience;
    int64_t *forward;  /* [n_cells] ends of the F's, -1: not done yet */
    int64_t *backward; /* [n_cells] the same of the B's or I's */
    size_t n_cells;
    struct device *devices; /* [n_devices] */
    sluice_schedule *out;
    sluice_diag *why;
    sluice_status status;
};

static int64_t cost_of(const struct walk *walk, sluice_action_kind kind,
                       int stage)
{
    if ((int)kind >= walk->n_kinds)
        return 0;
    return walk->costs[(size_t)stage * walk->cost_stride + (size_t)kind];
}

static size_t cell_of(const struct walk *walk, sluice_action action)
{
    return sl_recompute_cell(walk->recompute, action);
}

/* When the input is ready; 0 if there is none, -1 if it has not been computed
 * yet. */
static int64_t input_time(const struct walk *walk, sluice_action action)
{
    const sluice_schedule *schedule = walk->recompute->schedule;
    sluice_action from = action;
    if (action.kind == SLUICE_F &&
        sl_schedule_boundary(schedule, action.stage - 1)) {
        from.stage--;
        return walk->forward[cell_of(walk, from)];
    }
    if (sl_takes_gradient(action) &&
        sl_schedule_boundary(schedule, action.stage)) {
        from.stage++;
        return walk->backward[cell_of(walk, from)];
    }
    return 0;
}

static bool is_chosen(const struct walk *walk, sluice_action action)
{
    return walk->recompute->chosen[cell_of(walk, action)];
}

static void put(struct walk *walk, int d, sluice_action action, int64_t start)
{
    struct device *self = &walk->devices[d];
    if (walk->status)
        return;
    self->clock = start + cost_of(walk, action.kind, action.stage);
    if (action.kind != SLUICE_UPDATE)
        self->end = self->clock;
    if (action.kind == SLUICE_F)
        walk->forward[cell_of(walk, action)] = self->clock;
    if (sl_takes_gradient(action))
        walk->backward[cell_of(walk, action)] = self->clock;
    walk->status = sluice_schedule_append(walk->out, d, action, walk->why);
}

/* Find the next backward that wants an R, from `next` on. */
static void look_ahead(const struct walk *walk, int d)
{
    struct device *self = &walk->devices[d];
    const struct sl_action_list *list = &walk->recompute->schedule->programs[d];
    self->is_ahead = false;
    while (self->next < list->n &&
           !(sl_takes_gradient(list->actions[self->next]) &&
             is_chosen(walk, list->actions[self->next])))
        self->next++;
}

static void put_recompute(struct walk *walk, int d)
{
    struct device *self = &walk->devices[d];
    sluice_action again =
        walk->recompute->schedule->programs[d].actions[self->next];
    again.kind = SLUICE_R;
    put(walk, d, again, self->clock);
    self->is_ahead = true;
}

/* Whether the next recompute should go first if the device would otherwise wait
 * until `ready`. */
static bool should_go_first(const struct walk *walk, int d, int64_t ready)
{
    const struct device *self = &walk->devices[d];
    const struct sl_action_list *list = &walk->recompute->schedule->programs[d];
    if (walk->patience == NEVER || self->next == list->n ||
        !self->room[self->position] || ready <= self->clock)
        return false;
    sluice_action backward = list->actions[self->next];
    if (walk->forward[cell_of(walk, backward)] < 0)
        return false;
    return walk->patience == ANY_WAIT ||
           ready - self->clock >= cost_of(walk, SLUICE_R, backward.stage);
}

/* Run a device until it needs an input that has not been computed yet.
 * Returns whether it ran. */
static bool advance(struct walk *walk, int d)
{
    struct device *self = &walk->devices[d];
    const struct sl_action_list *list = &walk->recompute->schedule->programs[d];
    int from = self->position;
    while (self->position < list->n && !walk->status) {
        sluice_action action = list->actions[self->position];
        int64_t ready = input_time(walk, action);
        if (ready < 0)
            break;
        bool wants_it = self->position == self->next;
        if (!self->is_ahead && (wants_it || should_go_first(walk, d, ready)))
            put_recompute(walk, d);
        put(walk, d, action, ready > self->clock ? ready : self->clock);
        self->position++;
        if (wants_it) {
            self->next++;
            look_ahead(walk, d);
        }
    }
    return self->position > from;
}

static void begin(struct walk *walk)
{
    for (size_t i = 0; i < walk->n_cells; i++)
        walk->forward[i] = walk->backward[i] = -1;
    for (int d = 0; d < walk->recompute->schedule->n_devices; d++) {
        walk->devices[d] = (struct device){.room = walk->devices[d].room};
        look_ahead(walk, d);
    }
}

/* How many inner activations an action adds while it runs, if each R stands
 * just before its backward; and, in loss(), how many it frees at its end. */
static int gain(const struct walk *walk, sluice_action action)
{
    bool chosen = action.kind != SLUICE_UPDATE && is_chosen(walk, action);
    return chosen ? sl_takes_gradient(action) : action.kind == SLUICE_F;
}

static int loss(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_W;
}

/* The R of a backward may be done before an earlier action if from there to the
 * backward less is held than at the peak: one more then does not exceed it.
 * The first walk finds the peak, the second goes back from the end. */
static void find_room(const struct walk *walk, int d)
{
    const struct sl_action_list *list = &walk->recompute->schedule->programs[d];
    int held = 0, most = 0;
    for (int i = 0; i < list->n; i++) {
        held += gain(walk, list->actions[i]);
        most = held > most ? held : most;
        held -= loss(list->actions[i]);
    }
    int worst = most; /* from here to the next backward with an R */
    for (int i = list->n - 1; i >= 0; i--) {
        sluice_action action = list->actions[i];
        held += loss(action);
        worst = held > worst ? held : worst;
        walk->devices[d].room[i] = worst < most;
        if (sl_takes_gradient(action) && is_chosen(walk, action))
            worst = 0;
        held -= gain(walk, action);
    }
}

/* Execute all lists; returns the makespan.  A schedule that passed the verifier
 * gets to its end.  The devices are visited up and down, because forwards go up
 * the stages and backwards go down. */
static int64_t execute(struct walk *walk)
{
    int n = walk->recompute->schedule->n_devices;
    bool moved = true;
    begin(walk);
    while (moved && !walk->status) {
        moved = false;
        for (int d = 0; d < n; d++)
            moved |= advance(walk, d);
        for (int d = n - 1; d >= 0; d--)
            moved |= advance(walk, d);
    }
    int64_t end = 0;
    for (int d = 0; d < n; d++)
        end = walk->devices[d].end > end ? walk->devices[d].end : end;
    return end;
}

/* Try each patience and keep the best; of equals, one that moves R's. */
static sluice_status try_all(struct walk *walk, sluice_schedule **out)
{
    static const enum patience order[] = {NEVER, WHOLE_R_FITS, ANY_WAIT};
    sluice_schedule *best = NULL;
    int64_t least = 0;
    for (int i = 0; i < N_PATIENCES && !walk->status; i++) {
        walk->patience = order[i];
        walk->status =
            sl_schedule_like(walk->recompute->schedule, &walk->out, walk->why);
        if (walk->status)
            break;
        int64_t end = execute(walk);
        bool better = !best || end < least ||
                      (end == least && walk->patience == WHOLE_R_FITS);
        sluice_schedule *worse = better ? best : walk->out;
        best = better ? walk->out : best;
        least = better ? end : least;
        sluice_schedule_destroy(worse);
    }
    if (walk->status)
        sluice_schedule_destroy(best);
    else
        *out = best;
    return walk->status;
}

static sluice_status check_costs(const struct walk *walk, sluice_diag *why)
{
    const sluice_schedule *schedule = walk->recompute->schedule;
    int64_t sum = 0, n = schedule->n_microbatches;
    for (int s = 0; s < schedule->n_stages; s++)
        for (int kind = 0; kind < walk->n_kinds; kind++) {
            int64_t cost = cost_of(walk, kind, s), all;
            if (cost < 0)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "a cost of %lld for kind %d of stage "
                                       "%d: give at least 0",
                                       (long long)cost, kind, s);
            if (__builtin_mul_overflow(cost, n, &all) ||
                __builtin_add_overflow(sum, all, &sum))
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "the costs of all actions exceed %lld "
                                       "in all: give smaller ones",
                                       (long long)INT64_MAX);
        }
    return SLUICE_OK;
}

static sluice_status alloc_rooms(struct walk *walk)
{
    const sluice_schedule *schedule = walk->recompute->schedule;
    for (int d = 0; d < schedule->n_devices; d++) {
        size_t n = (size_t)schedule->programs[d].n;
        walk->devices[d].room = sl_alloc(schedule->allocator, n, sizeof(bool));
        if (!walk->devices[d].room)
            return SLUICE_NO_MEMORY;
        find_room(walk, d);
    }
    return SLUICE_OK;
}

static void free_walk(struct walk *walk)
{
    const sluice_schedule *schedule = walk->recompute->schedule;
    const sluice_allocator *allocator = schedule->allocator;
    for (int d = 0; d < schedule->n_devices && walk->devices; d++)
        sl_free(allocator, walk->devices[d].room,
                (size_t)schedule->programs[d].n, sizeof(bool));
    sl_free(allocator, walk->devices, (size_t)schedule->n_devices,
            sizeof *walk->devices);
    sl_free(allocator, walk->backward, walk->n_cells, sizeof *walk->backward);
    sl_free(allocator, walk->forward, walk->n_cells, sizeof *walk->forward);
}

static sluice_status walk_all(struct walk *walk, sluice_schedule **out)
{
    const sluice_schedule *schedule = walk->recompute->schedule;
    const sluice_allocator *allocator = schedule->allocator;
    walk->n_cells =
        (size_t)schedule->n_stages * (size_t)schedule->n_microbatches;
    walk->forward = sl_alloc(allocator, walk->n_cells, sizeof *walk->forward);
    walk->backward = sl_alloc(allocator, walk->n_cells, sizeof *walk->backward);
    walk->devices =
        sl_alloc(allocator, (size_t)schedule->n_devices, sizeof *walk->devices);
    sluice_status st =
        walk->forward && walk->backward && walk->devices && !alloc_rooms(walk)
            ? try_all(walk, out)
            : sl_no_memory(walk->why, "placing recomputes");
    free_walk(walk);
    return st;
}

sluice_status sl_recompute_early(const struct sl_recompute *recompute,
                                 sluice_schedule **out, sluice_diag *why)
{
    static const int64_t unit[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 1, [SLUICE_B] = 2, [SLUICE_I] = 1,
        [SLUICE_W] = 1, [SLUICE_R] = 1,
    };
    const sluice_recompute_config *config = recompute->config;
    const sluice_schedule *schedule = recompute->schedule;
    if (config->costs_ns && config->stage_costs_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "costs of both kinds: set at most one of "
                               "`costs_ns` and `stage_costs_ns`");
    struct walk walk = {
        .recompute = recompute,
        .costs = config->costs_ns         ? config->costs_ns
                 : config->stage_costs_ns ? config->stage_costs_ns
                                          : unit,
        .cost_stride = config->stage_costs_ns ? SLUICE_N_ACTION_KINDS : 0,
        .n_kinds = sluice_schedule_n_updates(schedule) > 1 ? SLUICE_UPDATE + 1
                                                           : SLUICE_UPDATE,
        .why = why,
    };
    sluice_status st = check_costs(&walk, why);
    const sluice_verify_config never_full = {.queue_capacity =
                                                 schedule->n_microbatches};
    if (!st)
        st = sluice_schedule_verify(schedule, &never_full, NULL, why);
    return st ? st : walk_all(&walk, out);
}
