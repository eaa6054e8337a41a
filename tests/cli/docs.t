#!/usr/bin/perl
# The documentation names only what exists: each path, make target, function and variable of the tests that a README
# names, each test that it runs by `make test T=`, and each link.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Find qw(find);
use Test::More;
use KycTest;

my $home = "$FindBin::Bin/../..";
my @readmes = map { s{^\Q$home\E/}{}r } glob("$home/README.md"), glob("$home/*/README.md"), glob("$home/src/*/README.md");

my (%word, %target);
find({no_chdir => 1, wanted => sub { $word{$_} = 1 for -f ? read_file($_) =~ /\w+/g : () }}, "$home/src", "$home/scripts", "$home/Makefile", map { "$home/tests/$_" } qw(unit lib fault fuzz crash bench));
$word{$_} = 1 for map { read_file($_) =~ /\w+/g } grep { !m{/docs\.t$} } glob "$home/tests/cli/*.t";
$target{$_} = 1 for map { split ' ' } read_file("$home/Makefile") =~ /^([a-z][a-z -]*):(?!=)/mg;

# In a recipe: src/AREA/NAME.c.
my $placeholder = qr/AREA|NAME|PROVIDER|COMMAND/;

# A path may hold * and {a,b}, and it may be the stem of several files: src/cmd/run for run.c.
sub exists_in { my ($path) = @_; return grep { -e } glob("$home/$path"), glob("$home/$path.*"); }

sub test_exists
{
    my ($name) = @_;
    my ($folder, $stem) = $name =~ m{^([^/]+)(?:/(.+))?$} or return exists_in($name);
    return exists_in("tests/$folder") || exists_in("tests/unit/$folder") if !defined $stem;
    return exists_in($name) || exists_in("tests/$folder/$stem.t") || exists_in("tests/unit/$folder/$stem.c") || exists_in("tests/unit/$folder/test_$stem.c");
}

# What a text names and nothing is. folder: where its links begin.
sub faults_of
{
    my ($text, $folder) = @_;
    my @faults;
    my @code = $text =~ /^(?: {4}|\t)(.*)$/mg;
    push @code, $1 while $text =~ s/^```.*?\n(.*?)^```//ms;
    push @code, $1 while $text =~ s/`([^`\n]+)`//;
    for my $code (@code) {
        while ($code =~ m{(?<![\w./-])((?:src|tests|scripts|jobs|samples)/[\w./*{},-]*[\w*\}/])}g) {
            push @faults, "no file $1" if $1 !~ /$placeholder/ && !exists_in($1);
        }
        push @faults, map { "no make target $_" } grep { !$target{$_} } $code =~ /(?:^|[\s;&])make(?: -j\d*)? ([a-z][a-z-]*)/g;
        push @faults, map { "no test $_" } grep { !test_exists($_) } map { split ' ' } $code =~ /\bT=(?|'([\w\/. -]+)'|([\w\/.-]+))/g;
        push @faults, map { "no function $_" } grep { !$word{$_} } $code =~ /\b([a-z]\w*_\w+)\(\)/g;
        push @faults, map { "no variable $_" } grep { !$word{$_} } $code =~ /\b((?:KYC|FAULT)_[A-Z_]+)\b/g;
    }
    push @faults, map { "no file $_" } grep { !-e "$home/$folder$_" } $text =~ /\]\(([^)#:]+)(?:#[^)]*)?\)/g;
    return @faults;
}

cmp_ok(scalar @readmes, '>', 2, scalar(@readmes) . ' READMEs');
for my $readme (@readmes) {
    is(join('; ', faults_of(read_file("$home/$readme"), $readme =~ s{[^/]+$}{}r)), '', $readme);
}

# What the recipes of src/README.md would otherwise leave to memory: (names, where each must be).
for my $case (
    ['each rule has its help', qr/define (RULE_\w+)/, 'src/model/verdict.h', 'src/report/rule_help.c'],
    ['each kind of rule of a job has its row', qr/^    (JOB_RULE_\w+)/m, 'src/model/job.h', 'src/rules/custom_rule.c'],
) {
    my ($sentence, $pattern, $from, $to) = @$case;
    my @names = read_file("$home/$from") =~ /$pattern/g;
    my $text = read_file("$home/$to");
    is(join(' ', grep { $text !~ /\b$_\b/ } @names), '', "$sentence: " . @names);
}

# And what this test finds.
for my $case (
    ['`src/main.c`, `src/core/text*.c`, `tests/{unit,cli}/`, [a link](README.md#proof)', ''],
    ["    make check && make -j2 all\n    make test T=cli/run\n", ''],
    ["```\nmake test T='core/text tests/cli/run.t delivery' ARGS=utf8\n```\nmake haste", ''],
    ['`memory_new()`, `KYC_SEED=7`', ''],
    ['`src/core/gone.c`', 'no file src/core/gone.c'],
    ["    cat tests/gone.t\n", 'no file tests/gone.t'],
    ["```\nmake haste\n```\n", 'no make target haste'],
    ['`make test T=core/gone`', 'no test core/gone'],
    ['`memory_gone()`', 'no function memory_gone'],
    ['`KYC_GONE=1`', 'no variable KYC_GONE'],
    ['[a link](gone.md)', 'no file gone.md'],
) {
    my ($text, $want) = @$case;
    is(join('; ', faults_of($text, '')), $want, $want ? "found: $want" : 'nothing found in what is right');
}
done_testing;
