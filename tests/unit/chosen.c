/* chosen: lets each unit test run a part of itself: build/tests/unit/core/test_text utf8 runs the tests whose
 * names hold "utf8", in which * and ? match any characters. Linked with each, so that no main needs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* glibc gives a constructor what main is given. */
__attribute__((constructor)) static void choose(int argument_count, char **arguments)
{
    static char pattern[256];
    if (argument_count < 2)
        return;
    snprintf(pattern, sizeof pattern, strpbrk(arguments[1], "*?") ? "%s" : "*%s*", arguments[1]);
    cmocka_set_test_filter(pattern);
}
