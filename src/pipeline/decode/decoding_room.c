/* What a decoder computes in.  The caller. */
#include "pipeline/decode/decoding_room.h"

size_t sl_decoded_row_bytes(int64_t n)
{
    return sizeof(struct sl_decoded_row) + (size_t)n * sizeof(float);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A process has the rows that its layers take, and those that they give. */
static void measure(struct sl_decoding_room *room, const sluice_model *model,
                    int64_t context, const int *runners, int rank)
{
    for (int i = 0; i < room->n_layers; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        size_t row = sl_decoded_row_bytes(sluice_shape_elements(&plan->out));
        bool gives = runners[i] == rank;
        bool takes = i + 1 < room->n_layers && runners[i + 1] == rank;
        room->cache_bytes[i] = (size_t)(plan->cache_bytes * context);
        if (gives || takes)
            room->row_bytes = larger(room->row_bytes, row);
        if (!gives)
            continue;
        room->saved_bytes = larger(room->saved_bytes, plan->saved_row_bytes);
        room->workspace_bytes =
            larger(room->workspace_bytes, plan->workspace_row_bytes);
        room->scratch_bytes = larger(room->scratch_bytes, plan->scratch_bytes);
    }
}

static bool make_caches(struct sl_decoding_room *room, const int *runners,
                        int rank)
{
    bool is_there = true;
    for (int i = 0; i < room->n_layers && is_there; i++) {
        if (runners[i] != rank)
            continue;
        room->caches[i] = sl_alloc(room->allocator, room->cache_bytes[i], 1);
        is_there = room->caches[i];
    }
    return is_there;
}

sluice_status sl_decoding_room_init(struct sl_decoding_room *room,
                                    const sluice_model *model, int64_t context,
                                    const int *runners, int rank,
                                    const sluice_allocator *allocator,
                                    sluice_diag *why)
{
    size_t n = (size_t)sluice_model_n_layers(model);
    *room = (struct sl_decoding_room){allocator, .n_layers = (int)n};
    room->caches = sl_alloc(allocator, n, sizeof *room->caches);
    room->cache_bytes = sl_alloc(allocator, n, sizeof *room->cache_bytes);
    if (!room->caches || !room->cache_bytes)
        return sl_no_memory(why, "a decoder");
    measure(room, model, context, runners, rank);
    for (int i = 0; i < 2; i++)
        room->rows[i] = sl_alloc(allocator, room->row_bytes, 1);
    room->saved = sl_alloc(allocator, room->saved_bytes, 1);
    room->workspace = sl_alloc(allocator, room->workspace_bytes, 1);
    room->scratch = sl_alloc(allocator, room->scratch_bytes, 1);
    bool is_there = room->rows[0] && room->rows[1] && room->saved &&
                    room->workspace && room->scratch &&
                    make_caches(room, runners, rank);
    return is_there ? SLUICE_OK : sl_no_memory(why, "a decoder");
}

void sl_decoding_room_fini(struct sl_decoding_room *room)
{
    const sluice_allocator *allocator = room->allocator;
    size_t n = (size_t)room->n_layers;
    sl_free(allocator, room->scratch, room->scratch_bytes, 1);
    sl_free(allocator, room->workspace, room->workspace_bytes, 1);
    sl_free(allocator, room->saved, room->saved_bytes, 1);
    for (int i = 0; i < 2; i++)
        sl_free(allocator, room->rows[i], room->row_bytes, 1);
    for (size_t i = 0; i < n && room->caches && room->cache_bytes; i++)
        sl_free(allocator, room->caches[i], room->cache_bytes[i], 1);
    sl_free(allocator, room->cache_bytes, n, sizeof *room->cache_bytes);
    sl_free(allocator, room->caches, n, sizeof *room->caches);
    *room = (struct sl_decoding_room){0};
}
