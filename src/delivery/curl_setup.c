#include "delivery/curl_setup.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/memory.h"

static void begin(void)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_wiped_new, memory_wiped_free, memory_wiped_resize,
                             memory_wiped_copy, memory_wiped_zeroed) != CURLE_OK)
        memory_out(); /* nothing else fails there */
}

void curl_setup_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsetenv("SSLKEYLOGFILE"); /* before libcurl looks at it: it would write our session keys there */
    pthread_once(&once, begin);
}

void curl_setup_check(CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY)
        memory_out();
    assert(code == CURLE_OK);
}

void curl_setup_trust(CURL *easy, const struct ca_bundle *bundle)
{
    curl_setup_set(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_setup_set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_setup_set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (bundle->path[0]) {
        curl_setup_set(easy, CURLOPT_CAINFO, bundle->path);
        curl_setup_set(easy, CURLOPT_PROXY_CAINFO, bundle->path);
    }
    if (!bundle->use_capath) {
        curl_setup_set(easy, CURLOPT_CAPATH, NULL);
        curl_setup_set(easy, CURLOPT_PROXY_CAPATH, NULL);
    }
}
