/*
 * A model: a sequence of layers with settled shapes.  It describes; it holds no
 * parameter values.  Those live in the arenas of a pipeline's devices, start
 * from the pipeline's seed, and are read and written there by name.
 *
 * Parameters are named "<layer>.<parameter>", "0.weight", "0.bias", ...,
 * whatever the cut into partitions.
 */
#ifndef SLUICE_MODEL_H
#define SLUICE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/composite_layers.h>
#include <sluice/layer.h>
#include <sluice/memory.h>
#include <sluice/options.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_model sluice_model;

enum {
    SLUICE_MODEL_MAX_LAYERS = 65536,
    SLUICE_MODEL_MAX_DEPTH = 16,   /* of layers inside each other in a text */
    SLUICE_MODEL_MAX_TEXT = 65536, /* bytes of a text in the long form */
};

typedef struct sluice_model_config {
    sluice_shape input; /* shape of one input row, at least one dim */
    const sluice_allocator *allocator; /* NULL: malloc */
    sluice_element input_type; /* of the input's elements: SLUICE_F32, or
                                  SLUICE_I32 for a first layer that takes
                                  integers; 0 means SLUICE_F32 */
} sluice_model_config;

/*
 * An empty model.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the input shape was not set or has no
 *          elements, or they are of another type;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_model_create(const sluice_model_config *config,
                                             sluice_model **out,
                                             sluice_diag *why);

/* Free a model; NULL is allowed.  No pipeline made from it may be alive. */
SLUICE_API void sluice_model_destroy(sluice_model *model);

/*
 * Append a layer.  `ops` must outlive the model; ops->config_bytes bytes of
 * `config` are copied (NULL: all zero).
 *
 * Threads  one at a time; not while a pipeline made from the model is alive.
 * Returns  SLUICE_OK; SLUICE_INVALID with the layer's sentence if it refuses
 *          its config or input shape, or if a function is missing or its plan
 *          has an impossible size, or if the layer takes elements of another
 *          type than the layer before it, or the model's input, gives;
 *          SLUICE_NO_MEMORY.  On failure the model is as before.
 */
SLUICE_API sluice_status sluice_model_add(sluice_model *model,
                                          const sluice_layer_ops *ops,
                                          const void *config, sluice_diag *why);

/*
 * Begin a layer that holds others, one of sluice/composite_layers.h.  The
 * layers added from here on go inside, until sluice_model_end(); layers begun
 * inside are nested.  The result is one layer of the model: no cut goes through
 * it.  If it is layer 4 of the model, "weight" of layer 1 inside has the name
 * "4.1.weight".
 *
 *     sluice_model_begin(model, sluice_residual(), &why);
 *     sluice_model_add(model, sluice_linear(), &hidden, &why);
 *     sluice_model_add(model, sluice_linear(), &back, &why);
 *     sluice_model_end(model, &why);
 *
 * Threads  as sluice_model_add().
 * Returns  SLUICE_OK; SLUICE_INVALID if `ops` is a layer that holds no others,
 *          or any but a sequence where the input is integers; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_model_begin(sluice_model *model,
                                            const sluice_layer_ops *ops,
                                            sluice_diag *why);

/*
 * End the layer begun last.
 *
 * Threads  as sluice_model_add().
 * Returns  SLUICE_OK; SLUICE_INVALID if none is begun, nothing is inside, a
 *          parameter's name becomes longer than SLUICE_PARAM_NAME allows, a
 *          residual's output is not as large as its input, or outputs do
 *          not fit that branches add or concat joins; SLUICE_NO_MEMORY.  On
 *          failure the layer stays begun: add to the model, or destroy it.
 */
SLUICE_API sluice_status sluice_model_end(sluice_model *model,
                                          sluice_diag *why);

/*
 * Make parameter `name` one with `first`, a parameter before it of the same
 * shape: "13.weight" with "0.weight".  From then on both names are of one
 * tensor, which starts as `first` does.  Its gradient is the sum of those of
 * its uses in the order of the model: that of each use is added up over the
 * micro-batches, the copies and the replicas, and then the uses are added.  It
 * counts once in sluice_model_n_parameters() and in a global norm, and is saved
 * and listed once, by the name of the first use.
 *
 * The uses may lie on different stages: each of these holds the tensor and
 * makes the same update.  Needs a synchronous schedule.
 *
 * Threads  as sluice_model_add().
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND for a name that no parameter has;
 *          SLUICE_INVALID if `first` is not before `name`, their shapes differ,
 *          or `name` is tied already.
 */
SLUICE_API sluice_status sluice_model_tie(sluice_model *model, const char *name,
                                          const char *first, sluice_diag *why);

/* Whether a layer is begun and not ended; no pipeline can be made then. */
SLUICE_API bool sluice_model_is_open(const sluice_model *model);

