/* list-help TOPIC...: the pages of the help as rows (src/cmd/help_page.h), each behind a line `@TOPIC`; the
 * topic of the commands is empty. list-help --topics: the topics, one a line. The manual pages and the
 * completions are made from them. */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"

enum { PAGE_MAX = 1 << 17 };

static void print_topic(const char *name, void *context)
{
    (void)context;
    puts(name);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--topics") == 0) {
        command_topics(print_topic, NULL);
        return fflush(stdout) != 0;
    }
    for (int i = 1; i < argc; i++) {
        struct buffer out;
        struct help_page page = {.out = &out, .has_rows = true};
        buffer_init(&out, PAGE_MAX);
        if (!command_topic(argv[i], &page)) {
            fprintf(stderr, "list-help: no topic `%s`\n", argv[i]);
            return 1;
        }
        printf("@%s\n%.*s", argv[i], (int)out.len, out.data);
        buffer_clear(&out);
    }
    return fflush(stdout) != 0;
}
