#include "core/url_host.h"

#include <arpa/inet.h>
#include <string.h>

enum { HOST_MAX = 253 };

bool url_host_is_name(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        char byte = host.data[i], lower = (char)(byte | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(byte >= '0' && byte <= '9') && !memchr("-._~", byte, 4))
            return false;
    }
    return host.len >= 1 && host.len <= HOST_MAX;
}

bool url_host_is_ipv6(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len < 4 || host.len - 2 >= sizeof text || host.data[0] != '[' || host.data[host.len - 1] != ']')
        return false;
    memcpy(text, host.data + 1, host.len - 2);
    text[host.len - 2] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}
