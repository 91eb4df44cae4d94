/*
 * Reshapes in several processes, beside those of a pipeline in one process:
 * losses, all parameters and states, and outputs of a decoder that goes on,
 * have its bits.
 */
#include <sluice/decode.h>
#include <sluice/pipeline_state.h>
#include <sluice/reshape.h>

#include "pipeline/world/world.h"
#include "support/drawn/mixture.h"
#include "support/grid.h"

enum { SHAPES = 3, STEPS = 2, TRIES = 6, POINTS = 8, POINTS_LONG = 800 };

/* The point that is under way: in the world, and in this process alone. */
static struct sl_test_mixture drawn;
static int processes[SL_MIXTURE_DEVICES];
static sluice_pipeline *pipe_of_all, *alone;
static sluice_decoder *decoders[2]; /* theirs, of a text */
static sluice_diag why;

/* All processes read all tensors, which is a call of all. */
static void compare(void)
{
    sluice_state_tensor at = {0};
    while (sluice_pipeline_next_tensor(pipe_of_all, &at)) {
        int64_t n = at.parameter.n;
        float *ours = calloc((size_t)n, 2 * sizeof *ours);
        demand(ours, "no memory");
        demand(!sluice_pipeline_get_tensor(pipe_of_all, at.name, ours, n, &why),
               "%s: %s", drawn.told, why.text);
        demand(!sluice_pipeline_get_tensor(alone, at.name, ours + n, n, &why),
               "%s: %s", drawn.told, why.text);
        demand(!memcmp(ours, ours + n, (size_t)n * sizeof *ours),
               "%s: %s differs", drawn.told, at.name);
        free(ours);
    }
}

static void step(void)
{
    sluice_result ours, theirs;
    int row = sl_test_mixture_draw(&drawn, 40);
    int64_t rows = sl_test_mixture_rows(&drawn);
    const void *x = sl_test_mixture_x(&drawn, row);
    const void *targets = sl_test_mixture_targets(&drawn, row);
    demand(!sluice_pipeline_step(pipe_of_all, x, targets, rows, &ours, &why),
           "%s: %s", drawn.told, why.text);
    demand(!sluice_pipeline_step(alone, x, targets, rows, &theirs, &why),
           "%s: %s", drawn.told, why.text);
    demand(ours.loss == theirs.loss && ours.correct == theirs.correct &&
               ours.terms == theirs.terms,
           "%s: losses %.17g and %.17g", drawn.told, ours.loss, theirs.loss);
}

/* Teams in equal runs, or in turn among the processes, some of them changed
 * about. */
static void place(const sluice_world *world)
{
    sluice_pipeline_config *config = &drawn.config;
    int n = config->replicas * config->schedule.devices * config->team;
    config->processes = NULL;
    config->n_processes = 0;
    if (sl_test_mixture_one_in(&drawn, 3))
        return;
    for (int i = 0; i < n; i++)
        processes[i] = i / config->team % sluice_world_size(world);
    for (int i = 0; i < n && config->team == 1; i++) {
        int other = sl_test_mixture_draw(&drawn, (size_t)n);
        int kept = processes[i];
        processes[i] = processes[other];
        processes[other] = kept;
    }
    config->processes = processes;
    config->n_processes = n;
}

/* What a world refuses stays as it was, in all processes. */
static bool change_shape(sluice_world *world)
{
    sluice_pipeline_config before = drawn.config;
    sl_test_mixture_shape(&drawn);
    place(world);
    if (sluice_pipeline_reshape(pipe_of_all, &drawn.config, &why)) {
        drawn.config = before;
        return false;
    }
    sluice_pipeline_config own = drawn.config;
    own.world = NULL;
    demand(!sluice_pipeline_reshape(alone, &own, &why), "%s: alone: %s",
           drawn.told, why.text);
    return true;
}

static void make_decoders(void)
{
    decoders[0] = decoders[1] = NULL;
    if (drawn.is_text)
        demand(!sluice_decoder_create(pipe_of_all, &decoders[0], &why) &&
                   !sluice_decoder_create(alone, &decoders[1], &why),
               "%s: %s", drawn.told, why.text);
}

static void destroy_decoders(void)
{
    for (int i = 0; i < 2; i++)
        sluice_decoder_destroy(decoders[i]);
}

/* A sequence begins, with parameters that a step has changed. */
static void rewind_decoders(void)
{
    for (int i = 0; i < 2 && drawn.is_text; i++)
        sluice_decoder_rewind(decoders[i]);
}

static void decode(int32_t token)
{
    static float y[2][SL_MIXTURE_OUT];
    if (!drawn.is_text)
        return;
    for (int i = 0; i < 2; i++)
        demand(!sluice_decoder_next(decoders[i], token, y[i], &why), "%s: %s",
               drawn.told, why.text);
    demand(!memcmp(y[0], y[1], sizeof y[0]), "%s: decoded", drawn.told);
}

/* Steps, and a sequence in two shapes.  Returns whether there was another. */
static bool change(sluice_world *world)
{
    bool changed = false;
    for (int k = 0; k < STEPS; k++)
        step();
    rewind_decoders();
    decode(3);
    for (int k = 0; k < TRIES && !changed; k++)
        changed = change_shape(world);
    decode(5);
    compare();
    return changed;
}

/* Returns how often it was reshaped. */
static int run_point(sluice_world *world, uint64_t i)
{
    int n = 0;
    drawn = (struct sl_test_mixture){.point = i, .in_world = true};
    sl_test_mixture_init(&drawn);
    sluice_pipeline_config own = drawn.config;
    place(world);
    drawn.config.world = world;
    if (!sluice_pipeline_create(&drawn.config, drawn.model, &pipe_of_all,
                                &why)) {
        demand(!sluice_pipeline_create(&own, drawn.model, &alone, &why),
               "%s: alone: %s", drawn.told, why.text);
        make_decoders();
        for (int s = 0; s < SHAPES; s++)
            n += change(world);
        step();
        compare();
        demand(sluice_pipeline_n_reshapes(pipe_of_all) == (uint64_t)n &&
                   sluice_pipeline_n_steps(pipe_of_all) == SHAPES * STEPS + 1,
               "%s: %d reshapes", drawn.told, n);
        destroy_decoders();
        sluice_pipeline_destroy(pipe_of_all);
        sluice_pipeline_destroy(alone);
    }
    sl_test_mixture_fini(&drawn);
    return n;
}

static void show_mixtures(sluice_world *world)
{
    uint64_t n = sl_test_is_long() ? POINTS_LONG : POINTS;
    int n_reshapes = 0;
    for (uint64_t i = 0; i < n; i++)
        n_reshapes += run_point(world, i);
    demand(n_reshapes > 0, "%d reshapes: most were refused", n_reshapes);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"any_mixture_of_shapes_has_the_bits_of_one_process", show_mixtures},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
