/*
 * Layers that share a tensor with another layer, which may lie on another
 * stage: a parameter, by sluice_model_tie(), or an activation.
 */
#ifndef SLUICE_ACROSS_LAYERS_H
#define SLUICE_ACROSS_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * y = x * transpose(weight[vocabulary, width]) for each vector along the last
 * dimension of x: a score for each row of the table, without a bias.  The table
 * lies as an embedding has it, so that sluice_model_tie() can make them one.
 * It starts uniform as Xavier's, or normal with the standard deviation `std`.
 *
 * Shapes  y[rows, ..., vocabulary] of x[rows, ..., width].
 * Saves   nothing.
 */
typedef struct sluice_head_config {
    int64_t vocabulary;
    float std; /* 0: XAVIER */
} sluice_head_config;
SLUICE_API const sluice_layer_ops *sluice_head(void);

/*
 * A head that takes a given time during which no core is needed, as `timed`
 * does.  The times are those of one call, in ns, arithmetic included; a part of
 * a cut vocabulary takes its share of them.
 */
typedef struct sluice_timed_head_config {
    int64_t vocabulary;
    int64_t forward_ns;
    int64_t input_ns;
    int64_t weight_ns;
} sluice_timed_head_config;
SLUICE_API const sluice_layer_ops *sluice_timed_head(void);

/*
 * A skip connection: stash leaves x for the pop of the same name, any number of
 * layers further on, as in torchgpipe.  If they lie on different stages, the
 * tensor goes there through a link of its own, and so does its gradient on the
 * way back; no stage between has to do with it.  Each stash is popped once;
 * then the name may be used again.  Both are layers of the model: they cannot
 * stand inside another one.
 *
 * stash: y = x.
 * pop: y = x + stash, element by element, both having as many elements; or,
 * with `concat`, y = [x, stash] along the first dimension, the others being
 * equal.
 *
 * Shapes  y of a stash as x; of a pop as x, or y[a + b, ...] of x[a, ...] and
 *         stash[b, ...].
 * Saves   nothing.
 */
enum { SLUICE_SKIP_NAME = 16 }; /* bytes of a name, terminating 0 included */

typedef struct sluice_stash_config {
    char name[SLUICE_SKIP_NAME]; /* [A-Za-z0-9_] */
} sluice_stash_config;
SLUICE_API const sluice_layer_ops *sluice_stash(void);

typedef struct sluice_pop_config {
    char name[SLUICE_SKIP_NAME];
    bool concat;
} sluice_pop_config;
SLUICE_API const sluice_layer_ops *sluice_pop(void);

#ifdef __cplusplus
}
#endif

#endif
