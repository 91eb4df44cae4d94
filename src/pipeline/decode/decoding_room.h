/*
 * What a decoder computes in: the rows that go from layer to layer, what
 * positions leave for later ones, and workspace, of the layers that this
 * process runs.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_DECODE_DECODING_ROOM_H
#define SL_PIPELINE_DECODE_DECODING_ROOM_H

#include <stdint.h>

#include <sluice/model.h>

#include "base/memory.h"

/* Outputs of a layer, as they go to the process that runs the next one. */
struct sl_decoded_row {
    sluice_diag why; /* its status is not SLUICE_OK: a layer has failed, and
                        there are none */
    _Alignas(SL_ALIGN) float y[];
};

struct sl_decoding_room {
    const sluice_allocator *allocator; /* const after init, as all sizes */
    int n_layers;
    struct sl_decoded_row *rows[2]; /* of the layers, in turn */
    size_t row_bytes;               /* of each */
    void **caches;                  /* [n_layers] NULL: run elsewhere */
    size_t *cache_bytes;            /* [n_layers] of each, wherever it is run */
    void *saved;
    size_t saved_bytes;
    void *workspace;
    size_t workspace_bytes;
    void *scratch;
    size_t scratch_bytes;
};

/*
 * Room for the layers of a model of one position that process `rank` runs, and
 * caches for `context` positions.
 *
 * Shapes   runners[layers]
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.  sl_decoding_room_fini() in all cases.
 */
sluice_status sl_decoding_room_init(struct sl_decoding_room *room,
                                    const sluice_model *model, int64_t context,
                                    const int *runners, int rank,
                                    const sluice_allocator *allocator,
                                    sluice_diag *why);
void sl_decoding_room_fini(struct sl_decoding_room *room);

/* Bytes of a row that is handed on: outputs[n]. */
size_t sl_decoded_row_bytes(int64_t n);

#endif
