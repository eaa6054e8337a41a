#!/usr/bin/perl
# scripts/check-laws, scripts/check-format, scripts/run-tests and scripts/lint check everything else, so they are checked here:
# each is given what it must reject.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $scripts = dirname(__FILE__) . '/../../scripts';
my $good = {
    'src/core/slice.h' => "#ifndef KYC_CORE_SLICE_H\n#define KYC_CORE_SLICE_H\nint slice_len(void);\n#endif\n",
    'src/core/slice.c' => "#include \"core/slice.h\"\n\n/* strcpy(a, b) */\nint slice_len(void)\n{\n    return 1;\n}\n",
};

my @laws = (
    ['a tree that keeps the laws passes', {}, undef],
    ['an include that points up', {'src/core/a.c' => qq{#include "job/job.h"\n}, 'src/job/job.h' => guarded('JOB_JOB')},
        'core may not include job/job.h'],
    ['an include between siblings', {'src/job/a.c' => qq{#include "rules/r.h"\n}, 'src/rules/r.h' => guarded('RULES_R')},
        'job may not include rules/r.h'],
    ['an include that is not there', {'src/job/a.c' => qq{#include "core/gone.h"\n}}, 'there is no src/core/gone.h'],
    ['a library in the wrong folder', {'src/core/a.c' => "#include <sqlite3.h>\n"}, 'belongs to src/ledger/sqlite alone'],
    ['a library in the folder above its own', {'src/ledger/a.c' => "#include <sqlite3.h>\n"}, 'belongs to src/ledger/sqlite alone'],
    ['a header of a folder inside an area, included from the area', {
        'src/ledger/a.c' => qq{#include "ledger/sqlite/b.h"\n}, 'src/ledger/sqlite/b.h' => guarded('LEDGER_SQLITE_B')},
        'src/ledger/a.c:1: ledger/sqlite/b.h belongs to src/ledger/sqlite alone'],
    ['a function that the folder above its own declares', {
        'src/ledger/b.h' => guarded('LEDGER_B', "void b_go(void);\n"),
        'src/ledger/sqlite/a.c' => qq{#include "ledger/b.h"\nvoid b_go(void)\n{\n}\n}}, undef],
    ['a function that only a folder inside its area declares', {
        'src/ledger/sqlite/b.h' => guarded('LEDGER_SQLITE_B', "void b_go(void);\n"),
        'src/ledger/b.c' => "void b_go(void)\n{\n}\n"}, 'b_go is not static'],
    ['an unknown library', {'src/core/a.c' => "#include <glib.h>\n"}, 'neither a system header'],
    ['a banned call', {'src/core/a.c' => "static int f(void)\n{\n    return atoi(\"1\");\n}\n"}, 'src/core/a.c:3: atoi'],
    ['malloc', {'src/core/a.c' => "static void *f(void)\n{\n    return malloc(1);\n}\n"}, 'src/core/a.c:3: malloc'],
    ['exit outside of main.c', {'src/cmd/a.c' => "static void f(void)\n{\n    exit(1);\n}\n"}, 'src/cmd/a.c:3: exit'],
    ['a long file', {'src/core/a.c' => "\n" x 801}, '801 lines'],
    ['a long function', {'src/core/a.c' => "static void f(void)\n{\n" . "    ;\n" x 59 . "}\n"}, 'f has 61 lines'],
    ['a global that no header declares', {'src/core/a.c' => "void a_go(void)\n{\n}\n"}, 'a_go is not static'],
    ['a name that is not its header\'s', {
        'src/core/a.h' => "#ifndef KYC_CORE_A_H\n#define KYC_CORE_A_H\nvoid go_a(void);\n#endif\n",
        'src/core/a.c' => "void go_a(void)\n{\n}\n"}, 'go_a: neither its header'],
    ['a guard of another file', {'src/core/a.h' => guarded('CORE_B')}, 'the guard is not KYC_CORE_A_H'],
    ['a circle between two headers', {
        'src/core/a.h' => guarded('CORE_A', qq{#include "core/b.h"\n}),
        'src/core/b.h' => guarded('CORE_B', qq{#include "core/a.h"\n})},
        'these include one another: src/core/a.h src/core/b.h'],
    ['a circle between two sources', {two_sources('function', 'back')},
        'these use one another: src/core/a.c src/core/b.c'],
    ['a circle through a table of functions', {two_sources('table', 'back')},
        'src/core/a.c uses b_table of src/core/b.c'],
    ['a call that goes one way', {two_sources('function')}, undef],
    ['a source that was not compiled', {'src/core/a.c' => "#error\n"}, 'src/core/a.c has no object in build/obj'],
    ['a source that names a provider', {
        'src/provider/provider_list.c' => qq{#include "provider/acme_pay.h"\n}, 'src/provider/acme_pay.h' => guarded('PROVIDER_ACME_PAY'),
        'src/cmd/a.c' => qq{/* acme-pay */\n\nstatic const char *name = "is it acme-pay?";\n}},
        'src/cmd/a.c:3: it names the provider acme-pay'],
    ['a source that uses a name of a provider', {
        'src/provider/provider_list.c' => qq{#include "provider/acme_pay.h"\n}, 'src/provider/acme_pay.h' => guarded('PROVIDER_ACME_PAY'),
        'src/cmd/a.c' => "static int a = acme_pay_rate;\n"}, 'src/cmd/a.c:1: it names the provider acme-pay'],
    ['a name of its own in the files of a provider, in the sandbox, and part of a word', {
        'src/provider/provider_list.c' => qq{#include "provider/acme_pay.h"\n}, 'src/provider/acme_pay.h' => guarded('PROVIDER_ACME_PAY'),
        'src/provider/acme_pay_body.c' => qq{static const char *name = "acme-pay";\n},
        'src/sandbox/a.c' => qq{static const char *name = "acme-pay";\n}, 'src/cmd/a.c' => qq{static const char *name = "Xacme-pays";\n}}, undef],
    ['a second way to open documents', {
        'src/core/a.c' => "static long f(void)\n{\n    return syscall(SYS_openat2, 0);\n}\n"},
        'src/core/a.c:3: openat2 belongs to src/core/safe_open.c alone'],
    ['a second parser of base URLs', {
        'src/job/a.c' => qq{static int f(const char *url)\n{\n    return strncmp(url, "http://", 7) == 0;\n}\n}},
        'src/job/a.c:3: the parsing of base URLs belongs to src/core/base_url.c alone'],
    ['a second loopback test', {
        'src/cmd/a.c' => qq{/* "localhost" */\nstatic int f(const char *host)\n{\n    return strcmp(host, "localhost") == 0;\n}\n}},
        'src/cmd/a.c:4: the loopback test belongs to src/core/loopback.c alone'],
    ['a loopback address in a comment', {'src/cmd/a.c' => qq{/* "127.0.0.1" */\n}}, undef],
);
for my $case (@laws) {
    my ($sentence, $files, $want) = @$case;
    my $tree = tempdir(CLEANUP => 1);
    put("$tree/$_", {%$good, %$files}->{$_}) for keys %{{%$good, %$files}};
    compile($tree, $_) for grep { /\.c$/ } keys %{{%$good, %$files}};
    my $out = `KYC_BUILD=build $^X $scripts/check-laws $tree 2>&1`;
    if (defined $want) {
        ok($? >> 8 == 1 && index($out, $want) >= 0, "$sentence is found") or diag($out);
    } else {
        ok($? == 0, $sentence) or diag($out);
    }
}

# The dialect: one file that keeps it, and one that does not.
my @dialect = (
    ['a file in the dialect passes', "static size_t f(const char *text)\n{\n    return text ? sizeof text + sizeof(int) : 0;\n}\n", undef],
    ['a comparison that is returned passes', "static bool f(const char *text)\n{\n    return text != NULL;\n}\n", undef],
    ['a line that is indented otherwise', "static int f(void)\n{\n  return 1;\n}\n", 'src/core/a.c:2:'],
    ['braces around one statement', "static int f(int a)\n{\n    if (a) {\n        return 1;\n    }\n    return 0;\n}\n", 'src/core/a.c:3:'],
    ['sizeof with parentheses', "static size_t f(int a)\n{\n    return sizeof(a);\n}\n", 'src/core/a.c:3:     return sizeof(a)'],
    ['sizeof of what a pointer leads to', "static size_t f(int *a)\n{\n    return sizeof(*a);\n}\n", 'src/core/a.c:3:     return sizeof(*a)'],
    ['a comparison with NULL', "static bool f(int *a)\n{\n    return a == NULL;\n}\n", 'src/core/a.c:3:     return a == NULL'],
    ['a condition that is not NULL', "static int f(int *a)\n{\n    if (a != NULL)\n        return 1;\n    return 0;\n}\n", 'src/core/a.c:3:     if (a != NULL)'],
    ['a failure that is compared with -1', "static int f(int a)\n{\n    return g(h(a), 1) == -1;\n}\n", 'src/core/a.c:3:     return g(h(a), 1) == -1'],
    ['a literal that ends in the middle of a phrase', "static const char *f(void)\n{\n    return \"the file is not \"\n           \"there\";\n}\n", 'src/core/a.c:3: a literal'],
);
for my $case (@dialect) {
    my ($sentence, $text, $want) = @$case;
    my $tree = tempdir(CLEANUP => 1);
    put("$tree/.clang-format", slurp("$scripts/../.clang-format"));
    put("$tree/src/core/a.c", $text);
    my $out = `$^X $scripts/check-format $tree 2>&1`;
    if (defined $want) {
        ok($? >> 8 == 1 && index($out, $want) >= 0, "dialect: $sentence is found") or diag($out);
    } else {
        ok($? == 0, "dialect: $sentence") or diag($out);
    }
}

my @runs = (
    ['tests that pass', 'print "1..2\nok 1\nok 2\n"', 0, '2 passed, 0 failed'],
    ['a test that fails', 'print "1..2\nok 1\nnot ok 2 - it\n"; exit 1', 1, '1 passed, 1 failed'],
    ['a program that dies', 'print "1..1\nok 1\n"; kill 9, $$', 1, '1 failed'],
    ['a plan that is not kept', 'print "1..3\nok 1\n"', 1, '1 passed, 1 failed'],
    ['an exit status without a failed test', 'print "1..1\nok 1\n"; exit 3', 1, '1 passed, 1 failed'],
    ['a program that prints nothing', '1', 1, '0 passed, 1 failed'],
    ['a program that never ends', 'print "1..1\nok 1\n"; sleep 60', 1, '1 failed'],
    ['a file that is left out', 'print "1..0 # SKIP no\n"', 0, '0 passed, 0 failed'],
    ['a file that runs no test', 'print "1..0\n"', 1, '0 passed, 1 failed'],
);
for my $case (@runs) {
    my ($sentence, $code, $status, $want) = @$case;
    my $tree = tempdir(CLEANUP => 1);
    put("$tree/a.t", "\$| = 1; $code;\n");
    my $out = `$^X $scripts/run-tests -t 1 $tree/a.t 2>&1`;
    my ($last) = $out =~ /([^\n]*)\n\z/;
    ok($? >> 8 == $status && $last =~ /^(?:\d+ passed, )?\Q$want\E$/, "$sentence: $want") or diag($out);
}

# clang-tidy as it is, and one that is not itself.
my $clean = "int a_get(const int *at);\n\nint a_get(const int *at)\n{\n    return at ? *at : 0;\n}\n";
my @lints = (
    ['clean sources are counted', {'src/b.c' => $clean}, '2 sources looked at, nothing found'],
    ['what clang-tidy finds', {'src/a.c' => $clean =~ s/at \? \*at : 0/at ? 0 : *at/r}, 'clang-analyzer-core.NullDereference'],
    ['what cppcheck finds', {'src/a.c' => $clean =~ s/(return)/int x[2] = {0};\n    $1 x[2] +/r}, 'arrayIndexOutOfBounds'],
    ['a finding in one source of several', {'tests/b.c' => $clean =~ s/at \? \*at : 0/at ? 0 : *at/r}, 'lint: tests/b.c'],
    ['a source that is no C', {'src/a.c' => "int f(\n"}, 'clang-diagnostic-error'],
    ['a configuration that cannot be read', {'.clang-tidy' => "Checks: [\n"}, 'lint: src/a.c'],
    ['a clang-tidy that crashes', {'bin/clang-tidy' => "#!/bin/sh\necho Stack dump >&2\nkill -SEGV \$\$\n"}, 'Stack dump'],
    ['a clang-tidy that fails without a word', {'bin/clang-tidy' => "#!/bin/sh\nexit 3\n"}, 'clang-tidy ended with status 3'],
    ['a clang-tidy that complains and continues', {'bin/clang-tidy' => "#!/bin/sh\necho no checks >&2\n"}, 'no checks'],
);
for my $case (@lints) {
    my ($sentence, $files, $want) = @$case;
    my $tree = tempdir(CLEANUP => 1);
    my %all = ('src/a.c' => $clean, '.clang-tidy' => slurp("$scripts/../.clang-tidy"), 'scripts/lint' => slurp("$scripts/lint"), %$files);
    put("$tree/$_", $all{$_}) for keys %all;
    chmod 0755, "$tree/bin/clang-tidy";
    make_path("$tree/tests");
    my $out = `PATH=$tree/bin:\$PATH bash $tree/scripts/lint 2>&1`;
    my $good = $want =~ /nothing found/;
    ok(($? >> 8 == ($good ? 0 : 1)) && index($out, $want) >= 0, "lint: $sentence") or diag($out);
}
done_testing;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

sub guarded {
    my ($name, $text) = @_;
    return "#ifndef KYC_${name}_H\n#define KYC_${name}_H\n" . ($text // '') . "#endif\n";
}

# Two sources that compile: a calls b_go or goes through b_table; b defines both and, when asked to, calls a_go.
sub two_sources {
    my ($through, $back) = @_;
    my $call = {function => 'b_go();', table => 'b_table[0]();'}->{$through};
    return (
        'src/core/a.h' => guarded('CORE_A', "void a_go(void);\n"),
        'src/core/b.h' => guarded('CORE_B', "void b_go(void);\nextern void (*const b_table[])(void);\n"),
        'src/core/a.c' => qq{#include "core/a.h"\n#include "core/b.h"\nvoid a_go(void)\n{\n    $call\n}\n},
        'src/core/b.c' => qq{#include "core/b.h"\n#include "core/a.h"\nvoid b_go(void)\n{\n}\n}
            . ($back ? "void (*const b_table[])(void) = {a_go};\n" : "void (*const b_table[])(void) = {b_go};\n"),
    );
}

# Sources that do not compile have no object: then another fault is looked for.
sub compile {
    my ($tree, $source) = @_;
    my $object = "$tree/build/obj/" . $source =~ s{^src/}{}r . '.o';
    make_path(dirname($object));
    system("cd $tree && \${CC:-cc} -w -Isrc -c -o $object $source 2>/dev/null");
}

sub put {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}
