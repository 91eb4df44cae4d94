/* What a process has of a checkpoint.  One thread at a time. */
#include "checkpoint/abroad/bundle.h"

#include <string.h>

#include <sluice/world.h>

#include "base/finite.h"
#include "base/memory.h"
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

static size_t most_elements(const sluice_pipeline *pipe)
{
    sluice_parameter at = {.name = ""};
    size_t most = 0;
    while (sluice_model_next_parameter(pipe->blueprint.model, &at))
        most = (size_t)at.n > most ? (size_t)at.n : most;
    return most;
}

/* Elements of an array that process 0 alone has. */
static size_t if_first(const struct sl_bundle *b, size_t n)
{
    return b->rank == 0 ? n : 0;
}

static sluice_status make_room(struct sl_bundle *b, bool copies,
                               sluice_diag *why)
{
    const sluice_allocator *allocator = b->allocator;
    b->runs = sl_alloc(allocator, b->n_runs, sizeof *b->runs);
    b->sums = sl_alloc(allocator, b->n_runs, sizeof *b->sums);
    b->theirs = sl_alloc(allocator, if_first(b, b->n_runs), sizeof *b->theirs);
    b->piece =
        sl_alloc(allocator, if_first(b, SL_BUNDLE_PIECE), sizeof *b->piece);
    b->whole = sl_alloc(allocator, b->n_whole, sizeof *b->whole);
    if (copies)
        b->values = sl_alloc(allocator, b->n_values, sizeof *b->values);
    return b->runs && b->sums && b->theirs && b->piece && b->whole &&
                   (!copies || b->values)
               ? SLUICE_OK
               : sl_no_memory(why, "tensors to be saved by several processes");
}

sluice_status sl_bundle_init(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             bool copies, const sluice_allocator *allocator,
                             sluice_diag *why)
{
    const bool has_strips = pipe->blueprint.grid.n_shards > 1;
    *bundle = (struct sl_bundle){
        .allocator = allocator,
        .rank = pipe->blueprint.processes.rank,
        .n_ranks = sluice_world_size(pipe->world),
        .has_strips = has_strips,
        .most_runs = sl_most_runs(pipe),
        .n_values = copies ? count_here(pipe, held) : 0,
    };
    bundle->n_whole = has_strips ? if_first(bundle, most_elements(pipe)) : 0;
    sluice_status st =
        sl_outgoing_init(&bundle->out, pipe, held, allocator, why);
    if (st)
        return st;
    bundle->n_runs = bundle->out.n * (size_t)bundle->most_runs;
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
    sl_outgoing_name_all(&bundle->out, pipe, held);
    for (size_t i = 0; !st && sl_held_next(pipe, held, &at); i++) {
        struct sl_saved_tensor *tensor = &bundle->out.file.tensors[i];
        tensor->number = i;
        struct sl_tensor_run *runs = sl_bundle_runs(bundle, tensor);
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

void sl_bundle_fini(struct sl_bundle *bundle)
{
    const sluice_allocator *allocator = bundle->allocator;
    struct sl_bundle *b = bundle;
    sl_free(allocator, b->values, b->n_values, sizeof *b->values);
    sl_free(allocator, b->whole, b->n_whole, sizeof *b->whole);
    sl_free(allocator, b->piece, if_first(b, SL_BUNDLE_PIECE),
            sizeof *b->piece);
    sl_free(allocator, b->theirs, if_first(b, b->n_runs), sizeof *b->theirs);
    sl_free(allocator, b->sums, b->n_runs, sizeof *b->sums);
    sl_free(allocator, b->runs, b->n_runs, sizeof *b->runs);
    sl_outgoing_fini(&b->out);
    *bundle = (struct sl_bundle){.n_runs = 0};
}
