/*
 * The pages of the devices' arenas are touched first by the devices' own
 * threads, so that they lie near their cores: after creation all are there, and
 * the creating thread has faulted for few of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/problem.h"
#include "support/runner.h"

enum {
    LARGE = 1 << 20, /* bytes: only arenas are as large */
    DEVICES = 3,
    MOST_PAGES = 1 << 14
};

static struct block {
    char *base;
    size_t pages;
} blocks[DEVICES];
static int n_blocks;

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Large blocks in small pages, of which none is there yet. */
static void *allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    if (bytes < LARGE)
        return aligned_alloc(align, (bytes + align - 1) / align * align);
    ck_assert_int_lt(n_blocks, DEVICES);
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(base, MAP_FAILED);
    madvise(base, bytes, MADV_NOHUGEPAGE);
    blocks[n_blocks++] =
        (struct block){base, (bytes + page_bytes() - 1) / page_bytes()};
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

static long own_faults(void)
{
    struct rusage usage;
    ck_assert(!getrusage(RUSAGE_THREAD, &usage));
    return usage.ru_minflt;
}

static size_t n_resident(const struct block *block)
{
    static unsigned char there[MOST_PAGES];
    size_t n = 0;
    ck_assert_uint_le(block->pages, MOST_PAGES);
    ck_assert(!mincore(block->base, block->pages * page_bytes(), there));
    for (size_t i = 0; i < block->pages; i++)
        n += there[i] & 1;
    return n;
}

START_TEST(arenas_are_touched_first_by_their_devices)
{
    const sluice_allocator allocator = {.allocate = allocate,
                                        .release = release};
    static const sluice_sgd_config sgd = {.learning_rate = 0.01};
    const sluice_pipeline_config config = {
        .schedule = {.devices = DEVICES, .microbatches = 4},
        .batch = 256,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = &allocator,
    };
    sluice_model *model;
    sluice_pipeline *pipe;
    size_t pages = 0;
    ck_assert(!sluice_model_parse("512-512x6", NULL, &model, NULL));
    long before = own_faults();
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    long faults = own_faults() - before;
    ck_assert_int_eq(n_blocks, DEVICES);
    for (int i = 0; i < n_blocks; i++) {
        ck_assert_uint_eq(n_resident(&blocks[i]), blocks[i].pages);
        pages += blocks[i].pages;
    }
    ck_assert_msg(faults < (long)pages / 2,
                  "the creating thread touched %ld pages first, of %zu", faults,
                  pages);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.first_touch",
                 arenas_are_touched_first_by_their_devices)
