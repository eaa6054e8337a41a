#!/usr/bin/perl
# The completions, each tried in its shell: commands, the options of a command, values that are known, job files.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use Test::More;
use KycTest;

my $import = program('kyc-import');
my $made = abs_path(program('completion'));
my $folder = scratch_folder();
write_file("$folder/$_", '') for 'kira.yaml', 'other.yml', 'export.csv';
mkdir "$folder/jobs";

# What is typed behind kyc-import, the last word incomplete; the words that are offered; one that is not.
my @cases = (
    ['the commands of a beginning', 're', [qw(results refresh resolve rejects)], 'run'],
    ['the options of a command', 'links --o', [qw(--only --output)], '--older'],
    ['the states of links', 'links --only ', [qw(unknown pending action_needed rejected)], 'verified'],
    ['the states of customers', 'results --state in', ['in_doubt'], 'created'],
    ['a choice', 'results --format ', [qw(csv ndjson)], '--help'],
    ['providers', 'guess --provider k', [grep { /^k/ } provider_names()], 'payward'],
    ['customer fields', 'words --field birth_', [qw(birth_city birth_country)], 'city'],
    ['rules', 'rejects --rule phone/', [qw(phone/format phone/damaged phone/ambiguous)], 'email/format'],
    ['settings', 'run --set delivery.r', [qw(delivery.rate= delivery.retry_for=)], 'delivery.burst='],
    ['topics of the help', 'help delivery.r', [qw(delivery.rate delivery.retry_for)], 'run'],
    ['job files', 'check ', [qw(kira.yaml)], undef],
);

sub has { my ($shell) = @_; return grep { -x "$_/$shell" } split /:/, $ENV{PATH}; }

sub try
{
    my ($shell, $offered) = @_;
    for (@cases) {
        my ($sentence, $typed, $want, $other) = @$_;
        my @got = $offered->($typed);
        my %got = map { $_ => 1 } @got;
        is(join(' ', grep { !$got{$_} } @$want), '', "$shell: $sentence") or diag "offered: @got";
        ok(!$got{$other}, "$shell: $other is not one") if defined $other;
    }
}

subtest 'bash' => sub {
    plan skip_all => 'bash is not installed' if !has('bash');
    my $offered = sub {
        my @words = split / /, $_[0], -1;
        my ($status, $out, $err) = run_program('bash', '-c', 'source "$1"; cd "$2"; COMP_WORDS=(kyc-import "${@:3}"); COMP_CWORD=$(($# - 2)); _kyc_import; printf "%s\n" "${COMPREPLY[@]}"',
            'bash', "$made/kyc-import", "$folder", @words);
        is("$status$err", '0', "kyc-import $_[0]: no message");
        return split /\n/, $out;
    };
    try('bash', $offered);
    my %jobs = map { $_ => 1 } $offered->('run ');
    is_deeply([sort keys %jobs], [qw(jobs kira.yaml other.yml)], 'bash: job files and folders, and nothing else');
    is_deeply([$offered->('results --format = n')], ['ndjson'], 'bash: a value behind = is one, though bash splits there');
};

subtest 'fish' => sub {
    plan skip_all => 'fish is not installed' if !has('fish');
    local $ENV{HOME} = "$folder";
    try('fish', sub {
        my ($status, $out, $err) = run_program('fish', '--no-config', '-c', 'source $argv[1]; cd $argv[2]; complete -C $argv[3]', "$made/kyc-import.fish", "$folder", "kyc-import $_[0]");
        is($status, 0, "kyc-import $_[0]: fish") or diag $err;
        return map { s/\t.*//r } split /\n/, $out;
    });
};

# zsh completes only in its line editor, so it runs in a pseudo terminal: what is offered to it by compadd is printed.
subtest 'zsh' => sub {
    plan skip_all => 'zsh is not installed' if !has('zsh');
    is(join('', (run_program('zsh', '-n', "$made/_kyc-import"))[1, 2]), '', 'zsh: no fault of syntax');
    write_file("$folder/try.zsh", <<'END');
zmodload zsh/zpty
typeset made=$1 folder=$2 line out
zpty z "TERM=dumb zsh -f -i"
zpty -w z "cd ${(q)folder}; fpath=(${(q)made} \$fpath); autoload -Uz compinit; compinit -u -D; stty -echo; unset zle_bracketed_paste
compadd () { local -a hits; if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \"\$@\"; return; fi; builtin compadd -A hits \"\$@\"; print -r -- \"OFFERED \${(j: :)hits} END\"; builtin compadd \"\$@\" }
finish () { print -r -- REA''DY; zle send-break }; zle -N finish; bindkey '^T' finish; print -r -- REA''DY"
zpty -r z out '*READY*'
for line in "${@:3}"; do
    zpty -n -w z "$line"$'\t\x14'
    zpty -r z out '*READY*'
    print -r -- "LINE $line"
    print -r -- "$out"
done
zpty -d z
END
    my @lines = map { "kyc-import $_->[1]" } @cases;
    my $out = (run_program('timeout', '60', 'zsh', '-f', "$folder/try.zsh", $made, "$folder", @lines))[1];
    my %offered = map { my ($line) = /\A(.*?)\r?\n/; my @offered = /OFFERED (.*?) END/sg; defined $line ? ($line => "@offered") : () } split /^LINE /m, $out;
    try('zsh', sub { return split ' ', $offered{"kyc-import $_[0]"} // '' });
};

subtest 'every command and option is there' => sub {
    my ($bash, $zsh, $fish) = map { read_file("$made/$_") } 'kyc-import', '_kyc-import', 'kyc-import.fish';
    my @commands = (run_program($import, 'help'))[1] =~ /^  ([a-z]+) /mg;
    cmp_ok(scalar @commands, '>', 15, 'the help lists commands');
    for my $command (@commands) {
        my @options = (run_program($import, 'help', $command))[1] =~ /^  (-\S+)/mg;
        my ($of_bash) = $bash =~ /^    $command\) options='([^']*)'/m;
        is(join(' ', sort split / /, $of_bash // ''), join(' ', sort @options), "bash: $command");
        my ($of_zsh) = $zsh =~ /^    $command\)\n(.*?)^        ;;$/ms;
        is(join(' ', sort { $a cmp $b } ($of_zsh // '') =~ /^ +'\*?(--?[\w-]+)[=\[]/mg), join(' ', sort @options), "zsh: $command");
        my @of_fish = map { /-n '__kyc_import_is $command' (?:-l (\S+)|-s (\w))/ ? defined $1 ? "--$1" : "-$2" : () } split /\n/, $fish;
        is(join(' ', sort @of_fish), join(' ', sort @options), "fish: $command");
    }
};
done_testing;
