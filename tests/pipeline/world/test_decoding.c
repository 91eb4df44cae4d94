/*
 * Decoders in several processes: the outputs of one process, to the bit, in all
 * of them, wherever parameters lie; what one process refuses, all do; and no
 * process has room for layers of others.
 */
#include <signal.h>

#include <mpi.h>

#include <sluice/decode.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/reshape.h>

#include "pipeline/decode/decoding_room.h"
#include "pipeline/world/world.h"
#include "support/allocator.h"
#include "support/grid.h"
#include "support/meter.h"

enum { CONTEXT = 6, VOCABULARY = 19, ROWS = 8, MOST_DEVICES = 16, LIVES = 3 };

enum { WIDTH = 16 }; /* of the model below that has it */

static const char *const texts[] = {
    "input(6, int32); gpt2(layers=6, heads=2, width=8, vocabulary=19, "
    "context=9, dropout=0.1)",
    "input(6, int32); llama(layers=7, heads=4, kv-heads=2, width=16, "
    "hidden=24, vocabulary=19, context=9)",
    "input(6, int32); embedding(19, width=8); "
    "branches{linear(8, per-position, activation=tanh); "
    "attention(2, causal)} x6; activate(gelu); head(19)",
};

static int rank, size; /* of the world */
static bool dies;
static int n_sent;

int __real_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *buffer, int n, MPI_Datatype type, int to,
                     int tag, MPI_Comm comm, MPI_Request *request)
{
    if (dies && n == (int)sl_decoded_row_bytes(WIDTH) && ++n_sent == LIVES)
        raise(SIGKILL);
    return __real_MPI_Isend(buffer, n, type, to, tag, comm, request);
}

/* A pipeline, and its decoder. */
struct decoding {
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_decoder *decoder;
};

static sluice_pipeline_config config_of(sluice_world *world)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.5};
    rank = world ? sluice_world_rank(world) : rank;
    size = world ? sluice_world_size(world) : size;
    return (sluice_pipeline_config){
        .schedule = {.devices = 4, .microbatches = 2},
        .batch = ROWS,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
        .world = world,
    };
}

static void begin(struct decoding *is, const sluice_pipeline_config *config,
                  const char *text)
{
    sluice_diag why;
    demand(!sluice_model_parse(text, NULL, &is->model, &why), "%s", why.text);
    demand(!sluice_pipeline_create(config, is->model, &is->pipe, &why), "%s",
           why.text);
    demand(!sluice_decoder_create(is->pipe, &is->decoder, &why), "%s",
           why.text);
}

static void end(struct decoding *is)
{
    sluice_decoder_destroy(is->decoder);
    sluice_pipeline_destroy(is->pipe);
    sluice_model_destroy(is->model);
}

static int32_t token(int i)
{
    return (int32_t)((i * 7 + 3) % VOCABULARY);
}

static void step(struct decoding *is, int rows)
{
    int32_t x[ROWS * CONTEXT], labels[ROWS * CONTEXT];
    sluice_diag why;
    for (int i = 0; i < ROWS * CONTEXT; i++) {
        x[i] = token(i);
        labels[i] = token(i + 1);
    }
    demand(!sluice_pipeline_step(is->pipe, x, labels, rows, NULL, &why), "%s",
           why.text);
}

/* Outputs of the first positions. */
static void decode(struct decoding *is, int n, float y[][VOCABULARY])
{
    sluice_diag why;
    for (int i = 0; i < n; i++)
        demand(!sluice_decoder_next(is->decoder, token(i), y[i], &why), "%s",
               why.text);
}

struct shape {
    const char *schedule;
    int devices; /* of a replica; 0: as many as fill the processes */
    int replicas;
    int team;
    int zero;
    bool cuts;
    bool in_turn; /* devices, or teams, go to processes by turns */
};

