/* Layers, losses and optimizers by name, with their options. */
#include <sluice/composite_layers.h>
#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include <string.h>

#include "nn/rows/row.h"
#include "support/runner.h"

static sluice_diag why;

START_TEST(losses_are_found_by_their_names)
{
    ck_assert_ptr_eq(sluice_loss_find("mse"), sluice_mean_squared_error());
    ck_assert_ptr_eq(sluice_loss_find("cross_entropy"), sluice_cross_entropy());
    ck_assert_ptr_null(sluice_loss_find("msee"));
    ck_assert_ptr_null(sluice_loss_find(""));
}
END_TEST

START_TEST(optimizers_are_found_by_their_names)
{
    ck_assert_ptr_eq(sluice_optimizer_find("sgd"), sluice_sgd());
    ck_assert_ptr_null(sluice_optimizer_find("SGD"));
}
END_TEST

START_TEST(layers_are_found_by_their_names)
{
    ck_assert_ptr_eq(sluice_layer_find("linear"), sluice_linear());
    ck_assert_ptr_eq(sluice_layer_find("residual"), sluice_residual());
    ck_assert_ptr_null(sluice_layer_find("Linear"));
}
END_TEST

/* Each has a name of its own and help, and its options lie in its config. */
static void check_row(const sluice_option_table *table, size_t config_bytes,
                      const char *help)
{
    ck_assert(help && *help);
    for (int k = 0; k < table->n_options; k++) {
        const sluice_option *option = &table->options[k];
        ck_assert(option->name && option->help);
        ck_assert_uint_le(option->offset + option->bytes, config_bytes);
        ck_assert_ptr_eq(sluice_option_find(table, option->name), option);
        ck_assert_int_eq(!option->choice, option->type != SLUICE_OPTION_CHOICE);
        if (option->type == SLUICE_OPTION_REAL ||
            option->type == SLUICE_OPTION_INTEGER)
            ck_assert(option->required || (option->min <= option->preset &&
                                           option->preset <= option->max));
    }
}

/* Bytes of a config that no option has: none but those that align the next
 * option, or the end. */
static void check_fields(const sluice_option_table *table, size_t config_bytes)
{
    bool has[256] = {false};
    size_t gap = 0;
    ck_assert_uint_le(config_bytes, sizeof has);
    for (int k = 0; k < table->n_options; k++)
        memset(has + table->options[k].offset, true, table->options[k].bytes);
    for (size_t i = 0; i < config_bytes; i++) {
        gap = has[i] ? 0 : gap + 1;
        ck_assert_msg(gap < sizeof(double) && (i % sizeof(double) || !gap),
                      "%s: no option has byte %zu", table->owner, i);
    }
}

/* A reshape compares their options in place of their bytes. */
START_TEST(each_field_of_a_loss_and_an_optimizer_is_an_option)
{
    const sluice_loss_ops *loss;
    for (int i = 0; (loss = sluice_loss_at(i)); i++) {
        sluice_option_table table = sluice_loss_options(loss);
        check_fields(&table, loss->config_bytes);
    }
    const sluice_optimizer_ops *optimizer;
    for (int i = 0; (optimizer = sluice_optimizer_at(i)); i++) {
        sluice_option_table table = sluice_optimizer_options(optimizer);
        check_fields(&table, optimizer->config_bytes);
    }
}
END_TEST

START_TEST(every_row_is_complete)
{
    const sluice_layer_ops *layer;
    for (int i = 0; (layer = sluice_layer_at(i)); i++) {
        sluice_option_table table = sluice_layer_options(layer);
        check_row(&table, layer->config_bytes, layer->help);
        ck_assert_ptr_eq(sluice_layer_find(layer->name), layer);
        ck_assert_uint_le(layer->config_bytes, SLUICE_CONFIG_BYTES);
    }
    const sluice_loss_ops *loss;
    for (int i = 0; (loss = sluice_loss_at(i)); i++) {
        sluice_option_table table = sluice_loss_options(loss);
        sluice_loss_choice choice;
        check_row(&table, loss->config_bytes, loss->help);
        ck_assert(!sluice_loss_parse(loss->name, &choice, &why));
        ck_assert_ptr_eq(choice.ops, loss);
    }
    const sluice_optimizer_ops *optimizer;
    for (int i = 0; (optimizer = sluice_optimizer_at(i)); i++) {
        sluice_option_table table = sluice_optimizer_options(optimizer);
        sluice_optimizer_choice choice;
        check_row(&table, optimizer->config_bytes, optimizer->help);
        ck_assert(!sluice_optimizer_parse(optimizer->name, &choice, &why));
        ck_assert_ptr_eq(choice.ops, optimizer);
    }
    ck_assert_ptr_null(sluice_layer_at(-1));
    ck_assert_ptr_null(sluice_loss_at(1000));
}
END_TEST

