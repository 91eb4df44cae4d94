/* Chunks of a convolution's pass.  Any thread. */
#include "tensor/conv/conv_chunk.h"

enum {
    CHUNK_COLUMNS = 1024,    /* of the matrix */
    SOURCE_FLOATS = 1 << 18, /* a part of the second cache ... */
    BESIDE_FLOATS = 1 << 17, /* ... and of what is kept beside */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether the source is read where it is: no margin, every pixel. */
static bool is_in_place(const struct sl_conv_pass *pass)
{
    return pass->stride == 1 && pass->shift == 0 && pass->reach == 0 &&
           pass->first_row == 0 && pass->first_column == 0 &&
           pass->n_columns == pass->from.width &&
           pass->n_rows == pass->from.height;
}

/* Of the source, for so many rows of the grid. */
static int64_t plane_floats(const struct sl_conv_pass *pass, int64_t rows)
{
    return (rows + pass->reach) * (pass->n_columns + pass->reach);
}

static int64_t image_floats(const struct sl_conv_pass *pass, int64_t rows)
{
    return pass->from.channels * pass->phases * pass->phases *
           plane_floats(pass, rows);
}

/* Rows whose pixels fill panels, if there are as many. */
static int64_t whole_panels(int64_t rows, int64_t width)
{
    int64_t every = SL_CONV_COLUMNS;
    while (every > 1 && width % 2 == 0) {
        width /= 2;
        every /= 2;
    }
    return rows < every ? rows : rows - rows % every;
}

struct sl_conv_portion sl_conv_portion(const struct sl_conv_pass *pass,
                                       int64_t beside)
{
    int64_t columns = pass->n_rows * pass->n_columns;
    int64_t most = CHUNK_COLUMNS;
    if (beside > 0)
        most = greatest(1, least(most, BESIDE_FLOATS / beside));
    int64_t images =
        least(most / columns, SOURCE_FLOATS / image_floats(pass, pass->n_rows));
    if (columns <= most)
        return (struct sl_conv_portion){greatest(images, 1), pass->n_rows};
    int64_t rows = greatest(1, most / pass->n_columns);
    return (struct sl_conv_portion){
        1, least(pass->n_rows, whole_panels(rows, pass->n_columns))};
}

int64_t sl_conv_source_floats(const struct sl_conv_pass *pass,
                              struct sl_conv_portion portion)
{
    return is_in_place(pass)
               ? 0
               : portion.images * image_floats(pass, portion.rows);
}

static int64_t parts(const struct sl_conv_pass *pass,
                     struct sl_conv_portion portion)
{
    return (pass->n_rows + portion.rows - 1) / portion.rows;
}

int64_t sl_conv_n_chunks(const struct sl_conv_pass *pass,
                         struct sl_conv_portion portion, int64_t n_images)
{
    int64_t groups = (n_images + portion.images - 1) / portion.images;
    return groups * parts(pass, portion);
}

/* All planes of one channel. */
static void spread_channel(const struct sl_tiles *tiles,
                           const struct sl_conv_pass *pass,
                           const struct sl_conv_chunk *chunk,
                           const float *plane, float *to)
{
    int64_t s = pass->stride, p = pass->phases;
    int64_t row = (pass->first_row + chunk->first_row) * s - pass->shift;
    struct sl_pixels spread = {
        .from = plane,
        .height = pass->from.height,
        .width = pass->from.width,
        .stride = s,
        .n_rows = chunk->n_rows + pass->reach,
        .n_columns = chunk->width,
    };
    for (int64_t phase = 0; phase < p * p; phase++) {
        spread.first = row + phase / p;
        spread.begin = pass->first_column * s - pass->shift + phase % p;
        tiles->spread(&spread, to + phase * spread.n_rows * spread.n_columns);
    }
}

static void spread_all(const struct sl_tiles *tiles,
                       const struct sl_conv_pass *pass,
                       const struct sl_conv_chunk *chunk, const float *from,
                       float *room)
{
    int64_t pixels = pass->from.height * pass->from.width;
    for (int64_t i = 0; i < chunk->n_images; i++) {
        const float *image = from + (chunk->first_image + i) * pass->from.image;
        for (int64_t c = 0; c < pass->from.channels; c++)
            spread_channel(tiles, pass, chunk, image + c * pixels,
                           room + i * chunk->image + c * chunk->plane);
    }
}

static void place_taps(const struct sl_conv_pass *pass,
                       struct sl_conv_chunk *chunk)
{
    int64_t s = pass->stride, one = plane_floats(pass, chunk->n_rows);
    for (int t = 0; t < pass->n_taps; t++) {
        int64_t row = pass->taps[t].row, column = pass->taps[t].column;
        chunk->taps[t] = (row % s * pass->phases + column % s) * one +
                         row / s * chunk->width + column / s;
    }
}

void sl_conv_begin(const struct sl_tiles *tiles,
                   const struct sl_conv_pass *pass,
                   struct sl_conv_portion portion, int64_t n_images, int64_t i,
                   const float *from, float *room, struct sl_conv_chunk *chunk)
{
    int64_t n_parts = parts(pass, portion);
    int64_t image = i / n_parts * portion.images;
    int64_t row = i % n_parts * portion.rows;
    *chunk = (struct sl_conv_chunk){
        .first_image = image,
        .n_images = least(portion.images, n_images - image),
        .first_row = row,
        .n_rows = least(portion.rows, pass->n_rows - row),
        .width = pass->n_columns + pass->reach,
    };
    chunk->n_columns = chunk->n_rows * pass->n_columns;
    if (is_in_place(pass)) {
        chunk->from = from + image * pass->from.image + row * pass->from.width;
        chunk->plane = pass->from.height * pass->from.width;
        chunk->image = pass->from.image;
        chunk->taps[0] = 0;
        return;
    }
    chunk->from = room;
    chunk->plane =
        pass->phases * pass->phases * plane_floats(pass, chunk->n_rows);
    chunk->image = pass->from.channels * chunk->plane;
    place_taps(pass, chunk);
    spread_all(tiles, pass, chunk, from, room);
}

int sl_conv_runs(const struct sl_conv_pass *pass,
                 const struct sl_conv_chunk *chunk, int64_t first, int64_t n,
                 struct sl_run *runs)
{
    /* Without a margin a row follows right behind the one before. */
    int64_t width = pass->reach ? pass->n_columns : chunk->n_columns;
    int n_runs = 0;
    for (int64_t done = 0; done < n;) {
        int64_t at = first + done;
        int64_t image = at / chunk->n_columns, pixel = at % chunk->n_columns;
        int64_t row = pixel / width, column = pixel % width;
        struct sl_run run = {
            .from = image * chunk->image + row * chunk->width + column,
            .to = done,
            .n = least(n - done, width - column),
        };
        runs[n_runs++] = run;
        done += run.n;
    }
    return n_runs;
}
