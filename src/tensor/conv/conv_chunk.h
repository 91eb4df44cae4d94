/*
 * Chunks of a pass: some images, or some rows of the grid in one image, whose
 * source is spread out in scratch memory at a time.
 *
 * How many there are in a chunk follows from the pass alone.
 *
 * Threads: any; one at a time for the same scratch memory.
 */
#ifndef SL_TENSOR_CONV_CONV_CHUNK_H
#define SL_TENSOR_CONV_CONV_CHUNK_H

#include "tensor/conv/conv_pass.h"
#include "tensor/gemm/tiles.h"

enum { SL_CONV_COLUMNS = 32 }; /* of a panel: the most of any tile */

/* The most images, or rows of one image, of a chunk. */
struct sl_conv_portion {
    int64_t images;
    int64_t rows;
};

/* `beside`: floats that are kept for each column, besides the source. */
struct sl_conv_portion sl_conv_portion(const struct sl_conv_pass *pass,
                                       int64_t beside);

/* Floats of the source of a chunk. */
int64_t sl_conv_source_floats(const struct sl_conv_pass *pass,
                              struct sl_conv_portion portion);

struct sl_conv_chunk {
    int64_t first_image;
    int64_t n_images;
    int64_t first_row; /* of the grid */
    int64_t n_rows;
    int64_t n_columns; /* of an image: pixels of its part of the grid */

    const float *from; /* the source: planes of `width` floats a row */
    int64_t width;
    int64_t plane; /* floats from channel to channel */
    int64_t image;
    int64_t taps[SL_CONV_TAPS]; /* from an output's place */
};

/* Chunks of so many images. */
int64_t sl_conv_n_chunks(const struct sl_conv_pass *pass,
                         struct sl_conv_portion portion, int64_t n_images);

/* Begin chunk `i`: copy its source to `room`, unless it can be read where it
 * is. */
void sl_conv_begin(const struct sl_tiles *tiles,
                   const struct sl_conv_pass *pass,
                   struct sl_conv_portion portion, int64_t n_images, int64_t i,
                   const float *from, float *room, struct sl_conv_chunk *chunk);

/* The runs of columns first to first + n of the chunk, which begin at place
 * `to`; room for n. */
int sl_conv_runs(const struct sl_conv_pass *pass,
                 const struct sl_conv_chunk *chunk, int64_t first, int64_t n,
                 struct sl_run *runs);

#endif