START_TEST(an_optimizer_is_read_with_its_options)
{
    sluice_optimizer_choice choice;
    ck_assert(!sluice_optimizer_parse("sgd:lr=0.1,weight-decay=0.01,nesterov",
                                      &choice, &why));
    sluice_sgd_config sgd;
    memcpy(&sgd, &choice.config, sizeof sgd);
    ck_assert(sgd.learning_rate == 0.1 && sgd.momentum == 0.9 &&
              sgd.weight_decay == 0.01 && sgd.nesterov);
    static const char *const usual[] = {NULL, "", "sgd", "sgd:"};
    for (int i = 0; i < 4; i++) {
        ck_assert(!sluice_optimizer_parse(usual[i], &choice, &why));
        ck_assert_ptr_eq(choice.ops, sluice_sgd());
        memcpy(&sgd, &choice.config, sizeof sgd);
        ck_assert(sgd.learning_rate == 0.02 && sgd.momentum == 0.9 &&
                  sgd.weight_decay == 0 && !sgd.nesterov);
    }
}
END_TEST

START_TEST(what_there_is_not_is_refused_with_what_there_is)
{
    sluice_optimizer_choice optimizer;
    sluice_loss_choice loss;
    ck_assert_int_eq(sluice_optimizer_parse("adan", &optimizer, &why),
                     SLUICE_NOT_FOUND);
    const char *begin = sluice_optimizer_at(1)
                            ? "no optimizer is called \"adan\"; there are sgd"
                            : "no optimizer is called \"adan\"; there is sgd";
    ck_assert(!strncmp(why.text, begin, strlen(begin)));
    for (int i = 0; sluice_optimizer_at(i); i++)
        ck_assert(strstr(why.text, sluice_optimizer_at(i)->name));
    ck_assert_int_eq(sluice_loss_parse("mae", &loss, &why), SLUICE_NOT_FOUND);
    ck_assert(!strncmp(
        why.text, "no loss is called \"mae\"; there are cross_entropy, mse",
        54));
    ck_assert_int_eq(
        sluice_optimizer_parse("sgd:momentun=0.9", &optimizer, &why),
        SLUICE_INVALID);
    ck_assert_str_eq(why.text, "sgd has no option \"momentun\"; it has "
                               "learning-rate, momentum, nesterov, "
                               "weight-decay, decay-only, clip");
    ck_assert_int_eq(sluice_optimizer_parse("sgd:momentum=1", &optimizer, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "sgd: momentum is \"1\"; it must be a number of "
                               "at least 0 and below 1");
    ck_assert_int_eq(sluice_loss_parse("mse:x=1", &loss, &why), SLUICE_INVALID);
    ck_assert_str_eq(why.text, "mse has no option \"x\"; it has none");
}
END_TEST

START_TEST(a_loss_is_found_for_targets)
{
    sluice_loss_choice loss;
    ck_assert(!sluice_loss_for(true, sluice_shape_vector(4), &loss, &why));
    ck_assert_ptr_eq(loss.ops, sluice_cross_entropy());
    ck_assert(!sluice_loss_for(false, sluice_shape_vector(4), &loss, &why));
    ck_assert_ptr_eq(loss.ops, sluice_mean_squared_error());
    ck_assert_int_eq(sluice_loss_for(true, sluice_shape_vector(0), &loss, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_str_eq(why.text, "no loss compares the network's output with "
                               "class labels; name one");
}
END_TEST

START_TEST(activations_are_found_by_their_names)
{
    for (int i = 0; i < SLUICE_N_ACTIVATIONS; i++) {
        sluice_activation found = SLUICE_N_ACTIVATIONS;
        const char *name = sluice_activation_name((sluice_activation)i);
        ck_assert_int_eq(sluice_activation_find(name, &found), SLUICE_OK);
        ck_assert_int_eq(found, i);
    }
}
END_TEST

START_TEST(no_activation_is_found_by_another_name)
{
    sluice_activation found = SLUICE_TANH;
    ck_assert_int_eq(sluice_activation_find("swish", &found), SLUICE_NOT_FOUND);
    ck_assert_int_eq(found, SLUICE_TANH);
    ck_assert_ptr_null(sluice_activation_name(SLUICE_N_ACTIVATIONS));
    ck_assert_ptr_null(sluice_activation_name((sluice_activation)-1));
}
END_TEST

SLUICE_TEST_MAIN("nn.row", losses_are_found_by_their_names,
                 layers_are_found_by_their_names, every_row_is_complete,
                 each_field_of_a_loss_and_an_optimizer_is_an_option,
                 an_optimizer_is_read_with_its_options,
                 what_there_is_not_is_refused_with_what_there_is,
                 a_loss_is_found_for_targets,
                 optimizers_are_found_by_their_names,
                 activations_are_found_by_their_names,
                 no_activation_is_found_by_another_name)