static const struct shape shapes[] = {
    {"gpipe", 4, 1, 1, 0, false, false},
    {"1f1b", 4, 1, 1, 0, false, true}, /* rows go to and fro */
    {"1f1b", 4, 1, 1, 0, true, false},
    {"1f1b", 2, 2, 1, 1, true, false},
    {"zb-v", 4, 1, 1, 0, false, false},
    {"dualpipe", 4, 1, 1, 0, false, false}, /* two copies of the model */
    {"pipedream", 4, 1, 1, 0, false, false},
    {"gpipe", 2, 2, 1, 0, false, false},
    {"gpipe", 2, 2, 1, 0, false, true},
    {"gpipe", 1, 4, 1, 3, false, false},
    {"gpipe", 2, 2, 1, 3, false, true},
    {"gpipe", 2, 2, 1, 3, true, false},
    {"gpipe", 4, 1, 2, 0, false, false},
    {"gpipe", 2, 2, 2, 3, false, true},
};

static bool suits(const struct shape *shape, int text)
{
    bool ties = text == 0;
    return (shape->team < 2 || text == 2) &&
           (!ties ||
            (shape->zero < 3 && strcmp(shape->schedule, "pipedream") != 0));
}

/* The config of a shape, in this process alone. */
static sluice_pipeline_config alone_in(const struct shape *shape)
{
    sluice_pipeline_config config = config_of(NULL);
    config.schedule.name = shape->schedule;
    config.schedule.devices = shape->devices;
    if (!strcmp(shape->schedule, "dualpipe"))
        config.schedule.microbatches = 2 * shape->devices;
    config.replicas = shape->replicas;
    config.team = shape->team;
    config.zero = shape->zero;
    config.vocabulary_parallel = shape->cuts;
    return config;
}

/* The same in the world. */
static sluice_pipeline_config together_in(const struct shape *shape,
                                          sluice_world *world)
{
    static int processes[MOST_DEVICES];
    sluice_pipeline_config config = alone_in(shape);
    config.world = config_of(world).world;
    config.n_processes = shape->devices * shape->replicas * shape->team;
    for (int d = 0; d < config.n_processes; d++)
        processes[d] = d / shape->team % size;
    config.processes = shape->in_turn ? processes : NULL;
    return config;
}

static void compare(sluice_world *world, const struct shape *shape, int text)
{
    static float want[CONTEXT][VOCABULARY], y[CONTEXT][VOCABULARY];
    struct decoding alone, together;
    sluice_pipeline_config config = alone_in(shape);
    begin(&alone, &config, texts[text]);
    config = together_in(shape, world);
    begin(&together, &config, texts[text]);
    for (int round = 0; round < 3; round++) {
        int n = round == 1 ? CONTEXT / 2 : CONTEXT;
        decode(&alone, n, want);
        decode(&together, n, y);
        demand(!memcmp(y, want, (size_t)n * sizeof *y),
               "%s, %d devices, %d replicas, zero %d, model %d, round %d: "
               "outputs differ",
               shape->schedule, shape->devices, shape->replicas, shape->zero,
               text, round);
        step(&alone, ROWS);
        step(&together, ROWS);
        sluice_decoder_rewind(alone.decoder);
        sluice_decoder_rewind(together.decoder);
    }
    end(&together);
    end(&alone);
}

static void show_bits(sluice_world *world)
{
    int n_texts = (int)(sizeof texts / sizeof *texts);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < n_texts; t++)
            if (suits(&shapes[i], t) && !sl_test_skips_of(3))
                compare(world, &shapes[i], t);
}

