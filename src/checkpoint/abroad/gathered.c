/*
 * Saving from several processes.
 *
 *   list    Each process lists the tensors, in the order of the file, with the
 *           place of each: the process that has it.
 *   sum     That process looks at its elements and tells their checksum, which
 *           stands in the header, before the data.
 *   write   Process 0 opens the file and writes header and data.  Behind an
 *           error of its own it still takes what is sent to it.
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
    float *piece; /* [PIECE] process 0: from others */
};

static int rank_of(const sluice_pipeline *pipe)
{
    return pipe->blueprint.processes.rank;
}

/* Names, shapes and places; of what lies here, the elements. */
static sluice_status list(struct gathering *g, enum sl_held held,
                          sluice_diag *why)
{
    const sluice_pipeline *pipe = g->pipe;
    sluice_state_tensor at = {.state = 0};
    sluice_status st = SLUICE_OK;
    sl_outgoing_name_all(&g->out, pipe, held);
    for (size_t i = 0; sl_held_next(pipe, held, &at); i++) {
        struct sl_saved_tensor *tensor = &g->out.file.tensors[i];
        tensor->place = sl_pipeline_tensor_process(pipe, 0, &at);
        if (tensor->place != rank_of(pipe))
            continue;
        tensor->elements = sl_pipeline_tensor(pipe, 0, &at);
        if (!st && at.state < 0)
            st = sl_check_finite("parameter", at.name, tensor->elements,
                                 at.parameter.n, why);
    }
    return st ? st : sl_header_check(&g->out.file, why);
}

static sluice_status sum(struct gathering *g, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < g->out.file.n_tensors && !st; i++) {
        struct sl_saved_tensor *tensor = &g->out.file.tensors[i];
        size_t n = (size_t)sluice_shape_elements(&tensor->shape);
        if (tensor->elements)
            tensor->checksum =
                sl_checksum_elements(tensor->type, tensor->elements, n);
        st = sl_abroad_share(g->pipe, tensor->place, &tensor->checksum,
                             sizeof tensor->checksum, why);
    }
    return st;
}

/* Write elements[n], which lie at `place`, in process 0; if `st` says that it
 * has failed before, take them nevertheless. */
static sluice_status move(struct gathering *g, struct sl_file *file,
                          const struct sl_saved_tensor *tensor,
                          sluice_status st, sluice_diag *why)
{
    size_t n = (size_t)sluice_shape_elements(&tensor->shape);
    sluice_world *world = g->pipe->world;
    for (size_t at = 0, part; at < n; at += part) {
        const float *own = tensor->elements;
        const float *from = own ? own + at : g->piece;
        part = n - at < PIECE ? n - at : PIECE;
        sluice_diag lost;
        if (tensor->place != 0 &&
            sl_world_bring(world, tensor->place, from, g->piece,
                           part * sizeof *from, st ? &lost : why))
            return SLUICE_SYSTEM;
        if (file && !st)
            st = sl_safetensors_append(file, tensor->type, from, part, why);
    }
    return st;
}

static sluice_status move_all(struct gathering *g, struct sl_file *file,
                              sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < g->out.file.n_tensors; i++)
        st = move(g, file, &g->out.file.tensors[i], st, why);
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

sluice_status sl_gathered_save(const sluice_pipeline *pipe, enum sl_held held,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why)
{
    const sluice_allocator *allocator = pipe->allocator;
    struct gathering g = {.pipe = pipe};
    sluice_status st = sl_outgoing_init(&g.out, pipe, held, allocator, why);
    bool is_init = !st;
    if (!st) {
        g.out.file.metadata = metadata;
        g.out.file.n_metadata = n_metadata;
        g.piece = sl_alloc(allocator, PIECE, sizeof *g.piece);
        if (!g.piece)
            st = sl_no_memory(why, "a piece of a tensor to be saved");
    }
    st = sl_world_check(pipe->world, st, why);
    if (!st)
        st = gather(&g, held, path, why);
    sl_free(allocator, g.piece, PIECE, sizeof *g.piece);
    if (is_init)
        sl_outgoing_fini(&g.out);
    return st;
}
