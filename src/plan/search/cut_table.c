/* The table of cuts.  One thread. */
#include "plan/search/cut_table.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "plan/problem/groups.h"
#include "sched/schedule.h"

enum {
    MOST_STATES = 1024, /* numbers of devices used of each class */
    MOST_LIMITS = 64,   /* that are tried */
    FEW_LAYERS = 24,    /* every limit is tried */
};

/* Of many layers, a limit is at least so much above the one before. */
static const double LIMIT_STEP = 1.003;

/* How a best sum came about. */
struct step {
    int first; /* layer of the last stage */
    short class;
    bool again;
};

struct table {
    const struct sl_plan_problem *problem;
    const struct sl_plan_order *order;
    int n_stages;
    int n_chunks; /* stages of a device */
    int64_t rows;
    const int64_t *backward; /* sums: B, or I and W */
    int n_classes;
    int class_device[SLUICE_MAX_DEVICES]; /* its first */
    int class_size[SLUICE_MAX_DEVICES];
    int stride[SLUICE_MAX_DEVICES + 1];
    bool fixed;                     /* instead: stage s is on */
    int device[SLUICE_MAX_DEVICES]; /* the device of its place */
    int n_states;
    double *best;      /* [n_layers + 1][n_states] */
    struct step *from; /* the same */
    double next_limit; /* the smallest stage time above the limit */
};

/* A stage that is tried. */
struct stage {
    int number;
    int device;
    double cap;
    double speed;
};

/* Devices that are equal, and a number for how many of each are used. */
static void classify(struct table *table)
{
    const struct sl_plan_problem *problem = table->problem;
    table->stride[0] = 1;
    for (int d = 0; d < problem->n_devices; d++) {
        int c = 0;
        while (c < table->n_classes &&
               !sl_plan_is_same(problem, table->class_device[c], d))
            c++;
        if (c == table->n_classes) {
            table->class_device[table->n_classes++] = d;
            table->class_size[c] = 0;
        }
        table->class_size[c]++;
    }
    table->n_states = 1;
    for (int c = 0; c < table->n_classes; c++) {
        table->stride[c] = table->n_states;
        if (table->n_states <= MOST_STATES)
            table->n_states *= table->class_size[c] + 1;
    }
}

/* The fastest devices, in the config's order. */
static void choose_devices(const struct sl_plan_problem *problem, int n,
                           int *device)
{
    bool taken[SLUICE_MAX_DEVICES];
    sl_plan_fastest(problem, n, taken);
    for (int d = 0, i = 0; d < problem->n_devices; d++)
        if (taken[d])
            device[i++] = d;
}

static void settle_states(struct table *table, const int *device)
{
    int n = table->order->schedule->n_devices;
    classify(table);
    table->fixed = device || !table->problem->uneven || table->n_chunks > 1 ||
                   table->n_states > MOST_STATES;
    if (!table->fixed)
        return;
    if (device)
        memcpy(table->device, device, (size_t)n * sizeof *device);
    else
        choose_devices(table->problem, n, table->device);
    table->n_classes = 1;
    table->stride[0] = 1;
    table->n_states = table->n_stages + 1;
}

/* Of class `class`, in state `state`. */
static int n_used(const struct table *table, int state, int class)
{
    return state / table->stride[class] % (table->class_size[class] + 1);
}

static int n_stages_of(const struct table *table, int state)
{
    int n = 0;
    if (table->fixed)
        return state;
    for (int c = 0; c < table->n_classes; c++)
        n += n_used(table, state, c);
    return n;
}

static int place_of(const struct table *table, int stage)
{
    return table->order->schedule->stage_device[stage];
}

static struct stage stage_at(const struct table *table, int number, int class)
{
    struct stage stage = {.number = number};
    stage.device = table->fixed ? table->device[place_of(table, number)]
                                : table->class_device[class];
    size_t cap = table->problem->devices[stage.device].cap_bytes;
    stage.cap =
        cap ? ((double)cap - table->order->excess.rest) / table->n_chunks
            : INFINITY;
    stage.speed = sl_plan_speed(table->problem, stage.device);
    return stage;
}

static double bytes_of(const struct table *table, const struct stage *stage,
                       int first, int end, int64_t scratch, bool again)
{
    const struct sl_plan_sums *sums = &table->problem->sums;
    const sluice_plan_layer *layer = &table->problem->config->layers[first];
    int place = place_of(table, stage->number);
    double once = 1.0 / table->n_chunks;
    double inner = table->order->inner[place];
    if (again && once < inner)
        inner = once;
    double held = table->order->held[place] * (double)layer->input_row_bytes +
                  inner * (double)(sums->saved[end] - sums->saved[first]) +
                  (double)scratch * once;
    return (double)(sums->fixed[end] - sums->fixed[first]) *
               (1 + table->order->excess.packed) +
           (double)(sums->lent[end] - sums->lent[first]) * once +
           held * (double)table->rows;
}

