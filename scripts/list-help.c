/* list-help TOPIC...: the pages of the help as rows (src/cmd/help_page.h), each behind a line `@TOPIC`; the
 * topic of the commands is empty. The manual pages and the completions are made from them. */
#include <stdio.h>

#include "cmd/command.h"

enum { PAGE_MAX = 1 << 17 };

int main(int argc, char **argv)
{
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
