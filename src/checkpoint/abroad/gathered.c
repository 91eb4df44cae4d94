/*
 * Saving from all processes; one alone is process 0.
 *
 *   list    Each process lists the tensors, in the order of the file, with the
 *           runs of their elements and the process that has each: one run, or
 *           several if replicas share the tensor out (ZeRO), or the devices of
 *           a team have strips.  All agree that they could.
 *   sum     Each works out the checksums of its runs and sends them to process
 *           0, which joins them: they stand in the header, before the data.
 *           Those of strips do not join, and PyTorch's layout has another
           order: then process 0 gets all runs, and puts one tensor at a time
           together, as it does once more to write it.
 *   write   Process 0 opens the file and says whether it could; takes the runs,
 *           which the others send in the order of the file; and says how it has
 *           ended.  Behind an error of its own it still takes what is sent.
 *
 * From `sum` on nothing can fail but in process 0, unless a process is lost.
 * One thread in each process.
 */
#include "checkpoint/abroad/gathered.h"

#include <string.h>

#include "base/files/file.h"
#include "base/memory.h"
#include "checkpoint/exchange.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/safetensors_write.h"
#include "pipeline/pipeline.h"

/* A pass over the runs of all tensors. */
struct gathering {
    struct sl_bundle *bundle;
    const struct sl_courier *courier;
    struct sl_file *file; /* process 0; NULL: tensors are only put together,
                             for their sums */
};

/* How process 0 has fared. */
struct word {
    sluice_status status;
    sluice_diag why;
};

static sluice_status say(const struct gathering *g, sluice_status st,
                         const sluice_diag *why)
{
    struct word word;
    sluice_diag lost;
    memset(&word, 0, sizeof word); /* padding is sent, too */
    word.status = st;
    if (st)
        word.why = *why;
    sluice_status gone = SLUICE_OK;
    for (int to = 1; to < g->bundle->n_ranks && !gone; to++)
        gone = sl_courier_send(g->courier, to, &word, sizeof word, &lost);
    return st;
}

static sluice_status hear(const struct gathering *g, sluice_diag *why)
{
    struct word word;
    sluice_status st =
        sl_courier_receive(g->courier, 0, &word, sizeof word, why);
    if (st)
        return st;
    if (word.status)
        *why = word.why;
    return word.status;
}

/* All processes have the status and the sentence of process 0. */
static sluice_status follow(const struct gathering *g, sluice_status st,
                            sluice_diag *why)
{
    if (g->bundle->rank != 0)
        return hear(g, why);
    if (st && g->bundle->n_ranks > 1)
        why->process = 0;
    return say(g, st, why);
}

/* Put elements in their place: those that come behind element `at` of a run.
 */
static sluice_status place(const struct gathering *g,
                           const struct sl_tensor_run *run, int64_t at,
                           const float *from, int64_t n, sluice_diag *why)
{
    if (!g->bundle->joins)
        return sl_safetensors_append(g->file, SLUICE_F32, from, (size_t)n, why);
    sl_shard_gather_piece(&run->shard, (struct sl_chunk){run->first + at, n},
                          from, g->bundle->whole);
    return SLUICE_OK;
}

/* Process 0: take a run; if `st` says that something has failed before, take it
 * nevertheless. */
static sluice_status take(const struct gathering *g,
                          const struct sl_tensor_run *run, sluice_status st,
                          sluice_diag *why)
{
    int64_t part;
    for (int64_t at = 0; at < run->n; at += part) {
        const float *from = run->elements ? run->elements + at : NULL;
        sluice_status gone = SLUICE_OK;
        sluice_diag lost;
        part = run->n - at < SL_BUNDLE_PIECE ? run->n - at : SL_BUNDLE_PIECE;
        if (run->process != 0) {
            from = g->bundle->piece;
            gone =
                sl_courier_receive(g->courier, run->process, g->bundle->piece,
                                   (size_t)part * sizeof *from, &lost);
        }
        if (gone && !st)
            *why = lost;
        st = st ? st : gone;
        if (!st)
            st = place(g, run, at, from, part, why);
    }
    return st;
}

