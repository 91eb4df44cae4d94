/*
 * GPT-2 (Radford et al., 2019): embeddings of tokens and positions, blocks with
 * the norm before attention and feed-forward layers, a norm and the output
 * layer, whose table is that of the tokens unless it is untied.  Each block is
 * one layer, and so are the two ends.
 *
 * Weights start N(0, 0.02), those in front of a residual sum by 1 / sqrt(2 L)
 * smaller, L being the number of blocks.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "nn/presets/preset.h"

struct gpt2 {
    int64_t layers;
    int64_t heads;
    int64_t width;
    int64_t vocabulary;
    int64_t context;
    float dropout;
    bool untied;
};

static const double weight_std = 0.02;

#define SIZE(field, standard, most, text)                                      \
    {                                                                          \
        .name = #field, .help = text, .type = SLUICE_OPTION_INTEGER,           \
        .offset = offsetof(struct gpt2, field), .bytes = sizeof(int64_t),      \
        .preset = standard, .min = 1, .max = most,                             \
    }

static const sluice_option options[] = {
    SIZE(layers, 12, SLUICE_MODEL_MAX_LAYERS, "blocks"),
    SIZE(heads, 12, INT32_MAX, "heads of attention, which divide the width"),
    SIZE(width, 768, INT32_MAX / 4, "elements of a token's vector"),
    SIZE(vocabulary, 50257, INT32_MAX, "tokens are below"),
    SIZE(context, 1024, INT32_MAX,
         "positions of the table, at least those of a row"),
    {
        .name = "dropout",
        .help = "behind the embeddings, of probabilities and before residual "
                "sums; 0.1 in the paper",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct gpt2, dropout),
        .bytes = sizeof(float),
        .max = 1,
        .below_max = true,
    },
    {
        .name = "untied",
        .help = "the output layer has a table of its own, as asynchronous "
                "schedules need it",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(struct gpt2, untied),
        .bytes = sizeof(bool),
    },
};

static void input(const void *config, sluice_model_config *model)
{
    const struct gpt2 *gpt2 = config;
    model->input = sluice_shape_vector(gpt2->context);
    model->input_type = SLUICE_I32;
}

static void add_dropout(struct sl_text_out *out, const struct gpt2 *gpt2)
{
    if (gpt2->dropout > 0)
        sl_preset_add(out, "; dropout(%s)",
                      sl_preset_real((double)gpt2->dropout).text);
}

/* Of one layer: "x + attention(norm(x))", then the same of two linear ones. */
static void add_block(struct sl_text_out *out, const struct gpt2 *gpt2)
{
    double n_sums = 2 * (double)gpt2->layers;
    struct sl_preset_real std = sl_preset_real(weight_std);
    struct sl_preset_real last = sl_preset_real(weight_std / sqrt(n_sums));
    sl_preset_add(out,
                  "sequence{residual{layer_norm(per-position); "
                  "attention(%" PRId64 ", causal, std=%s, out-std=%s, "
                  "dropout=%s)",
                  gpt2->heads, std.text, last.text,
                  sl_preset_real((double)gpt2->dropout).text);
    add_dropout(out, gpt2);
    sl_preset_add(out,
                  "}; residual{layer_norm(per-position); linear(%" PRId64
                  ", per-position, activation=gelu_tanh, std=%s); "
                  "linear(%" PRId64 ", per-position, std=%s)",
                  4 * gpt2->width, std.text, gpt2->width, last.text);
    add_dropout(out, gpt2);
    sl_text_add(out, "}}");
}

static void write(const void *config, int first, struct sl_text_out *out)
{
    const struct gpt2 *gpt2 = config;
    struct sl_preset_real std = sl_preset_real(weight_std);
    sl_preset_add(out,
                  "sequence{embedding(%" PRId64 ", width=%" PRId64
                  ", std=%s); position_embedding(%" PRId64 ", std=%s)",
                  gpt2->vocabulary, gpt2->width, std.text, gpt2->context,
                  std.text);
    add_dropout(out, gpt2);
    sl_text_add(out, "}; ");
    add_block(out, gpt2);
    sl_preset_add(out,
                  " x%" PRId64 "; sequence{layer_norm(per-position); "
                  "head(%" PRId64,
                  gpt2->layers, gpt2->vocabulary);
    if (gpt2->untied)
        sl_preset_add(out, ", std=%s)}", std.text);
    else
        sl_preset_add(out, ")}; tie(%" PRId64 ".1.weight, %d.0.weight)",
                      first + gpt2->layers + 1, first);
}

#define SAME(ours, theirs)                                                     \
    {                                                                          \
        ours, {theirs}, false, false                                           \
    }

/* Those of GPT2LMHeadModel in `transformers`, whose Conv1D has [in, out]. */
static const struct sl_published_row first_names[] = {
    SAME("0.weight", "wte.weight"),
    SAME("1.weight", "wpe.weight"),
};
static const struct sl_published_row block_names[] = {
    SAME("0.0.weight", "ln_1.weight"),
    SAME("0.0.bias", "ln_1.bias"),
    SAME("0.1.qkv_weight", "attn.c_attn.weight"),
    SAME("0.1.qkv_bias", "attn.c_attn.bias"),
    SAME("0.1.out_weight", "attn.c_proj.weight"),
    SAME("0.1.out_bias", "attn.c_proj.bias"),
    SAME("1.0.weight", "ln_2.weight"),
    SAME("1.0.bias", "ln_2.bias"),
    SAME("1.1.weight", "mlp.c_fc.weight"),
    SAME("1.1.bias", "mlp.c_fc.bias"),
    SAME("1.2.weight", "mlp.c_proj.weight"),
    SAME("1.2.bias", "mlp.c_proj.bias"),
};
static const struct sl_published_row last_names[] = {
    SAME("0.weight", "ln_f.weight"),
    SAME("0.bias", "ln_f.bias"),
    {"1.weight", {"lm_head.weight"}, false, true},
};
static const char *const causal_masks[] = {".attn.bias", ".attn.masked_bias",
                                           NULL};

static const struct sl_published published = {
    .prefix = "transformer.",
    .first = {first_names, sizeof first_names / sizeof *first_names},
    .last = {last_names, sizeof last_names / sizeof *last_names},
    .blocks = {{block_names, sizeof block_names / sizeof *block_names}},
    .block = "h",
    .passed_over = causal_masks,
};

const struct sl_preset sl_preset_gpt2 = {
    .name = "gpt2",
    .help = "the layers of GPT-2: embeddings, blocks, output layer",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_bytes = sizeof(struct gpt2),
    .input = input,
    .write = write,
    .published = &published,
};
