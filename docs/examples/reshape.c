/* Train on two devices, go on with three and another cut, and end in the bits
 * of a training that was never reshaped. */
#include <sluice/sluice.h>
#include <stdio.h>
#include <string.h>

enum { EPOCHS = 4, WEIGHTS = 784 * 64 };

static float weights[2][WEIGHTS];

/* All but the first epoch are trained in the shape of `then`. */
static bool train(const sluice_pipeline_config *first,
                  const sluice_pipeline_config *then, const sluice_model *model,
                  const sluice_dataset *images, float *result, sluice_diag *why)
{
    sluice_train_config course = {.epochs = 1, .batch = 32, .train = images};
    sluice_pipeline *pipe = NULL;
    sluice_progress last;
    bool failed = sluice_pipeline_create(first, model, &pipe, why) ||
                  sluice_train(pipe, &course, &last, why) ||
                  sluice_pipeline_reshape(pipe, then, why);
    if (!failed) {
        course.start = last.position;
        course.epochs = EPOCHS;
        failed = sluice_train(pipe, &course, NULL, why) ||
                 sluice_pipeline_get_parameter(pipe, "0.weight", result,
                                               WEIGHTS, why);
    }
    sluice_pipeline_destroy(pipe);
    return failed;
}

int main(void)
{
    sluice_dataset *images = NULL, *test = NULL;
    sluice_model *model = NULL;
    sluice_diag why;
    sluice_sgd_config sgd = {.learning_rate = 0.05, .momentum = 0.9};
    sluice_pipeline_config two = {
        .schedule = {.name = "1f1b", .devices = 2, .microbatches = 4},
        .batch = 32,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    sluice_pipeline_config three = two;
    three.schedule.devices = 3;
    three.cut = SLUICE_CUT_LIST;
    three.partition = (int[]){1, 1, 2};

    bool failed = sluice_dataset_open("embedded", NULL, &images, &test, &why) ||
                  sluice_model_parse("784-64-32-32-10", NULL, &model, &why) ||
                  train(&two, &two, model, images, weights[0], &why) ||
                  train(&two, &three, model, images, weights[1], &why);
    if (failed)
        fprintf(stderr, "%s\n", why.text);
    else
        printf("the bits are %s\n",
               memcmp(weights[0], weights[1], sizeof weights[0]) ? "other ones"
                                                                 : "the same");
    sluice_model_destroy(model);
    sluice_dataset_destroy(test);
    sluice_dataset_destroy(images);
    return failed;
}
