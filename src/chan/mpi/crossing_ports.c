/* The ports of a collective: made, emptied, taken down.  The caller. */
#include "chan/mpi/crossing_ports.h"

#include "base/memory.h"

/* Called for each way that begins, or ends, in this process. */
struct visitor {
    void (*outlet)(struct sl_outlet *outlet, void *context);
    void (*inlet)(struct sl_inlet *inlet, void *buffer, size_t bytes,
                  void *context);
    void *context;
};

static void visit_outlet(const struct visitor *visitor,
                         struct sl_outlet *outlet)
{
    if (visitor->outlet)
        visitor->outlet(outlet, visitor->context);
}

static void visit_inlet(const struct visitor *visitor, struct sl_inlet *inlet,
                        void *buffer, size_t bytes)
{
    if (visitor->inlet)
        visitor->inlet(inlet, buffer, bytes, visitor->context);
}

static void visit_words(struct sl_member_mail *crossing,
                        const struct visitor *visitor)
{
    for (int i = 0; i < crossing->n_inner; i++)
        for (int p = 0; p < crossing->n_ranks; p++)
            if (crossing->is_peer[p])
                visit_outlet(visitor, &crossing->near[i].words[p]);
    for (int m = 0; m < crossing->n_members; m++)
        if (crossing->inner_rank[m] < 0)
            visit_inlet(visitor, &crossing->far_words[m],
                        crossing->words + (size_t)m * crossing->word_doubles,
                        crossing->word_doubles * sizeof(double));
}

static void visit_terms(struct sl_member_mail *crossing, struct sl_near *near,
                        const struct visitor *visitor)
{
    for (int k = 0; k < crossing->n_terms; k++) {
        int owner = crossing->owner[k];
        if (crossing->inner_rank[owner] < 0)
            visit_inlet(visitor, &near->pieces[k], sl_crossing_buffer(near, k),
                        SL_PIECE_FLOATS * sizeof(float));
        for (int m = 0; m < crossing->n_members && owner == near->rank; m++)
            if (crossing->inner_rank[m] < 0)
                visit_outlet(visitor,
                             &near->terms[k * crossing->n_members + m]);
    }
}

/* Of the last two meetings of a member the one with more elements: which of
 * them the chunks on their way are of is not known here. */
static const struct sl_share *longer_share(const struct sl_near *near)
{
    return &near->shares[near->shares[1].n > near->shares[0].n];
}

/* A chunk that no receive is posted for goes where a chunk belongs: no device
 * reads that any more. */
static void visit_chunks(struct sl_member_mail *crossing, struct sl_near *near,
                         const struct visitor *visitor)
{
    const struct sl_share *share = longer_share(near);
    for (int m = 0; m < crossing->n_members; m++) {
        if (crossing->inner_rank[m] >= 0)
            continue;
        struct sl_chunk c = sl_chunk_of(share->n, crossing->n_members, m);
        visit_outlet(visitor, &near->chunks[m]);
        visit_inlet(visitor, &near->gathered[m],
                    share->x ? share->x + c.first : NULL,
                    (size_t)c.n * sizeof(float));
    }
}

static void visit(struct sl_member_mail *crossing,
                  const struct visitor *visitor)
{
    visit_words(crossing, visitor);
    for (int i = 0; i < crossing->n_inner && crossing->n_terms > 0; i++) {
        visit_terms(crossing, &crossing->near[i], visitor);
        visit_chunks(crossing, &crossing->near[i], visitor);
    }
}

static void end_outlet(struct sl_outlet *outlet, void *context)
{
    (void)context;
    sl_outlet_end(outlet);
}

static void settle_outlet(struct sl_outlet *outlet, void *control)
{
    sl_outlet_settle(outlet, control);
}

static void settle_inlet(struct sl_inlet *inlet, void *buffer, size_t bytes,
                         void *control)
{
    sl_inlet_settle(inlet, buffer, bytes, control);
}

static void leave_outlet(struct sl_outlet *outlet, void *context)
{
    (void)context;
    sl_outlet_leave(outlet);
}

static void cancel_inlet(struct sl_inlet *inlet, void *buffer, size_t bytes,
                         void *context)
{
    (void)buffer;
    (void)bytes;
    (void)context;
    sl_inlet_cancel(inlet);
}

