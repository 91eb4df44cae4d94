/*
 * Weights in the names and layouts of PyTorch, against networks of it:
 * exchange.txt, from make_exchange.py.
 */
#include <sluice/checkpoint.h>
#include <sluice/loss.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/safetensors/safetensors_write.h"
#include "support/allocator.h"
#include "support/runner.h"
#include "torch_file.h"

enum { GPT2, LLAMA, RESNET, PERCEPTRON, ATTENTION, TOKENS, CASES };

static const double tolerance = 1e-5;
static const char pt[] = "\"__metadata__\":{\"format\":\"pt\"}";
static const char *const prefixes[CASES] = {
    "transformer.", "model.", "", "", "", ""};

static char path[] = "/tmp/sluice-exchange-XXXXXX";
static struct torch_case c;
static sluice_diag why;
static char told[2048]; /* what the log was told */

static void note(void *context, sluice_log_level level, const char *text)
{
    size_t n = strlen(told);
    (void)context;
    snprintf(told + n, sizeof told - n, "%s%s\n",
             level == SLUICE_LOG_WARNING ? "warning: " : "", text);
}

struct fixture {
    sluice_model *model;
    sluice_pipeline *pipe;
};

static void begin_as(struct fixture *f, const char *text,
                     const sluice_allocator *allocator)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    ck_assert_msg(!sluice_model_parse(text, NULL, &f->model, &why), "%s",
                  why.text);
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = 1},
        .batch = 2,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = allocator,
        .log = note,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, f->model, &f->pipe, &why),
                  "%s", why.text);
    told[0] = '\0';
}

static void begin(struct fixture *f)
{
    begin_as(f, c.model, NULL);
}

static void end(struct fixture *f)
{
    sluice_pipeline_destroy(f->pipe);
    sluice_model_destroy(f->model);
}

static sluice_status load(struct fixture *f, sluice_weights_layout layout)
{
    return sluice_pipeline_load_weights_as(f->pipe, f->model, layout, path,
                                           NULL, &why);
}

static void infer(const struct fixture *f, float y[TORCH_Y])
{
    union {
        float real[TORCH_MOST];
        int32_t integer[TORCH_MOST];
    } x;
    sluice_shape in = sluice_model_input(f->model);
    bool integers = sluice_model_input_type(f->model) == SLUICE_I32;
    int64_t n = 2 * sluice_shape_elements(&in);
    ck_assert_int_le(n, TORCH_MOST);
    for (int64_t i = 0; i < n; i++)
        if (integers)
            x.integer[i] = (int32_t)(torch_hash(900, i) % 11);
        else
            x.real[i] = torch_value(900, i);
    ck_assert_msg(!sluice_pipeline_infer(f->pipe, x.real, 2, y, &why), "%s",
                  why.text);
}

static void check_y(const struct fixture *f)
{
    float y[TORCH_Y];
    double largest = 0, apart = 0;
    infer(f, y);
    for (int i = 0; i < c.n_y; i++) {
        largest = fmax(largest, fabs(c.y[i]));
        apart = fmax(apart, fabs((double)y[i] - c.y[i]));
    }
    ck_assert_msg(apart <= tolerance * largest, "%s: %g apart, of %g", c.model,
                  apart, largest);
}

START_TEST(files_of_pytorch_give_its_outputs_with_and_without_prefix)
{
    for (int i = 0; i < CASES; i++) {
        torch_case_read(&c, i);
        for (int lacks = 0; lacks < 2; lacks++)
            for (int layout = 0; layout <= SLUICE_LAYOUT_PYTORCH; layout += 2) {
                struct fixture f;
                torch_file_write(&c, path, lacks ? prefixes[i] : "", "");
                begin(&f);
                ck_assert_msg(!load(&f, (sluice_weights_layout)layout),
                              "%s: %s", c.model, why.text);
                check_y(&f);
                end(&f);
            }
    }
}
END_TEST

