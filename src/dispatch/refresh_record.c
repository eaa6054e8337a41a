#include "dispatch/refresh_record.h"

#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/text.h"
#include "provider/remote_user.h"

/* The person's values, as far as the answer has them: a reason may quote them. */
static struct value *read_values(const struct provider *provider, const struct job *job,
                                 const struct json_node *nodes, struct arena *arena)
{
    struct provider_user user = {.values = NULL};

    if (!provider->read_user(nodes, 0, job, arena, &user) || !user.values) {
        user.values = arena_alloc(arena, field_count() * sizeof *user.values);
        memset(user.values, 0, field_count() * sizeof *user.values);
    }
    remote_user_read_texts(provider->fields, nodes, 0, arena, user.values);
    return user.values;
}

bool refresh_record_read(const struct provider *provider, const struct job *job,
                         const struct json_node *nodes, struct arena *arena, struct refresh_answer *answer)
{
    const struct scrub_secrets secrets = {.credentials = job->provider.credentials,
                                          .count = job->provider.credential_count,
                                          .fields = provider->fields};
    char word[OUTCOME_WORD_SIZE], reason[OUTCOME_QUOTE_SIZE];
    struct provider_verification read;
    struct arena scratch;

    arena_init(&scratch, 4096);
    bool found = provider_read_verification(provider, nodes, 0, &scratch, &read);
    if (found) {
        struct record record = {.values = NULL};
        if (read.reason.len > 0 || read.is_unknown_word)
            record.values = read_values(provider, job, nodes, &scratch);
        provider_mask_verification(&read, record.values ? &record : NULL, &secrets, word, reason);
        *answer = (struct refresh_answer){.state = read.state,
                                          .word = arena_copy(arena, slice_from(word)),
                                          .reason = arena_copy(arena, slice_from(reason)),
                                          .is_unknown_word = read.is_unknown_word};
    }
    arena_clear(&scratch);
    return found;
}

struct refresh_answer refresh_record_deleted(void)
{
    return (struct refresh_answer){.state = VERIFICATION_UNKNOWN, .word = SLICE_LITERAL(LEDGER_DELETED)};
}

unsigned refresh_record_state(const struct ledger_customer *customer)
{
    return ledger_customer_is_deleted(customer) ? REFRESH_DELETED : customer->verification;
}

static void add_word(struct refresh_reading *reading, struct slice word)
{
    for (size_t i = 0; i < reading->word_count; i++)
        if (slice_is(word, reading->words[i]))
            return;
    if (reading->word_count < REFRESH_WORDS_MAX)
        text_format(reading->words[reading->word_count++], OUTCOME_WORD_SIZE, "%.*s", (int)word.len,
                    word.data);
}

int refresh_record_write(struct ledger *ledger, const struct ledger_customer *customer,
                         const struct refresh_answer *answer, struct refresh_reading *reading,
                         struct error *error)
{
    const struct ledger_verification verification = {.id = customer->id,
                                                     .state = answer->state,
                                                     .word = answer->word,
                                                     .reason = answer->reason,
                                                     .at_ns = clock_real_ns()};
    unsigned from = refresh_record_state(customer), to = answer->state;
    bool changed;

    if (answer->state == VERIFICATION_UNKNOWN)
        to = REFRESH_DELETED;
    if (ledger_verification(ledger, &verification, &changed, error) != 0)
        return -1;
    failpoint("state written");
    reading->read++;
    if (from != to)
        reading->changes[from][to]++;
    if (answer->is_unknown_word)
        add_word(reading, answer->word);
    return 0;
}