/* Between positions; layers may then be run by other processes. */
static void show_reshapes(sluice_world *world)
{
    static float want[CONTEXT][VOCABULARY], y[CONTEXT][VOCABULARY];
    enum { SHAPES = sizeof shapes / sizeof *shapes };
    struct decoding alone, together;
    sluice_diag why;
    sluice_pipeline_config config = alone_in(&shapes[0]);
    begin(&alone, &config, texts[2]);
    config = together_in(&shapes[0], world);
    begin(&together, &config, texts[2]);
    for (int i = 0, shape = 0; i < 2 * SHAPES; i++) {
        int position = i % CONTEXT;
        if (position == 0) {
            sluice_decoder_rewind(alone.decoder);
            sluice_decoder_rewind(together.decoder);
        }
        for (int d = 0; d < 2; d++) {
            struct decoding *is = d ? &together : &alone;
            demand(!sluice_decoder_next(is->decoder, token(position),
                                        d ? y[0] : want[0], &why),
                   "%s", why.text);
        }
        demand(!memcmp(y, want, sizeof *y), "shape %d, position %d differ",
               shape, position);
        shape = (shape + 5) % SHAPES;
        config = alone_in(&shapes[shape]);
        demand(!sluice_pipeline_reshape(alone.pipe, &config, &why), "%s",
               why.text);
        config = together_in(&shapes[shape], world);
        demand(!sluice_pipeline_reshape(together.pipe, &config, &why), "%s",
               why.text);
    }
    end(&together);
    end(&alone);
}

static void refuse(sluice_status st, sluice_status is, int process,
                   const sluice_diag *why, const char *sentence)
{
    demand(st == is && why->process == process && strstr(why->text, sentence),
           "status %d of process %d: %s", st, why->process, why->text);
}

/* What one process alone refuses, and what a layer does; the sequence is as
 * before. */
static void show_refusals(sluice_world *world)
{
    static float want[CONTEXT][VOCABULARY], y[CONTEXT][VOCABULARY];
    struct decoding is;
    sluice_diag why;
    const sluice_pipeline_config config = config_of(world);
    begin(&is, &config, texts[0]);
    decode(&is, CONTEXT, want);
    sluice_status st = sluice_decoder_next(is.decoder, 0, y[0], &why);
    refuse(st, SLUICE_INVALID, why.process, &why, "has 6 positions, as many");
    sluice_decoder_rewind(is.decoder);
    for (int i = 0; i < CONTEXT; i++) {
        int who = i % size;
        refuse(sluice_decoder_next(is.decoder, token(i),
                                   rank == who ? NULL : y[i], &why),
               SLUICE_INVALID, who, &why, "`y` is NULL");
        refuse(sluice_decoder_next(is.decoder, VOCABULARY, y[i], &why),
               SLUICE_INVALID, 0, &why, "19");
        demand(sluice_decoder_next(is.decoder, -1, y[i], NULL) ==
                   SLUICE_INVALID,
               "a token of -1");
        demand(!sluice_decoder_next(is.decoder, token(i), y[i], &why), "%s",
               why.text);
    }
    demand(!memcmp(y, want, sizeof y), "outputs differ");
    end(&is);
}

/* Each allocation of the last process fails, of a decoder that copies, and of
 * what it takes after a rewind. */
static void show_memory(sluice_world *world)
{
    static float want[CONTEXT][VOCABULARY], y[CONTEXT][VOCABULARY];
    struct sl_test_allocator memory;
    struct decoding is;
    sluice_diag why;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 0;
    sluice_pipeline_config config = config_of(world);
    sl_test_allocator_init(&memory);
    config.allocator = &memory.hooks;
    config.schedule.devices = config.replicas = 2;
    config.zero = 3;
    begin(&is, &config, texts[1]);
    decode(&is, CONTEXT, want);
    sluice_decoder_destroy(is.decoder);
    long live = memory.n_live;
    while (st && at < 1000) {
        at += SL_TEST_STRIDE;
        sl_test_allocator_arm(&memory, rank == size - 1 ? at : 0, false);
        st = sluice_decoder_create(is.pipe, &is.decoder, &why);
        demand(!st || (st == SLUICE_NO_MEMORY && why.process == size - 1 &&
                       memory.n_live == live),
               "allocation %ld: status %d, %s", at, st, why.text);
    }
    sl_test_allocator_arm(&memory, 0, false);
    demand(at > 30, "%ld allocations", at);
    decode(&is, CONTEXT, y);
    demand(!memcmp(y, want, sizeof y), "outputs differ");
    end(&is);
    demand(!memory.n_live && !memory.n_wrong, "%ld blocks are left",
           (long)memory.n_live);
}

