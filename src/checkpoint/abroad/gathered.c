/*
 * Saving from several processes.
 *
 *   list    Each process lists the tensors, in the order of the file, with the
 *           runs of their elements and the process that has each: one run, or
 *           several if replicas share the tensor out (ZeRO).
 *   sum     These processes look at their elements, in turn, and tell the
 *           checksum, which stands in the header, before the data.
 *   write   Process 0 opens the file and writes header and data.  Behind an
 *           error of its own it still takes what is sent to it.
 *
 * The devices of a team have strips of a tensor, not runs: there each process
 * puts a tensor together, one at a time, both to sum and to write.
 *
 * Between these all processes agree to go on.  The thread that owns the
 * pipeline.
 */
#include "checkpoint/abroad/gathered.h"

#include "base/files/file.h"
#include "base/finite.h"
#include "base/memory.h"
#include "chan/mpi/world.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/safetensors_write.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/parameters.h"

enum { PIECE = 1 << 18 }; /* elements */

/* A file that is being made. */
struct gathering {
    const sluice_pipeline *pipe;
    struct sl_outgoing out;
    int most_runs;                /* of a tensor */
    struct sl_tensor_run *runs;   /* [tensors][most_runs], by their numbers */
    float *piece;                 /* [PIECE] process 0: from others */
    sluice_state_tensor *tensors; /* [tensors] by their numbers; of teams: */
    float *whole;                 /* [n_whole] one of them */
    size_t n_whole;
};

static bool has_teams(const struct gathering *g)
{
    return g->pipe->blueprint.grid.n_shards > 1;
}

static int rank_of(const sluice_pipeline *pipe)
{
    return pipe->blueprint.processes.rank;
}

/* The runs of a tensor; those that it has not are empty. */
static struct sl_tensor_run *runs_of(const struct gathering *g, size_t number)
{
    return g->runs + number * (size_t)g->most_runs;
}

/* A parameter is looked at where it lies. */
static sluice_status list_tensor(struct gathering *g, size_t number,
                                 const sluice_state_tensor *at,
                                 sluice_diag *why)
{
    struct sl_tensor_run *runs = runs_of(g, number);
    sluice_status st = SLUICE_OK;
    if (has_teams(g)) {
        g->tensors[number] = *at;
        return st;
    }
    for (int r = 0; r < sl_tensor_n_runs(g->pipe, at) && !st; r++) {
        runs[r] = sl_tensor_run_at(g->pipe, at, r);
        if (at->state < 0 && runs[r].elements)
            st = sl_check_finite("parameter", at->name, runs[r].elements,
                                 runs[r].n, why);
    }
    return st;
}

/* Names, shapes and places. */
static sluice_status list(struct gathering *g, enum sl_held held,
                          sluice_diag *why)
{
    sluice_state_tensor at = {.state = 0};
    sluice_status st = SLUICE_OK;
    sl_outgoing_name_all(&g->out, g->pipe, held);
    for (size_t i = 0; !st && sl_held_next(g->pipe, held, &at); i++) {
        g->out.file.tensors[i].number = i;
        st = list_tensor(g, i, &at, why);
    }
    return st ? st : sl_header_check(&g->out.file, why);
}

/* Of one tensor: each process goes on from what those before it have found. */
static sluice_status sum_tensor(const struct gathering *g,
                                struct sl_saved_tensor *tensor,
                                sluice_diag *why)
{
    const struct sl_tensor_run *runs = runs_of(g, tensor->number);
    sluice_status st = SLUICE_OK;
    for (int r = 0; r < g->most_runs && !st; r++) {
        if (runs[r].elements)
            tensor->checksum =
                sl_checksum_elements(tensor->checksum, tensor->type,
                                     runs[r].elements, (size_t)runs[r].n);
        if (runs[r].n > 0)
            st = sl_abroad_share(g->pipe, runs[r].process, &tensor->checksum,
                                 sizeof tensor->checksum, why);
    }
    return st;
}

/* Put a tensor together; all processes see, and say, the same of it. */
static sluice_status get_whole(const struct gathering *g,
                               const struct sl_saved_tensor *tensor,
                               sluice_diag *why)
{
    return sl_pipeline_get_everywhere(g->pipe, &g->tensors[tensor->number],
                                      g->whole, why);
}

static size_t n_of(const struct gathering *g,
                   const struct sl_saved_tensor *tensor)
{
    return (size_t)g->tensors[tensor->number].parameter.n;
}

static sluice_status sum_whole(const struct gathering *g,
                               struct sl_saved_tensor *tensor, sluice_diag *why)
{
    const sluice_state_tensor *at = &g->tensors[tensor->number];
    sluice_status st = get_whole(g, tensor, why);
    if (!st && at->state < 0)
        st = sl_check_finite("parameter", at->name, g->whole, at->parameter.n,
                             why);
    if (!st)
        tensor->checksum = sl_checksum_elements(tensor->checksum, tensor->type,
                                                g->whole, n_of(g, tensor));
    return st;
}

static sluice_status sum(struct gathering *g, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < g->out.file.n_tensors && !st; i++) {
        struct sl_saved_tensor *tensor = &g->out.file.tensors[i];
        st = has_teams(g) ? sum_whole(g, tensor, why)
                          : sum_tensor(g, tensor, why);
    }
    return st;
}

/* Write a run of elements in process 0; if `st` says that it has failed before,
 * take them nevertheless. */