/* Another process: give a run. */
static sluice_status give(const struct gathering *g,
                          const struct sl_tensor_run *run, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    int64_t part;
    for (int64_t at = 0; at < run->n && !st; at += part) {
        part = run->n - at < SL_BUNDLE_PIECE ? run->n - at : SL_BUNDLE_PIECE;
        st = sl_courier_send(g->courier, 0, run->elements + at,
                             (size_t)part * sizeof *run->elements, why);
    }
    return st;
}

static sluice_status give_all(const struct gathering *g, sluice_diag *why)
{
    const struct sl_bundle *b = g->bundle;
    const struct sl_saved_file *file = &b->out.file;
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < file->n_tensors; i++) {
        const struct sl_tensor_run *runs = sl_bundle_runs(b, &file->tensors[i]);
        for (int r = 0; r < b->most_runs && !st; r++)
            if (runs[r].process == b->rank)
                st = give(g, &runs[r], why);
    }
    return st;
}

/* Write elements of a tensor, or add them to its sum. */
static sluice_status use(const struct gathering *g,
                         struct sl_saved_tensor *tensor, const float *elements,
                         int64_t n, sluice_diag *why)
{
    if (g->file)
        return sl_safetensors_append(g->file, tensor->type, elements, (size_t)n,
                                     why);
    tensor->checksum = sl_checksum_elements(tensor->checksum, tensor->type,
                                            elements, (size_t)n);
    return SLUICE_OK;
}

/* A tensor is whole, or the parameter that it is part of. */
static sluice_status use_whole(const struct gathering *g,
                               struct sl_saved_tensor *tensor,
                               const float *whole, sluice_diag *why)
{
    const struct sl_bundle *b = g->bundle;
    const struct sl_exchange_part *part =
        b->out.parts ? &b->out.parts[tensor->number] : NULL;
    int64_t n = sluice_shape_elements(&tensor->shape), piece;
    sluice_status st = SLUICE_OK;
    if (!g->file)
        tensor->checksum = 0;
    if (!part || part->is_whole)
        return use(g, tensor, whole, n, why);
    for (int64_t at = 0; at < n && !st; at += piece) {
        piece = n - at < SL_BUNDLE_PIECE ? n - at : SL_BUNDLE_PIECE;
        sl_exchange_give(part, whole, at, piece, b->piece);
        st = use(g, tensor, b->piece, piece, why);
    }
    return st;
}

static sluice_status take_all(const struct gathering *g, sluice_diag *why)
{
    const struct sl_bundle *b = g->bundle;
    const struct sl_saved_file *file = &b->out.file;
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < file->n_tensors; i++) {
        struct sl_saved_tensor *tensor = &file->tensors[i];
        const struct sl_tensor_run *runs = sl_bundle_runs(b, tensor);
        const float *whole = b->joins ? sl_bundle_whole(b, runs) : NULL;
        for (int r = 0; r < b->most_runs && !whole; r++)
            st = take(g, &runs[r], st, why);
        if (b->joins && !st)
            st = use_whole(g, tensor, whole ? whole : b->whole, why);
    }
    return st;
}

static sluice_status pass(const struct gathering *g, sluice_diag *why)
{
    return g->bundle->rank == 0 ? take_all(g, why) : give_all(g, why);
}

/* The checksums of the runs that are here. */
static void sum_own(struct sl_bundle *b)
{
    for (size_t i = 0; i < b->n_runs; i++)
        if (b->runs[i].elements)
            b->sums[i] = sl_checksum_elements(
                0, SLUICE_F32, b->runs[i].elements, (size_t)b->runs[i].n);
}

