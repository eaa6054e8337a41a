#!/usr/bin/perl
# metrics.prom is valid for Prometheus: the text exposition format, and the rules of `promtool check metrics` for
# names, types, units and labels. They are checked here; by promtool too, where it is installed (its package is 96 MB).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $name_form = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my %abbreviation = map { $_ => 1 } qw(s ms us ns sec b kb mb gb tb pb m h d);
my %not_base = map { $_ => 1 } qw(milliseconds microseconds nanoseconds minutes hours days weeks kelvin inches yards miles bits kilobytes megabytes percent percentage milligrams kilograms);

# Violations of the naming rules, as promtool reports them.
sub complaints_of_name
{
    my ($name, $type) = @_;
    my @words = split /_/, $name;
    return map { "$name: $_" } (
        ($name =~ /[A-Z]/ ? 'is not in snake case' : ()), ($name =~ /:/ ? 'holds a colon' : ()),
        (map { $abbreviation{$_} ? "`$_` is an abbreviation of a unit" : $not_base{$_} ? "`$_` is no base unit" : () } @words),
        ((grep { /^(?:counter|gauge|histogram|summary|untyped)$/ } @words) ? 'names its type' : ()),
        ($type eq 'counter' && $name !~ /_total$/ ? 'is a counter without _total' : ()), ($type ne 'counter' && $name =~ /_total$/ ? 'ends in _total' : ()),
        ($type ne 'histogram' && $name =~ /_bucket$/ ? 'ends in _bucket' : ()), ($name =~ /_(?:sum|count)$/ ? 'ends as a part of a summary does' : ()));
}