/* How long the layers take as a stage; INFINITY if they do not fit. */
static double time_of(const struct table *table, const struct stage *stage,
                      int first, int end, int64_t scratch, bool *again)
{
    const struct sl_plan_sums *sums = &table->problem->sums;
    double ns = (double)(sums->forward[end] - sums->forward[first] +
                         table->backward[end] - table->backward[first]);
    *again = table->order->recomputes;
    if (!*again &&
        bytes_of(table, stage, first, end, scratch, false) > stage->cap) {
        if (!table->problem->has_again)
            return INFINITY;
        *again = true;
    }
    if (*again)
        ns += (double)(sums->again[end] - sums->again[first]);
    if (*again &&
        bytes_of(table, stage, first, end, scratch, true) > stage->cap)
        return INFINITY;
    *again &= !table->order->recomputes;
    return ns / stage->speed;
}

static void extend(struct table *table, int first, int state, int class,
                   double limit, bool slowest)
{
    int n = table->problem->n_layers;
    int number = n_stages_of(table, state);
    const struct stage stage = stage_at(table, number, class);
    int to = state + table->stride[class];
    double before =
        table->best[(size_t)first * (size_t)table->n_states + (size_t)state];
    int last = n - (table->n_stages - number - 1);
    int64_t scratch = 0;
    int end = number + 1 == table->n_stages ? n : first + 1;
    for (int i = first; i < end - 1; i++) {
        int64_t row = table->problem->config->layers[i].scratch_row_bytes;
        scratch = row > scratch ? row : scratch;
    }
    for (; end <= last; end++) {
        int64_t row = table->problem->config->layers[end - 1].scratch_row_bytes;
        scratch = row > scratch ? row : scratch;
        bool again;
        double ns = time_of(table, &stage, first, end, scratch, &again);
        if (ns > limit) {
            if (ns < table->next_limit)
                table->next_limit = ns;
            return; /* more layers take longer, and more bytes */
        }
        double sum = slowest ? fmax(before, ns) : before + ns;
        size_t at = (size_t)end * (size_t)table->n_states + (size_t)to;
        if (sum < table->best[at]) {
            table->best[at] = sum;
            table->from[at] = (struct step){first, (short)class, again};
        }
    }
}

/* With stages of at most `limit`: the smallest sum of times, or the smallest of
 * the slowest. */
static void tabulate(struct table *table, double limit, bool slowest)
{
    size_t n_cells =
        ((size_t)table->problem->n_layers + 1) * (size_t)table->n_states;
    for (size_t i = 0; i < n_cells; i++)
        table->best[i] = INFINITY;
    table->best[0] = 0;
    table->next_limit = INFINITY;
    for (int first = 0; first < table->problem->n_layers; first++)
        for (int state = 0; state < table->n_states; state++) {
            size_t at = (size_t)first * (size_t)table->n_states + (size_t)state;
            if (isinf(table->best[at]) ||
                n_stages_of(table, state) >= table->n_stages)
                continue;
            for (int c = 0; c < table->n_classes; c++)
                if (table->fixed ||
                    n_used(table, state, c) < table->class_size[c])
                    extend(table, first, state, c, limit, slowest);
        }
}

/* The best state in which all layers are on all stages; -1: none. */
static int end_state(const struct table *table)
{
    int best = -1;
    size_t row = (size_t)table->problem->n_layers * (size_t)table->n_states;
    for (int state = 0; state < table->n_states; state++)
        if (n_stages_of(table, state) == table->n_stages &&
            table->best[row + (size_t)state] < INFINITY &&
            (best < 0 || table->best[row + (size_t)state] <
                             table->best[row + (size_t)best]))
            best = state;
    return best;
}

static double end_value(const struct table *table, int state)
{
    return table
        ->best[(size_t)table->problem->n_layers * (size_t)table->n_states +
               (size_t)state];
}

/* The devices of a class, its `nth`. */
static int device_of(const struct table *table, int class, int nth)
{
    int d = table->class_device[class];
    for (;; d++)
        if (sl_plan_is_same(table->problem, d, table->class_device[class]) &&
            nth-- == 0)
            return d;
}

