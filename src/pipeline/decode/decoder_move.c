/* What goes from one process of a decoder to another.  The caller. */
#include "pipeline/decode/decoder_move.h"

#include <string.h>

#include "chan/mpi/courier.h"
#include "pipeline/decode/runners.h"

enum { MOST_BYTES = 1 << 30 }; /* of a message */

sluice_status sl_decoder_hand(const sluice_decoder *d, int from, int to,
                              void *buffer, size_t bytes, sluice_diag *why)
{
    if (d->rank != from && d->rank != to)
        return SLUICE_OK;
    const struct sl_courier courier = sl_courier_of_callers(d->pipe->world);
    char *at = buffer;
    sluice_status st = SLUICE_OK;
    while (bytes > 0 && !st) {
        size_t n = bytes < MOST_BYTES ? bytes : MOST_BYTES;
        st = d->rank == from ? sl_courier_send(&courier, to, at, n, why)
                             : sl_courier_receive(&courier, from, at, n, why);
        at += n;
        bytes -= n;
    }
    return st;
}

sluice_status sl_decoder_find_place(const sluice_decoder *d,
                                    struct sl_decoder_place *place,
                                    sluice_diag *why)
{
    size_t n = (size_t)d->n_layers;
    *place = (struct sl_decoder_place){0};
    place->runners = sl_alloc(d->allocator, n, sizeof *place->runners);
    if (!place->runners)
        return sl_no_memory(why, "a decoder");
    sl_find_runners(d->pipe, place->runners);
    if (d->place.runners &&
        !memcmp(place->runners, d->place.runners, n * sizeof(int))) {
        sl_decoder_leave_place(d, place);
        return SLUICE_OK;
    }
    return sl_decoding_room_init(&place->room, d->model, d->context,
                                 place->runners, d->rank, d->allocator, why);
}

void sl_decoder_leave_place(const sluice_decoder *d,
                            struct sl_decoder_place *place)
{
    sl_decoding_room_fini(&place->room);
    sl_free(d->allocator, place->runners, (size_t)d->n_layers,
            sizeof *place->runners);
    place->runners = NULL;
}

sluice_status sl_decoder_move(sluice_decoder *d, struct sl_decoder_place *place,
                              sluice_diag *why)
{
    const struct sl_decoder_place old = d->place;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < d->n_layers && !st; i++) {
        int from = old.runners[i], to = place->runners[i];
        void *was = old.room.caches[i], *is = place->room.caches[i];
        if (from != to) {
            st = sl_decoder_hand(d, from, to, d->rank == from ? was : is,
                                 old.room.cache_bytes[i], why);
            continue;
        }
        place->room.caches[i] = was;
        old.room.caches[i] = is;
    }
    d->place = *place;
    *place = old;
    return st;
}
