/*
 * The names by which the parameters of a preset are published elsewhere: a
 * table beside the preset.  A model is known by its parameters, however it was
 * made: each of its layers has those of the table, and no others.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_PRESETS_PUBLISHED_H
#define SL_NN_PRESETS_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/model.h>

enum {
    SL_PUBLISHED_PARTS = 3, /* tensors that one of ours is in */
    SL_PUBLISHED_FORMS = 2, /* kinds of blocks */
    SL_PUBLISHED_NAME = 96, /* bytes of a name, terminating 0 included */
    SL_BLOCK_NAME = 32,
};

/* One parameter of a layer.  Several names: the columns of ours are divided
 * among them, two as halves, three as queries, keys and values. */
struct sl_published_row {
    const char *ours; /* in the layer: "0.1.qkv_weight" */
    const char *theirs[SL_PUBLISHED_PARTS];
    bool is_transposed; /* they have [out, in] */
    bool is_outside;    /* the name never has the prefix */
};

/* All parameters of a layer. */
struct sl_published_layer {
    const struct sl_published_row *rows;
    int n;
};

struct sl_published {
    const char *prefix; /* that names have, or lack: "transformer." */
    struct sl_published_layer first;
    struct sl_published_layer last;
    struct sl_published_layer blocks[SL_PUBLISHED_FORMS]; /* each other layer
                                                             is one of these */

    /* What stands before the names of such a layer: "h.3." if `block` is "h".
     * A function where layers are not counted one after the other. */
    const char *block;
    void (*name_block)(const sluice_model *model, int layer,
                       char name[SL_BLOCK_NAME]);

    /* Ends of the names of tensors that are no parameters; NULL ends them. */
    const char *const *passed_over;
};

/* Whether all parameters of a model, which has a block at least, are in it. */
bool sl_published_knows(const struct sl_published *published,
                        const sluice_model *model);

/* The row of a parameter of such a model. */
const struct sl_published_row *
sl_published_find(const struct sl_published *published,
                  const sluice_model *model, int layer, int param);

/* The whole name of part `part` of it, with the prefix or without. */
void sl_published_name(const struct sl_published *published,
                       const sluice_model *model, int layer,
                       const struct sl_published_row *row, int part,
                       bool has_prefix, char name[SL_PUBLISHED_NAME]);

/* Whether a layer has exactly the parameters of a form. */
bool sl_published_fits(const struct sl_published_layer *form,
                       const sluice_model *model, int layer);

#endif