static sluice_status move(struct gathering *g, struct sl_file *file,
                          sluice_element type, const struct sl_tensor_run *run,
                          sluice_status st, sluice_diag *why)
{
    size_t n = (size_t)run->n;
    sluice_world *world = g->pipe->world;
    for (size_t at = 0, part; at < n; at += part) {
        const float *from = run->elements ? run->elements + at : g->piece;
        part = n - at < PIECE ? n - at : PIECE;
        sluice_diag lost;
        if (run->process != 0 &&
            sl_world_bring(world, run->process, from, g->piece,
                           part * sizeof *from, st ? &lost : why))
            return SLUICE_SYSTEM;
        if (file && !st)
            st = sl_safetensors_append(file, type, from, part, why);
    }
    return st;
}

/* The same of a tensor that is put together. */
static sluice_status move_whole(struct gathering *g, struct sl_file *file,
                                const struct sl_saved_tensor *tensor,
                                sluice_status st, sluice_diag *why)
{
    sluice_diag lost;
    if (get_whole(g, tensor, st ? &lost : why))
        return SLUICE_SYSTEM;
    if (file && !st)
        st = sl_safetensors_append(file, tensor->type, g->whole,
                                   n_of(g, tensor), why);
    return st;
}

static sluice_status move_all(struct gathering *g, struct sl_file *file,
                              sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < g->out.file.n_tensors; i++) {
        const struct sl_saved_tensor *tensor = &g->out.file.tensors[i];
        if (has_teams(g)) {
            st = move_whole(g, file, tensor, st, why);
            continue;
        }
        for (int r = 0; r < g->most_runs; r++)
            st = move(g, file, tensor->type, &runs_of(g, tensor->number)[r], st,
                      why);
    }
    return st;
}

/* Open the file and write its header. */
static sluice_status begin(struct gathering *g, struct sl_file *file,
                           const char *path, sluice_diag *why)
{
    const sluice_allocator *allocator = g->pipe->allocator;
    char *header;
    size_t bytes;
    sluice_status st =
        sl_header_make(&g->out.file, allocator, &header, &bytes, why);
    if (st)
        return st;
    st = sl_file_init(file, path, allocator, why);
    if (!st) {
        st = sl_file_write(file, header, bytes, why);
        if (st)
            sl_file_fini(file);
    }
    sl_free(allocator, header, bytes + 1, 1);
    return st;
}

static sluice_status write_all(struct gathering *g, const char *path,
                               sluice_diag *why)
{
    sluice_world *world = g->pipe->world;
    struct sl_file file;
    bool writes = rank_of(g->pipe) == 0, is_open = false;
    sluice_status st = SLUICE_OK;
    if (writes) {
        st = begin(g, &file, path, why);
        is_open = !st;
    }
    st = sl_world_check(world, st, why);
    if (!st) {
        st = move_all(g, writes ? &file : NULL, why);
        if (!st && writes)
            st = sl_file_commit(&file, why);
        st = sl_world_check(world, st, why);
    }
    if (is_open)
        sl_file_fini(&file);
    return st;
}

static sluice_status gather(struct gathering *g, enum sl_held held,
                            const char *path, sluice_diag *why)
{
    sluice_world *world = g->pipe->world;
    sluice_status st = sl_world_check(world, list(g, held, why), why);
    if (!st)
        st = sum(g, why);
    return st ? st : write_all(g, path, why);
}

static size_t most_elements(const sluice_pipeline *pipe)
{
    sluice_parameter at = {.name = ""};
    size_t most = 0;
    while (sluice_model_next_parameter(pipe->blueprint.model, &at))
        most = (size_t)at.n > most ? (size_t)at.n : most;
    return most;
}

/* Room for the runs of each tensor, and for a piece of one. */
static sluice_status make_room(struct gathering *g, sluice_diag *why)
{
    const sluice_allocator *allocator = g->pipe->allocator;
    size_t n = g->out.file.n_tensors;
    g->runs = sl_alloc(allocator, n * (size_t)g->most_runs, sizeof *g->runs);
    g->piece = sl_alloc(allocator, PIECE, sizeof *g->piece);
    if (has_teams(g)) {
        g->tensors = sl_alloc(allocator, n, sizeof *g->tensors);
        g->whole = sl_alloc(allocator, g->n_whole, sizeof *g->whole);
    }
    bool has_all = !has_teams(g) || (g->tensors && g->whole);
    return g->runs && g->piece && has_all
               ? SLUICE_OK
               : sl_no_memory(why, "a piece of a tensor to be saved");
}

sluice_status sl_gathered_save(const sluice_pipeline *pipe, enum sl_held held,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why)
{
    const sluice_allocator *allocator = pipe->allocator;
    struct gathering g = {.pipe = pipe,
                          .most_runs = sl_tensor_most_runs(pipe),
                          .n_whole = most_elements(pipe)};
    sluice_status st = sl_outgoing_init(&g.out, pipe, held, allocator, why);
    bool is_init = !st;
    if (!st) {
        g.out.file.metadata = metadata;
        g.out.file.n_metadata = n_metadata;
        st = make_room(&g, why);
    }
    st = sl_world_check(pipe->world, st, why);
    if (!st)
        st = gather(&g, held, path, why);
    sl_free(allocator, g.whole, g.n_whole, sizeof *g.whole);
    sl_free(allocator, g.tensors, g.out.file.n_tensors, sizeof *g.tensors);
    sl_free(allocator, g.piece, PIECE, sizeof *g.piece);
    sl_free(allocator, g.runs, g.out.file.n_tensors * (size_t)g.most_runs,
            sizeof *g.runs);
    if (is_init)
        sl_outgoing_fini(&g.out);
    return st;
}
