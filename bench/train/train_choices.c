/* Optimizer, loss and layers on a command line.  The main thread. */
#include "bench/train/train_choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/checkpoint.h>
#include <sluice/layer.h>

#include "bench/order/order.h"
#include "bench/order/schedule_source.h"
#include "bench/output/option_list.h"
#include "bench/output/output_path.h"
#include "bench/output/picture.h"
#include "bench/train/told/training_page.h"

static void list_optimizers(void)
{
    const sluice_optimizer_ops *ops;
    printf("Optimizers, as NAME or NAME:option=value,...\n");
    for (int i = 0; (ops = sluice_optimizer_at(i)); i++) {
        sluice_option_table table = sluice_optimizer_options(ops);
        option_list_print(&table, ops->help, stdout);
    }
}

static void list_losses(void)
{
    const sluice_loss_ops *ops;
    printf("Losses, as NAME or NAME:option=value,...\n");
    for (int i = 0; (ops = sluice_loss_at(i)); i++) {
        sluice_option_table table = sluice_loss_options(ops);
        option_list_print(&table, ops->help, stdout);
    }
}

static void list_rates(void)
{
    const sluice_rate_ops *ops;
    printf("Learning-rate rules, as NAME or NAME:option=value,...\n");
    for (int i = 0; (ops = sluice_rate_at(i)); i++) {
        sluice_option_table table = sluice_rate_options(ops);
        option_list_print(&table, ops->help, stdout);
    }
}

static void list_layers(void)
{
    const sluice_layer_ops *ops;
    printf("Layers, as NAME or NAME(option=value,...), separated by \";\"\n");
    for (int i = 0; (ops = sluice_layer_at(i)); i++) {
        sluice_option_table table = sluice_layer_options(ops);
        option_list_print(&table, ops->help, stdout);
    }
    printf("Presets, in place of layers\n");
    for (int i = 0; sluice_preset_help(i); i++) {
        sluice_option_table table = sluice_preset_options(i);
        option_list_print(&table, sluice_preset_help(i), stdout);
    }
}

/* Whether the list was asked for, which is then all that is done. */
static void list_if_help(const char *text, void (*list)(void))
{
    if (strcmp(text, "help") != 0)
        return;
    list();
    exit(EXIT_SUCCESS);
}

static sluice_status read_optimizer(const struct option_row *option,
                                    const char *text, void *value,
                                    sluice_diag *why)
{
    (void)option;
    list_if_help(text, list_optimizers);
    return sluice_optimizer_parse(text, value, why);
}

const struct option_type option_optimizer = {.read = read_optimizer};

static sluice_status read_loss(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option;
    list_if_help(text, list_losses);
    return sluice_loss_parse(text, value, why);
}

const struct option_type option_loss = {.read = read_loss};

static sluice_status read_rate(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option;
    list_if_help(text, list_rates);
    return sluice_rate_parse(text, value, why);
}

const struct option_type option_rate = {.read = read_rate};

static void list_augmentations(void)
{
    sluice_option_table table = sluice_augmentation_options();
    printf("Augmentation of images, as shift=2,flip\n");
    option_list_print(&table, "what each epoch does to each image", stdout);
}

static sluice_status read_augment(const struct option_row *option,
                                  const char *text, void *value,
                                  sluice_diag *why)
{
    sluice_option_table table = sluice_augmentation_options();
    (void)option;
    list_if_help(text, list_augmentations);
    return sluice_options_parse(&table, text, value, why);
}

const struct option_type option_augment = {.read = read_augment};

static sluice_status read_model(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    (void)option, (void)why;
    list_if_help(text, list_layers);
    *(const char **)value = text;
    return SLUICE_OK;
}

const struct option_type option_model = {.read = read_model};

