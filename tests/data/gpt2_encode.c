/* Prints the tokens of a file by GPT-2's tokenizer, one in a line, and sees
 * that they make the file again: gpt2_encode DIRECTORY FILE. */
#include <sluice/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const sluice_diag *why)
{
    fprintf(stderr, "%s\n", why->text);
    return EXIT_FAILURE;
}

/* Whether the tokens of a text are the bytes of a file. */
static bool makes(const sluice_text *text, const sluice_tokenizer *tokenizer,
                  FILE *file)
{
    for (int64_t i = 0; i < sluice_text_length(text); i++) {
        size_t n;
        const char *bytes =
            sluice_tokenizer_decode(tokenizer, sluice_text_token(text, i), &n);
        for (size_t k = 0; k < n; k++)
            if (getc(file) != (unsigned char)bytes[k])
                return false;
    }
    return getc(file) == EOF;
}

int main(int argc, char **argv)
{
    char name[4200];
    sluice_tokenizer *tokenizer;
    sluice_text *text;
    sluice_diag why;
    if (argc != 3)
        return EXIT_FAILURE;
    snprintf(name, sizeof name, "gpt2:%s", argv[1]);
    if (sluice_tokenizer_parse(name, NULL, &tokenizer, &why))
        return fail(&why);
    if (sluice_text_open(argv[2], tokenizer, NULL, &text, &why))
        return fail(&why);
    for (int64_t i = 0; i < sluice_text_length(text); i++)
        printf("%d\n", sluice_text_token(text, i));
    FILE *file = fopen(argv[2], "rb");
    bool same = file && makes(text, tokenizer, file);
    if (file)
        fclose(file);
    sluice_text_destroy(text);
    sluice_tokenizer_destroy(tokenizer);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