/* Take over those of another process. */
static void note_sums(struct sl_bundle *b, int process)
{
    for (size_t i = 0; i < b->n_runs; i++)
        if (b->runs[i].process == process)
            b->sums[i] = b->theirs[i];
}

static void join_sums(struct sl_bundle *b)
{
    for (size_t i = 0; i < b->out.file.n_tensors; i++) {
        struct sl_saved_tensor *tensor = &b->out.file.tensors[i];
        size_t first = tensor->number * (size_t)b->most_runs;
        tensor->checksum = 0;
        for (size_t r = first; r < first + (size_t)b->most_runs; r++)
            tensor->checksum =
                sl_checksum_join(tensor->checksum, b->sums[r],
                                 (size_t)b->runs[r].n * sizeof(float));
    }
}

sluice_status sl_gathered_sum(struct sl_bundle *bundle,
                              const struct sl_courier *courier,
                              sluice_diag *why)
{
    const struct gathering g = {bundle, courier, NULL};
    const size_t bytes = bundle->n_runs * sizeof *bundle->sums;
    sluice_status st = SLUICE_OK;
    if (bundle->joins)
        return pass(&g, why);
    sum_own(bundle);
    if (bundle->rank != 0)
        return sl_courier_send(courier, 0, bundle->sums, bytes, why);
    for (int from = 1; from < bundle->n_ranks && !st; from++) {
        st = sl_courier_receive(courier, from, bundle->theirs, bytes, why);
        if (!st)
            note_sums(bundle, from);
    }
    join_sums(bundle);
    return st;
}

/* Open the file and write its header. */
static sluice_status begin(const struct sl_bundle *b, struct sl_file *file,
                           const char *path, sluice_diag *why)
{
    char *header;
    size_t bytes;
    sluice_status st =
        sl_header_make(&b->out.file, b->allocator, &header, &bytes, why);
    if (st)
        return st;
    st = sl_file_init(file, path, b->allocator, why);
    if (!st) {
        st = sl_file_write(file, header, bytes, why);
        if (st)
            sl_file_fini(file);
    }
    sl_free(b->allocator, header, bytes + 1, 1);
    return st;
}

/* What process 0 does between its two words. */
static sluice_status fill(struct gathering *g, sluice_diag *why)
{
    sluice_status st = pass(g, why);
    return st ? st : sl_file_commit(g->file, why);
}

sluice_status sl_gathered_write(struct sl_bundle *bundle,
                                const struct sl_courier *courier,
                                const char *path, sluice_diag *why)
{
    struct sl_file file;
    struct gathering g = {bundle, courier, NULL};
    sluice_diag is = {.status = SLUICE_OK};
    bool writes = bundle->rank == 0;
    sluice_status st = writes ? begin(bundle, &file, path, &is) : SLUICE_OK;
    if (writes && !st)
        g.file = &file;
    st = follow(&g, st, &is);
    if (!st) {
        st = writes ? fill(&g, &is) : pass(&g, &is);
        st = st && !writes ? st : follow(&g, st, &is);
    }
    if (g.file)
        sl_file_fini(g.file);
    if (st && why)
        *why = is;
    return st;
}

sluice_status sl_gathered_save(const sluice_pipeline *pipe, enum sl_held held,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why)
{
    const struct sl_courier courier = sl_courier_of_callers(pipe->world);
    struct sl_bundle bundle;
    sluice_status st =
        sl_bundle_init(&bundle, pipe, held, false, pipe->allocator, why);
    bool is_init = !st;
    if (!st) {
        bundle.out.file.metadata = metadata;
        bundle.out.file.n_metadata = n_metadata;
        st = sl_bundle_list(&bundle, pipe, held, why);
    }
    if (!st)
        st = sl_header_check(&bundle.out.file, why);
    st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        st = sl_gathered_sum(&bundle, &courier, why);
    if (!st)
        st = sl_gathered_write(&bundle, &courier, path, why);
    if (is_init)
        sl_bundle_fini(&bundle);
    return st;
}