static void trace_back(const struct table *table, int state,
                       struct sl_plan_candidate *cut)
{
    int end = table->problem->n_layers;
    *cut = (struct sl_plan_candidate){.n_stages = table->n_stages,
                                      .capacity = table->order->capacity};
    if (table->fixed)
        memcpy(cut->device, table->device, sizeof cut->device);
    for (int s = table->n_stages - 1; s >= 0; s--) {
        const struct step *step =
            &table->from[(size_t)end * (size_t)table->n_states + (size_t)state];
        cut->sizes[s] = end - step->first;
        cut->again[s] = step->again;
        state -= table->stride[step->class];
        if (!table->fixed)
            cut->device[place_of(table, s)] = device_of(
                table, step->class, n_used(table, state, step->class));
        end = step->first;
    }
}

static bool is_same_cut(const struct sl_plan_candidate *a,
                        const struct sl_plan_candidate *b)
{
    return !memcmp(a->sizes, b->sizes, sizeof a->sizes) &&
           !memcmp(a->device, b->device, sizeof a->device) &&
           !memcmp(a->again, b->again, sizeof a->again);
}

/* Keep it among the best by `score`. */
static void keep(struct sl_plan_candidate *cuts, double *scores, int most,
                 int *n, const struct sl_plan_candidate *cut, double score)
{
    for (int i = 0; i < *n; i++)
        if (is_same_cut(&cuts[i], cut))
            return;
    int at = *n;
    while (at > 0 && scores[at - 1] > score)
        at--;
    if (at == most)
        return;
    *n += *n < most;
    for (int i = *n - 1; i > at; i--) {
        cuts[i] = cuts[i - 1];
        scores[i] = scores[i - 1];
    }
    cuts[at] = *cut;
    scores[at] = score;
}

/* The sum and the slowest stage of a kept cut give its score. */
static void search(struct table *table, struct sl_plan_candidate *cuts,
                   int most, int *n)
{
    enum { MOST_KEPT = 16 };
    double scores[MOST_KEPT];
    int microbatches = table->order->schedule->n_microbatches;
    double weight = (double)(microbatches - 1) * table->n_chunks;
    *n = 0;
    tabulate(table, INFINITY, false);
    int state = end_state(table);
    if (state < 0)
        return;
    double least = end_value(table, state);
    tabulate(table, INFINITY, true);
    double limit = end_value(table, end_state(table));
    most = most < MOST_KEPT ? most : MOST_KEPT;
    bool few = table->problem->n_layers <= FEW_LAYERS;
    for (int i = 0; i < MOST_LIMITS && limit < INFINITY; i++) {
        if (*n == most && least + weight * limit > scores[*n - 1])
            return; /* none that comes can be better */
        struct sl_plan_candidate cut;
        tabulate(table, limit, false);
        state = end_state(table);
        trace_back(table, state, &cut);
        keep(cuts, scores, most, n, &cut,
             end_value(table, state) + weight * limit);
        limit = few ? table->next_limit
                    : fmax(table->next_limit, limit * LIMIT_STEP);
    }
}

sluice_status sl_plan_cuts(const struct sl_plan_problem *problem,
                           const struct sl_plan_order *order, const int *device,
                           struct sl_plan_candidate *cuts, int most, int *n,
                           sluice_diag *why)
{
    struct table table = {
        .problem = problem,
        .order = order,
        .n_stages = order->n_stages,
        .n_chunks = order->n_stages / order->schedule->n_devices,
        .rows = sl_plan_rows(problem),
        .backward =
            order->splits ? problem->sums.split : problem->sums.backward,
    };
    settle_states(&table, device);
    size_t cells = ((size_t)problem->n_layers + 1) * (size_t)table.n_states;
    table.best = sl_alloc(problem->allocator, cells, sizeof *table.best);
    table.from = sl_alloc(problem->allocator, cells, sizeof *table.from);
    sluice_status st = SLUICE_OK;
    if (table.best && table.from)
        search(&table, cuts, most, n);
    else
        st = sl_no_memory(why, "the table of a plan's cuts");
    sl_free(problem->allocator, table.from, cells, sizeof *table.from);
    sl_free(problem->allocator, table.best, cells, sizeof *table.best);
    return st;
}

void sl_plan_equal_cut(const struct sl_plan_problem *problem,
                       const struct sl_plan_order *order,
                       struct sl_plan_candidate *cut)
{
    int n = order->n_stages;
    *cut =
        (struct sl_plan_candidate){.n_stages = n, .capacity = order->capacity};
    for (int s = 0; s < n; s++)
        cut->sizes[s] =
            problem->n_layers / n + (s < problem->n_layers % n ? 1 : 0);
    for (int d = 0; d < order->schedule->n_devices; d++)
        cut->device[d] = d;
}
