#include "provider/provider.h"

#include "provider/user_id.h"

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