void sl_crossing_settle(struct sl_member_mail *crossing)
{
    const struct visitor ends = {.outlet = end_outlet};
    const struct visitor inlets = {.inlet = settle_inlet,
                                   .context = crossing->control};
    const struct visitor outlets = {.outlet = settle_outlet,
                                    .context = crossing->control};
    visit(crossing, &ends);
    visit(crossing, &inlets);
    visit(crossing, &outlets);
}

/* Tags: on the lane of notes one for each word; on that of data one for each
 * term and receiver, then one for each sender and receiver of a chunk. */
int sl_crossing_n_tags(int n_members, int n_terms)
{
    int n = n_terms ? n_terms : n_members;
    return (n + n_members) * n_members;
}

static void set_words(struct sl_member_mail *crossing, int first_tag)
{
    struct sl_way way = {.wire = crossing->wire, .lane = SL_LANE_NOTES};
    for (int m = 0; m < crossing->n_members; m++) {
        way.tag = first_tag + m;
        way.peer = crossing->process[m];
        if (crossing->inner_rank[m] < 0)
            crossing->far_words[m].way = way;
        for (int p = 0; p < crossing->n_ranks && way.peer == crossing->rank;
             p++) {
            struct sl_near *near = &crossing->near[crossing->inner_rank[m]];
            near->words[p].way = way;
            near->words[p].way.peer = p;
        }
    }
}

static void set_near(struct sl_member_mail *crossing, struct sl_near *near,
                     int first_tag)
{
    int n = crossing->n_members;
    int first_chunk = first_tag + crossing->n_terms * n;
    struct sl_way way = {.wire = crossing->wire, .lane = SL_LANE_DATA};
    for (int k = 0; k < crossing->n_terms; k++) {
        way.tag = first_tag + k * n + near->rank;
        way.peer = crossing->process[crossing->owner[k]];
        near->pieces[k].way = way;
        for (int m = 0; m < n; m++) {
            way.tag = first_tag + k * n + m;
            way.peer = crossing->process[m];
            near->terms[k * n + m].way = way;
        }
    }
    for (int m = 0; m < n && crossing->n_terms > 0; m++) {
        way.peer = crossing->process[m];
        way.tag = first_chunk + near->rank * n + m;
        near->chunks[m].way = way;
        way.tag = first_chunk + m * n + near->rank;
        near->gathered[m].way = way;
    }
}

static sluice_status alloc_near(const struct sl_member_mail *crossing,
                                struct sl_near *near)
{
    const sluice_allocator *allocator = crossing->allocator;
    size_t n = (size_t)crossing->n_members, k = (size_t)crossing->n_terms;
    size_t chunks = k > 0 ? n : 0;
    near->words =
        sl_alloc(allocator, (size_t)crossing->n_ranks, sizeof *near->words);
    near->terms = sl_alloc(allocator, k * n, sizeof *near->terms);
    near->pieces = sl_alloc(allocator, k, sizeof *near->pieces);
    near->buffers =
        sl_alloc(allocator, k * SL_PIECE_FLOATS, sizeof *near->buffers);
    near->chunks = sl_alloc(allocator, chunks, sizeof *near->chunks);
    near->gathered = sl_alloc(allocator, chunks, sizeof *near->gathered);
    return near->words && near->terms && near->pieces && near->buffers &&
                   near->chunks && near->gathered
               ? SLUICE_OK
               : SLUICE_NO_MEMORY;
}

static void free_near(const struct sl_member_mail *crossing,
                      struct sl_near *near)
{
    const sluice_allocator *allocator = crossing->allocator;
    size_t n = (size_t)crossing->n_members, k = (size_t)crossing->n_terms;
    size_t chunks = k > 0 ? n : 0;
    sl_free(allocator, near->gathered, chunks, sizeof *near->gathered);
    sl_free(allocator, near->chunks, chunks, sizeof *near->chunks);
    sl_free(allocator, near->buffers, k * SL_PIECE_FLOATS,
            sizeof *near->buffers);
    sl_free(allocator, near->pieces, k, sizeof *near->pieces);
    sl_free(allocator, near->terms, k * n, sizeof *near->terms);
    sl_free(allocator, near->words, (size_t)crossing->n_ranks,
            sizeof *near->words);
}

