/*
 * The heuristic of Zero Bubble (Qi et al., 2023, section 3.1 and its appendix).
 *
 * The first round warms up: each device does as many forwards as fit before
 * its first gradient and in its memory.  Each later round goes through the
 * devices twice, downwards with one forward each, upwards with one I each.  A W
 * is done when memory asks for it, when it fits into a wait, or when the device
 * has waited less than the one that has waited most; else it is kept for the
 * end.  So a W on one device does not delay the I for which another waits.
 */
#include "search/zb_heuristic.h"

#include "base/memory.h"

/* A device and its one stage. */
struct seat {
    int n_forward;
    int n_input; /* I */
    int n_weight;
    int ahead;  /* forwards of the warm-up behind the first */
    bool wants; /* a forward in this round */
    int64_t free_ns;
    int64_t waited_ns; /* since its first action */
    int64_t held;
    int64_t *forward_ns; /* [microbatches] ends */
    int64_t *input_ns;   /* the same of I */
};

struct table {
    const struct sl_problem *problem;
    struct sl_zb_variant variant;
    int n_devices;
    int n_microbatches;
    struct seat *seats; /* [n_devices] */
    sluice_schedule *schedule;
    sluice_diag *why;
};

struct sl_zb_variant sl_zb_variant(int i)
{
    return (struct sl_zb_variant){
        .early = i & 1, .holds = i & 2, .patient = i & 4};
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t cost_of(const struct table *table, int kind, int d)
{
    return sl_problem_cost(table->problem, kind, d);
}

static bool owes(const struct seat *seat)
{
    return seat->n_weight < seat->n_input;
}

/* When the input of the next F or I is there. */
static int64_t arrival(const struct table *table, int kind, int d)
{
    const struct seat *seat = &table->seats[d];
    int64_t latency = table->problem->config->latency_ns;
    if (kind == SLUICE_F && d > 0)
        return seat[-1].forward_ns[seat->n_forward] + latency;
    if (kind == SLUICE_I && d + 1 < table->n_devices)
        return seat[1].input_ns[seat->n_input] + latency;
    return 0;
}

/* Do the next action of a kind, as soon as its input is there. */
static sluice_status put(struct table *table, int kind, int d)
{
    struct seat *seat = &table->seats[d];
    int64_t start = later(seat->free_ns, arrival(table, kind, d));
    sluice_action action = {(sluice_action_kind)kind, d, 0, 0};
    if (seat->n_forward > 0)
        seat->waited_ns += start - seat->free_ns;
    seat->free_ns = start + cost_of(table, kind, d);
    seat->held += sl_problem_change(table->problem, kind, d);
    if (kind == SLUICE_F) {
        action.microbatch = seat->n_forward++;
        seat->forward_ns[action.microbatch] = seat->free_ns;
    } else if (kind == SLUICE_I) {
        action.microbatch = seat->n_input++;
        seat->input_ns[action.microbatch] = seat->free_ns;
    } else {
        action.microbatch = seat->n_weight++;
    }
    return sluice_schedule_append(table->schedule, d, action, table->why);
}

static int64_t most_waited(const struct table *table)
{
    int64_t most = 0;
    for (int d = 0; d < table->n_devices; d++)
        most = later(most, table->seats[d].waited_ns);
    return most;
}

/* What the device may still wait without being the one that waits most. */
static int64_t patience(const struct table *table, int d)
{
    return most_waited(table) - table->seats[d].waited_ns;
}

/* Do W's until one more forward has room. */
static sluice_status make_room(struct table *table, int d)
{
    struct seat *seat = &table->seats[d];
    int64_t limit = table->problem->config->limit;
    int64_t bytes = sl_problem_bytes(table->problem, d);
    sluice_status st = SLUICE_OK;
    while (limit && seat->held + bytes > limit && !st)
        st = owes(seat) ? put(table, SLUICE_W, d) : SLUICE_NOT_FOUND;
    return st;
}

/* Do W's while the device waits for the input of its next F or I. */
static sluice_status fill_wait(struct table *table, int kind, int d)
{
    struct seat *seat = &table->seats[d];
    int64_t until = arrival(table, kind, d), cost = cost_of(table, SLUICE_W, d);
    sluice_status st = SLUICE_OK;
    while (owes(seat) && seat->free_ns + cost <= until && !st)
        st = put(table, SLUICE_W, d);
    if (st || !owes(seat) || seat->free_ns >= until)
        return st;
    if (table->variant.patient && until - seat->free_ns <= patience(table, d))
        return SLUICE_OK;
    return put(table, SLUICE_W, d);
}

/* How many forwards fit between a device's first and its first gradient, which
 * leaves the next device at `gradient_ns`.  Returns the end of its I. */
static int64_t settle_ahead(struct table *table, int d, int64_t gradient_ns)
{
    struct seat *seat = &table->seats[d];
    int64_t limit = table->problem->config->limit;
    int64_t bytes = sl_problem_bytes(table->problem, d);
    int64_t arrives = gradient_ns + table->problem->config->latency_ns;
    int64_t forward = cost_of(table, SLUICE_F, d), at = seat->free_ns;
    int64_t held = seat->held + bytes;
    while (1 + seat->ahead < table->n_microbatches &&
           (!limit || held <= limit) &&
           (table->variant.early ? at + forward <= arrives : at < arrives)) {
        seat->ahead++;
        at += forward;
        held += bytes;
    }
    return later(at, arrives) + cost_of(table, SLUICE_I, d);
}

static sluice_status warm_up(struct table *table)
{
    int last = table->n_devices - 1;
    sluice_status st = SLUICE_OK;
    for (int d = 0; d <= last && !st; d++)
        st = make_room(table, d);
    for (int d = 0; d <= last && !st; d++)
        st = put(table, SLUICE_F, d);
    int64_t gradient_ns =
        table->seats[last].free_ns + cost_of(table, SLUICE_I, last);
    for (int d = last - 1; d >= 0; d--)
        gradient_ns = settle_ahead(table, d, gradient_ns);
    for (int d = 0; d <= last && !st; d++) {
        struct seat *seat = &table->seats[d];
        /* One less than the device before, which is so always one ahead. */
        if (d > 0 && seat->ahead >= seat[-1].ahead)
            seat->ahead = seat[-1].ahead > 0 ? seat[-1].ahead - 1 : 0;
        for (int i = 0; i < seat->ahead && !st; i++)
            st = put(table, SLUICE_F, d);
    }
    for (int d = last; d >= 0 && !st; d--)
        st = put(table, SLUICE_I, d);
    return st;
}

/* Whether a forward is put off: the next device has two in store, and will not
 * have done with one and its gradient before this one could come. */
static bool puts_off(const struct table *table, int d)
{
    const struct seat *seat = &table->seats[d];
    int64_t limit = table->problem->config->limit;
    int64_t bytes = sl_problem_bytes(table->problem, d);
    if (!table->variant.holds || d + 1 == table->n_devices ||
        seat->n_forward < seat[1].n_forward + 2)
        return false;
    int64_t next = seat[1].free_ns + cost_of(table, SLUICE_F, d + 1) +
                   cost_of(table, SLUICE_I, d + 1) +
                   table->problem->config->latency_ns;
    int64_t end = seat->free_ns + cost_of(table, SLUICE_F, d);
    int64_t held = seat->held + bytes;
    for (int w = seat->n_weight; w < seat->n_input && limit && held > limit;
         w++) {
        end += cost_of(table, SLUICE_W, d);
        held -= sl_problem_kept(table->problem, d);
    }
    return seat->free_ns >= next ||
           (end > next && next - seat->free_ns <= patience(table, d));
}

static void settle_wants(struct table *table)
{
    for (int d = table->n_devices - 1; d >= 0; d--) {
        struct seat *seat = &table->seats[d];
        bool next = d + 1 == table->n_devices || seat[1].wants;
        seat->wants = next && seat->n_forward < table->n_microbatches &&
                      !puts_off(table, d);
    }
}

static sluice_status go_forward(struct table *table, int d)
{
    struct seat *seat = &table->seats[d];
    if (!seat->wants)
        return SLUICE_OK;
    if (d > 0 && seat[-1].n_forward <= seat->n_forward)
        return SLUICE_NOT_FOUND;
    sluice_status st = make_room(table, d);
    if (!st)
        st = fill_wait(table, SLUICE_F, d);
    return st ? st : put(table, SLUICE_F, d);
}

static sluice_status go_backward(struct table *table, int d)
{
    struct seat *seat = &table->seats[d];
    if (seat->n_forward <= seat->n_input)
        return SLUICE_NOT_FOUND;
    sluice_status st = fill_wait(table, SLUICE_I, d);
    /* No device waits for an I of the first: W's before it cost nothing. */
    while (d == 0 && seat->n_forward == table->n_microbatches && owes(seat) &&
           !st)
        st = put(table, SLUICE_W, d);
    return st ? st : put(table, SLUICE_I, d);
}

static sluice_status run(struct table *table)
{
    sluice_status st = warm_up(table);
    for (int m = 1; m < table->n_microbatches && !st; m++) {
        settle_wants(table);
        for (int d = 0; d < table->n_devices && !st; d++)
            st = go_forward(table, d);
        for (int d = table->n_devices - 1; d >= 0 && !st; d--)
            st = go_backward(table, d);
    }
    for (int d = 0; d < table->n_devices; d++)
        while (owes(&table->seats[d]) && !st)
            st = put(table, SLUICE_W, d);
    return st ? st : sl_append_updates(table->schedule, table->why);
}

static sluice_status create(struct table *table, int64_t *times)
{
    int stage_device[SLUICE_MAX_STAGES];
    size_t m = (size_t)table->n_microbatches;
    for (int d = 0; d < table->n_devices; d++) {
        stage_device[d] = d;
        table->seats[d] = (struct seat){
            .forward_ns = times + 2 * (size_t)d * m,
            .input_ns = times + (2 * (size_t)d + 1) * m,
        };
    }
    return sluice_schedule_create(
        table->n_devices, table->n_devices, table->n_microbatches, stage_device,
        table->problem->config->allocator, &table->schedule, table->why);
}

sluice_status sl_zb_heuristic(const struct sl_problem *problem,
                              struct sl_zb_variant variant,
                              sluice_schedule **out, sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    struct table table = {
        .problem = problem,
        .variant = variant,
        .n_devices = config->devices,
        .n_microbatches = config->microbatches,
        .why = why,
    };
    size_t k = (size_t)config->devices;
    size_t n_times = 2 * k * (size_t)config->microbatches;
    int64_t *times = sl_alloc(config->allocator, n_times, sizeof *times);
    table.seats = sl_alloc(config->allocator, k, sizeof *table.seats);
    sluice_status st = SLUICE_OK;
    if (!times || !table.seats)
        st = sl_no_memory(why, "the search for a schedule");
    if (!st)
        st = create(&table, times);
    if (!st)
        st = run(&table);
    if (st)
        sluice_schedule_destroy(table.schedule);
    else
        *out = table.schedule;
    sl_free(config->allocator, table.seats, k, sizeof *table.seats);
    sl_free(config->allocator, times, n_times, sizeof *times);
    return st;
}
