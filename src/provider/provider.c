#include "provider/provider.h"

#include <string.h>

#include "core/text.h"
#include "provider/reply_body.h"
#include "provider/user_id.h"

enum { PATH_PART_MAX = 64, REASONS_MAX = 64 * 1024 };

struct job_rate provider_rate(const struct provider *provider, const struct job *job)
{
    return job->delivery.rate.per_ns > 0 ? job->delivery.rate : provider->rate;
}

struct slice provider_base_url(const struct provider *provider, const struct job *job)
{
    struct slice url = slice_from(job->provider.base_url ? job->provider.base_url : provider->base_url);
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.len--;
    return url;
}

bool provider_accepts_user_id(const struct provider *provider, struct slice id)
{
    return user_id_is_valid(id) && id.len >= provider->user_id_min &&
           (provider->user_id_max == 0 || id.len <= provider->user_id_max);
}

enum verification provider_verification(const struct provider *provider, struct slice word)
{
    for (const struct provider_word *row = provider->verification_words; row->member; row++)
        if (slice_is(word, row->word))
            return row->verification;
    return word.len > 0 ? VERIFICATION_PENDING : VERIFICATION_UNKNOWN;
}

/* Calls each for the values at a path of members, `status.required_actions[].action_type`: `[]` means
 * every element of a list. */
static void visit_path(const struct json_node *nodes, size_t index, const char *path,
                       void (*each)(void *context, const struct json_node *nodes, size_t index),
                       void *context)
{
    char name[PATH_PART_MAX];
    size_t len = strcspn(path, ".");
    bool is_list = len > 2 && memcmp(path + len - 2, "[]", 2) == 0;
    const char *rest = path + len + (path[len] == '.');

    text_format(name, sizeof name, "%.*s", (int)(is_list ? len - 2 : len), path);
    size_t child = json_member(nodes, index, name);
    if (child == 0)
        return;
    is_list = is_list && nodes[child].kind == JSON_ARRAY;
    for (size_t i = is_list ? child + 1 : child, end = nodes[child].end; i < end; i = nodes[i].end)
        if (*rest)
            visit_path(nodes, i, rest, each, context);
        else
            each(context, nodes, i);
}

/* Words of one member. */
struct word_finder {
    const struct provider *provider;
    const char *member;
    bool is_listed_only; /* other words are not about the verification */
    bool found;
    struct provider_verification *verification;
};

static void add_word(void *context, const struct json_node *nodes, size_t index)
{
    struct word_finder *finder = context;
    struct provider_verification read = {.word = nodes[index].text, .is_unknown_word = true};

    if (nodes[index].kind != JSON_STRING || read.word.len == 0)
        return;
    for (const struct provider_word *row = finder->provider->verification_words; row->member; row++)
        if (strcmp(row->member, finder->member) == 0 && slice_is(read.word, row->word)) {
            read.state = row->verification;
            read.is_unknown_word = false;
        }
    if (read.is_unknown_word && finder->is_listed_only)
        return;
    if (read.is_unknown_word)
        read.state = VERIFICATION_PENDING;
    if (finder->found && (finder->verification->state == VERIFICATION_ACTION_NEEDED ||
                          read.state != VERIFICATION_ACTION_NEEDED))
        return;
    *finder->verification = read;
    finder->found = true;
}

static void add_reason(void *context, const struct json_node *nodes, size_t index)
{
    struct buffer *out = context;

    for (size_t i = index; i < nodes[index].end; i++) {
        if (nodes[i].kind != JSON_STRING || nodes[i].text.len == 0)
            continue;
        buffer_append_text(out, out->len ? SCRUB_SEPARATOR : "");
        buffer_append(out, nodes[i].text);
    }
}

static bool read_words(const struct provider *provider, const struct json_node *nodes, size_t index,
                       struct provider_verification *verification)
{
    const struct provider_word *words = provider->verification_words;
    bool found = false;

    for (const struct provider_word *row = words; row->member; row++) {
        bool is_first = row == words || strcmp(row->member, words->member) == 0;
        struct word_finder finder = {.provider = provider,
                                     .member = row->member,
                                     .is_listed_only = !is_first && !strstr(row->member, "[]"),
                                     .verification = verification};
        if (row > words && strcmp(row->member, row[-1].member) == 0)
            continue;
        visit_path(nodes, index, row->member, add_word, &finder);
        found = found || finder.found;
    }
    return found;
}

static bool read_user(const struct provider *provider, const struct json_node *nodes, size_t index,
                      struct arena *arena, struct provider_verification *verification)
{
    struct buffer reasons;

    if (!read_words(provider, nodes, index, verification))
        return false;
    buffer_init(&reasons, REASONS_MAX);
    for (const char *const *path = provider->verification_reasons; path && *path; path++)
        visit_path(nodes, index, *path, add_reason, &reasons);
    verification->reason = arena_copy(arena, buffer_slice(&reasons));
    buffer_clear(&reasons);
    return true;
}

bool provider_read_verification(const struct provider *provider, const struct json_node *nodes, size_t index,
                                struct arena *arena, struct provider_verification *verification)
{
    size_t levels[REPLY_BODY_WRAPPERS + 1] = {index}, count = 1;

    for (size_t i = 0; i < REPLY_BODY_WRAPPERS; i++) {
        size_t inner = json_member(nodes, levels[count - 1], reply_body_wrappers[i]);
        if (inner != 0 && nodes[inner].kind == JSON_OBJECT)
            levels[count++] = inner;
    }
    *verification = (struct provider_verification){.state = VERIFICATION_UNKNOWN};
    while (count-- > 0) /* what is around the user may have a status of its own */
        if (read_user(provider, nodes, levels[count], arena, verification))
            return true;
    return false;
}

void provider_mask_verification(const struct provider_verification *verification, const struct record *record,
                                const struct scrub_secrets *secrets, char word[OUTCOME_WORD_SIZE],
                                char reason[OUTCOME_QUOTE_SIZE])
{
    if (verification->is_unknown_word)
        scrub_quote(verification->word, record, secrets, word, OUTCOME_WORD_SIZE);
    else
        text_format(word, OUTCOME_WORD_SIZE, "%.*s", (int)verification->word.len,
                    verification->word.len ? verification->word.data : "");
    scrub_quote(verification->reason, record, secrets, reason, OUTCOME_QUOTE_SIZE);
}
