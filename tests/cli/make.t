#!/usr/bin/perl
# make, as it is typed: one test or some of its functions, a name that no test has, whole commands, and what is missing.
# In a project of its own that has this Makefile and little else, so that nothing that runs beside it is disturbed.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use Test::More;
use KycTest;

my $ours = abs_path("$FindBin::Bin/../..");
my $project = scratch_folder();
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD V T ARGS)};

# make with these arguments: (status, standard output, standard error).
sub make { return run_program('make', '-C', "$project", '--no-print-directory', @_) }

sub put
{
    my ($path, $text, $mode) = @_;
    make_path("$project/$path" =~ s{/[^/]*$}{}r);
    write_file("$project/$path", $text);
    chmod $mode, "$project/$path" if $mode;
}

# A unit test of these functions; one whose name holds `fails` does.
sub unit_test
{
    my (@names) = @_;
    my $text = join '', map { "#include <$_.h>\n" } qw(setjmp stdarg stddef stdint cmocka);
    $text .= "static void $_(void **state)\n{\n    assert_" . (/fails/ ? 'non_null' : 'null') . "(*state);\n}\n" for @names;
    return "${text}int main(void)\n{\n    const struct CMUnitTest tests[] = {" . join(', ', map { "cmocka_unit_test($_)" } @names)
        . "};\n    cmocka_set_message_output(CM_OUTPUT_TAP);\n    return cmocka_run_group_tests(tests, NULL, NULL);\n}\n";
}

