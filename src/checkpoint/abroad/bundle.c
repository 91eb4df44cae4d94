/* What a process has of a file.  One thread at a time. */
#include "checkpoint/abroad/bundle.h"

#include <string.h>

#include <sluice/world.h>

#include "base/finite.h"
#include "base/memory.h"
#include "checkpoint/exchange_list.h"
#include "pipeline/parameters.h"

/* Elements that this process has. */
static size_t count_here(const sluice_pipeline *pipe, enum sl_held held)
{
    size_t n = 0;
    sluice_state_tensor at = {.state = 0};
    while (sl_held_next(pipe, held, &at))
        for (int r = 0; r < sl_tensor_n_runs(pipe, &at); r++) {
            struct sl_tensor_run run = sl_tensor_run_at(pipe, &at, r);
            n += run.elements ? (size_t)run.n : 0;
        }
    return n;
}

/* Room for a tensor that process 0 puts together, if there is one. */
static size_t most_joined(const sluice_pipeline *pipe, enum sl_held held)
{
    size_t most = 0;
    sluice_state_tensor at = {.state = 0};
    while (sl_held_next(pipe, held, &at)) {
        bool is_here = false;
        for (int r = 0; r < sl_tensor_n_runs(pipe, &at) && !is_here; r++) {
            struct sl_tensor_run run = sl_tensor_run_at(pipe, &at, r);
            is_here = run.elements && run.n == at.parameter.n;
        }
        if (!is_here && (size_t)at.parameter.n > most)
            most = (size_t)at.parameter.n;
    }
    return most;
}

/* What process 0 alone needs. */
static void settle_first(struct sl_bundle *b, const sluice_pipeline *pipe,
                         enum sl_held held)
{
    if (b->rank != 0)
        return;
    b->n_whole = b->joins ? most_joined(pipe, held) : 0;
    b->n_piece = b->n_ranks > 1 || b->out.parts ? SL_BUNDLE_PIECE : 0;
    b->n_theirs = b->n_ranks > 1 ? b->n_runs : 0;
}

static sluice_status make_room(struct sl_bundle *b, bool copies,
                               sluice_diag *why)
{
    const sluice_allocator *allocator = b->allocator;
    b->runs = sl_alloc(allocator, b->n_runs, sizeof *b->runs);
    b->sums = sl_alloc(allocator, b->n_runs, sizeof *b->sums);
    b->theirs = sl_alloc(allocator, b->n_theirs, sizeof *b->theirs);
    b->piece = sl_alloc(allocator, b->n_piece, sizeof *b->piece);
    b->whole = sl_alloc(allocator, b->n_whole, sizeof *b->whole);
    if (copies)
        b->values = sl_alloc(allocator, b->n_values, sizeof *b->values);
    return b->runs && b->sums && b->theirs && b->piece && b->whole &&
                   (!copies || b->values)
               ? SLUICE_OK
               : sl_no_memory(why, "tensors to be saved");
}

sluice_status sl_bundle_init(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             bool copies, const sluice_allocator *allocator,
                             sluice_diag *why)
{
    bool for_torch = held == SL_HELD_EXCHANGE;
    size_t n_elements;
    *bundle = (struct sl_bundle){
        .allocator = allocator,
        .rank = pipe->blueprint.processes.rank,
        .n_ranks = pipe->world ? sluice_world_size(pipe->world) : 1,
        .joins = for_torch || pipe->blueprint.grid.n_shards > 1,
        .most_runs = sl_most_runs(pipe),
        .n_tensors = sl_held_count(pipe, held, &n_elements),
        .n_values = copies ? count_here(pipe, held) : 0,
    };
    sluice_status st =
        for_torch ? sl_exchange_list(&bundle->out, pipe, allocator, why)
                  : sl_outgoing_init(&bundle->out, pipe, held, allocator, why);
    if (st)
        return st;
    bundle->n_runs = bundle->n_tensors * (size_t)bundle->most_runs;
    settle_first(bundle, pipe, held);
    st = make_room(bundle, copies, why);
    if (st)
        sl_bundle_fini(bundle);
    return st;
}

sluice_status sl_bundle_list(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             sluice_diag *why)
{
    sluice_state_tensor at = {.state = 0};
    sluice_status st = SLUICE_OK;
    float *to = bundle->values;
    struct sl_tensor_run *runs = bundle->runs;
    for (; !st && sl_held_next(pipe, held, &at); runs += bundle->most_runs) {
        for (int r = 0; r < sl_tensor_n_runs(pipe, &at) && !st; r++) {
            runs[r] = sl_tensor_run_at(pipe, &at, r);
            if (!runs[r].elements)
                continue;
            if (to) {
                memcpy(to, runs[r].elements, (size_t)runs[r].n * sizeof *to);
                runs[r].elements = to;
                to += runs[r].n;
            }
            if (at.state < 0)
                st = sl_check_finite("parameter", at.name, runs[r].elements,
                                     runs[r].n, why);
        }
    }
    return st;
}

const float *sl_bundle_whole(const struct sl_bundle *bundle,
                             const struct sl_tensor_run *runs)
{
    int64_t n = 0;
    int most = 0;
    for (int r = 0; r < bundle->most_runs; r++) {
        n += runs[r].n;
        most = runs[r].n > runs[most].n ? r : most;
    }
    return runs[most].n == n ? runs[most].elements : NULL;
}

void sl_bundle_fini(struct sl_bundle *bundle)
{
    const sluice_allocator *allocator = bundle->allocator;
    struct sl_bundle *b = bundle;
    sl_free(allocator, b->values, b->n_values, sizeof *b->values);
    sl_free(allocator, b->whole, b->n_whole, sizeof *b->whole);
    sl_free(allocator, b->piece, b->n_piece, sizeof *b->piece);
    sl_free(allocator, b->theirs, b->n_theirs, sizeof *b->theirs);
    sl_free(allocator, b->sums, b->n_runs, sizeof *b->sums);
    sl_free(allocator, b->runs, b->n_runs, sizeof *b->runs);
    sl_outgoing_fini(&b->out);
    *bundle = (struct sl_bundle){.n_runs = 0};
}
