/* Sizes of a layout, before it is made.  The thread that creates the pipeline.
 */
#include "blueprint/checks/layout_check.h"

/* All of it together below 2^62 bytes, whatever the cut. */
sluice_status sl_layout_check(const struct sl_layout_input *input,
                              sluice_diag *why)
{
    double bytes = 0;
    int n_layers = sluice_model_n_layers(input->model);
    double m = sluice_schedule_n_microbatches(input->schedule);
    double rows = (double)input->max_rows;
    double elements = 0; /* of parameters, each use of a tied one counted */
    for (int i = 0; i < n_layers; i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(input->model, i);
        double row = (double)plan->saved_row_bytes +
                     (double)plan->workspace_row_bytes +
                     (double)sluice_element_bytes(plan->in_type) *
                         (double)sluice_shape_elements(&plan->in) +
                     16.0 * (double)sluice_shape_elements(&plan->out);
        if (plan->skip.n_dims)
            row += 8.0 * (double)sluice_shape_elements(&plan->skip);
        bytes += (rows * row + 1024) * (m + 2) + (double)plan->scratch_bytes;
        for (int p = 0; p < plan->n_params; p++)
            elements += (double)sluice_shape_elements(&plan->params[p].shape);
    }
    double updates = sluice_schedule_n_updates(input->schedule);
    /* Each version has up to two packed copies. */
    bytes += (5.0 + 2.0 * input->n_states + 3.0 * updates) * 8.0 * elements;
    bytes *= sluice_schedule_n_copies(input->schedule);
    if (bytes < 0x1p62)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the pipeline would need %.3g bytes; use a smaller "
                           "model, batch or number of micro-batches",
                           bytes);
}