START_TEST(what_is_no_parameter_is_passed_over_with_a_word)
{
    static const char *const words[CASES] = {
        "2 tensors are no parameters and are passed over, the first is "
        "transformer.h.0.attn.bias",
        "the first is model.layers.0.self_attn.rotary_emb.inv_freq",
    };
    for (int i = 0; i < CASES; i++) {
        struct fixture f;
        torch_case_read(&c, i);
        torch_file_write(&c, path, "", "");
        begin(&f);
        ck_assert(!load(&f, SLUICE_LAYOUT_PYTORCH));
        ck_assert_msg(words[i] ? strstr(told, words[i]) != NULL : !told[0],
                      "%s", told);
        end(&f);
    }
}
END_TEST

/* Each tensor of PyTorch's that is a parameter is in the file as it was. */
static void check_file(void)
{
    sluice_safetensors *file;
    int n = 0;
    ck_assert(!sluice_safetensors_open(path, 0, NULL, &file, &why));
    for (int i = 0; i < c.n_tensors; i++) {
        const struct torch_tensor *t = &c.tensors[i];
        float values[TORCH_MOST];
        int64_t elements = sluice_shape_elements(&t->shape);
        if (strstr(t->name, ".attn.bias") || strstr(t->name, "inv_freq"))
            continue;
        ck_assert_msg(
            !sluice_safetensors_read(file, t->name, values, elements, &why),
            "%s: %s", t->name, why.text);
        for (int64_t e = 0; e < elements; e++) {
            float want = (float)t->middle + 0.5F * torch_value(t->seed, e);
            ck_assert_float_eq(values[e],
                               t->kind[0] == 'I' ? (float)t->seed : want);
        }
        n++;
    }
    for (int i = 0; i < sluice_safetensors_count(file); i++) {
        sluice_shape shape;
        const char *name = sluice_safetensors_name(file, i, &shape);
        ck_assert(
            sluice_shape_equal(&shape, &torch_case_find(&c, name)->shape));
    }
    ck_assert_int_eq(sluice_safetensors_count(file), n);
    sluice_safetensors_close(file);
}

START_TEST(what_is_written_is_the_state_dict_tied_names_included)
{
    for (int i = 0; i < CASES; i++) {
        struct fixture f;
        float y[TORCH_Y], again[TORCH_Y];
        torch_case_read(&c, i);
        torch_file_write(&c, path, "", "");
        begin(&f);
        ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
        infer(&f, y);
        ck_assert(!sluice_pipeline_save_model_as(
            f.pipe, NULL, SLUICE_LAYOUT_PYTORCH, path, &why));
        end(&f);
        check_file();
        begin(&f);
        ck_assert(
            !sluice_pipeline_load_weights(f.pipe, f.model, path, NULL, &why));
        ck_assert_str_eq(told, ""); /* the file says what it is */
        infer(&f, again);
        ck_assert_mem_eq(y, again, (size_t)c.n_y * sizeof *y);
        end(&f);
    }
}
END_TEST

static void assert_refused(sluice_weights_layout layout, sluice_status status,
                           const char *text)
{
    struct fixture f;
    begin(&f);
    ck_assert_int_eq(load(&f, layout), status);
    ck_assert_msg(strstr(why.text, text), "\"%s\"", why.text);
    end(&f);
}