put($_, read_file("$ours/$_"), 0755) for qw(Makefile scripts/install-deps scripts/run-tests tests/unit/chosen.c);
put("src/$_/$_.c", "extern int ${_}_number;\nint ${_}_number = 1;\n") for qw(core model);
put("src/$_.c", "int main(void)\n{\n    return 0;\n}\n") for qw(main sandbox/main);
put('scripts/list-help.c', "int main(void)\n{\n    return 0;\n}\n");
put('scripts/make-completion', qq{#!/bin/sh\necho "completion of \$2"\n}, 0755);
put('tests/unit/core/test_one.c', unit_test(qw(first_of_one second_of_one)));
put('tests/unit/core/test_two.c', unit_test(qw(first_of_two)));
put('tests/unit/model/test_three.c', unit_test(qw(it_fails)));
put('tests/cli/asked.t', qq{#!/usr/bin/perl\nprint "1..1\\n", "\@ARGV" eq 'kira payso' && -x 'build/kyc-import' ? 'ok' : 'not ok', " 1\\n";\n}, 0755);

my ($status, $out, $err) = make('test', 'T=core/test_one');
is($status, 0, 'one unit test') or diag($out, $err);
is(join(' ', sort $out =~ /^((?:CC|AR|LD) \S+)$/mg), 'AR build/obj/core.a CC src/core/core.c CC tests/unit/chosen.c '
    . 'CC tests/unit/core/test_one.c LD build/tests/unit/core/test_one', 'builds only what it needs, in one line a step');
like($out, qr/^ok +core\/test_one +2 passed.*\n2 passed, 0 failed\n\z/m, 'and runs it alone');
unlike($out, qr/gcc|cmocka|make/, 'without a word more');

($status, $out) = make('test', 'T=core/one', 'ARGS=second');
like($out, qr/\Aok +core\/test_one +1 passed.*\n1 passed, 0 failed\n\z/, 'one function of it, and nothing is built again');
for my $name (qw(tests/unit/core/test_one.c unit/core/test_one core/one core/test_one)) {
    ($status, $out) = make('-s', 'test', "T=$name");
    like($out, qr/\Aok +core\/test_one .*\n2 passed, 0 failed\n\z/, "$name is it, too");
}
($status, $out) = make('-s', 'test', 'T=core');
like($out, qr/\Aok +core\/test_one .*\nok +core\/test_two .*\n3 passed, 0 failed\n\z/, 'a folder is all of its tests');
($status, $out) = make('-s', 'test', 'T=core', 'ARGS=of_two');
like($out, qr/\Aok +core\/test_two .*\n1 passed, 0 failed\n\z/, 'of which the functions may be chosen as well');
($status, $out) = make('-s', 'test', 'T=core', 'ARGS=gone');
ok($status == 2 && $out =~ /^no test of these is called gone\n0 passed, 1 failed\n\z/m, 'a function that is not there is no success') or diag($out);

($status, $out) = make('test');
is($status, 2, 'without a name, a test that fails is a failure');
like($out, qr/^FAIL +model\/test_three .*^again: make test T='model\/test_three'\n3 passed, 1 failed\n\z/ms,
    'all unit tests are run, and the command that repeats a failed one is printed');
unlike($out, qr/asked|kyc-import/, 'and no script');

for my $case (['core/on', 'core/test_one'], ['core/gone', 'core/test_one core/test_two'], ['gone', 'cli core model'], ['cli/ask', 'cli/asked']) {
    my ($name, $near) = @$case;
    ($status, $out, $err) = make('test', "T=core/test_one $name");
    ok($status == 2 && $out eq '' && $err =~ /\bthere is no test \Q$name\E\nhint: .*: \Q$near\E\n/, "$name: names $near") or diag($out, $err);
}

($status, $out, $err) = make('test', 'T=cli/asked', 'ARGS=kira payso');
is($status, 0, 'a script gets its arguments, and finds the programs') or diag($out, $err);
like($out, qr{^LD build/kyc-(?:import\nLD build/kyc-sandbox|sandbox\nLD build/kyc-import)\nok +cli/asked +1 passed}m, 'which are built for it');

run_program('rm', '-rf', "$project/build");
($status, $out, $err) = make();
ok($status == 0 && -x "$project/build/kyc-import" && -x "$project/build/kyc-sandbox", 'make alone builds both programs')
    or diag($out, $err);
is($err, '', 'without a word on standard error');
is(read_file("$project/build/completion/_kyc-import"), "completion of _kyc-import\n", 'and the completions of shells');

unlink "$project/build/obj/core/core.c.o";
($status, $out) = make('V=1', 'build/obj/core/core.c.o');
like($out, qr/^gcc .*-Werror.* -c -o build\/obj\/core\/core\.c\.o src\/core\/core\.c$/m, 'V=1 shows the whole command');
unlike($out, qr/^CC /m, 'instead of its short form');

# The demo, as one types it in a fresh clone. The script itself is run by tests/cli/install.t.
put('scripts/demo', qq{#!/bin/sh\necho "the demo of \$BUILD"\n}, 0755);
run_program('rm', '-rf', "$project/build");
($status, $out, $err) = make('demo');
is("$status $out$err", "0 building (2 to 3 minutes the first time)\nthe demo of build\n", 'make demo shows the demo and not the compiler');
($status, $out, $err) = make('demo');
is("$status $out$err", "0 the demo of build\n", 'and nothing else when all is built');
unlink "$project/build/kyc-import";
($status, $out) = make('V=1', 'demo');
like($out, qr/^building.*^g\+\+ .*-o build\/kyc-import .*^the demo/ms, 'V=1 shows it all');
put('src/core/core.c', "int core_number = 1\n");
($status, $out, $err) = make('demo');
is("$status $out", "2 building (2 to 3 minutes the first time)\n", 'a build that fails is no demo');
like($err, qr/^src\/core\/core\.c:1:\d+: error: .*^make: \*\*\* .*\bdemo\b/ms, "and shows the compiler's own words");
put('src/core/core.c', "extern int core_number;\nint core_number = 1;\n");

# What is missing.
sub missing
{
    my ($sentence, $packages, $hint, @arguments) = @_;
    run_program('rm', '-rf', "$project/build");
    my ($status, $out, $err) = make(@arguments);
    ok($status == 2 && $out eq '' && $err =~ /\Amake: missing Debian packages: $packages\nhint: scripts\/install-deps $hint\nmake\b/, $sentence) or diag($out, $err);
    ok(!-e "$project/build/obj/core/core.c.o" || $hint eq 'test', 'before anything is compiled');
}
{
    local $ENV{PKG_CONFIG_LIBDIR} = "$project/none";
    missing('no library is found', qr/zlib1g-dev libpcre2-dev .*libmicrohttpd-dev/, 'build');
    missing('nor for a test', qr/zlib1g-dev .*/, 'build', 'test', 'T=core/test_one');
    ($status) = make('clean');
    is($status, 0, 'make clean does not mind');
}
put('bin/cc', qq{#!/bin/sh\ncase "\$*" in '-E -') sed s/csv.h/gone.h/ | gcc -E - ;; *) exec gcc "\$@" ;; esac\n}, 0755);
missing('a header is not found', qr/libcsv-dev/, 'build', "CC=$project/bin/cc");
put('bin/pkg-config', qq{#!/bin/sh\nPATH=\${PATH#*:}\ncase "\$*" in *cmocka*) exit 1 ;; *) exec pkg-config "\$@" ;; esac\n}, 0755);
{
    local $ENV{PATH} = "$project/bin:$ENV{PATH}";
    run_program('rm', '-rf', "$project/build");
    ($status, $out, $err) = make('test', 'T=core/test_one');
    ok($status == 2 && $err =~ /^make: missing Debian packages: libcmocka-dev\nhint: scripts\/install-deps test\n/m, 'cmocka is not found') or diag($out, $err);
    unlike($out, qr/CC tests/, 'before a test is compiled');
}

# More tests at a time than -j says while the processors are idle, which the kernel seems to count here.
SKIP: {
    skip 'only root may show another /proc/stat', 2 if (run_program(qw(unshare -m true)))[0];
    put('stat', "cpu 0 0 0 0\n");
    # Each waits until the other is there, at most four seconds; the first one counts the time as idle, or as busy.
    put("tests/cli/wait$_->[0].t", <<"PERL", 0755) for [1, 2], [2, 1];
#!/usr/bin/perl
open my \$here, '>', '$project/here.$_->[0]';
for my \$tick (1 .. 40) {
    select undef, undef, undef, 0.1;
    last if \$both = -e '$project/here.$_->[1]';
    next if !\$ENV{COUNTED};
    open my \$stat, '>', '$project/stat';
    print \$stat 'cpu ', \$ENV{COUNTED} =~ s/N/\$tick/r, "\\n";
}
unlink '$project/here.$_->[0]' if !\$both;
print "1..1\\n", \$both ? '' : 'not ', "ok 1\\n";
PERL
    for my $case (['N00 0 0 0', 'one after the other while they are busy', 2], ['0 0 0 N00', 'at the same time while they are idle', 0]) {
        local $ENV{COUNTED} = $case->[0];
        ($status, $out) = run_program(qw(unshare -m sh -c), 'mount --bind "$1" /proc/stat; shift; exec "$@"', 'sh', "$project/stat",
            "$project/scripts/run-tests", '-j', 1, '-i', 2, map { "$project/tests/cli/wait$_.t" } 1, 2);
        is(scalar(() = $out =~ /^ +not ok/mg), $case->[2], $case->[1]) or diag $out;
        unlink glob "$project/here.*";
    }
}

# What was skipped, and why: beside the test, and at the end of a proof, where nobody may take it for proven.
put($_, read_file("$ours/$_"), 0755) for qw(scripts/proof tests/lib/KycProof.pm);
put("tests/scale/$_->[0].t", "#!/usr/bin/perl\nuse lib 'tests/lib';\nuse KycProof;\nprint <<'TAP';\n$_->[1]TAP\n", 0755)
    for ['whole', "ok 1 - one\n1..1\n"], ['none', "1..0 # SKIP there is no cluster\n"],
    ['part', "ok 1 - one\nok 2 # skip there is no npm\n    ok 1 # skip no right to mount (here)\n    1..1\nok 3 - more\nok 4 # skip there is no npm\n1..4\n"];
($status, $out) = run_program("$project/scripts/run-tests", map { "$project/tests/scale/$_.t" } qw(whole part));
like($out, qr/^ok +scale\/whole +1 passed  [\d.]+ s\nok +scale\/part +2 passed, 2 skipped \(there is no npm; no right to mount \(here\)\)  [\d.]+ s$/m, 'a test that was skipped is named with its reason');
($status, $out) = run_program("$project/scripts/proof");
is($status, 0, 'a proof that leaves something out') or diag $out;
like($out, qr/\nnot run:\n  scale\/none: there is no cluster\n  scale\/part: there is no npm; no right to mount \(here\)\n\z/, 'ends with that') or diag $out;

# Scratch folders in memory, as make check has them: one folder, which is removed with what tests leave in it.
SKIP: {
    my ($size, $options) = (`df -Pk /dev/shm 2>/dev/null` =~ /^\S+ +\d+ +\d+ +(\d+) /m, read_file('/proc/mounts') =~ m{^\S+ /dev/shm \S+ (\S+)}m);
    skip 'this machine has little memory in /dev/shm', 3 if !defined $options || $size <= 4_000_000 || $options =~ /noexec/;
    local $ENV{TMPDIR};
    delete $ENV{TMPDIR};
    put('tests/cli/left.t', qq{#!/usr/bin/perl\nopen my \$f, '>', "\$ENV{TMPDIR}/left";\nprint "1..1\\nok 1\\n";\nprint STDERR "\$ENV{TMPDIR}\\n";\nexit 3 if \$ENV{TMPDIR};\n}, 0755);
    my @run = ("$project/scripts/run-tests", "$project/tests/cli/left.t");
    ($status, $out) = run_program($run[0], '-m', $run[1]);
    my ($memory) = $out =~ m{^ *\| (/dev/shm/kyc-check-\w+)$}m;
    ok($memory, 'scratch folders are in memory') or diag $out;
    ok($memory && !-e $memory, 'and nothing of them stays');
    $ENV{TMPDIR} = "$project";
    ($status, $out) = run_program($run[0], '-m', $run[1]);
    like($out, qr/^ *\| \Q$project\E$/m, 'but where TMPDIR says otherwise');
}
done_testing;
