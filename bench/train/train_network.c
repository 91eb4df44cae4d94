/* The network of a training.  The main thread. */
#include "bench/train/train_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What stands before a model's text that leaves its input to the data. */
static const char *input_text(const struct train_network *network,
                              const char *given, const struct source *source,
                              char text[32])
{
    int64_t features = source_features(source);
    text[0] = '\0';
    if (*given == '-')
        snprintf(text, 32, "%" PRId64, features);
    else if (source->is_text && !network->says_input)
        snprintf(text, 32, "input(%" PRId64 ", int32); ", features);
    return text;
}

void train_network_ask(struct train_network *network, const char *given,
                       struct source_config *source)
{
    sluice_model *model;
    network->says_input = !strncmp(given, "input", strlen("input"));
    if (sluice_model_parse(given, NULL, &model, NULL))
        return; /* it lacks its input(), or is refused later */
    sluice_shape input = sluice_model_input(model);
    network->says_input = true;
    source->integers = sluice_model_input_type(model) == SLUICE_I32;
    if (source->integers && !source->text.context)
        source->text.context = sluice_shape_elements(&input);
    sluice_model_destroy(model);
}

sluice_status train_network_make(struct train_network *network,
                                 const char *given, const struct source *source,
                                 sluice_diag *why)
{
    char before[32];
    if (source->is_text && given[0] == '-')
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a text needs a model that takes tokens, such "
            "as --model 'embedding(256, width=64); linear(256, per-position)'; "
            "--model help lists the layers");
    int n = snprintf(network->text, sizeof network->text, "%s%s",
                     input_text(network, given, source, before), given);
    if (n >= (int)sizeof network->text)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model's text is longer than %d bytes",
                               (int)sizeof network->text - 1);
    sluice_shape input = sluice_dataset_input(source->train);
    return sluice_model_parse_for(network->text, &input, NULL, &network->model,
                                  why);
}

sluice_status train_network_loss(const struct train_network *network,
                                 const struct source *source,
                                 const sluice_loss_choice *given,
                                 sluice_loss_choice *out, bool *counts_correct,
                                 sluice_diag *why)
{
    bool labels = sluice_dataset_target_type(source->train) == SLUICE_I32;
    sluice_loss_plan plan = {.out = sluice_model_output(network->model)};
    sluice_status st = SLUICE_OK;
    *out = *given;
    if (!out->ops)
        st = sluice_loss_for(labels, plan.out, out, why);
    if (st)
        return st;
    plan.config = &out->config;
    st = out->ops->infer(&plan, why);
    *counts_correct = plan.counts_correct;
    return st;
}

void train_network_fini(struct train_network *network)
{
    sluice_model_destroy(network->model);
    network->model = NULL;
}
