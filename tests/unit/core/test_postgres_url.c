#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/postgres_url.h"
#include "core/slice.h"

static void a_url_begins_with_its_scheme(void **state)
{
    (void)state;
    assert_true(postgres_url_is_one("postgresql://db/kyc"));
    assert_true(postgres_url_is_one("postgres://db/kyc"));
    assert_true(postgres_url_is_one("PostgreSQL://db/kyc"));
    assert_false(postgres_url_is_one("postgresql:/db/kyc"));
    assert_false(postgres_url_is_one("sqlite:postgresql://db"));
    assert_false(postgres_url_is_one("ledger.db"));
    assert_false(postgres_url_is_one(""));
}

static void a_url_has_its_parts(void **state)
{
    (void)state;
    static const struct {
        const char *url, *hosts, *ports, *user, *database, *shown;
        bool is_local;
    } examples[] = {
        {"postgresql://db/kyc", "db", "5432", "", "kyc", "postgresql://db:5432/kyc", false},
        {"postgres://me@DB.Example.com:6000/kyc", "db.example.com", "6000", "me", "kyc",
         "postgresql://me@db.example.com:6000/kyc", false},
        {"postgresql://me@a:1,b,c:65535/kyc", "a,b,c", "1,5432,65535", "me", "kyc",
         "postgresql://me@a:1,b:5432,c:65535/kyc", false},
        {"postgresql://[::1]:99/kyc", "::1", "99", "", "kyc", "postgresql://[::1]:99/kyc", true},
        {"postgresql://[2001:db8::1]/kyc", "2001:db8::1", "5432", "", "kyc",
         "postgresql://[2001:db8::1]:5432/kyc", false},
        {"postgresql://127.0.0.1,localhost/kyc", "127.0.0.1,localhost", "5432,5432", "", "kyc",
         "postgresql://127.0.0.1:5432,localhost:5432/kyc", true},
        {"postgresql://127.0.0.1,db/kyc", "127.0.0.1,db", "5432,5432", "", "kyc",
         "postgresql://127.0.0.1:5432,db:5432/kyc", false},
        {"postgresql:///kyc?host=/run/postgresql", "/run/postgresql", "5432", "", "kyc",
         "postgresql:///kyc?host=/run/postgresql&port=5432", true},
        {"postgresql://me@/kyc?port=7&host=%2Fa%20b", "/a b", "7", "me", "kyc",
         "postgresql://me@/kyc?host=/a%20b&port=7", true},
        {"postgresql://m%40e@db/k%2fyc%C3%A4", "db", "5432", "m@e", "k/yc\xc3\xa4",
         "postgresql://m%40e@db:5432/k%2Fyc%C3%A4", false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct postgres_url url;
        const char *fault;
        if (postgres_url_read(&url, examples[i].url, &fault) != 0)
            fail_msg("%s: %s", examples[i].url, fault);
        assert_null(fault);
        assert_string_equal(url.hosts, examples[i].hosts);
        assert_string_equal(url.ports, examples[i].ports);
        assert_string_equal(url.user, examples[i].user);
        assert_string_equal(url.database, examples[i].database);
        assert_string_equal(url.shown, examples[i].shown);
        assert_int_equal(url.is_local, examples[i].is_local);
        assert_int_equal(url.connect_timeout_s, 10);
        assert_null(url.ca_path);
        postgres_url_clear(&url);
        assert_null(url.shown);
    }
}

static void parameters_are_read_and_not_shown(void **state)
{
    (void)state;
    struct postgres_url url;
    const char *fault;
    assert_int_equal(postgres_url_read(&url,
                                       "postgresql://db/kyc?sslrootcert=/etc/ca.pem&sslcert=/etc/c%20.pem&"
                                       "sslkey=/etc/k.pem&connect_timeout=3",
                                       &fault),
                     0);
    assert_string_equal(url.ca_path, "/etc/ca.pem");
    assert_string_equal(url.cert_path, "/etc/c .pem");
    assert_string_equal(url.key_path, "/etc/k.pem");
    assert_int_equal(url.connect_timeout_s, 3);
    assert_string_equal(url.shown, "postgresql://db:5432/kyc");
    postgres_url_clear(&url);
}

static void a_url_is_refused_without_being_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *url, *want;
    } examples[] = {
        {"mysql://db/kyc", "must begin with postgresql://"},
        {"postgresql://me:opensesame@db/kyc", "must not hold a password: set ledger_password"},
        {"postgresql://me:@db/kyc", "must not hold a password"},
        {"postgresql://db/kyc?password=opensesame", "must not hold a password"},
        {"postgresql://db/kyc?user=opensesame", "unknown parameter"},
        {"postgresql://db/kyc?sslmode=disable", "unknown parameter"},
        {"postgresql://db/kyc?hostaddr=192.0.2.1", "unknown parameter"},
        {"postgresql://db/kyc?options=-c%20fsync=off", "unknown parameter"},
        {"postgresql://db/kyc?service=opensesame", "unknown parameter"},
        {"postgresql://db/kyc?passfile=/opensesame", "unknown parameter"},
        {"postgresql://db/kyc?opensesame", "without a value"},
        {"postgresql://db/kyc?host=/opensesame", "names a host twice"},
        {"postgresql:///kyc?host=opensesame", "absolute path of a socket's folder"},
        {"postgresql:///kyc?host=/opensesame,/b", "absolute path of a socket's folder"},
        {"postgresql:///kyc?host=/opensesame&host=/b", "twice"},
        {"postgresql:///kyc?host=/opensesame&port=0", "no valid host"},
        {"postgresql://db/kyc?port=5", "not a socket"},
        {"postgresql:///kyc", "names no host"},
        {"postgresql://", "names no host"},
        {"postgresql://opensesame", "names no database"},
        {"postgresql://opensesame/", "names no database"},
        {"postgresql://db/opensesame/b", "name of a database"},
        {"postgresql://db/opensesame%00", "name of a database"},
        {"postgresql://db/opensesame%", "name of a database"},
        {"postgresql://db/opensesame%0a", "name of a database"},
        {"postgresql://db/opensesame%4g", "name of a database"},
        {"postgresql://db/a2345678901234567890123456789012345678901234567890123456789opensesame",
         "name of a database"},
        {"postgresql://opensesame%0d@db/kyc", "user name"},
        {"postgresql://a,,opensesame/kyc", "no valid host"},
        {"postgresql://opensesame:/kyc", "no valid host"},
        {"postgresql://opensesame:0/kyc", "no valid host"},
        {"postgresql://opensesame:65536/kyc", "no valid host"},
        {"postgresql://opensesame:99999999999999999999/kyc", "no valid host"},
        {"postgresql://[::opensesame]/kyc", "no valid host"},
        {"postgresql://[::1]opensesame/kyc", "no valid host"},
        {"postgresql://[::1/kyc", "no valid host"},
        {"postgresql://%2Fopensesame/kyc", "no valid host"},
        {"postgresql://a,b,c,d,e,f,g,h,opensesame/kyc", "more than 8 hosts"},
        {"postgresql://db/kyc?sslrootcert=opensesame.pem", "not absolute"},
        {"postgresql://db/kyc?sslrootcert=/opensesame&sslrootcert=/b", "twice"},
        {"postgresql://db/kyc?connect_timeout=20&connect_timeout=30", "gives a parameter twice"},
        {"postgresql:///kyc?host=/opensesame&port=7&port=8", "gives a parameter twice"},
        {"postgresql://db/kyc?sslrootcert=/opensesame%zz", "not absolute, or not percent-encoded"},
        {"postgresql://db/kyc?sslcert=/opensesame", "belong together"},
        {"postgresql://db/kyc?connect_timeout=opensesame", "connect_timeout"},
        {"postgresql://db/kyc?connect_timeout=1", "connect_timeout"},
        {"postgresql://db/kyc?connect_timeout=601", "connect_timeout"},
        {"postgresql://db/kyc opensesame", "cannot have"},
        {"postgresql://db/kyc#opensesame", "cannot have"},
        {"postgresql://db/\xc3\xa4opensesame", "cannot have"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct postgres_url url;
        const char *fault;
        if (postgres_url_read(&url, examples[i].url, &fault) == 0)
            fail_msg("%s: accepted", examples[i].url);
        if (!strstr(fault, examples[i].want) || strstr(fault, "opensesame"))
            fail_msg("%s: %s", examples[i].url, fault);
        assert_null(url.hosts);
        assert_null(url.shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_begins_with_its_scheme),
        cmocka_unit_test(a_url_has_its_parts),
        cmocka_unit_test(parameters_are_read_and_not_shown),
        cmocka_unit_test(a_url_is_refused_without_being_quoted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("postgres_url", tests, NULL, NULL);
}
