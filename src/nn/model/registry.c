/* Built-in losses and optimizers by name.  Any thread. */
#include <string.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>

typedef const sluice_loss_ops *loss_function(void);
typedef const sluice_optimizer_ops *optimizer_function(void);

static loss_function *const losses[] = {
    sluice_mean_squared_error,
    sluice_cross_entropy,
};

static optimizer_function *const optimizers[] = {
    sluice_sgd,
};

const sluice_loss_ops *sluice_loss_find(const char *name)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (!strcmp(losses[i]()->name, name))
            return losses[i]();
    return NULL;
}

const sluice_optimizer_ops *sluice_optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (!strcmp(optimizers[i]()->name, name))
            return optimizers[i]();
    return NULL;
}
