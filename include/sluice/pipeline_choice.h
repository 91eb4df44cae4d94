/* What the config of a pipeline chooses from, and what it is told. */
#ifndef SLUICE_PIPELINE_CHOICE_H
#define SLUICE_PIPELINE_CHOICE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sluice_cut {
    SLUICE_CUT_UNIFORM = 0, /* numbers of layers that differ by at most 1 */
    SLUICE_CUT_LIST,        /* `partition` gives the sizes */
    SLUICE_CUT_FLOPS,       /* minimize the largest stage's floating-point
                               operations */
    SLUICE_CUT_TIME,        /* ... its time, measured once at creation by calls
                               of the layers, and of the optimizer for one
                               parameter */
    SLUICE_CUT_BYTES,       /* ... its bytes: parameters, gradients, optimizer
                               states and versions, of a tied tensor once in a
                               stage, and the activations of a mini-batch and
                               the skip connections to other stages */
} sluice_cut;

typedef enum sluice_pinning {
    SLUICE_PIN_AUTO = 0, /* pin if there is a free core for each device */
    SLUICE_PIN_OFF,
    SLUICE_PIN_LIST, /* device i to CPU pin_cpus[i], even if taken */
} sluice_pinning;

/* What a step does about values that are NaN or infinite. */
typedef enum sluice_finite {
    SLUICE_FINITE_LOSS = 0,  /* if the loss of a micro-batch is NaN or infinite,
                                the step fails with SLUICE_NOT_FINITE and
                                changes nothing */
    SLUICE_FINITE_OFF,       /* nothing is checked: the update is made, and
                                sluice_result.loss shows the value */
    SLUICE_FINITE_GRADIENTS, /* as FINITE_LOSS, and before an update each device
                                checks its gradients: if an element is not
                                finite, the step fails and names the parameter
                              */
    SLUICE_FINITE_BOUNDARIES, /* as FINITE_GRADIENTS, and each stage checks what
                                 it hands on: its output, the gradient of its
                                 input, and what goes to another stage by a skip
                                 connection.  The step fails in the cell where
                                 the value first left a stage */
} sluice_finite;

typedef enum sluice_log_level {
    SLUICE_LOG_INFO = 0,
    SLUICE_LOG_WARNING,
} sluice_log_level;

/* Called by the thread that creates the pipeline, or loads a checkpoint into
 * it; `text` has no newline. */
typedef void sluice_log(void *context, sluice_log_level level,
                        const char *text);

#ifdef __cplusplus
}
#endif

#endif
