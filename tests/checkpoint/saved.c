/* A pipeline and its checkpoint. */
#include "saved.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include "support/runner.h"

char saved_dir[32] = "/tmp/sluice-checkpoint-XXXXXX";
char saved_path[64];

void saved_begin(struct saved *f, const sluice_allocator *allocator)
{
    strcpy(saved_dir, "/tmp/sluice-checkpoint-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(saved_dir));
    snprintf(saved_path, sizeof saved_path, "%s/saved", saved_dir);
    *f = (struct saved){.pipe = NULL};
    ck_assert_int_eq(sl_test_problem_init(&f->problem, SL_TEST_DROPOUT, LAYERS,
                                          BATCH, allocator),
                     SLUICE_OK);
    f->problem.config.schedule.devices = 2;
    f->problem.config.schedule.microbatches = 2;
    f->problem.config.finite = SLUICE_FINITE_OFF;
    ck_assert_int_eq(sluice_pipeline_create(&f->problem.config,
                                            f->problem.model, &f->pipe, NULL),
                     SLUICE_OK);
}

void saved_end(struct saved *f)
{
    sluice_pipeline_destroy(f->pipe);
    sl_test_problem_fini(&f->problem);
    unlink(saved_path);
    ck_assert_int_eq(rmdir(saved_dir), 0);
}

void saved_step(struct saved *f)
{
    ck_assert_int_eq(sluice_pipeline_step(f->pipe, sl_test_x(&f->problem, 0),
                                          sl_test_targets(&f->problem, 0),
                                          BATCH, NULL, NULL),
                     SLUICE_OK);
}

void saved_get(const struct saved *f, struct saved_content *content)
{
    sluice_state_tensor at = {.state = 0};
    content->n = 0;
    content->n_steps = sluice_pipeline_n_steps(f->pipe);
    while (sluice_pipeline_next_tensor(f->pipe, &at)) {
        ck_assert_int_le(content->n + at.parameter.n, MAX_FLOATS);
        sluice_pipeline_get_tensor(f->pipe, at.name,
                                   content->tensors + content->n,
                                   at.parameter.n, NULL);
        content->n += at.parameter.n;
    }
}

bool saved_is_same(const struct saved_content *a, const struct saved_content *b)
{
    return a->n == b->n && a->n_steps == b->n_steps &&
           !memcmp(a->tensors, b->tensors, (size_t)a->n * sizeof(float));
}

int saved_n_entries(void)
{
    int n = 0;
    DIR *d = opendir(saved_dir);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}