sluice_status train_choices_settle(struct training_config *config,
                                   sluice_diag *why)
{
    const struct short_forms *forms = &config->short_forms;
    const struct {
        const char *name; /* "--" before it is what was given */
        const char *value;
        bool given;
    } options[] = {
        {"lr", forms->lr, forms->lr},
        {"momentum", forms->momentum, forms->momentum},
        {"nesterov", NULL, forms->nesterov},
        {"weight-decay", forms->weight_decay, forms->weight_decay},
    };
    sluice_status st = SLUICE_OK;
    if (!config->optimizer.ops)
        st = sluice_optimizer_parse(NULL, &config->optimizer, why);
    for (size_t i = 0; i < sizeof options / sizeof *options && !st; i++) {
        if (!options[i].given)
            continue;
        sluice_option_table table =
            sluice_optimizer_options(config->optimizer.ops);
        sluice_diag said;
        st = sluice_option_set(&table, options[i].name, options[i].value,
                               &config->optimizer.config, &said);
        if (st)
            sluice_diag_set(why, st, "--%s: %s", options[i].name, said.text);
    }
    return st;
}

const char *train_augment_text(const struct training_config *config,
                               char text[TRAIN_AUGMENT_TEXT])
{
    sluice_option_table table = sluice_augmentation_options();
    if (!sluice_augmentation_acts(&config->augment))
        return "none";
    sluice_options_print(&table, &config->augment, text, TRAIN_AUGMENT_TEXT);
    return text;
}

const char *train_rate_text(const struct training_config *config,
                            char text[TRAIN_RATE_TEXT])
{
    if (!config->rate.ops)
        return NULL;
    sluice_option_table options = sluice_rate_options(config->rate.ops);
    int n = snprintf(text, TRAIN_RATE_TEXT, "%d epochs, %s:", config->epochs,
                     config->rate.ops->name);
    sluice_options_print(&options, &config->rate.config, text + n,
                         TRAIN_RATE_TEXT - (size_t)n);
    return text;
}

sluice_status train_check_partition(const struct training_config *c,
                                    sluice_diag *why)
{
    if (c->cut != SLUICE_CUT_LIST)
        return SLUICE_OK;
    sluice_schedule *schedule;
    sluice_status st =
        order_schedule(&c->order, c->devices, c->microbatches, &schedule, why);
    if (st)
        return st;
    int n_copies = sluice_schedule_n_copies(schedule);
    int n_stages = sluice_schedule_n_stages(schedule) / n_copies;
    sluice_schedule_destroy(schedule);
    if (c->partition.n == n_stages)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a partition of %d sizes for %d stages on %d "
                           "devices%s",
                           c->partition.n, n_stages, c->devices,
                           n_copies > 1 ? ", those of one copy of the model"
                                        : "");
}

double train_rate_factor(const struct training_config *c,
                         const sluice_progress *p)
{
    uint64_t batch = (uint64_t)c->batch;
    uint64_t steps = ((uint64_t)p->n_rows + batch - 1) / batch;
    uint64_t before = steps * (uint64_t)(p->epoch - 1);
    if (!c->rate.ops || p->rows_done == 0)
        return 1;
    before += (uint64_t)(p->rows_done - 1) / batch;
    return c->rate.ops->factor(&c->rate.config, before,
                               steps * (uint64_t)c->epochs);
}

/* Refuse to write over a file that is read. */
static sluice_status check_apart(const struct source_config *source,
                                 const char *path, sluice_diag *why)
{
    const char *const inputs[] = {source->name, source->x, source->y,
                                  source->test_x, source->test_y};
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs && !st; i++)
        st = output_path_apart(path, inputs[i], why);
    return st;
}

sluice_status train_check_files(const struct training_config *c,
                                sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (c->trace)
        st = picture_check(c->trace, why);
    if (!st && c->keeping.weights)
        st = check_apart(&c->source, c->keeping.weights, why);
    if (!st && c->keeping.weights)
        st = output_path_check(c->keeping.weights, why);
    if (!st && c->report)
        st = training_page_check(c->report, why);
    return st;
}