static void free_exchange(struct sl_member_mail *crossing)
{
    const sluice_allocator *allocator = crossing->allocator;
    size_t n = (size_t)crossing->n_members;
    size_t n_inner = (size_t)crossing->n_inner;
    for (size_t i = 0; crossing->near && i < n_inner; i++)
        free_near(crossing, &crossing->near[i]);
    sl_free(allocator, crossing->near, n_inner, sizeof *crossing->near);
    sl_free(allocator, crossing->far_words, n, sizeof *crossing->far_words);
    sl_free(allocator, crossing->words, 2 * n * crossing->word_doubles,
            sizeof *crossing->words);
    sl_free(allocator, crossing->owner, (size_t)crossing->n_terms,
            sizeof *crossing->owner);
    sl_free(allocator, crossing->inner_rank, n, sizeof *crossing->inner_rank);
    sl_free(allocator, crossing->process, n, sizeof *crossing->process);
    sl_free(allocator, crossing->is_peer, (size_t)crossing->n_ranks,
            sizeof *crossing->is_peer);
}

void sl_crossing_fini(struct sl_member_mail *crossing)
{
    const struct visitor cancels = {.outlet = leave_outlet,
                                    .inlet = cancel_inlet};
    if (!crossing->abandoned)
        visit(crossing, &cancels);
    free_exchange(crossing);
}

static sluice_status alloc_tables(struct sl_member_mail *crossing)
{
    const sluice_allocator *allocator = crossing->allocator;
    size_t n = (size_t)crossing->n_members;
    crossing->is_peer = sl_alloc(allocator, (size_t)crossing->n_ranks,
                                 sizeof *crossing->is_peer);
    crossing->process = sl_alloc(allocator, n, sizeof *crossing->process);
    crossing->inner_rank = sl_alloc(allocator, n, sizeof *crossing->inner_rank);
    crossing->owner =
        sl_alloc(allocator, (size_t)crossing->n_terms, sizeof *crossing->owner);
    crossing->words = sl_alloc(allocator, 2 * n * crossing->word_doubles,
                               sizeof *crossing->words);
    crossing->far_words = sl_alloc(allocator, n, sizeof *crossing->far_words);
    return crossing->is_peer && crossing->process && crossing->inner_rank &&
                   crossing->owner && crossing->words && crossing->far_words
               ? SLUICE_OK
               : SLUICE_NO_MEMORY;
}

/* Where everything is. */
static void place(struct sl_member_mail *crossing,
                  const struct sl_mpi_collective_config *config)
{
    for (int m = 0; m < crossing->n_members; m++) {
        int process = config->processes[m];
        bool is_near = process == crossing->rank;
        crossing->process[m] = process;
        crossing->inner_rank[m] = is_near ? crossing->n_inner++ : -1;
        if (!is_near)
            crossing->is_peer[process] = true;
    }
    for (int k = 0; k < crossing->n_terms; k++)
        crossing->owner[k] = config->owners ? config->owners[k] : k;
}

static sluice_status make_near(struct sl_member_mail *crossing, int first_tag)
{
    sluice_status st = SLUICE_OK;
    crossing->near = sl_alloc(crossing->allocator, (size_t)crossing->n_inner,
                              sizeof *crossing->near);
    if (!crossing->near)
        return SLUICE_NO_MEMORY;
    for (int m = 0; m < crossing->n_members && !st; m++) {
        int i = crossing->inner_rank[m];
        if (i < 0)
            continue;
        crossing->near[i].rank = m;
        st = alloc_near(crossing, &crossing->near[i]);
        if (!st)
            set_near(crossing, &crossing->near[i], first_tag);
    }
    return st;
}

sluice_status sl_crossing_init(struct sl_member_mail *crossing,
                               const struct sl_mpi_collective_config *config)
{
    const struct sl_collective_config *about = &config->collective;
    int n_terms = about->n_terms ? about->n_terms : about->n_members;
    *crossing = (struct sl_member_mail){
        .allocator = about->allocator,
        .wire = config->wire,
        .control = config->control,
        .rank = sl_wire_rank(config->wire),
        .n_ranks = sl_wire_n_ranks(config->wire),
        .n_members = about->n_members,
        .n_terms = config->adds_arrays ? n_terms : 0,
        .has_terms = about->n_terms > 0,
        .n_sums = about->n_sums,
        .word_doubles = 1 + (size_t)about->n_sums,
    };
    sluice_status st = alloc_tables(crossing);
    if (!st) {
        place(crossing, config);
        st = make_near(crossing, config->first_tag);
    }
    if (st) {
        free_exchange(crossing);
        return st;
    }
    set_words(crossing, config->first_tag);
    return SLUICE_OK;
}