START_TEST(what_does_not_fit_is_named_as_pytorch_names_it)
{
    torch_case_read(&c, GPT2);
    struct torch_tensor *t =
        torch_case_find(&c, "transformer.h.1.attn.c_attn.weight");
    t->shape = (sluice_shape){2, {18, 6}}; /* of a Linear, not a Conv1D */
    torch_file_write(&c, path, "", "");
    assert_refused(SLUICE_LAYOUT_AUTO, SLUICE_INVALID,
                   "\"transformer.h.1.attn.c_attn.weight\" of the weights has "
                   "shape [18, 6], but the model wants [6, 18]; it fits "
                   "transposed: PyTorch's Linear has [out, in]");
    snprintf(t->name, sizeof t->name, "transformer.h.2.attn.c_attn.weight");
    torch_file_write(&c, path, "", "");
    assert_refused(SLUICE_LAYOUT_PYTORCH, SLUICE_INVALID,
                   "no tensor \"transformer.h.1.attn.c_attn.weight\", which is "
                   "parameter \"2.0.1.qkv_weight\"");
    torch_case_read(&c, PERCEPTRON);
    snprintf(c.tensors[0].name, sizeof c.tensors[0].name, "9.weight");
    c.tensors[c.n_tensors++] =
        (struct torch_tensor){"0.weight", "F32", 0, 0, {2, {4, 5}}};
    torch_file_write(&c, path, "", "");
    assert_refused(SLUICE_LAYOUT_PYTORCH, SLUICE_NOT_FOUND,
                   "\"9.weight\" of the weights is no parameter");
}
END_TEST

START_TEST(a_tied_tensor_that_is_another_one_is_refused)
{
    torch_case_read(&c, GPT2);
    torch_case_find(&c, "lm_head.weight")->seed = 77;
    torch_file_write(&c, path, "", "");
    assert_refused(SLUICE_LAYOUT_AUTO, SLUICE_INVALID,
                   "\"lm_head.weight\" of the weights differs from the one");
    torch_case_read(&c, GPT2);
    c.n_tensors--; /* the base model has no head */
    torch_file_write(&c, path, "transformer.", "");
    struct fixture f;
    begin(&f);
    ck_assert_msg(!load(&f, SLUICE_LAYOUT_AUTO), "%s", why.text);
    check_y(&f);
    end(&f);
}
END_TEST

static const char square[] = "input(4); linear(4); linear(4)";

static void write_square(const char *metadata)
{
    c = (struct torch_case){.n_tensors = 4};
    for (int i = 0; i < 4; i++) {
        struct torch_tensor *t = &c.tensors[i];
        *t = (struct torch_tensor){.kind = "F32", .seed = (uint32_t)i};
        snprintf(t->name, sizeof t->name, "%d.%s", i / 2,
                 i % 2 ? "bias" : "weight");
        t->shape = i % 2 ? sluice_shape_vector(4) : sluice_shape_matrix(4, 4);
    }
    torch_file_write(&c, path, "", metadata);
}

/* Whether the loaded 0.weight is the file's transposed. */
static bool is_turned(const struct fixture *f)
{
    float values[16];
    ck_assert(
        !sluice_pipeline_get_parameter(f->pipe, "0.weight", values, 16, &why));
    bool turned = values[1] == 0.5F * torch_value(0, 4);
    ck_assert(turned || values[1] == 0.5F * torch_value(0, 1));
    return turned;
}

START_TEST(square_matrices_are_taken_as_the_file_says_or_with_a_warning)
{
    struct fixture f;
    write_square("");
    begin_as(&f, square, NULL);
    ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
    ck_assert(!is_turned(&f));
    ck_assert_msg(strstr(told, "warning: ") &&
                      strstr(told, "its matrices are all square: they are "
                                   "taken as [in, out]"),
                  "%s", told);
    ck_assert(!load(&f, SLUICE_LAYOUT_PYTORCH));
    ck_assert(is_turned(&f));
    write_square(pt); /* safetensors.torch writes it */
    ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
    ck_assert(is_turned(&f));
    for (int layout = SLUICE_LAYOUT_SLUICE; layout <= SLUICE_LAYOUT_PYTORCH;
         layout++) {
        ck_assert(!sluice_pipeline_save_model_as(
            f.pipe, NULL, (sluice_weights_layout)layout, path, &why));
        told[0] = '\0';
        ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
        ck_assert(is_turned(&f));
        ck_assert_str_eq(told, "");
        ck_assert_int_eq(
            load(&f, (sluice_weights_layout)(SLUICE_LAYOUT_SLUICE +
                                             SLUICE_LAYOUT_PYTORCH - layout)),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "as it says itself"), "%s", why.text);
    }
    end(&f);
}
END_TEST