/*
 * A model from a text, in the long or the short form, see docs/networks.md.
 * The long form names layers of sluice_layer_at(), with their options:
 *
 *     input(784); linear(64, activation=relu); layer_norm; dropout(0.1);
 *     residual{linear(256, activation=gelu); linear(64)} x3; linear(10)
 *
 *     network = [ "input" "(" shape [ "," type ] ")" ";" ] layers ;
 *     shape   = number { "x" number } ;
 *     type    = "float32" | "int32" ;             of the elements; float32
 *     layers  = item { ";" item } [ ";" ] ;
 *     item    = layer [ "x" number ] | tie ;       that many of them
 *     tie     = "tie" "(" parameter "," parameter ")" ;      not in braces
 *     layer   = name [ "(" [ option { "," option } ] ")" ] [ "{" layers "}" ] ;
 *     option  = [ name "=" ] value ;
 *
 * A name is a letter, then letters, digits and "_".  The name of an option, and
 * a value, may also have "-", "+" and ".".  A value without a name belongs to
 * the layer's first option, or it is the name of a flag.  Layers that hold
 * others have braces.  Blanks and newlines are allowed everywhere between these
 * parts, except in a shape and behind the "x".  "tie(13.weight, 0.weight)" is
 * sluice_model_tie(), after the layers that it names.
 *
 * The short form, which begins with a digit: "784-256-128-10" is a multilayer
 * perceptron with input 784, hidden layers of 256 and 128 and a linear end
 * of 10.  "256x10" stands for ten layers of 256.  After a colon, options
 * separated by commas: an activation for the hidden layers (relu by default),
 * "dropout=RATE" after each hidden layer.  "res(64-256)" is a residual block, y
 * = x + f(x), where f is a perceptron of the layers in parentheses, whose last
 * layer is linear and as large as the block's input.
 *
 *     128-256x10-10           11 layers
 *     1024-1024x16:tanh       16 layers, the last one without activation
 *     784-256-res(64-256)x4-10  6 layers, four of them residual blocks
 *
 * A preset of the long form stands for layers: "gpt2(layers=6)" is read as the
 * text that it writes.  Where neither text nor caller give the input, a preset
 * at the beginning does: `context` tokens for gpt2 and llama, 3x32x32 for
 * resnet, 3x256x256 for unet.
 *
 * Returns  as sluice_model_create(); SLUICE_INVALID with the position of the
 *          syntax error, or of the layer that refuses its config.
 */
SLUICE_API sluice_status sluice_model_parse(const char *text,
                                            const sluice_allocator *allocator,
                                            sluice_model **out,
                                            sluice_diag *why);

/*
 * The same for rows of shape `input`.  The text may leave out input(), or the
 * number before the first "-".
 *
 * Returns  as sluice_model_parse().
 */
SLUICE_API sluice_status sluice_model_parse_for(
    const char *text, const sluice_shape *input,
    const sluice_allocator *allocator, sluice_model **out, sluice_diag *why);

/*
 * Preset `i` of the long form: its name and options, "gpt2" and "layers", ...;
 * `owner` is NULL past the last one.  Its help is one line.
 */
SLUICE_API sluice_option_table sluice_preset_options(int i);
SLUICE_API const char *sluice_preset_help(int i);

/*
 * Write the model as text in the long form.  Each layer has the options that
 * differ from their defaults, and equal neighbours are written once with their
 * number.  sluice_model_parse() makes a model from it that prints the same,
 * unless a layer is not in the library's table: such a text is refused.  At
 * most `size` bytes go to `text`, terminating 0 included.
 *
 * Threads  any, while no other thread adds to the model.
 * Returns  the length of the whole, as snprintf().
 */
SLUICE_API size_t sluice_model_print(const sluice_model *model, char *text,
                                     size_t size);

/* Number of layers. */
SLUICE_API int sluice_model_n_layers(const sluice_model *model);

/* The functions of layer `i`. */
SLUICE_API const sluice_layer_ops *sluice_model_layer(const sluice_model *model,
                                                      int i);

/* The plan of layer `i`: shapes, parameters, costs; owned by the model. */
SLUICE_API const sluice_layer_plan *
sluice_model_layer_plan(const sluice_model *model, int i);

/* Shape of one row of the model's input. */
SLUICE_API sluice_shape sluice_model_input(const sluice_model *model);

/* Type of its elements: SLUICE_F32 or SLUICE_I32. */
SLUICE_API sluice_element sluice_model_input_type(const sluice_model *model);

/* Shape of one row of the last layer's output; the input's if there is none.
 * While a layer is begun, that of the last layer inside. */
SLUICE_API sluice_shape sluice_model_output(const sluice_model *model);

/* Elements of all parameters together; tied ones count once. */
SLUICE_API int64_t sluice_model_n_parameters(const sluice_model *model);

/*
 * Look a parameter up by name, "0.weight".
 *
 * Returns  SLUICE_OK with its layer, index and spec (each out-pointer may be
 *          NULL), of a tied one those of the first use; SLUICE_NOT_FOUND with a
 *          sentence that lists the names that exist.
 */
SLUICE_API sluice_status sluice_model_find_parameter(
    const sluice_model *model, const char *name, int *layer, int *param,
    const sluice_param_spec **spec, sluice_diag *why);

/* Bytes of "12.weight": layer, dot, name, terminating 0. */
enum { SLUICE_PARAMETER_NAME = SLUICE_PARAM_NAME + 16 };

/* A parameter of a model, for sluice_model_next_parameter(). */
typedef struct sluice_parameter {
    int layer;
    int index;                     /* in the layer */
    const sluice_param_spec *spec; /* owned by the model; NULL: before the
                                      first parameter */
    int64_t n;                     /* elements */
    char name[SLUICE_PARAMETER_NAME];
} sluice_parameter;

/*
 * Go on to the next parameter, layer by layer, within a layer in the order of
 * its plan; a tied one comes once.  Zero `*at` before the first:
 *
 *     sluice_parameter at = {0};
 *     while (sluice_model_next_parameter(model, &at))
 *         sluice_pipeline_get_parameter(pipe, at.name, values, at.n, &why);
 *
 * Returns  true; false, with `*at` as it was, if there are no more.
 */
SLUICE_API bool sluice_model_next_parameter(const sluice_model *model,
                                            sluice_parameter *at);

#ifdef __cplusplus
}
#endif

#endif
