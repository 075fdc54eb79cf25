#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program;

static void set_program(const char *path)
{
    const char *slash = strrchr(path, '/');
    program = slash ? slash + 1 : path;
}

/* The text is the user's, and must not break the line. */
static _Noreturn void refuse(const char *text, const char *problem, const char *form)
{
    fprintf(stderr, "%s: ", program);
    for (; *text; text++)
        fputc(iscntrl((unsigned char)*text) ? '?' : *text, stderr);
    fprintf(stderr, "%s%s (see --help)\n", problem, form);
    exit(2);
}

static _Noreturn void help(const char *about, const struct cli_arg args[])
{
    printf("usage: %s", program);
    for (; args->form; args++)
        printf(args->form[0] == '-' ? " [%s]" : " %s", args->form);
    printf("\n%s\n", about);
    exit(cli_end(0));
}

/* A negative number is no option. */
static bool is_option(const char *text)
{
    return text[0] == '-' && !isdigit((unsigned char)text[1]) && text[1] != '.';
}

static const struct cli_arg *find_option(const struct cli_arg args[], const char *text)
{
    size_t length = strlen(text);
    for (; args->form && args->form[0] == '-'; args++)
        if (strcspn(args->form, " ") == length && strncmp(args->form, text, length) == 0)
            return args;
    refuse(text, ": no such option", "");
}

static bool to_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *number >= least && *number <= most;
}

static bool to_seconds(const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    return text[0] != '\0' && !isspace((unsigned char)text[0]) && *end == '\0' && *seconds >= 0 && *seconds <= 1e9;
}

static void store(const struct cli_arg *arg, const char *text)
{
    uint64_t number = 0;
    if (arg->seconds) {
        if (!to_seconds(text, arg->seconds))
            refuse(text, ": not a number of seconds for ", arg->form);
    } else if (!to_number(text, arg->least, arg->count ? UINT_MAX : UINT64_MAX, &number)) {
        refuse(text, arg->least ? ": not a whole number above zero for " : ": not a whole number for ", arg->form);
    }
    if (arg->count)
        *arg->count = (unsigned)number;
    if (arg->seed)
        arg->seed(number);
}

void cli_read(int argc, char *argv[], const char *about, const struct cli_arg args[])
{
    const struct cli_arg *next = args;
    char **word = argv + 1; /* the words move up */
    while (next->form && next->form[0] == '-')
        next++;
    set_program(argv[0]);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            help(about, args);
        const struct cli_arg *option = is_option(argv[i]) ? find_option(args, argv[i]) : NULL;
        if (!option && !next->form)
            refuse(argv[i], ": one argument too many", "");
        if (option && option->flag)
            *option->flag = true;
        else if (option && ++i == argc)
            refuse(option->form, ": its value is missing", "");
        else if (!option && next->words)
            *word++ = argv[i];
        else
            store(option ? option : next++, argv[i]);
    }
    if (next->form && next->form[0] != '[' && word == argv + 1)
        refuse(next->form, " is missing", "");
    if (next->words) {
        *word = NULL;
        *next->words = argv + 1;
    }
}

void cli_line_by_line(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

int cli_end(int error)
{
    bool failed_before = ferror(stdout);
    if (error == 0 && fflush(stdout) != 0)
        error = errno;
    if (error == 0 && failed_before)
        error = EIO;
    if (error)
        fprintf(stderr, "%s: %s\n", program, strerror(error));
    return error ? 1 : 0;
}
