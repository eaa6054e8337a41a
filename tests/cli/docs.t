#!/usr/bin/perl
# The documentation names only what exists: each path, make target, function, table and variable of the tests that a
# README names, each test that it runs by `make test T=`, and each link. And sources, tests and scripts refer to no page
# (*.md) that is not there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode);
use File::Find qw(find);
use Test::More;
use KycTest;

my $home = "$FindBin::Bin/../..";
my @readmes = map { s{^\Q$home\E/}{}r } glob("$home/README.md"), glob("$home/*/README.md"), glob("$home/src/*/README.md");

my (%word, %target);
find({no_chdir => 1, wanted => sub { $word{$_} = 1 for -f ? read_file($_) =~ /\w+/g : () }}, "$home/src", "$home/scripts", "$home/Makefile", map({ "$home/tests/$_" } qw(unit lib fault fuzz crash bench postgres scale)),
    map { "$home/jobs/$_" } qw(slurm kubernetes parallel container));
$word{$_} = 1 for map { (m{(\w+)\.t$}, read_file($_) =~ /\w+/g) } grep { !m{/docs\.t$} } glob "$home/tests/cli/*.t";
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
    # `NAME` of `FILE`
    while ($text =~ m{`(\w+)(?:\(\))?`,? (?:of|in) `((?:src|tests|scripts)/[\w./-]+)`}g) {
        my ($name, $file) = ($1, $2);
        push @faults, "no $name in $file" if -f "$home/$file" && read_file("$home/$file") !~ /\b\Q$name\E\b/;
    }
    my @code = $text =~ /^(?: {4}|\t)(.*)$/mg;
    push @code, $1 while $text =~ s/^```.*?\n(.*?)^```//ms;
    push @code, $1 while $text =~ s/`([^`\n]+)`//;
    for my $code (@code) {
        while ($code =~ m{(?<![\w./-])((?:src|tests|scripts|jobs|samples)/[\w./*{},-]*[\w*\}/])}g) {
            push @faults, "no file $1" if $1 !~ /$placeholder/ && !exists_in($1);
        }
        push @faults, map { "no make target $_" } grep { !$target{$_} } $code =~ /(?:^|[\s;&])make(?: -j\d*)? ([a-z][a-z-]*)/g;
        push @faults, map { "no test $_" } grep { !test_exists($_) } map { split ' ' } $code =~ /\bT=(?|'([\w\/. -]+)'|([\w\/.-]+))/g;
        # A function or a variable anywhere in it; any other name with a _ where it is all of it.
        push @faults, map { "no name $_" } grep { defined && !$word{$_} && !/$placeholder/ } $code =~ /\b([a-z]\w*_\w+)\(\)|\b((?:KYC|FAULT)_[A-Z_]+)\b|^(\w+_\w+)$/g;
    }
    push @faults, map { "no file $_" } grep { !-e "$home/$folder$_" } $text =~ /\]\(([^)#:]+)(?:#[^)]*)?\)/g;
    return @faults;
}

# The pages that a file names and that are neither at the top nor beside it.
sub pages_missing
{
    my ($text, $folder) = @_;
    return grep { !-e "$home/$_" && !-e "$home/$folder$_" } $text =~ m{(?<![\w./:\$-])([\w./-]*\w\.md)\b}g;
}

# Each header and member of a provider's page has a row in the tables of src/provider/README.md.
my $provider_readme = read_file("$home/src/provider/README.md");
for (['payward-create', 'payward create'], ['payward-update', 'payward update'], ['embed-create', 'embed create'], ['kira-create', 'kira create'], ['payso-create', 'payso create']) {
    my ($file, $title) = @$_;
    my ($table) = $provider_readme =~ /^### \*\Q$title\E\*.*?\n(.*?)^##/ms;
    my $code = join ' ', ($table || '') =~ /`([^`]*)`/g;
    my $page = read_file("$home/tests/unit/provider/pages/$file.txt");
    my @words = map { split ' ' } $page =~ /^\[(?:headers|required|(?:\S+ )*members(?: of the example)?)\]\n((?:\S.*\n)+)/mg;
    cmp_ok(scalar @words, '>', 9, "$title: its lists are found");
    is_deeply([grep { $code !~ /(?<![\w-])\Q$_\E(?![\w-])/ } @words], [], "$title: each element is in a table");
}

cmp_ok(scalar @readmes, '>', 2, scalar(@readmes) . ' READMEs');
for my $readme (@readmes) {
    is(join('; ', faults_of(read_file("$home/$readme"), $readme =~ s{[^/]+$}{}r)), '', $readme);
}

# A busy reader gets through README in one go: what needs more room is in the manual pages and in the other READMEs.
my @lines = split /\n/, decode('UTF-8', read_file("$home/README.md"));
cmp_ok(scalar @lines, '<=', 150, 'README.md has at most 150 lines');
is_deeply([grep { length > 100 } @lines], [], '  of at most 100 columns');

my @texts;
find({no_chdir => 1, wanted => sub { push @texts, s{^\Q$home\E/}{}r if -f && -T _ && !m{/fuzz/corpus/|/docs\.t$} }}, map { "$home/$_" } qw(src tests scripts jobs samples Makefile));
my @missing = map { my $file = $_; map { "$file: $_" } pages_missing(read_file("$home/$file"), $file =~ s{[^/]+$}{}r) } @texts;
is(join('; ', @missing), '', scalar(@texts) . ' files name no page that is not there');

# A rule without its help would show a general text in the reports.
my $help = read_file("$home/src/report/rule_help.c");
my @rules = read_file("$home/src/model/verdict.h") =~ /define (RULE_\w+)/g;
is(join(' ', grep { $help !~ /\b$_\b/ } @rules), '', 'each rule has its help: ' . @rules);

# The settings of `provider` that people read of are those of the help.
my %setting = map { $_ => 1 } qw(name credentials), map { (run_program(program('kyc-import'), 'help', $_))[1] =~ /^Settings.*\n\n((?:  .*\n)+)/m ? $1 =~ /^  (\w+)/mg : () } provider_names();
cmp_ok(scalar keys %setting, '>', 10, 'the help has settings');
for my $readme (grep { m{^(?:jobs/|src/provider/)?README} } @readmes) {
    is(join(' ', grep { !$setting{$_} } read_file("$home/$readme") =~ /`provider\.(\w{2,})/g), '', "$readme: each provider.NAME is a setting");
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
    ['`memory_gone()`', 'no name memory_gone'],
    ['`gone_keys`', 'no name gone_keys'],
    ['`KYC_GONE=1`', 'no name KYC_GONE'],
    ['`memory_new` in `src/main.c`', 'no memory_new in src/main.c'],
    ['[a link](gone.md)', 'no file gone.md'],
) {
    my ($text, $want) = @$case;
    is(join('; ', faults_of($text, '')), $want, $want ? "found: $want" : 'nothing found in what is right');
}
for my $case (
    ['/* README.md, the README of src (src/README.md) */', 'provider/', ''],
    ['$folder/page.md, https://provider.example/page.md', '', ''],
    ['/* see 3-gone.md. */', 'src/core/', '3-gone.md'],
    ['# docs/gone.md, README.md', '', 'docs/gone.md'],
) {
    my ($text, $folder, $want) = @$case;
    is(join('; ', pages_missing($text, $folder)), $want, $want ? "found: $want" : "nothing found in $text");
}
done_testing;
