/* Train a small network on the embedded images, cut over two devices. */
#include <sluice/sluice.h>
#include <stdio.h>

int main(void)
{
    sluice_dataset *images = NULL, *test = NULL;
    sluice_model *model = NULL;
    sluice_pipeline *pipe = NULL;
    sluice_progress last;
    sluice_diag why;

    sluice_sgd_config sgd = {.learning_rate = 0.05, .momentum = 0.9};
    sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 4},
        .batch = 32,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    bool failed = sluice_dataset_open("embedded", NULL, &images, &test, &why) ||
                  sluice_model_parse("784-64-32-10", NULL, &model, &why) ||
                  sluice_pipeline_create(&config, model, &pipe, &why);
    sluice_train_config course = {
        .epochs = 10, .batch = 32, .train = images, .test = test};
    failed = failed || sluice_train(pipe, &course, &last, &why);
    if (failed)
        fprintf(stderr, "%s\n", why.text);
    else
        printf("test accuracy: %.1f %%\n", 100 * last.test_accuracy);

    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    sluice_dataset_destroy(test);
    sluice_dataset_destroy(images);
    return failed;
}
