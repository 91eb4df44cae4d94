/*
 * What a decoder is.  Its calls stand in sluice/decode.h, its protocol in
 * decoder.c.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_DECODE_DECODER_PARTS_H
#define SL_PIPELINE_DECODE_DECODER_PARTS_H

#include <sluice/decode.h>

#include "pipeline/decode/decoded_weights.h"
#include "pipeline/decode/decoding_room.h"
#include "pipeline/pipeline.h"

/* Which process runs each layer, and what this one computes in. */
struct sl_decoder_place {
    int *runners; /* [n_layers]; NULL: there is no place */
    struct sl_decoding_room room;
};

struct sluice_decoder {
    const sluice_allocator *allocator;
    const sluice_pipeline *pipe; /* whose parameters it reads */
    sluice_model *model;         /* for rows of one position */
    int n_layers;
    int rank;      /* of this process */
    float **grads; /* [weights.n] all NULL */
    struct sl_decoder_place place;
    struct sl_decoded_weights weights;
    uint64_t n_reshapes; /* of the pipeline when the parameters were found */
    bool is_rewound;     /* since then */
    int64_t context;     /* positions of a sequence */
    int64_t position;
};

#endif