# All violations in a text.
sub complaints
{
    my ($text) = @_;
    my (@wrong, %help, %type, %series, %ended, $family);
    push @wrong, 'the last line has no end' if $text !~ /\n\z/;
    push @wrong, 'is not UTF-8' if !utf8::decode(my $copy = $text);
    my $enter = sub {
        my ($name) = @_;
        return if defined $family && $family eq $name;
        push @wrong, "$name: its lines are apart" if $ended{$name};
        $ended{$family} = 1 if defined $family;
        $family = $name;
    };
    for my $line (split /\n/, $text, -1) {
        next if $line eq '';
        if ($line =~ /^# (HELP|TYPE) ($name_form) (.*)$/) {
            my ($word, $name, $rest) = ($1, $2, $3);
            $enter->($name);
            push @wrong, "$name: $word occurs twice" if ($word eq 'HELP' ? \%help : \%type)->{$name};
            push @wrong, "$name: its samples come before its $word" if grep { /^\Q$name\E\{/ } keys %series;
            $help{$name} = $rest if $word eq 'HELP';
            next if $word eq 'HELP';
            $type{$name} = $rest;
            push @wrong, "$name: is of no type: $rest" if $rest !~ /^(?:counter|gauge|histogram|summary|untyped)$/;
            push @wrong, complaints_of_name($name, $rest);
            next;
        }
        my ($name, $labels, $value) = $line =~ /^($name_form)(\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*"(?:,|(?=\})))*\})? (\S+)$/;
        push(@wrong, "is no sample: $line"), next if !defined $name;
        my $own = $name;
        my ($of) = $name =~ /^(.*)_(?:sum|count|bucket)$/;
        $own = $of if defined $of && !$type{$name} && ($type{$of} || '') =~ /^(?:summary|histogram)$/;
        $enter->($own);
        push @wrong, "$name: has no HELP and TYPE" if !$help{$own} || !$type{$own};
        push @wrong, "$name: `$value` is no number" if $value !~ /^[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|Inf|NaN)$/;
        push @wrong, "$line: occurs twice" if $series{"$name" . ($labels || '{}')}++;
        my %label = ($labels || '') =~ /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
        push @wrong, "$name: non-summary metrics should not have the label `quantile`" if exists $label{quantile} && ($type{$own} || '') ne 'summary';
        push @wrong, "$name: non-histogram metrics should not have the label `le`" if exists $label{le} && ($type{$own} || '') ne 'histogram';
        push @wrong, map { /[A-Z]/ ? "$name: the label $_ is not in snake case" : () } keys %label;
    }
    push @wrong, map { "$_: has no help text" } grep { !defined $help{$_} || $help{$_} eq '' } keys %type;
    return @wrong;
}

subtest 'what is wrong is found' => sub {
    my $head = "# HELP x_seconds Help.\n# TYPE x_seconds gauge\n";
    for my $case (
        ['a quantile in a gauge', "$head" . "x_seconds{quantile=\"1\"} 0\n", qr/quantile/], ['no help', "# TYPE x gauge\nx 1\n", qr/no help|no HELP/],
        ['no type', "# HELP x Help.\nx 1\n", qr/no HELP and TYPE/], ['no end', "${head}x_seconds 1", qr/no end/], ['no number', "${head}x_seconds 1,5\n", qr/no number/],
        ['twice the same', "${head}x_seconds 1\nx_seconds 2\n", qr/twice/], ['a line end in a label', "${head}x_seconds{a=\"b\nc\"} 1\n", qr/no sample/],
        ['an escape that is none', "${head}x_seconds{a=\"\\q\"} 1\n", qr/no sample/], ['another unit', "# HELP x_ms Help.\n# TYPE x_ms gauge\nx_ms 1\n", qr/abbreviation/],
        ['a counter', "# HELP x Help.\n# TYPE x counter\nx 1\n", qr/_total/], ['lines apart', "${head}x_seconds{a=\"1\"} 1\n# HELP y Y.\n# TYPE y gauge\ny 1\nx_seconds{a=\"2\"} 1\n", qr/apart/])
    {
        my ($sentence, $text, $pattern) = @$case;
        like(join('; ', complaints($text)), $pattern, $sentence);
    }
    is_deeply([complaints("${head}x_seconds{a=\"\\\"\\\\\\n\"} 1.5\n")], [], 'and what is right is not');
};

my ($promtool) = run_program('sh', '-c', 'command -v promtool');

sub is_well
{
    my ($path, $sentence) = @_;
    my $text = read_file($path);
    my @wrong = complaints($text);
    is_deeply(\@wrong, [], $sentence);
    SKIP: {
        skip 'no promtool here', 1 if $promtool;
        my ($status, $out, $err) = run_program('sh', '-c', 'promtool check metrics <"$1"', 'sh', $path);
        is("$status$out$err", '0', "$sentence: promtool agrees");
    }
    return $text;
}

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'status-500:20%');
my $case = case_new($sandbox, rows => 120, bad => 9);
my $metrics = "$case->{folder}/metrics.prom";
write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "rules:\n  - {field: city, must_not_match: 'San', level: warn, rule: san}\nreport: reports/test\nmetrics: metrics.prom\n");
my ($status, undef, $err) = case_run($case);
is($status, 1, 'a run with faults and rejects') or diag $err;
my $text = is_well($metrics, 'after a run');
my ($count) = $text =~ /^kyc_import_latency_seconds_count\{[^}]*\} (\d+)$/m;
my ($sum) = $text =~ /^kyc_import_latency_seconds_sum\{[^}]*\} ([\d.]+)$/m;
my ($max) = $text =~ /^kyc_import_latency_seconds\{[^}]*quantile="1"\} ([\d.]+)$/m;
my ($requests) = $text =~ /^kyc_import_requests\{[^}]*\} (\d+)$/m;
is($count, $requests, 'each request was answered, and its latency counts');
cmp_ok($sum, '>', 0, 'the latencies have a sum');
cmp_ok($sum, '<=', $max * $count, 'of at most the longest times their number');
case_run($case, '--set', 'input.path=missing.csv');
is_well($metrics, 'after a run that could not begin');

# The collector reads both files of the job: the same metric has one help text, and no series is there twice.
($status, undef, $err) = case_run($case, 'refresh', '-q');
is($status, 0, 'a refresh') or diag $err;
case_run($case, '-q');
my @text = (is_well($metrics, 'after a run of users whose states are known'), is_well("$case->{folder}/reports/test/refresh.prom", 'after a refresh'));
my @states = map { [/^kyc_import_verification_customers\{\S*state="pending"\} (\d+)$/mg] } @text;
is_deeply(\@states, [[120], [120]], 'both count the users that are pending');
my $both = join '', @text;
my %help;
push @{$help{$1}}, $2 while $both =~ /^# (?:HELP|TYPE) (\S+) (.*)$/mg;
my @shared = grep { @{$help{$_}} > 2 } sort keys %help;
is_deeply(\@shared, ['kyc_import_verification_customers'], 'one metric is in both');
is(scalar(keys %{{map { $_ => 1 } @{$help{$shared[0]}}}}), 2, 'with the same help and type');
my %times;
$times{$_}++ for $both =~ /^(\w+\{\S*\}) /mg;
is_deeply([grep { $times{$_} > 1 } sort keys %times], [], 'and no series is in both');
sandbox_stop($sandbox);
done_testing;
