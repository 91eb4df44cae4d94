/* Losses, optimizers and activations by name. */
#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "support/runner.h"

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

SLUICE_TEST_MAIN("nn.registry", losses_are_found_by_their_names,
                 optimizers_are_found_by_their_names,
                 activations_are_found_by_their_names,
                 no_activation_is_found_by_another_name)
