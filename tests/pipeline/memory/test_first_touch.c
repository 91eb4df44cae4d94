/*
 * The pages of a device's arena are touched first by the device's own thread,
 * so that they lie near its core: the blocks of the allocator can be neither
 * read nor written at first, and what comes to a page opens it and is counted.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LARGE = 1 << 20 }; /* bytes: only arenas are as large */

static struct block {
    char *base;
    size_t bytes;
} blocks[16];
static int n_blocks;
static pthread_t caller;
static atomic_int n_by_caller, n_by_devices;

static void open_page(int signal, siginfo_t *info, void *context)
{
    char *at = info->si_addr;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)signal;
    (void)context;
    for (int i = 0; i < n_blocks; i++) {
        size_t offset = (size_t)(at - blocks[i].base);
        if (at < blocks[i].base || offset >= blocks[i].bytes)
            continue;
        atomic_fetch_add(pthread_equal(pthread_self(), caller) ? &n_by_caller
                                                               : &n_by_devices,
                         1);
        if (mprotect(blocks[i].base + offset / page * page, page,
                     PROT_READ | PROT_WRITE))
            _exit(3);
        return;
    }
    _exit(4); /* a fault of another kind */
}

static void *allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    if (bytes < LARGE)
        return aligned_alloc(align, (bytes + align - 1) / align * align);
    ck_assert_int_lt(n_blocks, 16);
    char *base =
        mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(base, MAP_FAILED);
    blocks[n_blocks++] = (struct block){base, bytes};
    return base;
}

static void release(void *context, void *block, size_t bytes)
{
    (void)context;
    if (bytes < LARGE)
        free(block);
    else
        munmap(block, bytes);
}

START_TEST(arenas_are_touched_first_by_their_devices)
{
    const sluice_allocator allocator = {.allocate = allocate,
                                        .release = release};
    struct sigaction action = {.sa_sigaction = open_page,
                               .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction old;
    static const sluice_sgd_config sgd = {.learning_rate = 0.01};
    sluice_pipeline_config config = {
        .schedule = {.devices = 3, .microbatches = 4},
        .batch = 64,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = &allocator,
    };
    sluice_model *model;
    sluice_pipeline *pipe;
    caller = pthread_self();
    ck_assert(!sluice_model_parse("512-512x6", NULL, &model, NULL));
    ck_assert(!sigaction(SIGSEGV, &action, &old));
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, NULL);
    sigaction(SIGSEGV, &old, NULL);
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_eq(n_blocks, 3);
    size_t pages = 0;
    for (int i = 0; i < n_blocks; i++)
        pages += blocks[i].bytes / (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(atomic_load(&n_by_caller), 0);
    ck_assert_uint_ge((size_t)atomic_load(&n_by_devices), pages);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.first_touch",
                 arenas_are_touched_first_by_their_devices)
