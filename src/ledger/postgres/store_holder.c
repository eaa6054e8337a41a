#include "ledger/postgres/store_holder.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/process.h"

enum { HOLDER_HOST, HOLDER_BOOT, HOLDER_NAMESPACE, HOLDER_PROCESS, HOLDER_START, HOLDER_TIME, HOLDER_WORDS };

static const char *this_boot(char boot[CLOCK_BOOT_ID_SIZE])
{
    const char *other = failpoint_setting("KYC_HOST_BOOT"); /* a test's second host */
    if (other)
        snprintf(boot, CLOCK_BOOT_ID_SIZE, "%s", other);
    else
        clock_boot_id(boot);
    return boot[0] ? boot : "-";
}

/* 0: not known. */
static uint64_t this_namespace(void)
{
    struct stat info;
    return stat("/proc/self/ns/pid", &info) == 0 ? (uint64_t)info.st_ino : 0;
}

/* A word of printable characters. */
static void append_word(char text[STORE_HOLDER_SIZE], const char *word)
{
    size_t len = strlen(text);
    if (len > 0 && len < STORE_HOLDER_SIZE - 1)
        text[len++] = ' ';
    for (const char *cursor = word[0] ? word : "-"; *cursor && len < STORE_HOLDER_SIZE - 1; cursor++)
        text[len++] = *cursor > ' ' && *cursor < '\x7f' ? *cursor : '?';
    text[len] = '\0';
}

static void append_number(char text[STORE_HOLDER_SIZE], uint64_t number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    append_word(text, number > 0 ? digits : "-");
}

char *store_holder_of_self(char text[STORE_HOLDER_SIZE])
{
    char boot[CLOCK_BOOT_ID_SIZE], time[CLOCK_RFC3339_SIZE], state;
    struct utsname system;
    uint64_t start;
    text[0] = '\0';
    append_word(text, uname(&system) == 0 ? system.nodename : "-");
    append_word(text, this_boot(boot));
    append_number(text, this_namespace());
    append_number(text, (uint64_t)getpid());
    append_number(text, process_read("self", &state, &start) == 1 ? start : 0);
    append_word(text, clock_rfc3339(process_start_ns(), time));
    return text;
}

/* False when the holder has fewer words. */
static bool split(struct slice holder, struct slice words[HOLDER_WORDS])
{
    size_t count = 0;
    while (count < HOLDER_WORDS && slice_next_item(&holder, SLICE_LITERAL(" "), &words[count]))
        count++;
    return count == HOLDER_WORDS;
}

void store_holder_show(struct slice holder, char *text, size_t size)
{
    struct slice words[HOLDER_WORDS];
    if (split(holder, words))
        snprintf(text, size, "%.*s, process %.*s, since %.*s", (int)words[HOLDER_HOST].len,
                 words[HOLDER_HOST].data, (int)words[HOLDER_PROCESS].len, words[HOLDER_PROCESS].data,
                 (int)words[HOLDER_TIME].len, words[HOLDER_TIME].data);
    else
        snprintf(text, size, "%.*s", (int)holder.len, holder.len > 0 ? holder.data : "");
}

bool store_holder_is_gone(struct slice holder)
{
    char boot[CLOCK_BOOT_ID_SIZE], words[HOLDER_WORDS][64], state;
    struct slice items[HOLDER_WORDS];
    uint64_t start = 0;
    if (!split(holder, items))
        return false;
    for (size_t i = 0; i < HOLDER_WORDS; i++)
        snprintf(words[i], sizeof words[i], "%.*s", (int)items[i].len, items[i].data);
    if (strcmp(words[HOLDER_BOOT], this_boot(boot)) != 0 || boot[0] == '\0')
        return false;
    uint64_t namespace = this_namespace(), then = strtoull(words[HOLDER_START], NULL, 10);
    long pid = strtol(words[HOLDER_PROCESS], NULL, 10);
    if (namespace == 0 || strtoull(words[HOLDER_NAMESPACE], NULL, 10) != namespace || pid <= 0 || then == 0)
        return false;
    int found = process_read(words[HOLDER_PROCESS], &state, &start);
    /* A zombie has no connection any more, and sends nothing. */
    return found == 0 || (found == 1 && (start != then || state == 'Z' || state == 'X'));
}
