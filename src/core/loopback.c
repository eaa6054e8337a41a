#include "core/loopback.h"

#include <arpa/inet.h>
#include <strings.h>

bool loopback_is_host(struct slice host)
{
    static const struct slice name = SLICE_LITERAL("localhost");
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (slice_is(host, "[::1]"))
        return true;
    if (host.len == name.len && strncasecmp(host.data, name.data, name.len) == 0)
        return true;
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}