static void show_leaving(sluice_world *world)
{
    static float y[CONTEXT][VOCABULARY];
    sluice_diag why;
    const sluice_pipeline_config config = config_of(world);
    for (int round = 0; round < 2; round++) {
        struct decoding is;
        sluice_decoder *other;
        begin(&is, &config, texts[2]);
        decode(&is, 1 + round, y);
        for (int i = 0; i < 2 && rank != size - 1; i++) {
            refuse(sluice_decoder_next(is.decoder, 0, y[0], &why),
                   SLUICE_CLOSED, size - 1, &why, "has left");
            refuse(sluice_decoder_create(is.pipe, &other, &why), SLUICE_CLOSED,
                   size - 1, &why, "has left");
        }
        end(&is);
    }
}

/* Layers of this process's devices; with equal parts of the model, as many and
 * one more. */
static size_t own_layers(const sluice_pipeline *pipe, int n_layers, int zero)
{
    int n = 0, n_devices = sluice_pipeline_n_devices(pipe);
    for (int d = 0; d < n_devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        n += d * size / n_devices == rank ? info.n_layers : 0;
    }
    return (size_t)(zero ? n_layers / size + 1 : n);
}

/* What a decoder takes: the caches of the layers that it runs, and their
 * parameters where no process has them whole. */
static void judge_bytes(sluice_world *world, int zero)
{
    enum { WIDE = 64, LAYERS = 16, LONG = 256, BESIDE = 32 * 1024 };
    static const char text[] = "input(256, int32); embedding(19, width=64); "
                               "attention(2, causal) x16; head(19)";
    struct sl_meter meter = {0};
    const sluice_allocator hooks = sl_meter_hooks(&meter);
    struct decoding is;
    sluice_diag why;
    sluice_pipeline_config config = config_of(world);
    config.allocator = &hooks;
    config.schedule.devices = zero ? 1 : 4;
    config.replicas = zero ? 4 : 1;
    config.zero = zero;
    begin(&is, &config, text);
    sluice_decoder_destroy(is.decoder);
    size_t before = meter.live;
    demand(!sluice_decoder_create(is.pipe, &is.decoder, &why), "%s", why.text);
    size_t took = meter.live - before;
    size_t cache =
        LONG * (size_t)sluice_model_layer_plan(is.model, 1)->cache_bytes;
    size_t params = (size_t)4 * WIDE * (WIDE + 1) * sizeof(float);
    size_t most =
        own_layers(is.pipe, LAYERS, zero) * (cache + (zero ? params : 0)) +
        BESIDE;
    demand(took < most, "zero %d: %zu bytes, %zu at most", zero, took, most);
    end(&is);
}

static void show_bytes(sluice_world *world)
{
    judge_bytes(world, 0);
    judge_bytes(world, 3);
}

/* Process 1 dies when it would hand on the outputs of its layers. */
static int die(void)
{
    static float y[CONTEXT][VOCABULARY];
    sluice_world *world;
    struct decoding is;
    sluice_diag why;
    sluice_status st = SLUICE_OK;
    signal(SIGTERM, SIG_IGN); /* of the launcher */
    demand(!sluice_world_create(NULL, NULL, &world, &why), "%s", why.text);
    const sluice_pipeline_config config = config_of(world);
    begin(&is, &config, texts[1]);
    dies = sluice_world_rank(world) == 1;
    for (int i = 0; i < CONTEXT && !st; i++)
        st = sluice_decoder_next(is.decoder, token(i), y[i], &why);
    printf("status %d: %s\n", st, why.text);
    fflush(stdout);
    end(&is);
    sluice_world_destroy(world);
    _Exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"each_process_has_the_outputs_of_one", show_bits},
        {"a_reshape_may_come_between_positions", show_reshapes},
        {"what_one_process_refuses_all_return", show_refusals},
        {"an_allocation_that_fails_in_one_process_fails_in_all", show_memory},
        {"a_process_that_leaves_is_named", show_leaving},
        {"a_process_has_room_for_its_layers_alone", show_bytes},
    };
    if (argc == 3 && !strcmp(argv[1], "dies"))
        return die();
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