/* Names that count layers and not modules tell nothing of how matrices lie. */
START_TEST(names_of_layers_do_not_tell_how_square_matrices_lie)
{
    struct fixture f;
    write_square("");
    begin_as(&f, "input(4); linear(4, activation=relu); linear(4)", NULL);
    ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
    ck_assert(!is_turned(&f));
    ck_assert_msg(strstr(told, "warning: "), "%s", told);
    end(&f);
}
END_TEST

START_TEST(one_matrix_that_is_not_square_tells_the_layout_of_all)
{
    struct fixture f;
    write_square("");
    c.tensors[2].shape = sluice_shape_matrix(3, 4);
    c.tensors[3].shape = sluice_shape_vector(3);
    torch_file_write(&c, path, "", "");
    begin_as(&f, "input(4); linear(4); linear(3)", NULL);
    ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
    ck_assert(is_turned(&f));
    ck_assert_msg(strstr(told, "it is read in PyTorch's"), "%s", told);
    c.tensors[2].shape = sluice_shape_matrix(4, 3);
    torch_file_write(&c, path, "", "");
    ck_assert(!load(&f, SLUICE_LAYOUT_AUTO));
    ck_assert(!is_turned(&f));
    ck_assert_int_eq(load(&f, SLUICE_LAYOUT_PYTORCH), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "fits transposed"), "%s", why.text);
    end(&f);
}
END_TEST

START_TEST(a_layout_of_another_version_is_refused)
{
    struct sl_metadata_pair pair = {"sluice.layout", "jax"};
    struct sl_saved_file file = {.metadata = &pair, .n_metadata = 1};
    ck_assert(!sl_safetensors_write(path, &file, NULL, &why));
    snprintf(c.model, sizeof c.model, "%s", square);
    assert_refused(SLUICE_LAYOUT_AUTO, SLUICE_FORMAT,
                   "has the layout \"jax\", which this version does not know");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct fixture f;
    struct sl_test_allocator memory;
    torch_case_read(&c, GPT2);
    sl_test_allocator_init(&memory);
    begin_as(&f, c.model, &memory.hooks);
    long live = memory.n_live;
    for (int saves = 0; saves < 2; saves++) {
        sluice_status st = SLUICE_NO_MEMORY;
        long at = 0;
        torch_file_write(&c, path, "", "");
        while (st == SLUICE_NO_MEMORY && at++ < 1000) {
            sl_test_allocator_arm(&memory, at, false);
            st = saves ? sluice_pipeline_save_model_as(
                             f.pipe, NULL, SLUICE_LAYOUT_PYTORCH, path, &why)
                       : sluice_pipeline_load_weights_as(
                             f.pipe, f.model, SLUICE_LAYOUT_PYTORCH, path,
                             &memory.hooks, &why);
            ck_assert_int_eq(memory.n_live, live);
        }
        ck_assert_int_eq(st, SLUICE_OK);
        ck_assert_int_gt(at, 4);
    }
    sl_test_allocator_arm(&memory, 0, false);
    ck_assert_int_eq(memory.n_wrong, 0);
    end(&f);
}
END_TEST

int main(int argc, char **argv)
{
    const sl_test tests[] = {
        files_of_pytorch_give_its_outputs_with_and_without_prefix,
        what_is_no_parameter_is_passed_over_with_a_word,
        what_is_written_is_the_state_dict_tied_names_included,
        what_does_not_fit_is_named_as_pytorch_names_it,
        a_tied_tensor_that_is_another_one_is_refused,
        square_matrices_are_taken_as_the_file_says_or_with_a_warning,
        names_of_layers_do_not_tell_how_square_matrices_lie,
        one_matrix_that_is_not_square_tells_the_layout_of_all,
        a_layout_of_another_version_is_refused,
        every_allocation_may_fail,
    };
    int fd = mkstemp(path);
    (void)argc;
    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    int status = sl_run_tests("checkpoint.exchange", tests,
                              (int)(sizeof tests / sizeof *tests), argv + 1);
    unlink(path);
    return status;
}
