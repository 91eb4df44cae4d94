/* Models from text, in either form.  The thread that builds a model. */
#include <sluice/model.h>

#include "nn/model/network.h"
#include "nn/model/perceptron.h"

sluice_status sluice_model_parse_for(const char *text,
                                     const sluice_shape *input,
                                     const sluice_allocator *allocator,
                                     sluice_model **out, sluice_diag *why)
{
    if (sl_network_is(text))
        return sl_network_parse(text, input, allocator, out, why);
    int64_t width = input ? sluice_shape_elements(input) : 0;
    return sl_perceptron_parse(text, width, allocator, out, why);
}

sluice_status sluice_model_parse(const char *text,
                                 const sluice_allocator *allocator,
                                 sluice_model **out, sluice_diag *why)
{
    return sluice_model_parse_for(text, NULL, allocator, out, why);
}
