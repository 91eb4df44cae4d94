/*
 * Running a trained model along a sequence, position by position: each call
 * takes the next token and gives the outputs at its position, as
 * sluice_pipeline_infer() would for all tokens so far.  What earlier positions
 * leave for later ones (keys and values of attention) is kept, so that a call
 * costs one position and not a window.
 *
 * The outputs are those of sluice_pipeline_infer() except for rounding:
 * products with one row are added up in another order than those with many.
 *
 *     sluice_decoder_create(pipe, &decoder, &why);
 *     sluice_decoder_next(decoder, token, y, &why);
 *
 * In several processes (sluice/world.h) sluice_decoder_create() and _next() are
 * calls of all of them.  Each process runs the layers whose parameters its
 * devices hold, keeps what these leave for later positions, and hands their
 * outputs to the process of the next layer.  The outputs have the bits of one
 * process and come to all of them; what one process refuses, all do.
 *
 * A layer takes part if its plan says `by_position`: y at a position of a row
 * depends on x at that position, and on positions before it through `cache`, in
 * which it may leave cache_bytes for each.  A decoder calls its forward() with
 * a plan for one position, the whole cache of cache_positions * cache_bytes as
 * earlier calls have left it, and the `position` of x, from 0.
 */
#ifndef SLUICE_DECODE_H
#define SLUICE_DECODE_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_decoder sluice_decoder;

/*
 * A decoder of the pipeline's model with its parameters where they are.  Those
 * that lie in parts (of teams, a cut vocabulary, and, in several processes, in
 * ZeRO stage 3) are copied for the layers that this process runs, now and by
 * the first sluice_decoder_next() after a rewind.  In ZeRO stage 3 each process
 * then runs an equal part of the model.  All layers must work by position
 * (`by_position` of sluice_layer_plan), on rows of tokens; each must be one of
 * the library's.
 *
 * Takes    nothing: the pipeline must outlive the decoder.
 * Threads  while no step is under way.
 * Blocks   in several processes until all have called it, or one is gone.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_INVALID naming a layer that does
 *          not work by position, or if the model does not take tokens, or in a
 *          child of fork() if the pipeline is in several processes;
 *          SLUICE_SYSTEM or SLUICE_CLOSED if one of them is gone.
 */
SLUICE_API sluice_status sluice_decoder_create(const sluice_pipeline *pipe,
                                               sluice_decoder **out,
                                               sluice_diag *why);

/* Free a decoder; NULL is allowed.  Other processes are not waited for. */
SLUICE_API void sluice_decoder_destroy(sluice_decoder *decoder);

/*
 * Go on by one token: y[outputs of a position].  In several processes it is the
 * token that the process of the first layer is given.
 *
 * Threads  one at a time, while no step is under way.
 * Blocks   in several processes until all have the outputs, or one is gone.
 * Returns  SLUICE_OK; SLUICE_INVALID if as many positions were taken as a row
 *          of the model has, the token is none or `y` is NULL; SLUICE_NO_MEMORY
 *          if parameters have come to lie in parts; what a layer returns;
 *          otherwise as sluice_decoder_create().  After an error the sequence
 *          is as before.
 */
SLUICE_API sluice_status sluice_decoder_next(sluice_decoder *decoder,
                                             int32_t token, float *y,
                                             sluice_diag *why);

/* Begin another sequence, in all processes; also needed after the parameters
 * have changed.  Nothing is sent. */
SLUICE_API void sluice_decoder_rewind(sluice_decoder *decoder);

#ifdef __cplusplus
}
#endif

#endif
